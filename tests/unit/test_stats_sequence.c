/* Sequential tests, cumulative sums, segmentation: figures of NIST, Montgomery, Hunter and Otava.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/rng.h"
#include "reports/stats/cusum.h"
#include "reports/stats/segment.h"
#include "reports/stats/sequential.h"
#include "tests/unit/stats_near.h"

static uint64_t test_seed(uint64_t usual)
{
	const char *given = getenv("ORDEAL_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : usual;

	print_message("seed %llu (ORDEAL_TEST_SEED)\n", (unsigned long long)seed);
	return seed;
}

static void sprt(void **state)
{
	struct ord_sprt t = ord_sprt(.01, .10, .05, .10);

	near_to(t.h1, .938862, 1e-6);
	near_to(t.h2, 1.205379, 1e-6);
	near_to(t.slope, .039747, 2e-5);
	assert_int_equal(ord_sprt_clean(&t), 24);
	assert_int_equal(ord_sprt_judge(&t, 0, 23), ORD_SPRT_GO_ON);
	assert_int_equal(ord_sprt_judge(&t, 0, 24), ORD_SPRT_ACCEPT);
	assert_int_equal(ord_sprt_judge(&t, 1, 1), ORD_SPRT_GO_ON);
	assert_int_equal(ord_sprt_judge(&t, 2, 2), ORD_SPRT_REJECT);
	assert_int_equal(ord_sprt_judge(&t, 0, 0), ORD_SPRT_GO_ON);
	t = ord_sprt(.01, .10, .05, .05);
	near_to(t.h1, 1.227926, 1e-6);
	near9(t.h1, t.h2);
	assert_int_equal(ord_sprt_clean(&t), 31);
	t = ord_sprt(.05, .20, .05, .10);
	near_to(t.h1, 1.444854, 1e-6);
	near_to(t.h2, 1.855009, 1e-6);
	near_to(t.slope, .110292, 1e-5);
	assert_int_equal(ord_sprt_clean(&t), 14);
	assert_int_equal(ord_sprt_judge(&t, 2, 2), ORD_SPRT_GO_ON);
	assert_int_equal(ord_sprt_judge(&t, 3, 3), ORD_SPRT_REJECT);
	is_nan(ord_sprt(.2, .1, .05, .05).h1);
	is_nan(ord_sprt(0, .1, .05, .05).h1);
	is_nan(ord_sprt(.1, .1, .05, .05).h1);
	is_nan(ord_sprt(.1, 1, .05, .05).h1);
	is_nan(ord_sprt(.1, .2, 0, .05).h1);
	is_nan(ord_sprt(.1, .2, .05, 0).h1);
	is_nan(ord_sprt(.1, .2, .5, .5).h1);
	t = ord_sprt(.2, .1, .05, .05);
	assert_int_equal(ord_sprt_judge(&t, 9, 9), ORD_SPRT_GO_ON);
	assert_true(ord_sprt_clean(&t) == SIZE_MAX);
}

/* The error rates are kept, though it looks after each repetition. */
static void sprt_rates(void **state)
{
	struct ord_sprt t = ord_sprt(.05, .30, .05, .10);
	size_t rejected = 0, accepted = 0;
	struct ord_rng rng;

	ord_rng_init(&rng, test_seed(20261123));
	for (int kind = 0; kind < 2; kind++)
		for (int turn = 0; turn < 4000; turn++) {
			enum ord_sprt_verdict v = ORD_SPRT_GO_ON;
			size_t failures = 0;

			for (size_t n = 1; v == ORD_SPRT_GO_ON; n++) {
				failures += ord_rng_below(&rng, 100) < (kind ? 30 : 5);
				v = ord_sprt_judge(&t, failures, n);
			}
			rejected += !kind && v == ORD_SPRT_REJECT;
			accepted += kind && v == ORD_SPRT_ACCEPT;
		}
	assert_true(rejected < 4000 * .05 + 70); /* five standard errors */
	assert_true(accepted < 4000 * .10 + 95);
	assert_true(rejected > 0 && accepted > 0);
}

