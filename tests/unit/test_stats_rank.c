/* Rank tests and shifts: figures of R 4.2 (wilcox.test, coin) and of Go's benchstat. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/rng.h"
#include "reports/stats/rank.h"
#include "reports/stats/rank_null.h"
#include "tests/unit/stats_near.h"

static struct ord_mann_whitney test(const double *x, size_t n, const double *y, size_t m)
{
	struct ord_mann_whitney r = {0};
	struct ord_err err;

	assert_int_equal(ord_mann_whitney(x, n, y, m, &r, &err), 0);
	return r;
}

static struct ord_estimate shift(const double *x, size_t n, const double *y, size_t m,
				 double confidence)
{
	struct ord_estimate e = {0};
	struct ord_err err;

	assert_int_equal(ord_hl_shift(x, n, y, m, confidence, &e, &err), 0);
	return e;
}

static void estimate_is(struct ord_estimate e, double value, double lo, double hi)
{
	near9(e.value, value);
	near9(e.lo, lo);
	near9(e.hi, hi);
}

/* Hollander and Wolfe: permeability. */
static void permeability(void **state)
{
	static const double x[] = {.80, .83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, .73, 1.46};
	static const double y[] = {1.15, .88, .90, .74, 1.21};
	struct ord_mann_whitney r = test(x, 10, y, 5);

	near9(r.w, 35);
	assert_int_equal(r.method, ORD_RANK_EXACT);
	assert_false(r.ties);
	near9(r.p_greater, .127206127206);
	near9(r.p, .254412254412);
	near9(r.p_normal, .244623605127);
	near9(r.p_normal_plain, .22067136192);
	estimate_is(shift(x, 10, y, 5, .95), .305, -.15, .76);
	estimate_is(shift(x, 10, y, 5, .90), .305, -.08, .72);
	assert_true(shift(x, 10, y, 5, .95).confidence >= .95);
	r = test(y, 5, x, 10);
	near9(r.w, 15);
	near9(r.p_less, .127206127206);
}

static void pitfall_20_ties(void **state)
{
	static const double c[] = {3, 4, 4, 5, 6, 5, 3, 4}, b[] = {2, 2, 3, 3, 4, 5, 2, 3};
	struct ord_mann_whitney r = test(c, 8, b, 8);

	near9(r.w, 51.5);
	assert_true(r.ties);
	assert_int_equal(r.method, ORD_RANK_MID);
	near9(r.p, .0376068376068);
	near9(r.p_normal, .0400140268917);
	near9(r.p_normal_plain, .0350615960979);
	near9(shift(c, 8, b, 8, .95).value, 1);
	r = test(b, 8, c, 8);
	near9(r.p, .0376068376068);
}

/* Go's benchstat, benchmath. */
static void benchstat(void **state)
{
	static const double low[] = {-1, -1, -1, -1}, high[] = {1, 1, 1, 1};
	static const double mostly[] = {1, -1, -1, -1}, hardly[] = {-1, 1, 1, 1};
	struct ord_mann_whitney r;

	near9(test(low, 3, high, 3).p, .1);
	near9(test(low, 3, high, 3).p_least, .1);
	near9(test(low, 4, high, 4).p, .02857142857142857);
	near9(test(mostly, 4, hardly, 4).p, .4857142857142857);
	r = test(high, 4, high, 4);
	near9(r.p, 1);
	assert_true(r.all_equal);
	is_nan(r.p_normal);
	assert_false(test(hardly, 1, high, 2).all_equal); /* -1 against 1 1 */
	assert_int_equal(ord_rank_need(.05), 4);
}

static void least_p(void **state)
{
	static const struct {
		size_t n;
		double p;
	} equal[] = {{3, .1},
		     {4, .0285714285714},
		     {5, .00793650793651},
		     {6, .0021645021645},
		     {8, .0001554001554},
		     {10, 1.08250882245e-05}};
	static const double beside20[] = {.047619047619, .004329004329, .000564652738566};
	double x[20], y[20];

	for (size_t i = 0; i < 20; i++) {
		x[i] = (double)i;
		y[i] = 100 + (double)i;
	}
	for (size_t i = 0; i < ORD_COUNT(equal); i++) {
		struct ord_mann_whitney r = test(x, equal[i].n, y, equal[i].n);

		near9(r.p, equal[i].p);
		near9(r.p_least, equal[i].p);
	}
	for (size_t n = 1; n <= 3; n++)
		near9(test(x, 20, y, n).p_less, beside20[n - 1]);
	assert_int_equal(ord_rank_need_beside(20, .05), 2);
	assert_int_equal(ord_rank_need_beside(20, .1), 1);
	near9(test(x, 1, y, 1).p, 1);
}

