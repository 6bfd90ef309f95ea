/* no_regression objectives: met, missed, inconclusive, by what stands in the timeline. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/auto.h"
#include "reports/compare.h"
#include "reports/write/write.h"
#include "tests/unit/report_story.h"

#define REPS 4
#define NO_REGRESSION(metric)                                                            \
	"{\"text\":\"no_regression(" metric ") margin 25% against main\",\"kind\":"      \
	"\"no_regression\",\"metric\":\"" metric "\",\"margin_ppm\":250000,\"against\":" \
	"\"main\"}"

/* A run whose repetitions recover by themselves after these milliseconds; 0: never. line: the
 * baseline's, or NULL. */
static void tell(struct story *s, const char *objectives, const char *id, const int64_t *bad,
		 const char *line)
{
	char extra[80];

	(void)snprintf(extra, sizeof extra, ",\"repetitions\":%d", REPS);
	begin(s, objectives, extra);
	(void)fflush(s->f);
	/* Each its own id. */
	memcpy(strstr(s->text, "\"r1\""), id, 4);
	if (line)
		say(s, "%s\n", line);
	for (int rep = 1; rep <= REPS; rep++) {
		int64_t at = (rep - 1) * 30000, to = bad[rep - 1] ? 5100 + bad[rep - 1] : 16000;

		events(s, rep, at);
		samples(s, rep, "orders", at, at + 5100, 20, 'g');
		samples(s, rep, "orders", at + 5100, at + to, 20, 'r');
		samples(s, rep, "orders", at + to, at + 25000, 20, 'g');
		samples(s, rep, "stock", at, at + 25000, 20, 'g');
		samples(s, rep, "breaker", at, at + 5600, 5, 'w');
		samples(s, rep, "breaker", at + 5600, at + 25000, 5, 'g');
	}
	finish(s, 120000, "complete");
	assert_int_equal(read_story(s), 0);
}

static const int64_t quick[REPS] = {1000, 1010, 1020, 1030}, slow[REPS] = {2000, 2010, 2020, 2030},
		     never[REPS] = {0, 0, 0, 0};

/* The baseline line of a run with those recoveries. */
static char *line_of(const int64_t *bad, const char *change, const char *to)
{
	struct ord_err err;
	json_t *json, *line;
	struct story s;
	char *text, *at;

	tell(&s, "", "\"r0\"", bad, NULL);
	assert_int_equal(ord_figures_of_analysis(&s.a, &json, &err), 0);
	line = json_pack("{s:s,s:i,s:i,s:s,s:o}", "e", "baseline", "t", 0, "objective", 0,
			 "against", "main", "baseline", json);
	text = json_dumps(line, JSON_COMPACT);
	json_decref(line);
	done(&s);
	at = change ? strstr(text, change) : NULL;
	if (change)
		assert_non_null(at);
	if (at)
		memcpy(at, to, strlen(to));
	return text;
}

static void judged(const char *metric, const int64_t *baseline, const int64_t *bad,
		   enum ord_result result, int exit, const char *says)
{
	char objective[400], *line = baseline ? line_of(baseline, NULL, NULL) : NULL;
	struct story s;

	(void)snprintf(objective, sizeof objective,
		       "{\"text\":\"no_regression(%s) margin 25%% against main\",\"kind\":"
		       "\"no_regression\",\"metric\":\"%s\",\"margin_ppm\":250000,\"against\":"
		       "\"main\"}",
		       metric, metric);
	tell(&s, objective, "\"r1\"", bad, line);
	if (s.a.goals[0].result != result || s.a.exit != exit || !strstr(s.a.goals[0].why, says))
		fail_msg("result %s, exit %d: %s", ord_result_name(s.a.goals[0].result), s.a.exit,
			 s.a.goals[0].why);
	assert_int_equal(s.a.n_regressions, 1);
	done(&s);
	free(line);
}