/* Montgomery and Runger, exercise 16-6. */
static void cusum_quiet(void **state)
{
	static const double x[] = {102.0, 94.8,	 98.3,	98.4,  102.0, 98.5,  99.0,
				   97.7,  100.0, 98.1,	101.3, 98.7,  101.1, 98.4,
				   97.0,  96.7,	 100.3, 101.4, 97.2,  101.0};
	static const double up[] = {2,	 0, 0,	 0, 2, .5, 0,  0,   0, 0,
				    1.3, 0, 1.1, 0, 0, 0,  .3, 1.7, 0, 1};
	static const double down[] = {0, 3.2, 2.9, 2.5, 0, 0,	0, .3, 0,  0,
				      0, 0,   0,   0,	1, 2.3, 0, 0,  .8, 0};
	struct ord_cusum c;

	ord_cusum_begin(&c, 99, 1);
	for (size_t i = 0; i < ORD_COUNT(x); i++) {
		ord_cusum_step(&c, x[i]);
		assert_true(fabs(c.up - up[i]) < 1e-9);
		assert_true(fabs(c.down - down[i]) < 1e-9);
	}
	assert_int_equal(c.n, 20);
}

/* Montgomery, table 9.1. */
static void cusum_shifted(void **state)
{
	static const double x[] = {9.45,  7.99,	 9.29,	11.66, 12.16, 10.18, 8.04,  11.46,
				   9.20,  10.34, 9.03,	11.47, 10.51, 9.40,  10.08, 9.37,
				   10.62, 10.31, 8.52,	10.84, 10.90, 9.33,  12.29, 11.50,
				   10.60, 11.08, 10.38, 11.62, 11.31, 10.52};
	struct ord_cusum c;
	size_t alarm = 0;

	ord_cusum_begin(&c, 10, .5);
	for (size_t i = 0; i < ORD_COUNT(x); i++) {
		ord_cusum_step(&c, x[i]);
		if (!alarm && (c.up > 5 || c.down > 5)) {
			alarm = i + 1;
			near9(c.up, 5.28);
			assert_int_equal(c.n_up, 7);
			assert_int_equal(ord_cusum_onset_up(&c), 23 - 1);
		}
	}
	assert_int_equal(alarm, 29);
	near9(c.up, 5.30);
	assert_int_equal(ord_cusum_onset_down(&c), 30); /* no shift down under way */
}

/* The same values the other way round, and a sum that nearly comes back to 0 and does not. */
static void cusum_down(void **state)
{
	static const double x[] = {1, -2, 1.5, -3, .25, -4};
	static const double down[] = {0, 2, .5, 3.5, 3.25, 7.25};
	struct ord_cusum c;

	ord_cusum_begin(&c, 0, 0);
	for (size_t i = 0; i < ORD_COUNT(x); i++) {
		ord_cusum_step(&c, x[i]);
		near9(c.down, down[i]);
		assert_int_equal(c.n_down, i);
		assert_int_equal(ord_cusum_onset_down(&c), 1);
	}
	ord_cusum_begin(&c, 0, 0);
	for (size_t i = 0; i < ORD_COUNT(x); i++) {
		ord_cusum_step(&c, -x[i]);
		near9(c.up, down[i]);
		assert_int_equal(c.n_up, i);
		assert_int_equal(ord_cusum_onset_up(&c), 1);
	}
}

static void cusum_of_failures(void **state)
{
	static const int failed[] = {0, 0, 1, 0, 0, 1, 1, 1, 0, 1};
	static const double sums[] = {0,	   0,		3.912023005, 3.228926161,
				      2.545829316, 6.457852321, 10.36987533, 14.28189833,
				      13.59880149, 17.51082449};
	struct ord_cusum_weights w = ord_cusum_bernoulli(.01, .5);
	double s = 0;

	near9(w.failure, 3.91202300543);
	near9(w.success, -.683096844706);
	for (size_t i = 0; i < ORD_COUNT(failed); i++) {
		s = ord_cusum_bernoulli_step(s, &w, failed[i]);
		near9(s, sums[i]);
	}
}

