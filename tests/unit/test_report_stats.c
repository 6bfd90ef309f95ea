#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reports/stats/stats.h"

struct story {
	size_t n;
	struct ord_stat_time v[16];
	int64_t median; /* -1: not reached */
};

#define E(x)               \
	{                  \
		(x), false \
	}
#define C(x)              \
	{                 \
		(x), true \
	}

static void medians(void **state)
{
	static const struct story table[] = {
		{0, {E(0)}, -1},
		{1, {E(7)}, 7},
		{2, {E(4), E(2)}, 3}, /* an even plateau: its middle */
		{3, {E(3), E(1), E(2)}, 2},
		{2, {E(0), E(10)}, 5}, /* a plateau that begins at 0 */
		{2, {E(0), C(10)}, 0},
		{1, {C(7)}, -1},
		{3, {C(30), C(30), C(30)}, -1},			 /* all censored: S stays 1 */
		{5, {E(21), E(24), C(300), C(300), C(300)}, -1}, /* S = .6 at the end */
		{4,
		 {E(21), E(24), C(300), C(300)},
		 24}, /* the plateau at a half has no other end */
		/* 2.1 2.4 2.4 3.0 3.7 5.2 8.8 30+ 30+ 30+: 4.45 */
		{10, {C(300), E(88), E(24), C(300), E(21), E(24), E(30), E(52), E(37), C(300)}, 44},
		/* an event and a censoring at the same time: the censored one was at risk, S(10) =
		   2/3, then 0 */
		{3, {C(10), E(10), E(20)}, 20},
		/* R's aml, maintained: median 31 */
		{11,
		 {E(9), E(13), C(13), E(18), E(23), C(28), E(31), E(34), C(45), E(48), C(161)},
		 31},
		/* aml, not maintained: median 23 */
		{12,
		 {E(5), E(5), E(8), E(8), E(12), C(16), E(23), E(27), E(30), E(33), E(43), E(45)},
		 23},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct story s = table[i];
		int64_t median = -2;
		bool reached = ord_stat_median(s.v, s.n, &median);

		assert_int_equal(reached, table[i].median >= 0);
		if (reached)
			assert_int_equal(median, table[i].median);
		else
			assert_int_equal(median, -2);
	}
}

/* Barely above a half is no plateau at a half. */
static void nearly_a_plateau(void **state)
{
	static struct ord_stat_time v[100001];
	size_t n = sizeof v / sizeof *v;
	int64_t median = 0;

	for (size_t i = 0; i < n; i++)
		v[i].ns = i < n / 2 ? 10 : i == n / 2 ? 20 : 30;
	assert_true(ord_stat_median(v, n, &median));
	assert_int_equal(median, 20);
}

static void percentiles(void **state)
{
	assert_int_equal(ord_stat_rank(100, 0), 0);
	assert_int_equal(ord_stat_rank(100, 500000), 49);
	assert_int_equal(ord_stat_rank(100, 950000), 94);
	assert_int_equal(ord_stat_rank(100, 990000), 98);
	assert_int_equal(ord_stat_rank(100, 1000000), 99);
	assert_int_equal(ord_stat_rank(1, 500000), 0);
	assert_int_equal(ord_stat_rank(3, 500000), 1);
	assert_int_equal(ord_stat_rank(10000000, 999999), 9999989);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(medians),
		cmocka_unit_test(nearly_a_plateau),
		cmocka_unit_test(percentiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
