/* Wald's sequential test over repetitions: the boundaries of measurement, and what has a say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/auto.h"
#include "reports/sequence.h"
#include "tests/unit/compare_groups.h"
#include "tests/unit/stats_near.h"

/* '+' met, '-' missed, '?' inconclusive, a blank begins another run. */
static void group_results(struct group *g, const char *objective, const char *results)
{
	json_t *runs, *goal = NULL, *list = NULL;

	group_begin(g, "r0", 1000, 0);
	runs = json_object_get(g->json, "runs");
	for (size_t run = 0; *results; results++) {
		if (*results == ' ') {
			json_t *more = json_deep_copy(json_array_get(runs, 0));
			char id[] = "r0";

			id[1] = (char)('0' + ++run);
			assert_int_equal(json_object_set_new(more, "run", json_string(id)), 0);
			assert_int_equal(json_object_del(more, "objectives"), 0);
			assert_int_equal(json_array_append_new(runs, more), 0);
			goal = NULL;
			continue;
		}
		if (!goal) {
			goal = json_pack("{s:s,s:[]}", "text", objective, "results");
			list = json_object_get(goal, "results");
			assert_int_equal(json_object_set_new(json_array_get(runs, run),
							     "objectives", json_pack("[o]", goal)),
					 0);
		}
		assert_int_equal(json_array_append_new(
					 list, json_string(*results == '+'   ? "met"
							   : *results == '-' ? "missed"
							   : *results == '0' ? "not applicable"
									     : "inconclusive")),
				 0);
	}
	group_end(g);
}

static const struct ord_sequence_options usual = {
	.good = ORD_SEQUENCE_GOOD,
	.bad = ORD_SEQUENCE_BAD,
	.alpha = ORD_SEQUENCE_ALPHA,
	.beta = ORD_SEQUENCE_BETA,
};

static struct ord_sequence test_of(struct group *g, const char *results)
{
	struct ord_sequence s;
	struct ord_err err;

	group_results(g, "recover(self) within 4s", results);
	if (ord_sequence(&g->f, &usual, &s, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(s.n, 1);
	return s;
}

static void done(struct group *g, struct ord_sequence *s)
{
	ord_sequence_done(s);
	ord_figures_done(&g->f);
}

static void boundaries(void **state)
{
	struct group g;
	struct ord_sequence s = test_of(&g, "+");

	/* NIST's e-Handbook: p1 = 0.01, p2 = 0.10, alpha 0.05, beta 0.10. */
	near_to(s.test.h1, .938862, 1e-6);
	near_to(s.test.h2, 1.205379, 1e-6);
	near_to(s.test.slope, .039747, 2e-5);
	done(&g, &s);
	(void)state;
}

static void accepted_after_24(void **state)
{
	struct group g;
	struct ord_sequence s = test_of(&g, "+++++++++++++++++++++++");

	assert_int_equal(s.v[0].n, 23);
	assert_int_equal(s.v[0].verdict, ORD_SPRT_GO_ON);
	assert_int_equal(s.v[0].clean_needed, 1);
	assert_int_equal(s.gate, ORD_GATE_INCONCLUSIVE);
	done(&g, &s);
	s = test_of(&g, "++++++++++++++++++++++++--");
	assert_int_equal(s.v[0].verdict, ORD_SPRT_ACCEPT);
	assert_int_equal(s.v[0].rep, 24);
	assert_int_equal(s.v[0].after, 2); /* what came after has no say */
	assert_int_equal(s.v[0].missed, 0);
	assert_int_equal(s.gate, ORD_GATE_PASS);
	done(&g, &s);
	(void)state;
}

static void rejected_over_runs(void **state)
{
	struct group g;
	struct ord_sequence s = test_of(&g, "-");

	assert_int_equal(s.v[0].verdict, ORD_SPRT_GO_ON);
	/* (1 + h1) / slope = 48.8 */
	assert_int_equal(s.v[0].clean_needed, 48);
	done(&g, &s);
	s = test_of(&g, "-? ?-+");
	assert_int_equal(s.v[0].verdict, ORD_SPRT_REJECT);
	assert_int_equal(s.v[0].run, 1);
	assert_int_equal(s.v[0].rep, 2);
	assert_int_equal(s.v[0].left_out, 2);
	assert_int_equal(s.v[0].after, 1);
	assert_int_equal(s.gate, ORD_GATE_FAIL);
	done(&g, &s);
	(void)state;
}

static void refused(void **state)
{
	struct ord_sequence_options o = usual;
	struct ord_sequence s;
	struct group g;
	struct ord_err err;

	group_results(&g, "recover(self) within 4s", "+");
	o.good = 0.2;
	assert_int_equal(ord_sequence(&g.f, &o, &s, &err), -1);
	assert_non_null(strstr(err.msg, "0 < p1 < p2 < 1"));
	ord_figures_done(&g.f);
	/* Judged over the run: there is nothing to go on with. */
	group_results(&g, "no_regression(ttr) margin 25% against main", "00");
	o = usual;
	assert_int_equal(ord_sequence(&g.f, &o, &s, &err), -1);
	assert_non_null(strstr(err.msg, "no run has an objective"));
	o.objective = "recover(self) within 5s";
	assert_int_equal(ord_sequence(&g.f, &o, &s, &err), -1);
	assert_non_null(strstr(err.msg, "no run has an objective 'recover(self) within 5s'"));
	ord_figures_done(&g.f);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boundaries),
		cmocka_unit_test(accepted_after_24),
		cmocka_unit_test(rejected_over_runs),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