static void missed(void **state)
{
	judged("ttr_self", quick, slow, ORD_RESULT_MISSED, 1, "recovery by itself: ");
	judged("ttr", quick, slow, ORD_RESULT_MISSED, 1, "times as long [");
	judged("impact", quick, slow, ORD_RESULT_MISSED, 1, "n = 4 + 4, p = 0.0286");
	judged("ttr_self", quick, never, ORD_RESULT_MISSED, 1, "no end]");
	(void)state;
}

static void met(void **state)
{
	judged("ttr_self", quick, quick, ORD_RESULT_MET, 0, "1.00 times as long");
	judged("ttr_self", slow, quick, ORD_RESULT_MET, 0, "0.51 times as long");
	(void)state;
}

static void inconclusive(void **state)
{
	static const int64_t wide[REPS] = {500, 1000, 2000, 1100};

	judged("ttr_self", quick, wide, ORD_RESULT_INCONCLUSIVE, 5, "need >= ");
	judged("ttr_self", NULL, quick, ORD_RESULT_INCONCLUSIVE, 5,
	       "no baseline was recorded with the run");
	judged("ttr_full", quick, quick, ORD_RESULT_INCONCLUSIVE, 5,
	       "neither the baseline nor the run has such a figure");
	(void)state;
}

static void not_applicable(void **state)
{
	judged("ttr_self", never, never, ORD_RESULT_NOT_APPLICABLE, 0, "never on either side");
	judged("ttr_after", never, quick, ORD_RESULT_NOT_APPLICABLE, 0, "recovered by itself");
	(void)state;
}

static void other_line(const char *line, const char *says)
{
	struct story s;

	tell(&s, NO_REGRESSION("ttr_self"), "\"r1\"", quick, line);
	assert_int_equal(s.a.goals[0].result, ORD_RESULT_INCONCLUSIVE);
	assert_int_equal(s.a.exit, 5);
	if (!strstr(s.a.goals[0].why, says))
		fail_msg("%s", s.a.goals[0].why);
	done(&s);
}

static void no_baseline(void **state)
{
	char *line = line_of(quick, "\"baseline\":1", "\"baseline\":9");

	other_line(line, "the baseline that was recorded with the run is damaged");
	free(line);
	other_line("{\"e\":\"baseline\",\"t\":0,\"objective\":0,\"against\":\"main\",\"message\":"
		   "\"no run has the tag 'main' yet\"}",
		   "no run has the tag 'main' yet");
	/* Of another objective. */
	other_line("{\"e\":\"baseline\",\"t\":0,\"objective\":1,\"message\":\"x\"}",
		   "no baseline was recorded");
	(void)state;
}

static void of_another_plan(void **state)
{
	struct ord_err err;
	struct story s;
	json_t *json, *line;
	char digest[ORD_SHA256_HEX], *text;

	tell(&s, "", "\"r0\"", quick, NULL);
	assert_int_equal(ord_figures_of_analysis(&s.a, &json, &err), 0);
	done(&s);
	assert_int_equal(
		json_object_set_new(json_object_get(json, "plan"), "recovery_ns", json_integer(7)),
		0);
	assert_int_equal(ord_plan_digest(json_object_get(json, "plan"), digest, &err), 0);
	assert_int_equal(json_object_set_new(json, "plan_digest", json_string(digest)), 0);
	line = json_pack("{s:s,s:i,s:i,s:o}", "e", "baseline", "t", 0, "objective", 0, "baseline",
			 json);
	text = json_dumps(line, JSON_COMPACT);
	json_decref(line);
	other_line(text, "the baseline is of another plan: recovery_ns was 7 and is -");
	free(text);
	(void)state;
}

/* Two objectives are two tests: what one alone would show, Holm's correction takes back. */
static void corrected_over_objectives(void **state)
{
	char *one = line_of(quick, NULL, NULL), *two = line_of(quick, NULL, NULL), *both = NULL;
	struct story s;
	char *at = strstr(two, "\"objective\":0");

	assert_non_null(at);
	at[12] = '1';
	assert_true(asprintf(&both, "%s\n%s", one, two) > 0);
	tell(&s, NO_REGRESSION("ttr_self") "," NO_REGRESSION("impact"), "\"r1\"", slow, both);
	assert_int_equal(s.a.n_regressions, 2);
	assert_int_equal(s.a.goals[0].result, ORD_RESULT_INCONCLUSIVE);
	assert_int_equal(s.a.regressions[0].c.family, 2);
	done(&s);
	free(one);
	free(two);
	free(both);
	(void)state;
}