static void counts(void **state)
{
	static const double ways[] = {1,  1,  2,  3,  5,  7,  9, 11, 14, 16, 18, 19, 20,
				      20, 19, 18, 16, 14, 11, 9, 7,  5,	 3,  2,	 1,  1};
	static const struct {
		size_t n;
		int64_t critical; /* the largest W with two-sided p <= 0.05 */
	} at5[] = {{4, 0}, {5, 2}, {6, 5}, {7, 8}, {8, 13}, {9, 17}, {10, 23}, {11, 30}, {12, 37}};
	struct ord_null null;
	struct ord_err err;
	double sum = 0;

	assert_int_equal(ord_null_wilcox(5, 5, &null, &err), 0);
	for (size_t i = 0; i < ORD_COUNT(ways); i++) {
		sum += ways[i];
		near9(ord_null_cdf(&null, (int64_t)i), sum / 252);
	}
	near9(ord_null_cdf(&null, -1), 0);
	near9(ord_null_cdf(&null, 99), 1);
	ord_null_done(&null);
	for (size_t i = 0; i < ORD_COUNT(at5); i++) {
		assert_int_equal(ord_null_wilcox(at5[i].n, at5[i].n, &null, &err), 0);
		assert_true(2 * ord_null_cdf(&null, at5[i].critical) <= .05);
		assert_true(2 * ord_null_cdf(&null, at5[i].critical + 1) > .05);
		ord_null_done(&null);
	}
	/* 500 and 500: the counts go to 1e299, and the middle is a half still. */
	assert_int_equal(ord_null_wilcox(500, 500, &null, &err), 0);
	near9(ord_null_cdf(&null, 124999) + (1 - ord_null_cdf(&null, 125000)),
	      1 - (ord_null_cdf(&null, 125000) - ord_null_cdf(&null, 124999)));
	near_to(ord_null_cdf(&null, 125000), .5, 1e-4);
	ord_null_done(&null);
}

static void attainable(void **state)
{
	static const double x[] = {1, 2, 3.5, 5}, y[] = {7, 9, 12, 16};
	struct ord_estimate e = shift(x, 2, y, 2, .95);

	assert_true(isinf(e.lo) && e.lo < 0 && isinf(e.hi));
	near9(e.confidence, 0);
	near9(e.value, -6.5);
	assert_true(isinf(shift(x, 3, y, 3, .95).hi));
	e = shift(x, 4, y, 4, .95);
	estimate_is(e, -7.5, -15, -2);
	near9(e.confidence, 1 - 2.0 / 70);
}

static void ratio(void **state)
{
	static const double x[] = {4, 8, 16, 32}, y[] = {1, 2, 4, 8}, bad[] = {0, 1};
	struct ord_estimate e = {0};
	struct ord_err err;

	assert_int_equal(ord_hl_ratio(x, 4, y, 4, .95, &e, &err), 0);
	estimate_is(e, 4, .5, 32);
	assert_int_equal(ord_hl_ratio(x, 2, y, 2, .95, &e, &err), 0);
	estimate_is(e, 4, 0, INFINITY);
	assert_int_equal(ord_hl_ratio(bad, 2, y, 2, .95, &e, &err), -1);
	assert_int_equal(err.code, ORD_USAGE);
	assert_int_equal(ord_hl_shift(x, 0, y, 2, .95, &e, &err), -1);
	near9(e.value, 4);						     /* untouched */
	assert_int_equal(ord_hl_shift(x, 2001, y, 2000, .95, &e, &err), -1); /* not looked at */
	assert_non_null(strstr(err.msg, "2001 by 2000 values are more than 4000000 pairs"));
}

static void signed_ranks(void **state)
{
	/* R's `depression` of ?wilcox.test: x - y. */
	static const double x[] = {1.83, .50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30};
	static const double y[] = {.878, .647, .598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29};
	static const double z[] = {2.1, 2.2, 2.4, 2.6, 2.8, 2.9, 3.0, 3.3, 3.7, 4.4};
	static const double zeros[] = {0, 0, 0};
	struct ord_signed_rank r;
	struct ord_err err;
	double d[9];

	for (size_t i = 0; i < 9; i++)
		d[i] = x[i] - y[i];
	assert_int_equal(ord_signed_rank(d, 9, .95, &r, &err), 0);
	near9(r.v, 40);
	near9(r.p_greater, .01953125);
	near9(r.p, .0390625);
	estimate_is(r.pseudomedian, .46, .01, .786);
	assert_int_equal(ord_signed_rank(z, 10, .95, &r, &err), 0);
	estimate_is(r.pseudomedian, 2.9, 2.45, 3.5);
	assert_int_equal(ord_signed_rank(zeros, 3, .95, &r, &err), 0);
	assert_int_equal(r.n, 0);
	near9(r.p, 1);
	assert_int_equal(ord_signed_rank(zeros, 0, .95, &r, &err), 0);
	is_nan(r.pseudomedian.value);
	assert_int_equal(ord_signed_rank(z, ORD_SIGNED_MAX + 1, .95, &r, &err), -1);
}

