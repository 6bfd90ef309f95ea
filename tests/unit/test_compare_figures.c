/* The figures of runs: out of an analysis and a report.json, pooled, written, read back; and what
 * of two plans may differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/json.h"
#include "ordeal/compare.h"
#include "reports/figures.h"
#include "reports/plan_diff.h"
#include "reports/write/write.h"
#include "tests/unit/report_story.h"

/* Repetition 2 recovers only by the rollback and is never noticed; 3 was aborted. */
static void tell(struct story *s)
{
	begin(s, DETECT "," SELF "," AFTER, ",\"repetitions\":3");
	for (int rep = 1; rep <= 3; rep++) {
		int64_t at = (rep - 1) * 30000, bad_to = rep == 2 ? 16000 : 7000;

		events(s, rep, at);
		samples(s, rep, "orders", at, at + 5100, 20, 'g');
		samples(s, rep, "orders", at + 5100, at + bad_to, 20, 'r');
		samples(s, rep, "orders", at + bad_to, at + 25000, 20, 'g');
		samples(s, rep, "stock", at, at + 25000, 20, 'g');
		samples(s, rep, "breaker", at, at + 5600, 5, 'w');
		samples(s, rep, "breaker", at + 5600, at + 25000, 5, rep == 1 ? 'g' : 'w');
		if (rep == 3)
			say(s,
			    "{\"e\":\"abort\",\"t\":%lld,\"rep\":3,\"cause\":\"signal\",\"text\":"
			    "\"SIGINT\"}\n",
			    (long long)MS(at + 25000));
	}
	finish(s, 90000, "aborted");
	assert_int_equal(read_story(s), 0);
}

static json_t *figures_of(const struct story *s)
{
	struct ord_err err;
	json_t *json;

	if (ord_figures_of_analysis(&s->a, &json, &err))
		fail_msg("%s", err.msg);
	return json;
}

static struct ord_figures read_json(json_t *json)
{
	struct ord_figures f;
	struct ord_err err;

	if (ord_figures_read(json, &f, &err))
		fail_msg("%s", err.msg);
	return f;
}

static void of_an_analysis(void **state)
{
	struct ord_figures f;
	const struct ord_figure *v;
	struct story s;

	tell(&s);
	f = read_json(figures_of(&s));
	assert_int_equal(f.n_runs, 1);
	assert_string_equal(f.runs[0].id, "r1");
	assert_int_equal(f.runs[0].repetitions, 3);
	assert_int_equal(f.runs[0].measured, 2);
	assert_int_equal(json_integer_value(json_object_get(f.runs[0].left_out, "aborted")), 1);
	v = ord_figure_find(&f, "ttr_self");
	assert_non_null(v);
	assert_int_equal(v->n, 2);
	assert_int_equal(v->censored, 1);
	assert_int_equal(v->v[0].span.value, s.a.reps[1].self.value);
	assert_int_equal(v->v[1].span.state, ORD_SPAN_CENSORED);
	assert_int_equal(v->v[1].rep, 2);
	v = ord_figure_find(&f, "ttr_after");
	assert_int_equal(v->n, 1); /* the first was well before the rollback */
	assert_int_equal(v->v[0].rep, 2);
	v = ord_figure_find(&f, "ttd:breaker");
	assert_int_equal(v->n, 2);
	assert_int_equal(v->censored, 1);
	assert_null(ord_figure_find(&f, "ttr_full"));
	assert_int_equal(f.n_goals, 3);
	assert_int_equal(f.goals[1].results[0], ORD_RESULT_MET);
	assert_int_equal(f.goals[1].results[1], ORD_RESULT_MISSED);
	assert_int_equal(f.goals[1].results[2], ORD_RESULT_NOT_MEASURED);
	ord_figures_done(&f);
	done(&s);
	(void)state;
}

static json_t *report_of(const struct ord_analysis *a)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct ord_err err;
	json_t *json;

	assert_int_equal(ord_write_json(a, out, &err), 0);
	assert_int_equal(fclose(out), 0);
	json = json_loads(text, 0, NULL);
	free(text);
	assert_non_null(json);
	return json;
}

