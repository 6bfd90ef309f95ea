/* Permutations of a sum of scores: counted, drawn, and counted another way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/rng.h"
#include "reports/stats/survival.h"
#include "tests/unit/stats_near.h"

/* Ten and ten are counted, eleven and ten are drawn; a draw is the seed's. */
static void counted_or_drawn(void **state)
{
	struct ord_permutation p, q;
	struct ord_err err;
	double v[21];

	for (size_t i = 0; i < ORD_COUNT(v); i++)
		v[i] = (double)(i * i % 17) + (double)i / 10;
	assert_int_equal(ord_permute(v, 20, 10, 1, &p, &err), 0);
	assert_true(p.exact);
	assert_int_equal(p.relabellings, 184756);
	assert_int_equal(ord_permute(v, 20, 10, 2, &q, &err), 0);
	near9(p.p, q.p);
	assert_int_equal(ord_permute(v, 21, 10, 1, &p, &err), 0);
	assert_false(p.exact);
	/* What was seen counts as one that was drawn. */
	near9(p.p * (ORD_RELABELLINGS_MAX + 1), (double)p.as_extreme + 1);
	near9(p.p_less * (ORD_RELABELLINGS_MAX + 1), round(p.p_less * (ORD_RELABELLINGS_MAX + 1)));
	near9(p.p_greater * (ORD_RELABELLINGS_MAX + 1),
	      round(p.p_greater * (ORD_RELABELLINGS_MAX + 1)));
	assert_true(p.p_less + p.p_greater > 1);
	assert_int_equal(ord_permute(v, 21, 10, 1, &q, &err), 0);
	assert_int_equal(p.as_extreme, q.as_extreme);
	assert_int_equal(ord_permute(v, 21, 10, 2, &q, &err), 0);
	assert_true(fabs(p.p - q.p) < 0.01);
	assert_true(p.p > 0);
	assert_int_equal(ord_permute(v, 21, 0, 1, &p, &err), 0);
	near9(p.p, 1);
	assert_int_equal(p.relabellings, 1);
	assert_int_equal(ord_permute(v, 0, 0, 1, &p, &err), 0);
	near9(p.p, 1);
}

/* What is drawn is near what is counted, on each side, whichever group is drawn. */
static void drawn_is_near(void **state)
{
	enum { ALL = 21 };
	double v[ALL], least = 0;

	for (size_t i = 0; i < ALL; i++)
		v[i] = 1 + (double)(i * i % 17);
	for (size_t n_a = 10; n_a <= 11; n_a++) {
		size_t all = 0, less = 0, greater = 0, extreme = 0;
		double seen = 0, mean = 0;
		struct ord_permutation p;
		struct ord_err err;

		for (size_t i = 0; i < ALL; i++) {
			seen += i < n_a ? v[i] : 0;
			mean += v[i] * (double)n_a / ALL;
		}
		for (unsigned mask = 0; mask < 1U << ALL; mask++) {
			double sum = 0;

			if ((size_t)__builtin_popcount(mask) != n_a)
				continue;
			for (unsigned left = mask; left; left &= left - 1)
				sum += v[__builtin_ctz(left)];
			all++;
			less += sum <= seen;
			greater += sum >= seen;
			extreme += fabs(sum - mean) >= fabs(seen - mean) - 1e-9;
		}
		assert_int_equal(ord_permute(v, ALL, n_a, 3, &p, &err), 0);
		assert_false(p.exact);
		/* five standard errors */
		assert_true(fabs(p.p - (double)extreme / (double)all) < .0056);
		assert_true(fabs(p.p_less - (double)less / (double)all) < .0056);
		assert_true(fabs(p.p_greater - (double)greater / (double)all) < .0056);
		least = fmax(least, fabs(p.p_less - p.p_greater));
	}
	assert_true(least > .1); /* else the sides would not be told apart */
}

/* Equal but for rounding is equal, and no more than that. */
static void nearly_equal_sums(void **state)
{
	static const double apart[] = {1, 0, 1.000001}, sums[] = {.3, 0, .1, .2};
	static double many[ORD_PERMUTE_MAX + 1];
	struct ord_permutation p;
	struct ord_err err;

	assert_int_equal(ord_permute(apart, 3, 1, 1, &p, &err), 0);
	near9(p.p_less, 2.0 / 3);
	near9(p.p_greater, 2.0 / 3);
	assert_int_equal(ord_permute(sums, 4, 2, 1, &p, &err), 0);
	near9(p.p_less, 4.0 / 6); /* .1 + .2 is .3 */
	assert_int_equal(ord_permute(many, ORD_PERMUTE_MAX, 1, 1, &p, &err), 0);
	assert_int_equal(ord_permute(many, ORD_PERMUTE_MAX + 1, 1, 1, &p, &err), -1);
	assert_int_equal(err.code, ORD_USAGE);
}

/* The same test, counted another way, over small random groups. */
static void permutation_by_bits(void **state)
{
	const char *given = getenv("ORDEAL_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : 20261121;
	struct ord_rng rng;

	print_message("seed %llu (ORDEAL_TEST_SEED)\n", (unsigned long long)seed);
	ord_rng_init(&rng, seed);
	for (int turn = 0; turn < 200; turn++) {
		size_t n = 2 + ord_rng_below(&rng, 9), k = 1 + ord_rng_below(&rng, n - 1);
		size_t all = 0, extreme = 0;
		double v[16], mean = 0, seen = 0;
		struct ord_permutation p;
		struct ord_err err;

		for (size_t i = 0; i < n; i++) {
			v[i] = (double)ord_rng_below(&rng, 7);
			mean += v[i] * (double)k / (double)n;
			seen += i < k ? v[i] : 0;
		}
		for (unsigned mask = 0; mask < 1U << n; mask++) {
			double sum = 0;

			if ((size_t)__builtin_popcount(mask) != k)
				continue;
			for (size_t i = 0; i < n; i++)
				sum += mask >> i & 1 ? v[i] : 0;
			all++;
			extreme += fabs(sum - mean) >= fabs(seen - mean) - 1e-9;
		}
		assert_int_equal(ord_permute(v, n, k, 0, &p, &err), 0);
		assert_int_equal(p.relabellings, all);
		assert_int_equal(p.as_extreme, extreme);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counted_or_drawn),
		cmocka_unit_test(drawn_is_near),
		cmocka_unit_test(nearly_equal_sums),
		cmocka_unit_test(permutation_by_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