static void run_lengths(void **state)
{
	near_to(ord_cusum_run_length(0, .5, 5), 938.222, 1e-6);
	near_to(ord_cusum_run_length(1, .5, 5), 10.336, 1e-4);
	near_to(ord_cusum_run_length(0, .5, 4), 338.093, 2e-6);
	near_to(ord_cusum_run_length(1, .5, 4), 8.343, 1e-4);
	near_to(ord_cusum_run_length(0, .5, 9), 5.2e4, .02);
	near_to(ord_cusum_run_length(0, .5, 10), 1.4e5, .02);
	near9(ord_cusum_run_length(.5, .5, 4), 5.166 * 5.166);
	/* u = 2 D b: b^2 (1 - u / 3 + u^2 / 12) where u is small */
	near_to(ord_cusum_run_length(.5001, .5, 4),
		5.166 * 5.166 * (1 - .0010332 / 3 + .0010332 * .0010332 / 12), 1e-7);
}

static const double seq[] = {.3,   2.4,	  1.5,	 -.9,	-.5,   99.7,  98.3,
			     99.1, 149.0, 149.7, 149.5, 149.1, 148.8, 150.0};
static const double single[] = {1.02, .95, .99, 1.00, 1.12, 1.00, 1.01, .98, 1.01, .96,
				.50,  .51, .48, .48,  .55,  .50,  .49,	.51, .50,  .49};

/* The definition, pair by pair. */
static double energy(const double *v, size_t at, size_t end)
{
	double between = 0, left = 0, right = 0, n = (double)at, m = (double)(end - at);

	for (size_t i = 0; i < end; i++)
		for (size_t j = i + 1; j < end; j++)
			*(i < at ? j < at ? &left : &between : &right) += fabs(v[i] - v[j]);
	return 2 / (m + n) * between - (n > 1 ? 2 * m / ((m + n) * (n - 1)) * left : 0) -
	       (m > 1 ? 2 * n / ((m + n) * (m - 1)) * right : 0);
}

static void splits(void **state)
{
	static const double q5[] = {163.8,	276.8,	    364.3,	432.8,	   512.35,
				    586.618182, 652.494444, 710.184615, 761.282143};
	static const double tiny[] = {1, 1.1, .9, 5, 5.2, 4.9};
	static const double tiny6[] = {2.016667, 5.044444, 11.6, 5.044444, 1.933333};
	static double room[ORD_WINDOW_MAX * (ORD_WINDOW_MAX + 1)];
	struct ord_split s = ord_best_split(seq, ORD_COUNT(seq), room);
	struct ord_rng rng;

	for (size_t i = 0; i < ORD_COUNT(q5); i++)
		near_to(energy(seq, 5, 6 + i), q5[i], 1e-8);
	for (size_t i = 0; i < ORD_COUNT(tiny6); i++)
		near_to(energy(tiny, i + 1, 6), tiny6[i], 2e-7);
	near9(energy(tiny, 3, 5), 9.44);
	assert_int_equal(s.at, 5);
	assert_int_equal(s.end, 14);
	near9(s.q, 761.2821428571);
	s = ord_best_split(seq + 5, ORD_COUNT(seq) - 5, room);
	assert_int_equal(s.at, 3);
	near9(s.q, 198.2666666667);
	s = ord_best_split(tiny, 6, room);
	assert_int_equal(s.at, 3);
	near9(s.q, 11.6);
	s = ord_best_split(single, 20, room);
	assert_int_equal(s.at, 10);
	near9(s.q, 4.6822222222);
	ord_rng_init(&rng, test_seed(20261124));
	for (int turn = 0; turn < 50; turn++) { /* no pair of places is better by the definition */
		size_t n = 2 + ord_rng_below(&rng, 20);
		double v[24], most = 0;

		for (size_t i = 0; i < n; i++)
			v[i] = (double)ord_rng_below(&rng, 1000) / 7;
		s = ord_best_split(v, n, room);
		for (size_t at = 1; at < n; at++)
			for (size_t end = at + 1; end <= n; end++)
				most = fmax(most, energy(v, at, end));
		near9(s.q, most);
		near9(s.q, s.q > 0 ? energy(v, s.at, s.end) : 0);
	}
}