/* Before a run its plan is held against a baseline as its figures will be after it. */
static void fits_before_the_run(const struct ord_analysis *a)
{
	ord_auto(json) json_t *baseline = NULL, *plan = json_deep_copy(a->t->plan);
	json_t *objectives = json_object_get(plan, "objectives");
	struct ord_err err;

	assert_int_equal(ord_figures_of_analysis(a, &baseline, &err), 0);
	assert_int_equal(ord_plan_hold(plan), a->hold);
	assert_int_equal(ord_baseline_fits(baseline, plan, &err), 0);
	/* What is held longer, and nothing else of an objective, makes other figures. */
	assert_int_equal(json_array_append_new(objectives, json_pack("{s:s,s:I}", "kind", "detect",
								     "hold_ns", a->hold * 2)),
			 0);
	assert_int_equal(ord_baseline_fits(baseline, plan, &err), 0);
	assert_int_equal(json_array_append_new(objectives, json_pack("{s:s,s:I}", "kind", "recover",
								     "hold_ns", a->hold * 2)),
			 0);
	assert_int_equal(ord_baseline_fits(baseline, plan, &err), -1);
	assert_int_equal(err.code, ORD_USAGE);
	assert_non_null(strstr(err.msg, "the baseline is of another plan: hold_ns is "));
}

static void same_from_report_json(struct ord_analysis *a)
{
	json_t *report = report_of(a), *one, *two;
	struct ord_err err;

	assert_int_equal(ord_figures_of_analysis(a, &one, &err), 0);
	assert_int_equal(ord_figures_of_report(report, &two, &err), 0);
	if (!json_equal(one, two))
		fail_msg("%s\n%s", json_dumps(one, 0), json_dumps(two, 0));
	json_decref(one);
	json_decref(two);
	json_decref(report);
}

static void of_a_report(void **state)
{
	static const char *const runs[] = {"slow-store", "hung-web", "pod-loss"};
	struct story s;

	tell(&s);
	same_from_report_json(&s.a);
	done(&s);
	for (size_t i = 0; i < ORD_COUNT(runs); i++) {
		struct ord_timeline t;
		struct ord_analysis a;
		struct ord_err err;
		char path[400];
		FILE *in;

		(void)snprintf(path, sizeof path, SOURCE_DIR "/tests/golden/runs/%s/run.jsonl",
			       runs[i]);
		in = fopen(path, "re");
		assert_non_null(in);
		assert_int_equal(ord_timeline_read(in, &t, &err), 0);
		assert_int_equal(fclose(in), 0);
		assert_int_equal(ord_analyse(&t, &a, &err), 0);
		same_from_report_json(&a);
		fits_before_the_run(&a);
		ord_analysis_done(&a);
		ord_timeline_done(&t);
	}
	(void)state;
}

/* Two channels whose names are equal for longer than a figure's may be stay two. */
static void long_names_stay_apart(void **state)
{
	char name[2][900];
	struct ord_figures f;
	struct ord_err err;
	json_t *report, *json, *detections;

	for (int i = 0; i < 2; i++) {
		for (size_t k = 0; k < 800; k += 2)
			memcpy(name[i] + k, "\xc3\xa9", 2);
		memcpy(name[i] + 800, i ? "b" : "a", 2);
	}
	detections = json_array();
	for (int i = 0; i < 2; i++)
		assert_int_equal(
			json_array_append_new(detections,
					      json_pack("{s:s,s:s,s:{s:b,s:i,s:i,s:i}}", "channel",
							name[i], "state", "noticed", "from_impact",
							"censored", 0, "value_ns", 5, "lo_ns", 5,
							"hi_ns", 5)),
			0);
	report = json_pack("{s:i,s:s,s:{},s:[{s:i,s:s,s:o}]}", "schema", 1, "run", "r1", "plan",
			   "repetitions", "rep", 1, "state", "measured", "detections", detections);
	assert_non_null(report);
	if (ord_figures_of_report(report, &json, &err))
		fail_msg("%s", err.msg);
	json_decref(report);
	f = read_json(json);
	assert_int_equal(f.n, 2);
	for (size_t i = 0; i < f.n; i++) {
		assert_true(strlen(f.v[i].name) <= ORD_FIGURE_NAME_MAX);
		assert_memory_equal(f.v[i].name, "ttd:\xc3\xa9", 6);
		assert_int_equal(f.v[i].n, 1);
	}
	ord_figures_done(&f);
	(void)state;
}

