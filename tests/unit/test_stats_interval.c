/* Distributions, intervals of medians and shares, planning: figures of R 4.2, NIST and benchstat.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/auto.h"
#include "reports/stats/dist.h"
#include "reports/stats/interval.h"
#include "tests/unit/stats_near.h"

static void distributions(void **state)
{
	near_to(ord_norm_quantile(.975), 1.959963984540054, 1e-14);
	near_to(ord_norm_quantile(.05), -1.644853626951473, 1e-14);
	near_to(ord_norm_quantile(1e-12), -7.034483825301131, 1e-13);
	near9(ord_norm_quantile(.5), 0);
	assert_true(isinf(ord_norm_quantile(0)) && ord_norm_quantile(0) < 0);
	assert_true(isinf(ord_norm_quantile(1)));
	is_nan(ord_norm_quantile(1.5));
	for (double p = .001; p < 1; p += .001)
		near_to(ord_norm_cdf(ord_norm_quantile(p)), p, 1e-13);
	near_to(ord_chi1_tail(3.841458820694124), .05, 1e-13);
	near9(ord_chi1_tail(0), 1);
	near9(ord_chi1_tail(.5), .479500122186953);
	near9(ord_chi1_tail(.9), .342781711147911);
	near_to(ord_t_tail2(2.2281388519862739, 10), .05, 1e-13);
	near_to(ord_t_tail2(-2.5, 10), 0.031446844236608776, 1e-13);
	near_to(ord_t_tail2(40, 7.5), 5.1190567637097898e-10, 1e-12);
	near9(ord_t_tail2(0, 3), 1);
	near9(ord_t_tail2(INFINITY, 3), 0);
	is_nan(ord_t_tail2(1, 0));
	near_to(ord_beta_cdf(.3, 2, 5), .579825, 1e-12); /* P(Bin(6, .3) >= 2) */
	near9(ord_beta_cdf(0, 2, 5), 0);
	near9(ord_beta_cdf(1, 2, 5), 1);
	is_nan(ord_beta_cdf(.5, 0, 1));
	is_nan(ord_beta_cdf(.5, 1, 0));
	near9(ord_beta_cdf(.2, 2.5, 40), .997268117198268);
	near_to(ord_beta_cdf(.2, 40, 2.5), 1.58226939444205e-26, 1e-10);
	near9(ord_beta_cdf(.8, 40, 2.5), .00273188280173216);
	near9(ord_t_tail2(1.5, 3.5), .217818187015345);
	is_nan(ord_t_tail2(NAN, 3));
	is_nan(ord_beta_quantile(1.1, 1, 1));
	is_nan(ord_beta_quantile(-.1, 1, 1));
	is_nan(ord_beta_quantile(.5, 0, 1));
	is_nan(ord_beta_quantile(.5, 1, 0));
	near9(ord_beta_quantile(.25, 1, 1), .25);
	near9(ord_beta_quantile(0, 2, 3), 0);
	near9(ord_beta_quantile(1, 2, 3), 1);
	near9(ord_binom_cdf(3, 9, .3), .729659098);
	assert_int_equal(ord_binom_quantile(.3, 9, .3), 2);
	assert_int_equal(ord_binom_quantile(.3, 20, .3), 5);
	/* a sum that is the share itself is enough */
	assert_int_equal(ord_binom_quantile(.5, 1, .5), 0);
	assert_int_equal(ord_binom_quantile(.5, 3, .5), 1);
	assert_int_equal(ord_binom_quantile(.1875, 5, .5), 1);
	near9(ord_log_choose(2, 3), -INFINITY);
	for (double p = .01; p < 1; p += .01)
		near_to(ord_beta_cdf(ord_beta_quantile(p, 3.5, .7), 3.5, .7), p, 1e-11);
	near_to(ord_binom_cdf(2, 10, .5), 56.0 / 1024, 1e-13);
	near9(ord_binom_cdf(-1, 10, .5), 0);
	near9(ord_binom_cdf(10, 10, .5), 1);
	near_to(exp(ord_log_choose(20, 10)), 184756, 1e-12);
}