static double t_test(const double *v, size_t at, size_t n, int biased)
{
	struct ord_part_moments a = ord_moments(v, at), b = ord_moments(v + at, n - at);

	return ord_t_test(&a, &b, biased);
}

static void t_tests(void **state)
{
	static const double v[] = {1.00, 1.02, 1.05, .95, .98, .80, .82, .85, .79, .77};
	static const double same[] = {1.00, 1.02, 1.05, .95, .98, 1.00, 1.02, 1.05, .95, .98};
	static const double small[] = {1, 1, 1, 1 + 1e-9, 1 + 1e-9, 1 + 1e-9};
	static const double flat[] = {.1, .1, .1, .1, .1, .1, .1}, step[] = {.1, .1, .1, .2, .2};

	near9(t_test(v, 5, 10, 1), 8.86790705296e-06);
	near9(t_test(v, 5, 10, 0), 2.02497703293e-05);
	near9(t_test(same, 5, 10, 1), 1);
	near9(t_test(flat, 3, 7, 1), 1);
	near9(t_test(step, 3, 5, 1), 0);
	near9(t_test(small, 3, 6, 1), 0); /* little is a difference where nothing varies */
	near9(t_test(v, 1, 2, 1), 1);	  /* one against one says nothing */
	near_to(t_test(seq, 5, 14, 1), 3.98306e-08, 2e-6);
	near_to(t_test(seq + 5, 3, 9, 1), 1.41657e-13, 5e-6);
	near_to(t_test(single, 10, 20, 1), 1.42717e-17, 5e-6);
}

/* What is said of each change is what its two parts give, however often parts were merged. */
static void parts_are_told(const double *v, size_t n, const struct ord_change *c, size_t n_c)
{
	for (size_t i = 0; i < n_c; i++) {
		size_t from = i ? c[i - 1].at : 0, to = i + 1 < n_c ? c[i + 1].at : n;
		struct ord_part_moments a = ord_moments(v + from, c[i].at - from);
		struct ord_part_moments b = ord_moments(v + c[i].at, to - c[i].at);

		near9(c[i].before, a.mean);
		near9(c[i].after, b.mean);
		near_to(c[i].p, ord_t_test(&a, &b, 1), 1e-6);
	}
}

static void changes_are(const double *v, size_t n, const struct ord_segment_rules *rules,
			const size_t *want, size_t n_want)
{
	struct ord_change *c = NULL;
	struct ord_err err;
	size_t n_c = 0;

	assert_int_equal(ord_segment(v, n, rules, &c, &n_c, &err), 0);
	for (size_t i = 0; i < n_c; i++)
		print_message("  change at %zu: q %g, p %g\n", c[i].at, c[i].q, c[i].p);
	assert_int_equal(n_c, n_want);
	parts_are_told(v, n, c, n_c);
	for (size_t i = 0; i < n_want; i++)
		assert_int_equal(c[i].at, want[i]);
	free(c);
}

#define CHANGES(v, n, rules, ...)                                      \
	do {                                                           \
		static const size_t want[] = {__VA_ARGS__};            \
		changes_are((v), (n), (rules), want, ORD_COUNT(want)); \
	} while (0)