static void written_and_read(void **state)
{
	json_t *json, *again;
	struct ord_figures f;
	struct ord_err err;
	struct story s;
	char *text = NULL;
	size_t size = 0;
	FILE *out;

	tell(&s);
	json = figures_of(&s);
	out = open_memstream(&text, &size);
	assert_int_equal(ord_figures_write(json, out, &err), 0);
	assert_int_equal(fclose(out), 0);
	again = json_loads(text, 0, NULL);
	assert_true(json_equal(json, again));
	f = read_json(again);
	assert_int_equal(strlen(f.sha256), 64);
	ord_figures_done(&f);
	json_decref(json);
	free(text);
	done(&s);
	(void)state;
}

static void pooled(void **state)
{
	json_t *one, *two;
	struct ord_figures f;
	struct ord_err err;
	struct story s;

	tell(&s);
	one = figures_of(&s);
	two = figures_of(&s);
	assert_int_equal(ord_figures_pool(one, two, &err), -1);
	assert_non_null(strstr(err.msg, "r1 is given twice"));
	assert_int_equal(json_object_set_new(json_array_get(json_object_get(two, "runs"), 0), "run",
					     json_string("r2")),
			 0);
	assert_int_equal(ord_figures_pool(one, two, &err), 0);
	json_decref(two);
	f = read_json(one);
	assert_int_equal(f.n_runs, 2);
	assert_int_equal(f.repetitions, 6);
	assert_int_equal(f.measured, 4);
	assert_int_equal(ord_figure_find(&f, "ttr_self")->n, 4);
	assert_int_equal(ord_figure_find(&f, "ttr_self")->v[3].run, 1);
	assert_int_equal(f.n_goals, 6);
	ord_figures_done(&f);
	done(&s);
	(void)state;
}

/* Replaces what stands at the path's end in a valid file, and expects to be refused. */
static void refused(const char *base, const char *from, const char *to, const char *says)
{
	const char *at = strstr(base, from);
	struct ord_figures f;
	struct ord_err err;
	char *text = NULL;
	json_t *json;

	assert_non_null(at);
	assert_true(asprintf(&text, "%.*s%s%s", (int)(at - base), base, to, at + strlen(from)) > 0);
	json = json_loads(text, 0, NULL);
	if (!json)
		fail_msg("%s", text);
	if (!ord_figures_read(json, &f, &err))
		fail_msg("read with %s", to);
	assert_int_equal(err.code, ORD_USAGE);
	if (!strstr(err.msg, says))
		fail_msg("'%s' does not say '%s'", err.msg, says);
	free(text);
}

static void refused_when_wrong(void **state)
{
	json_t *json;
	struct story s;
	char *base;

	tell(&s);
	json = figures_of(&s);
	base = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	refused(base, "\"baseline\":1", "\"baseline\":2", "version 2");
	refused(base, "\"baseline\":1", "\"base\":1", "neither a baseline file nor a report.json");
	refused(base, "\"hold_ns\":1000000000", "\"hold_ns\":1", "`plan_digest`");
	refused(base, "\"rep\":1,\"run\":0", "\"rep\":1,\"run\":1", "no such run");
	refused(base, "\"rep\":1,\"run\":0", "\"rep\":0,\"run\":0", "no such run or repetition");
	refused(base, "\"censored\":false,\"hi_ns\":", "\"censored\":false,\"hi_ns\":-", "no time");
	refused(base, "\"repetitions\":3", "\"repetitions\":1", "counts that cannot be");
	free(base);
	json_decref(json);
	done(&s);
	(void)state;
}