static void written(void **state)
{
	char *line = line_of(quick, NULL, NULL), *text = NULL;
	json_t *report, *r;
	struct ord_err err;
	struct story s;
	size_t size = 0;
	FILE *out;

	tell(&s, NO_REGRESSION("ttr_self"), "\"r1\"", slow, line);
	out = open_memstream(&text, &size);
	assert_int_equal(ord_write_json(&s.a, out, &err), 0);
	assert_int_equal(fclose(out), 0);
	report = json_loads(text, 0, NULL);
	r = json_array_get(json_object_get(report, "regressions"), 0);
	assert_string_equal(json_string_value(json_object_get(r, "result")), "missed");
	r = json_object_get(r, "baseline");
	assert_int_equal(strlen(json_string_value(json_object_get(r, "sha256"))), 64);
	r = json_array_get(json_object_get(r, "runs"), 0);
	assert_string_equal(json_string_value(json_object_get(r, "run")), "r0");
	json_decref(report);
	free(text);
	out = open_memstream(&text, &size);
	assert_int_equal(ord_write_md(&s.a, out, &err), 0);
	assert_int_equal(fclose(out), 0);
	assert_non_null(strstr(text, "## Against the baseline"));
	assert_non_null(strstr(text, "- Baseline `r0`: 4 of 4 repetitions measured."));
	free(text);
	done(&s);
	free(line);
	(void)state;
}

/* The rows of a table, from `head` to `end`, that hold a p-value; each must say how many values
 * it is of, and so must the line on the test. */
static void p_beside_n(const char *text, const char *head, const char *row, const char *end)
{
	const char *at = strstr(text, head), *stop;
	size_t n = 0;

	assert_non_null(at);
	stop = strstr(at, end);
	assert_non_null(stop);
	while ((at = strstr(at, row)) && at < stop) {
		const char *next = strchr(at, '\n');
		ord_autofree char *line = strndup(at, (size_t)(next - at));

		assert_non_null(line);
		assert_non_null(strstr(line, "0.0286"));
		assert_non_null(strstr(line, "s (n = 4, worst 1.05 s)"));
		assert_non_null(strstr(line, "s (n = 4, worst 2.05 s)"));
		at = next;
		n++;
	}
	assert_int_equal(n, 1);
	assert_non_null(strstr(stop, "Test of impact: Mann-Whitney, exact, n = 4 + 4."));
}

static void no_p_without_n(void **state)
{
	char *line = line_of(quick, NULL, NULL), *text = NULL;
	struct ord_err err;
	struct story s;
	size_t size = 0;
	FILE *out;

	tell(&s, NO_REGRESSION("impact"), "\"r1\"", slow, line);
	out = open_memstream(&text, &size);
	assert_int_equal(ord_write_md(&s.a, out, &err), 0);
	assert_int_equal(fclose(out), 0);
	p_beside_n(text, "## Against the baseline", "| ❌ |", "\n\n- Test");
	free(text);
	out = open_memstream(&text, &size);
	assert_int_equal(ord_write_html(&s.a, out, &err), 0);
	assert_int_equal(fclose(out), 0);
	p_beside_n(text, "<section id=\"comparison\"", "<tr role=\"row\"><th role=\"rowheader\"",
		   "</tbody>");
	free(text);
	done(&s);
	free(line);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_p_without_n),
		cmocka_unit_test(missed),
		cmocka_unit_test(met),
		cmocka_unit_test(inconclusive),
		cmocka_unit_test(not_applicable),
		cmocka_unit_test(no_baseline),
		cmocka_unit_test(of_another_plan),
		cmocka_unit_test(written),
		cmocka_unit_test(corrected_over_objectives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