static void segments(void **state)
{
	static const struct ord_segment_rules strict = {.window = 10, .p = .0001};
	static const struct ord_segment_rules large = {.window = 50, .p = .001, .least = 2};
	static double v[2000];
	const struct ord_segment_rules *usual = &ord_segment_usual;
	struct ord_change *c = NULL;
	struct ord_err err;
	size_t n = 0;

	CHANGES(seq, ORD_COUNT(seq), usual, 5, 8);
	CHANGES(single, 20, &strict, 10);
	assert_int_equal(ord_segment(single, 20, usual, &c, &n, &err), 0);
	assert_int_equal(n, 1);
	near9(c[0].before, 1.004);
	near9(c[0].after, .501);
	near9(c[0].q, 4.6822222222);
	free(c);
	changes_are(single, 20, &large, NULL, 0); /* half is too small a change for these */
	for (size_t i = 0; i < 2000; i++)
		v[i] = i >= 1000;
	CHANGES(v, 2000, usual, 1000);
	changes_are(v, 1000, usual, NULL, 0); /* all equal */
	changes_are(v, 0, usual, NULL, 0);
	changes_are(v, 1, usual, NULL, 0);
	for (size_t i = 0; i < 72; i++)
		v[i] = i >= 30 && i < 42;
	CHANGES(v, 72, usual, 30, 42);
	v[33] = v[37] = 0; /* two of the first ten bad ones were good: 30 to 40 */
	v[40] = v[41] = 0;
	CHANGES(v, 70, usual, 30, 40);
	assert_int_equal(ord_segment(v, ORD_SEGMENT_MAX + 1, usual, &c, &n, &err), -1);
	assert_int_equal(
		ord_segment(v, 10, &(struct ord_segment_rules){.window = 2, .p = .1}, &c, &n, &err),
		-1);
}

/* 20 x ~5 ms, 20 x ~50 ms, then 7.9 6.1 5.4 and ~5: onset, fault removed, fully recovered. */
static void probe_shaped(void **state)
{
	static double v[70], logs[70];
	struct ord_rng rng;

	ord_rng_init(&rng, 7);
	for (size_t i = 0; i < 70; i++) {
		double noise = ((double)ord_rng_below(&rng, 1000) - 500) / 12500; /* +-4 % */

		v[i] = (i >= 20 && i < 40 ? 50 : 5) * (1 + noise);
		if (i >= 40 && i < 43)
			v[i] = i == 40 ? 7.9 : i == 41 ? 6.1 : 5.4;
	}
	for (size_t i = 0; i < 70; i++)
		logs[i] = log(v[i]);
	CHANGES(v, 70, &ord_segment_usual, 20, 40, 43);
	CHANGES(logs, 70, &ord_segment_usual, 20, 40, 43);
}

/* Noise alone: few changes; a step in it: there, within a few values. */
static void noise(void **state)
{
	static double v[20000];
	struct ord_change *c = NULL;
	struct ord_rng rng;
	struct ord_err err;
	size_t n = 0, near = 0;

	ord_rng_init(&rng, test_seed(20261125));
	for (size_t i = 0; i < 20000; i++) {
		double sum = -6;

		for (int k = 0; k < 12; k++)
			sum += (double)ord_rng_below(&rng, 1 << 20) / (1 << 20);
		v[i] = 100 + sum + (i >= 10000 && i < 10400 ? 5 : 0);
	}
	assert_int_equal(ord_segment(v, 20000, &ord_segment_usual, &c, &n, &err), 0);
	for (size_t i = 0; i < n; i++)
		near += (c[i].at >= 9998 && c[i].at <= 10002) ||
			(c[i].at >= 10398 && c[i].at <= 10402);
	parts_are_told(v, 20000, c, n);
	assert_true(near >= 2);
	assert_true(n < 200);
	free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sprt),		cmocka_unit_test(sprt_rates),
		cmocka_unit_test(cusum_quiet),	cmocka_unit_test(cusum_shifted),
		cmocka_unit_test(cusum_down),	cmocka_unit_test(cusum_of_failures),
		cmocka_unit_test(run_lengths),	cmocka_unit_test(splits),
		cmocka_unit_test(t_tests),	cmocka_unit_test(segments),
		cmocka_unit_test(probe_shaped), cmocka_unit_test(noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