static const char plan[] =
	"{'schema':1,'name':'orders','labels':{},'seed':7,'hash':'x','repetitions':5,'objectives':"
	"[],'recovery_ns':30,'probes':[{'name':'orders','every_ns':100}],'abort':[{'text':'a < "
	"1','value':1}],'faults':[{'name':'slow','args':{'delay_ns':200},'blast':'words','target':{"
	"'kind':'pid','text':'4711'}}]}";

static json_t *plan_with(const char *from, const char *to)
{
	const char *at = strstr(plan, from);
	char *text = NULL;
	json_t *json, *out;

	assert_non_null(at);
	assert_true(asprintf(&text, "%.*s%s%s", (int)(at - plan), plan, to, at + strlen(from)) > 0);
	for (char *p = text; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	json = json_loads(text, 0, NULL);
	if (!json)
		fail_msg("%s", text);
	out = ord_plan_comparable(json, 1000);
	json_decref(json);
	free(text);
	return out;
}

static struct ord_plan_diff differs(const char *from, const char *to)
{
	json_t *a = plan_with("", ""), *b = plan_with(from, to);
	char one[ORD_SHA256_HEX], two[ORD_SHA256_HEX];
	struct ord_plan_diff d;
	struct ord_err err;

	ord_plan_diff(a, b, &d);
	assert_int_equal(ord_plan_digest(a, one, &err), 0);
	assert_int_equal(ord_plan_digest(b, two, &err), 0);
	assert_int_equal(d.n == 0, strcmp(one, two) == 0);
	json_decref(a);
	json_decref(b);
	return d;
}

static void plans_that_may_differ(void **state)
{
	assert_int_equal(differs("'seed':7", "'seed':8").n, 0);
	assert_int_equal(differs("'name':'orders','labels':{}", "'name':'o','labels':{'a':'b'}").n,
			 0);
	assert_int_equal(differs("'repetitions':5", "'repetitions':20").n, 0);
	assert_int_equal(differs("'hash':'x'", "'hash':'y'").n, 0);
	assert_int_equal(differs("'objectives':[]", "'objectives':[{'text':'x'}]").n, 0);
	assert_int_equal(differs("'blast':'words'", "'blast':'other words'").n, 0);
	assert_int_equal(differs("'text':'4711'", "'text':'4712'").n, 0);
	assert_int_equal(differs("'text':'a < 1'", "'text':'a  <  1'").n, 0);
	(void)state;
}

static void plans_that_may_not(void **state)
{
	struct ord_plan_diff d = differs("'delay_ns':200", "'delay_ns':400");

	assert_int_equal(d.n, 1);
	assert_string_equal(d.v[0].path, "faults[slow].args.delay_ns");
	assert_string_equal(d.v[0].a, "200");
	assert_string_equal(d.v[0].b, "400");
	d = differs("'recovery_ns':30", "'recovery_ns':60,'cooldown_ns':1");
	assert_int_equal(d.n, 2);
	assert_string_equal(d.v[0].path, "recovery_ns");
	assert_string_equal(d.v[1].path, "cooldown_ns");
	assert_string_equal(d.v[1].a, "-");
	d = differs("{'name':'orders','every_ns':100}",
		    "{'name':'orders','every_ns':100},{'name':'stock'}");
	assert_int_equal(d.n, 1);
	assert_string_equal(d.v[0].path, "probes[stock]");
	assert_string_equal(d.v[0].b, "{\"name\":\"stock\"}");
	d = differs("{'name':'slow'", "{'name':'fast'");
	assert_string_equal(d.v[0].path, "faults[0].name");
	d = differs("'kind':'pid'", "'kind':'name'");
	assert_int_equal(d.n, 2); /* another kind, whose text counts */
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_an_analysis),     cmocka_unit_test(of_a_report),
		cmocka_unit_test(written_and_read),   cmocka_unit_test(pooled),
		cmocka_unit_test(refused_when_wrong), cmocka_unit_test(plans_that_may_differ),
		cmocka_unit_test(plans_that_may_not), cmocka_unit_test(long_names_stay_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
