/* Baseline and candidate: what is better, worse, or inconclusive, and what a gate may pass. The
 * oracles are R's and benchstat's. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/auto.h"
#include "tests/unit/compare_pair.h"
#include "tests/unit/stats_near.h"

/* One figure. */
static const struct ord_comparison *compare(struct pair *p, const char *baseline,
					    const char *candidate, int64_t margin_ppm)
{
	group_of(&p->a, "base", "ttr_self", baseline);
	group_of(&p->b, "cand", "ttr_self", candidate);
	compare_with(p, &(struct ord_compare_options){
				.margin_ppm = margin_ppm, .alpha = 0.05, .seed = 1});
	assert_int_equal(p->c.n, 1);
	return &p->c.v[0];
}

static void censored_by_exact_logrank(void **state)
{
	struct pair p;
	const struct ord_comparison *c =
		compare(&p, "2.1 2.4 2.6 3.0 3.7", "3.9 30+ 3.1 5.2 30+", 0);

	near9(c->p, 4.0 / 252);
	assert_true(c->censored);
	assert_string_equal(c->method, "log-rank, exact by permutation");
	assert_int_equal(c->verdict, ORD_COMPARED_WORSE);
	assert_int_equal(c->gate, ORD_GATE_FAIL);
	assert_int_equal(c->b.n, 5);
	assert_int_equal(c->b.never, 2);
	/* Of the 25 ratios the third smallest, whatever 30+ would have come to: 3.9 / 3.7; two of
	 * five are censored, so ten ratios have no upper end. */
	near9(c->lo, 3.9 / 3.7);
	assert_true(isinf(c->hi));
	near9(c->ratio, 5.2 / 2.6);
	done(&p);
	(void)state;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Permeability data (Hollander and Wolfe), by ratios. */
static void uncensored_by_mann_whitney(void **state)
{
	static const double x[] = {.80, .83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, .73, 1.46};
	static const double y[] = {1.15, .88, .90, .74, 1.21};
	double ratios[50];
	struct pair p;
	const struct ord_comparison *c = compare(
		&p, "1.15 .88 .90 .74 1.21", ".80 .83 1.89 1.04 1.45 1.38 1.91 1.64 .73 1.46", 0);

	for (size_t i = 0; i < 10; i++)
		for (size_t k = 0; k < 5; k++)
			ratios[i * 5 + k] = x[i] / y[k];
	qsort(ratios, 50, sizeof *ratios, ascending);
	near9(c->p, .254412254412);
	near9(c->lo, ratios[8]);
	near9(c->hi, ratios[41]);
	near9(c->ratio, sqrt(ratios[24] * ratios[25]));
	assert_int_equal(c->verdict, ORD_COMPARED_INCONCLUSIVE);
	assert_string_equal(c->method, "Mann-Whitney, exact");
	assert_true(c->need_each > 10);
	done(&p);
	(void)state;
}

/* benchstat's cases. */
static void too_few_to_tell(void **state)
{
	struct pair p;
	const struct ord_comparison *c = compare(&p, "1 1.1 1.2", "9 9.1 9.2", 0);

	near9(c->p, .1);
	assert_int_equal(c->verdict, ORD_COMPARED_INCONCLUSIVE);
	assert_int_equal(c->need_each, 4);
	assert_int_equal(c->need_beside, 5); /* 2 / C(8, 3) = 0.036 */
	assert_non_null(strstr(c->why, "need >= 5 of the candidate beside this baseline, or >= 4"));
	assert_true(isnan(c->detectable));
	done(&p);
	c = compare(&p, "1 1.1 1.2 1.3", "9 9.1 9.2 9.3", 0);
	near9(c->p, .02857142857142857);
	assert_int_equal(c->verdict, ORD_COMPARED_WORSE);
	assert_int_equal(c->need_each, 0);
	done(&p);
	c = compare(&p, "9 1 1 1", "1 9 9 9", 0);
	near9(c->p, .4857142857142857);
	done(&p);
	c = compare(&p, "1 1 1 1 1", "1 1 1 1 1", 0);
	near9(c->p, 1);
	assert_int_equal(c->verdict, ORD_COMPARED_INCONCLUSIVE);
	assert_int_equal(c->gate, ORD_GATE_INCONCLUSIVE);
	done(&p);
	(void)state;
}

static const char twenty[] = "2.00 2.01 2.02 2.03 2.04 2.05 2.06 2.07 2.08 2.09 2.10 2.11 2.12 "
			     "2.13 2.14 2.15 2.16 2.17 2.18 2.19";

static void stored_baseline_of_twenty(void **state)
{
	struct pair p;
	const struct ord_comparison *c = compare(&p, twenty, "4 4.1", 100000);

	near9(c->p, 2 * .004329004329);
	assert_int_equal(c->verdict, ORD_COMPARED_WORSE);
	assert_int_equal(c->gate, ORD_GATE_FAIL);
	done(&p);
	c = compare(&p, twenty, "4", 100000);
	near9(c->p, 2 * .047619047619);
	assert_int_equal(c->verdict, ORD_COMPARED_INCONCLUSIVE);
	assert_int_equal(c->need_beside, 2);
	assert_non_null(strstr(c->why, "need >= 2 of the candidate beside this baseline"));
	near9(c->confidence, 0);
	near9(c->lo, 0);
	assert_true(isinf(c->hi));
	done(&p);
	c = compare(&p, twenty, "2.05 2.15", 100000);
	assert_int_equal(c->gate, ORD_GATE_PASS);
	assert_int_equal(c->verdict, ORD_COMPARED_INCONCLUSIVE);
	assert_int_equal(c->need_beside, 0); /* the gate is settled */
	done(&p);
	(void)state;
}

static void identical_runs(void **state)
{
	struct pair p;
	const struct ord_comparison *c =
		compare(&p, "2.0 2.1 2.2 2.3 2.4", "2.0 2.1 2.2 2.3 2.4", 0);

	near9(c->ratio, 1);
	assert_true(c->p > 0.99);
	assert_int_equal(c->verdict, ORD_COMPARED_INCONCLUSIVE);
	assert_int_equal(c->gate, ORD_GATE_INCONCLUSIVE);
	assert_true(c->need_each > ORD_COMPARE_NEED_MAX);
	done(&p);
	c = compare(&p, "2.0 2.1 2.2 2.3 2.4", "2.0 2.1 2.2 2.3 2.4", 250000);
	assert_int_equal(c->gate, ORD_GATE_PASS);
	assert_int_equal(p.c.gate, ORD_GATE_PASS);
	done(&p);
	(void)state;
}

static void never_on_both_sides(void **state)
{
	struct pair p;
	const struct ord_comparison *c = compare(&p, "30+ 30+ 30+", "30+ 30+ 30+", 100000);

	assert_true(isnan(c->p)); /* and it is none of those that are corrected for */
	assert_int_equal(p.c.family, 0);
	assert_int_equal(c->verdict, ORD_COMPARED_INCONCLUSIVE);
	assert_int_equal(c->gate, ORD_GATE_NOT_APPLICABLE);
	assert_string_equal(c->why, "never on either side");
	assert_true(isnan(c->ratio));
	assert_false(c->a.has_median);
	done(&p);
	c = compare(&p, "30+ 30+ 30+ 30+", "2 2.1 2.2 2.3", 100000);
	near9(c->p, 2.0 / 70);
	assert_int_equal(c->verdict, ORD_COMPARED_BETTER);
	assert_int_equal(c->gate, ORD_GATE_NOT_APPLICABLE);
	done(&p);
	c = compare(&p, "2 2.1 2.2 2.3", "30+ 30+ 30+ 30+", 100000);
	assert_int_equal(c->verdict, ORD_COMPARED_WORSE);
	assert_true(c->lo > 10);
	done(&p);
	(void)state;
}

/* Half never, then all never: no ratio has an end, and it is worse all the same. */
static void worse_by_who_never_recovered(void **state)
{
	struct pair p;
	const struct ord_comparison *c = compare(&p, "3 3.1 3.2 3.3 3.4 3.5 30+ 30+ 30+ 30+",
						 "30+ 30+ 30+ 30+ 30+ 30+ 30+ 30+ 30+ 30+", 100000);

	assert_int_equal(c->verdict, ORD_COMPARED_WORSE);
	assert_true(c->p < 0.02);
	assert_true(isnan(c->ratio));
	done(&p);
	(void)state;
}

static void margin_is_symmetrical(void **state)
{
	static const char slow[] = "2.4 2.42 2.44 2.46 2.48", quick[] = "2.0 2.01 2.02 2.03 2.04";
	static const struct {
		int64_t margin;
		enum ord_compared verdict;
	} cases[] = {{0, ORD_COMPARED_WORSE},
		     {100000, ORD_COMPARED_WORSE},
		     {200000, ORD_COMPARED_INCONCLUSIVE},
		     {300000, ORD_COMPARED_INCONCLUSIVE}};

	for (size_t i = 0; i < ORD_COUNT(cases); i++) {
		struct pair p, q;
		const struct ord_comparison *c = compare(&p, quick, slow, cases[i].margin);
		const struct ord_comparison *d = compare(&q, slow, quick, cases[i].margin);

		assert_int_equal(c->verdict, cases[i].verdict);
		assert_int_equal(d->verdict, cases[i].verdict == ORD_COMPARED_WORSE
						     ? ORD_COMPARED_BETTER
						     : ORD_COMPARED_INCONCLUSIVE);
		near9(c->ratio, 1 / d->ratio);
		near9(c->lo, 1 / d->hi);
		near9(c->p, d->p);
		assert_int_equal(d->gate, ORD_GATE_PASS);
		done(&p);
		done(&q);
	}
	(void)state;
}

/* Noticed before the users were: 0 s has no ratio. */
static void no_ratio_of_zero(void **state)
{
	struct pair p;
	const struct ord_comparison *c = compare(&p, "0 0.1 0.2 0.1", "1 1.1 1.2 1.3", 100000);

	assert_true(isnan(c->ratio));
	near9(c->shift, 1.05);
	assert_true(c->shift_lo > 0.7);
	assert_int_equal(c->verdict, ORD_COMPARED_WORSE);
	done(&p);
	(void)state;
}

static void corrected_for_many(void **state)
{
	struct pair p;

	group_begin(&p.a, "base", 4, 0);
	group_begin(&p.b, "cand", 4, 0);
	for (int i = 0; i < 2; i++) {
		group_figure(&p.a, i ? "ttr_after" : "ttr_self", "1 1.1 1.2 1.3");
		group_figure(&p.b, i ? "ttr_after" : "ttr_self", "9 9.1 9.2 9.3");
	}
	group_figure(&p.a, "impact", "1");
	group_end(&p.a);
	group_end(&p.b);
	compare_with(&p, &(struct ord_compare_options){.alpha = 0.05});
	assert_int_equal(p.c.n, 3);
	assert_int_equal(p.c.family, 2);
	assert_string_equal(p.c.v[0].figure, "ttr_self");
	assert_string_equal(p.c.v[1].figure, "ttr_after");
	assert_string_equal(p.c.v[2].figure, "impact");
	near9(p.c.v[0].p, .02857142857142857);
	near9(p.c.v[0].p_holm, 2 * .02857142857142857);
	assert_int_equal(p.c.v[0].verdict, ORD_COMPARED_INCONCLUSIVE);
	assert_int_equal(p.c.v[0].need_each, 5);
	assert_false(p.c.v[2].tested);
	assert_string_equal(p.c.v[2].why, "the candidate has no such figure");
	assert_int_equal(p.c.gate, ORD_GATE_INCONCLUSIVE);
	ord_comparisons_done(&p.c);
	compare_with(&p, &(struct ord_compare_options){.alpha = 0.05,
						       .metrics = (const char *[]){"ttr_after"},
						       .n_metrics = 1});
	assert_int_equal(p.c.n, 1);
	assert_int_equal(p.c.gate, ORD_GATE_FAIL);
	done(&p);
	(void)state;
}

static void without_a_figure(void **state)
{
	struct pair p;

	group_of(&p.a, "base", "ttr_after", "2 2.1 2.2 2.3");
	group_begin(&p.b, "cand", 4, 4);
	group_end(&p.b);
	compare_with(&p, &(struct ord_compare_options){.alpha = 0.05});
	assert_string_equal(p.c.v[0].why,
			    "the candidate had no impact in any of its 4 measured repetitions");
	assert_int_equal(p.c.gate, ORD_GATE_NOT_APPLICABLE);
	assert_true(isnan(p.c.v[0].p));
	done(&p);
	group_of(&p.a, "base", "ttr_after", "2 2.1 2.2 2.3");
	group_begin(&p.b, "cand", 4, 0);
	group_figure(&p.b, "ttr_self", "1 1 1 1");
	group_end(&p.b);
	compare_with(&p, &(struct ord_compare_options){.alpha = 0.05});
	assert_string_equal(p.c.v[1].why,
			    "the candidate recovered by itself each time, before the rollback");
	assert_int_equal(p.c.v[1].gate, ORD_GATE_NOT_APPLICABLE);
	assert_string_equal(p.c.v[0].why, "the baseline has no such figure");
	assert_int_equal(p.c.v[0].gate, ORD_GATE_INCONCLUSIVE);
	done(&p);
	/* The first of them is a warm-up: measured, and without values. */
	group_of(&p.a, "base", "ttr_after", "2 2.1 2.2 2.3");
	group_begin(&p.b, "cand", 4, 0);
	group_figure(&p.b, "ttr_self", "1 1 1");
	assert_int_equal(json_object_set_new(json_array_get(json_object_get(p.b.json, "runs"), 0),
					     "warm_up", json_integer(1)),
			 0);
	group_end(&p.b);
	compare_with(&p, &(struct ord_compare_options){.alpha = 0.05});
	assert_string_equal(p.c.v[1].why,
			    "the candidate recovered by itself each time, before the rollback");
	assert_int_equal(p.c.v[1].gate, ORD_GATE_NOT_APPLICABLE);
	done(&p);
	(void)state;
}

static void metrics(void **state)
{
	struct ord_err err;

	assert_true(ord_metric_is("ttr", "ttr_self"));
	assert_true(ord_metric_is("ttr", "ttr_after"));
	assert_false(ord_metric_is("ttr", "ttr_full"));
	assert_true(ord_metric_is("ttd", "ttd:breaker"));
	assert_false(ord_metric_is("ttd:a", "ttd:ab"));
	assert_int_equal(ord_metric_check("ttd:breaker", &err), 0);
	assert_int_equal(ord_metric_check("mttr", &err), -1);
	assert_non_null(strstr(err.msg, "'mttr' is no figure; there are ttr, ttr_self"));
	(void)state;
}

/* Without ties test and interval are one: it is worse exactly where the interval lies above. */
static void test_and_interval_agree(void **state)
{
	uint64_t seed = 20261121;
	size_t worse = 0, passed = 0;

	print_message("seed %llu\n", (unsigned long long)seed);
	for (int i = 0; i < 300; i++) {
		char a[400], b[400];
		const struct ord_comparison *c;
		struct pair p;

		(void)put_values(&seed, 3 + draw(&seed) % 6, 1, false, a, sizeof a);
		(void)put_values(&seed, 3 + draw(&seed) % 6, 0.8 + (double)(draw(&seed) % 10) / 10,
				 false, b, sizeof b);
		c = compare(&p, a, b, 100000);
		assert_int_equal(c->verdict == ORD_COMPARED_WORSE, c->lo > 1.1);
		assert_int_equal(c->verdict == ORD_COMPARED_BETTER, c->hi < 1 / 1.1);
		assert_int_equal(c->gate == ORD_GATE_PASS, c->hi < 1.1);
		worse += c->verdict == ORD_COMPARED_WORSE;
		passed += c->gate == ORD_GATE_PASS;
		done(&p);
	}
	assert_true(worse > 20 && passed > 20);
	(void)state;
}

/* Gives every censored value a time beyond. */
static void complete(uint64_t *seed, char *values)
{
	for (char *p = values; (p = strchr(p, '+'));) {
		char digit = (char)('1' + draw(seed) % 9);

		*p = ' ';
		/* "30.000000 ": between 30 and 99 s */
		p[-9] = (char)('3' + draw(seed) % 7);
		p[-1] = digit;
	}
}

static void interval_holds_whatever_comes(void **state)
{
	uint64_t seed = 7;

	for (int i = 0; i < 200; i++) {
		char a[400], b[400];
		struct pair p, q;
		const struct ord_comparison *c, *d;

		(void)put_values(&seed, 4 + draw(&seed) % 4, 1, true, a, sizeof a);
		(void)put_values(&seed, 4 + draw(&seed) % 4, 1.5, true, b, sizeof b);
		c = compare(&p, a, b, 0);
		complete(&seed, a);
		complete(&seed, b);
		d = compare(&q, a, b, 0);
		assert_int_equal(d->a.never + d->b.never, 0);
		assert_true(c->lo <= d->lo * (1 + 1e-12));
		assert_true(c->hi >= d->hi * (1 - 1e-12));
		if (!isnan(c->ratio))
			near9(c->ratio, d->ratio);
		done(&p);
		done(&q);
	}
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(censored_by_exact_logrank),
		cmocka_unit_test(uncensored_by_mann_whitney),
		cmocka_unit_test(too_few_to_tell),
		cmocka_unit_test(stored_baseline_of_twenty),
		cmocka_unit_test(identical_runs),
		cmocka_unit_test(never_on_both_sides),
		cmocka_unit_test(worse_by_who_never_recovered),
		cmocka_unit_test(margin_is_symmetrical),
		cmocka_unit_test(no_ratio_of_zero),
		cmocka_unit_test(corrected_for_many),
		cmocka_unit_test(without_a_figure),
		cmocka_unit_test(metrics),
		cmocka_unit_test(test_and_interval_agree),
		cmocka_unit_test(interval_holds_whatever_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