static void medians(void **state)
{
	static const struct {
		size_t n, lo, hi;
		double confidence;
	} table[] = {{1, 0, 0, 0},	     {5, 0, 0, 0},
		     {6, 1, 6, .96875},	     {7, 1, 7, .984375},
		     {8, 1, 8, .9921875},    {9, 2, 8, .9609375},
		     {10, 2, 9, .978515625}, {12, 3, 10, .96142578125},
		     {15, 4, 12, .96484375}, {20, 6, 15, .958610534668}};

	for (size_t i = 0; i < ORD_COUNT(table); i++) {
		struct ord_order_interval r = ord_median_interval(table[i].n, .95);

		assert_int_equal(r.lo, table[i].lo);
		assert_int_equal(r.hi, table[i].hi);
		near9(r.confidence, table[i].confidence);
	}
	assert_int_equal(ord_median_interval(6, .99).lo, 0);
	assert_int_equal(ord_median_interval(0, .95).lo, 0);
	assert_int_equal(ord_median_need(.95), 6);
	assert_int_equal(ord_median_need(.99), 8);
}

static void tails(void **state)
{
	static const struct {
		size_t n, bound;
	} p90[] = {{28, 0}, {29, 29}, {46, 45}, {50, 49}, {61, 59}, {100, 96}};

	for (size_t i = 0; i < ORD_COUNT(p90); i++)
		assert_int_equal(ord_quantile_bound(p90[i].n, .9, .95), p90[i].bound);
	assert_int_equal(ord_quantile_bound(58, .95, .95), 0);
	assert_int_equal(ord_quantile_bound(59, .95, .95), 59);
	assert_int_equal(ord_quantile_bound(299, .99, .95), 299);
	assert_int_equal(ord_success_run(.9, .95), 29);
	assert_int_equal(ord_success_run(.9, 1 - .9 * .9 * .9), 3);
	assert_int_equal(ord_success_run(.9, 1 - .9 * .9 * .9 * .99995), 4);
	assert_int_equal(ord_success_run(.9, .9), 22);
	assert_int_equal(ord_success_run(.95, .95), 59);
	assert_int_equal(ord_success_run(.99, .95), 299);
}

static void shares(void **state)
{
	static const struct {
		size_t k, n;
		struct ord_share cp, w;
	} table[] = {
		{0, 10, {0, .308497107819}, {0, .277532799863}},
		{1, 10, {.00252857854446, .445016117028}, {.0178762130951, .404150026795}},
		{7, 10, {.34754714994, .933260488822}, {.396778147461, .892208732594}},
		{9, 10, {.554983882972, .997471421456}, {.595849973205, .982123786905}},
		{10, 10, {.691502892181, 1}, {.722467200137, 1}},
		{47, 50, {.834518053396, .987451412165}, {.837829083112, .979385029651}},
		{0, 0, {0, 1}, {0, 1}},
	};

	for (size_t i = 0; i < ORD_COUNT(table); i++) {
		struct ord_share cp = ord_clopper_pearson(table[i].k, table[i].n, .95);
		struct ord_share w = ord_wilson(table[i].k, table[i].n, .95);

		near9(cp.lo, table[i].cp.lo);
		near9(cp.hi, table[i].cp.hi);
		near9(w.lo, table[i].w.lo);
		near9(w.hi, table[i].w.hi);
	}
}

static void fisher(void **state)
{
	near9(ord_fisher(9, 10, 5, 10).p, .140866873065);
	near9(ord_fisher(10, 10, 6, 10).p, .0866873065015);
	near9(ord_fisher(10, 10, 5, 10).p, .0325077399381);
	near9(ord_fisher(10, 10, 5, 10).p_greater, .016253869969);
	near9(ord_fisher(5, 10, 10, 10).p_less, .016253869969);
	near9(ord_fisher(3, 3, 3, 3).p, 1);
	near9(ord_fisher(0, 0, 0, 0).p, 1);
}

static void planning(void **state)
{
	static const struct {
		double sigma, ratio;
		size_t n;
	} table[] = {{.25, 1.25, 17}, {.25, 1.5, 5}, {.5, 1.5, 20},
		     {.5, 2, 7},      {1, 2, 27},    {.1, 1.1, 15}};

	for (size_t i = 0; i < ORD_COUNT(table); i++) {
		size_t n = ord_need_for_ratio(table[i].sigma, table[i].ratio, .05, .8);

		assert_int_equal(n, table[i].n);
		assert_true(ord_detectable_ratio(table[i].sigma, n, n, .05, .8) <= table[i].ratio);
		assert_true(ord_detectable_ratio(table[i].sigma, n - 1, n - 1, .05, .8) >
			    table[i].ratio);
	}
	assert_true(ord_need_for_ratio(.5, 1, .05, .8) == SIZE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distributions), cmocka_unit_test(medians),
		cmocka_unit_test(tails),	 cmocka_unit_test(shares),
		cmocka_unit_test(fisher),	 cmocka_unit_test(planning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
