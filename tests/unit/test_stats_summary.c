/* Quantiles, spread, histograms, many comparisons: figures of R 4.2 and of HdrHistogram. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/rng.h"
#include "reports/stats/hdr.h"
#include "reports/stats/holm.h"
#include "reports/stats/quantile.h"
#include "reports/stats/rank.h"
#include "tests/unit/stats_near.h"

static void quantiles(void **state)
{
	static const double z[] = {2.1, 2.2, 2.4, 2.6, 2.8, 2.9, 3.0, 3.3, 3.7, 4.4};
	static const struct {
		double p, type7, type8;
	} table[] = {{.05, 2.145, 2.1}, {.1, 2.19, 2.13666666667}, {.12, 2.216, 2.15733333333},
		     {.2, 2.36, 2.28},	{.5, 2.85, 2.85},	   {.9, 3.77, 4.14333333333},
		     {.95, 4.085, 4.4}, {.99, 4.337, 4.4},	   {0, 2.1, 2.1},
		     {1, 4.4, 4.4}};

	for (size_t i = 0; i < ORD_COUNT(table); i++) {
		near9(ord_quantile(z, 10, table[i].p, ORD_QUANTILE_7), table[i].type7);
		near9(ord_quantile(z, 10, table[i].p, ORD_QUANTILE_8), table[i].type8);
	}
	near9(ord_quantile(z, 1, .9, ORD_QUANTILE_8), 2.1);
	is_nan(ord_quantile(z, 0, .5, ORD_QUANTILE_8));
}

static void spread(void **state)
{
	static const double v[] = {5.1, 4.9, 5.0, 5.2, 4.8, 5.0, 5.3, 4.7, 5.1, 5.0};
	static const double equal[] = {3, 3, 3};
	double room[10];

	near9(ord_mad(v, 10, room), .14826);
	near9(ord_mad(equal, 3, room), 0);
	is_nan(ord_mad(v, 0, room));
}

static void adjusted(void **state)
{
	/* R: p.adjust(p, "holm"), p.adjust(p, "BH") */
	static const double p[] = {.01, .04, .03, .005, .5};
	static const double holm[] = {.04, .09, .09, .025, .5};
	static const double bh[] = {.025, .05, .05, .025, .5};
	double out[5];
	struct ord_err err;

	assert_int_equal(ord_holm(p, 5, out, &err), 0);
	for (size_t i = 0; i < 5; i++)
		near9(out[i], holm[i]);
	out[3] = 7;
	assert_int_equal(ord_false_discovery(p, 5, out, &err), 0);
	for (size_t i = 0; i < 5; i++)
		near9(out[i], bh[i]);
	assert_int_equal(ord_holm(p, 1, out, &err), 0);
	near9(out[0], .01);
	assert_int_equal(ord_holm((const double[]){.6, .7}, 2, out, &err), 0);
	near9(out[0], 1);
	assert_int_equal(ord_holm(p, 0, out, &err), 0);
}

static void percentile_is(const struct ord_hdr *h, double p, double want)
{
	near_to((double)ord_hdr_percentile(h, p), want, 1e-3);
}

/* HdrHistogram's own test: 10,000 times 1 ms, then one pause of 100 s, at one each 10 ms. */
static void hdr_pause(void **state)
{
	struct ord_hdr raw, corrected;
	struct ord_err err;

	assert_int_equal(ord_hdr_init(&raw, 3600000000, 3, &err), 0);
	assert_int_equal(ord_hdr_init(&corrected, 3600000000, 3, &err), 0);
	ord_hdr_record(&raw, 1000, 10000);
	ord_hdr_record(&raw, 100000000, 1);
	for (int i = 0; i < 10000; i++)
		ord_hdr_record_corrected(&corrected, 1000, 10000);
	ord_hdr_record_corrected(&corrected, 100000000, 10000);
	assert_int_equal(raw.total, 10001);
	assert_int_equal(corrected.total, 20000);
	percentile_is(&raw, 30, 1000);
	percentile_is(&raw, 99, 1000);
	percentile_is(&raw, 99.99, 1000);
	percentile_is(&raw, 99.999, 1e8);
	percentile_is(&raw, 100, 1e8);
	percentile_is(&corrected, 30, 1000);
	percentile_is(&corrected, 50, 1000);
	percentile_is(&corrected, 75, 5e7);
	percentile_is(&corrected, 90, 8e7);
	percentile_is(&corrected, 99, 9.8e7);
	percentile_is(&corrected, 99.999, 1e8);
	assert_int_equal(ord_hdr_percentile(&corrected, 100), 100000000); /* the maximum is exact */
	assert_int_equal(ord_hdr_percentile(&corrected, 0), 1000);
	ord_hdr_done(&raw);
	ord_hdr_done(&corrected);
}

