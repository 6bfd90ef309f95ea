/* Runs that end before all their repetitions, on synthetic timelines: what was decided, by what. */
#include "ordeal/early.h"
#include "tests/unit/report_claims.h"

#include "reports/figures.h"
#include "reports/write/write.h"

#define PLAN(reps)                                                                      \
	",\"repetitions\":" reps ",\"sequential\":{\"p1_ppm\":10000,\"p2_ppm\":100000," \
	"\"alpha_ppm\":50000,\"beta_ppm\":100000"

static void decided(struct story *s, int rep, int64_t at, const char *decision)
{
	say(s,
	    "{\"e\":\"sequential\",\"t\":%lld,\"rep\":%d,\"n\":%d,\"missed\":%d,\"left_out\":0,"
	    "\"accept_micro\":-859367,\"reject_micro\":1284874%s}\n",
	    (long long)MS(at), rep, rep, rep, decision);
}

#define REJECTED ",\"decision\":\"rejected\""

static void misses(struct story *s, int rep)
{
	repetition(s, rep, (rep - 1) * 30000, 5100, 14000, 6000);
}

static void meets(struct story *s, int rep)
{
	repetition(s, rep, (rep - 1) * 30000, 5100, 7000, 6000);
}

static void text_is(const struct story *s, const char *want)
{
	char text[ORD_EARLY_TEXT];

	assert_string_equal(ord_early_text(&s->a, text), want);
}

static void stopped_early(void **state)
{
	struct story s;

	begin(&s, SELF "," DETECT, PLAN("50") "}");
	misses(&s, 1);
	decided(&s, 1, 29000, "");
	misses(&s, 2);
	decided(&s, 2, 59000, REJECTED);
	finish(&s, 59001, "complete");
	tells(&s);
	assert_int_equal(s.t.repetitions, 2);
	assert_int_equal(s.t.planned, 50);
	assert_int_equal(s.a.self.n, 2);
	/* Those that were not run are no part of it: else it would be inconclusive. */
	ends(&s, 1, "failed: 1 of 2 objectives missed");
	assert_int_equal(s.a.early.rep, 2);
	assert_int_equal(s.a.n_warnings, 0);
	text_is(&s, "stopped early after 2 of 50 repetitions by SPRT (p1 1%, p2 10%, alpha 5%, "
		    "beta 10%), rejected: 2 of 2 repetitions missed an objective (line 1527)");
	done(&s);
}

/* Neither met nor missed has no say; what is left out is counted. */
static void one_objective_alone(void **state)
{
	struct story s;

	begin(&s, SELF "," DETECT, PLAN("4") ",\"objective\":\"detect(breaker) within 2s\"}");
	misses(&s, 1);
	repetition(&s, 2, 30000, 25000, 25000, 25000); /* no impact, and nothing to detect */
	misses(&s, 3);
	meets(&s, 4);
	finish(&s, 120000, "complete");
	tells(&s);
	assert_int_equal(s.a.early.missed, 0);
	assert_int_equal(s.a.early.n, 3);
	assert_int_equal(s.a.early.left_out, 1);
	assert_null(ord_early_decision(&s.a.early));
	text_is(&s, "SPRT (p1 1%, p2 10%, alpha 5%, beta 10%) not decided within 4 repetitions: 0 "
		    "of 3 repetitions missed detect(breaker) within 2s; without a miss it takes 24 "
		    "to be accepted");
	done(&s);
}

/* A run that still goes on: what has not begun is no repetition. */
static void while_it_goes_on(void **state)
{
	struct story s;

	begin(&s, SELF, PLAN("50") "}");
	meets(&s, 1);
	misses(&s, 2);
	tells(&s);
	assert_int_equal(s.a.early.n, 2);
	assert_int_equal(s.a.early.missed, 1);
	assert_int_equal(s.a.early.left_out, 0);
	/* -0.938862 and 1.205379 at 0.039747 a repetition: NIST's handbook. */
	assert_int_equal(ord_early_accept(&s.a.early) / 1000, -859);
	assert_int_equal(ord_early_reject(&s.a.early) / 1000, 1284);
	done(&s);
}

/* A line that a later repetition belies shortens nothing; one that later figures belie is told. */
static void lines_that_cannot_be(void **state)
{
	struct story s;

	begin(&s, SELF, PLAN("4") "}");
	misses(&s, 1);
	decided(&s, 1, 29000, REJECTED);
	misses(&s, 2);
	finish(&s, 60000, "complete");
	tells(&s);
	assert_int_equal(s.t.repetitions, 4);
	assert_int_equal(s.t.early_line, 0);
	done(&s);

	begin(&s, SELF, PLAN("4") "}");
	meets(&s, 1);
	decided(&s, 1, 29000, REJECTED);
	finish(&s, 30000, "complete");
	tells(&s);
	assert_int_equal(s.t.repetitions, 1);
	assert_int_equal(s.a.n_warnings, 1);
	assert_non_null(strstr(s.a.warnings[0].text, "had rejected; by all that was told later it "
						     "is not decided"));
	done(&s);

	/* Shares that make no test. */
	begin(&s, SELF, ",\"sequential\":{\"p1_ppm\":500000,\"p2_ppm\":100000}");
	meets(&s, 1);
	finish(&s, 30000, "complete");
	tells(&s);
	text_is(&s, "");
	done(&s);
}

/* Every format says it, and a baseline counts what was run. */
static void formats(void **state)
{
	static const struct {
		const char *format;
		int (*write)(const struct ord_analysis *a, FILE *out, struct ord_err *err);
		const char *says;
	} table[] = {
		{"json", ord_write_json, "\"stopped_early\": true"},
		{"md", ord_write_md, "\nstopped early after 2 of 50 repetitions by SPRT"},
		{"html", ord_write_html, "<p class=\"small\">stopped early after 2 of 50"},
	};
	struct json_t *baseline = NULL;
	struct story s;

	begin(&s, SELF, PLAN("50") "}");
	misses(&s, 1);
	misses(&s, 2);
	decided(&s, 2, 59000, REJECTED);
	finish(&s, 59001, "complete");
	tells(&s);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);

		assert_int_equal(table[i].write(&s.a, out, &s.err), 0);
		(void)fclose(out);
		if (!strstr(text, table[i].says))
			fail_msg("%s does not say '%s'", table[i].format, table[i].says);
		free(text);
	}
	assert_int_equal(ord_figures_of_analysis(&s.a, &baseline, &s.err), 0);
	assert_int_equal(
		json_integer_value(json_object_get(
			json_array_get(json_object_get(baseline, "runs"), 0), "repetitions")),
		2);
	json_decref(baseline);
	done(&s);
}

static void how_far_it_must_go(void **state)
{
	size_t accept = 0, reject = 0;

	assert_true(ord_early_reach(10000, 100000, 50000, 100000, &accept, &reject));
	assert_int_equal(accept, 24);
	assert_int_equal(reject, 2);
	assert_true(ord_early_reach(50000, 200000, 50000, 100000, &accept, &reject));
	assert_int_equal(accept, 14);
	assert_int_equal(reject, 3);
	assert_false(ord_early_reach(100000, 10000, 50000, 100000, &accept, &reject));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stopped_early),    cmocka_unit_test(one_objective_alone),
		cmocka_unit_test(while_it_goes_on), cmocka_unit_test(lines_that_cannot_be),
		cmocka_unit_test(formats),	    cmocka_unit_test(how_far_it_must_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