/* What must hold of any values. */
static void properties(void **state)
{
	const char *given = getenv("ORDEAL_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : 20261122;
	struct ord_rng rng;

	print_message("seed %llu (ORDEAL_TEST_SEED)\n", (unsigned long long)seed);
	ord_rng_init(&rng, seed);
	for (int turn = 0; turn < 100; turn++) {
		size_t n = 1 + ord_rng_below(&rng, 12), m = 1 + ord_rng_below(&rng, 12);
		bool coarse = turn % 2;
		double x[12], y[12], moved[12];
		struct ord_mann_whitney a, b;
		struct ord_estimate e, f;

		for (size_t i = 0; i < n; i++) {
			x[i] = (double)ord_rng_below(&rng, coarse ? 6 : 1 << 20);
			moved[i] = x[i] + 64;
		}
		for (size_t i = 0; i < m; i++)
			y[i] = (double)ord_rng_below(&rng, coarse ? 6 : 1 << 20);
		/* Shifting one group shifts the estimate and its interval, and nothing else. */
		e = shift(x, n, y, m, .9);
		f = shift(moved, n, y, m, .9);
		estimate_is(f, e.value + 64, e.lo + 64, e.hi + 64);
		assert_true(!(e.confidence > 0) || e.confidence >= .9);
		assert_true(e.lo <= e.value && e.value <= e.hi);
		/* Who comes first only changes the sides. */
		a = test(x, n, y, m);
		b = test(y, m, x, n);
		near9(a.w + b.w, (double)(n * m));
		near9(a.p, b.p);
		near9(a.p_less, b.p_greater);
		assert_true(a.p <= 1 && a.p >= a.p_least * (1 - 1e-9));
		/* The interval leaves out 0 only where the test says so, without ties. */
		if (!a.ties && (e.lo > 0 || e.hi < 0))
			assert_true(a.p <= .1);
	}
}

/* Both ways to count agree where there are no ties. */
static void mid_ranks_without_ties(void **state)
{
	uint32_t ranks[15];
	struct ord_null null;
	struct ord_err err;

	for (uint32_t i = 0; i < 15; i++)
		ranks[i] = i + 1;
	assert_int_equal(ord_null_wilcox(5, 10, &null, &err), 0);
	for (uint64_t w = 0; w <= 50; w++) {
		struct ord_tails tails;

		assert_int_equal(ord_subset_tails(ranks, 15, 5, w + 15, &tails, &err), 0);
		near9(tails.less, ord_null_cdf(&null, (int64_t)w));
		near9(tails.greater, ord_null_cdf(&null, 50 - (int64_t)w));
	}
	ord_null_done(&null);
	assert_false(ord_subset_too_many(100, 40));
	assert_true(ord_subset_too_many(1000, 500));
}

/* Many values: the normal approximation is near what is counted at the limit. */
static void many(void **state)
{
	static double x[600], y[600];
	ord_autofree double *pairs = NULL;
	struct ord_mann_whitney counted, approximate;
	struct ord_estimate e;

	for (size_t i = 0; i < 600; i++) {
		x[i] = (double)(i * 7919 % 1200);
		y[i] = (double)(i * 7919 % 1201) + .5 + 30;
	}
	counted = test(x, 400, y, 400);
	assert_int_equal(counted.method, ORD_RANK_EXACT);
	near_to(counted.p, counted.p_normal, .01);
	approximate = test(x, 600, y, 600);
	assert_int_equal(approximate.method, ORD_RANK_NORMAL);
	near9(approximate.p, approximate.p_normal);
	near9(approximate.p, .27705278208084); /* R: wilcox.test(x, y, exact = FALSE) */
	near9(approximate.p_less, .13852639104042);
	near9(approximate.p_greater, .861510420265414);
	assert_int_equal(test(x, 500, y, 500).method, ORD_RANK_EXACT);
	e = shift(x, 600, y, 600, .95);
	pairs = calloc(360000, sizeof *pairs);
	assert_non_null(pairs);
	for (size_t i = 0; i < 360000; i++)
		pairs[i] = x[i / 600] - y[i % 600];
	ord_sort_doubles(pairs, 360000);
	/* 180000 - 1.959964 sqrt(360000 * 1201 / 12) = 168235.3 */
	near9(e.lo, pairs[168235 - 1]);
	near9(e.hi, pairs[360000 - 168235]);
	near9(e.value, (pairs[179999] + pairs[180000]) / 2);
	near9(e.confidence, .95);
	for (size_t i = 0; i < 600; i++)
		x[i] = 1;
	approximate = test(x, 600, x, 600);
	assert_int_equal(approximate.method, ORD_RANK_NORMAL);
	near9(approximate.p, 1);
	near9(approximate.p_less, 1);
	near9(approximate.p_greater, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(permeability), cmocka_unit_test(pitfall_20_ties),
		cmocka_unit_test(benchstat),	cmocka_unit_test(least_p),
		cmocka_unit_test(counts),	cmocka_unit_test(attainable),
		cmocka_unit_test(ratio),	cmocka_unit_test(signed_ranks),
		cmocka_unit_test(properties),	cmocka_unit_test(mid_ranks_without_ties),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