static void hdr_edges(void **state)
{
	struct ord_hdr h, other;
	struct ord_err err;

	assert_int_equal(ord_hdr_init(&h, 1000, 0, &err), -1);
	assert_int_equal(ord_hdr_init(&h, 1000, 6, &err), -1);
	assert_int_equal(ord_hdr_init(&h, (uint64_t)INT64_MAX + 1, 3, &err), -1);
	assert_int_equal(ord_hdr_init(&h, 0, 3, &err), -1);
	assert_int_equal(ord_hdr_init(&h, 1000, 3, &err), 0);
	assert_int_equal(ord_hdr_percentile(&h, 50), 0);
	ord_hdr_record(&h, 0, 1);
	ord_hdr_record(&h, 5000, 2); /* above: counts as the highest, and is said */
	assert_int_equal(h.above, 2);
	assert_int_equal(h.max, 1000);
	assert_int_equal(h.min, 0);
	assert_int_equal(ord_hdr_percentile(&h, 100), 1000);
	assert_int_equal(ord_hdr_init(&other, 1000, 2, &err), 0);
	assert_int_equal(ord_hdr_merge(&h, &other, &err), -1);
	assert_int_equal(err.code, ORD_USAGE);
	ord_hdr_done(&other);
	assert_int_equal(ord_hdr_init(&other, 1000, 3, &err), 0);
	ord_hdr_record(&other, 7000, 3);
	assert_int_equal(ord_hdr_merge(&h, &other, &err), 0);
	assert_int_equal(h.above, 5);
	assert_int_equal(h.total, 6);
	assert_int_equal(ord_hdr_percentile(&h, 1e-9), 0);
	ord_hdr_done(&other);
	ord_hdr_done(&h);
	assert_int_equal(ord_hdr_init(&h, 1 << 30, 3, &err), 0);
	ord_hdr_record(&h, 1000001, 1); /* kept as the same as the next, but for the least */
	ord_hdr_record(&h, 1000002, 1);
	assert_int_equal(ord_hdr_percentile(&h, 0), 1000001);
	assert_int_equal(ord_hdr_percentile(&h, 1e-9), 1000002);
	ord_hdr_record(&h, 2000000000, 1); /* above: a rank is at least the first all the same */
	assert_int_equal(ord_hdr_percentile(&h, 1e-9) / 1000, 1000);
	ord_hdr_done(&h);
	assert_int_equal(ord_hdr_init(&h, INT64_MAX, 3, &err), 0);
	/* The largest pause in the smallest steps ends, and soon. */
	ord_hdr_record_corrected(&h, INT64_MAX, 1);
	assert_true(h.total == (uint64_t)INT64_MAX);
	assert_int_equal(h.min, 1);
	percentile_is(&h, 50, 0x1p62);
	ord_hdr_record_corrected(&h, 5, 0);
	assert_true(h.total == (uint64_t)INT64_MAX + 1);
	ord_hdr_done(&h);
}

/* Against the values themselves; a merge is the histogram of both; correction step by step. */
static void hdr_properties(void **state)
{
	const char *given = getenv("ORDEAL_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : 20261126;
	struct ord_rng rng;

	print_message("seed %llu (ORDEAL_TEST_SEED)\n", (unsigned long long)seed);
	ord_rng_init(&rng, seed);
	for (int turn = 0; turn < 20; turn++) {
		unsigned digits = 1 + (unsigned)turn % 4;
		struct ord_hdr a, b, both, slow;
		struct ord_err err;
		double v[200];

		assert_int_equal(ord_hdr_init(&a, 1ULL << 50, digits, &err), 0);
		assert_int_equal(ord_hdr_init(&b, 1ULL << 50, digits, &err), 0);
		assert_int_equal(ord_hdr_init(&both, 1ULL << 50, digits, &err), 0);
		for (size_t i = 0; i < 200; i++) {
			uint64_t x = ord_rng_next(&rng) >> (14 + ord_rng_below(&rng, 50));

			v[i] = (double)x;
			ord_hdr_record(i % 3 ? &a : &b, x, 1);
			ord_hdr_record(&both, x, 1);
		}
		ord_sort_doubles(v, 200);
		for (int i = 1; i <= 200; i++)
			near_to((double)ord_hdr_percentile(&both, i / 2.0), v[i - 1],
				pow(10, -(double)digits));
		assert_int_equal(ord_hdr_merge(&a, &b, &err), 0);
		assert_memory_equal(a.counts, both.counts, a.n_counts * sizeof *a.counts);
		assert_int_equal(a.total, both.total);
		assert_int_equal(a.min, both.min);
		assert_int_equal(a.max, both.max);
		ord_hdr_done(&b);
		ord_hdr_done(&both);
		assert_int_equal(ord_hdr_init(&b, 1 << 20, digits, &err), 0);
		assert_int_equal(ord_hdr_init(&slow, 1 << 20, digits, &err), 0);
		for (int i = 0; i < 20; i++) {
			uint64_t x = ord_rng_below(&rng, 3 << 19);
			uint64_t interval = 1 + ord_rng_below(&rng, 5000);

			ord_hdr_record_corrected(&b, x, interval);
			ord_hdr_record(&slow, x, 1);
			for (uint64_t y = x; y >= 2 * interval; y -= interval)
				ord_hdr_record(&slow, y - interval, 1);
		}
		assert_int_equal(b.total, slow.total);
		assert_int_equal(b.min, slow.min);
		assert_int_equal(b.above, slow.above);
		assert_memory_equal(b.counts, slow.counts, b.n_counts * sizeof *b.counts);
		ord_hdr_done(&a);
		ord_hdr_done(&b);
		ord_hdr_done(&slow);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantiles), cmocka_unit_test(spread),
		cmocka_unit_test(adjusted),  cmocka_unit_test(hdr_pause),
		cmocka_unit_test(hdr_edges), cmocka_unit_test(hdr_properties),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
