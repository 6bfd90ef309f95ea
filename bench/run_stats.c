/* run-stats: CPU time of the statistics, a JSON line each. The exact log-rank test of 10 and 10 is
 * to take 50 ms at most: exit status 1 beyond. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/auto.h"
#include "base/rng.h"
#include "reports/stats/hdr.h"
#include "reports/stats/rank.h"
#include "reports/stats/segment.h"
#include "reports/stats/survival.h"

enum { VALUES = 100000, GOES = 21 };

static double series[VALUES];
static struct ord_surv times[2000];
static struct ord_rng rng;
static int failed;

static double noise(void)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += (double)ord_rng_below(&rng, 1 << 20) / (1 << 20);
	return sum;
}

static double cpu_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* The median and the longest of some goes. */
static double measure(const char *name, size_t n, void (*run)(size_t), int goes)
{
	double v[GOES];

	for (int i = 0; i < goes; i++) {
		double from = cpu_ms();

		run(n);
		v[i] = cpu_ms() - from;
	}
	ord_sort_doubles(v, (size_t)goes);
	(void)printf(
		"{\"name\":\"%s\",\"n\":%zu,\"goes\":%d,\"cpu_ms_p50\":%.3f,\"cpu_ms_max\":%.3f}\n",
		name, n, goes, v[goes / 2], v[goes - 1]);
	return v[goes / 2];
}

static void logrank(size_t n)
{
	struct ord_permutation p;
	struct ord_err err;

	failed |= ord_logrank_exact(times, n, times + 1000, n, 1, &p, &err) != 0;
}

static void ranks(size_t n)
{
	struct ord_mann_whitney m;
	struct ord_err err;

	failed |= ord_mann_whitney(series, n, series + n, n, &m, &err) != 0;
}

static void shift(size_t n)
{
	struct ord_estimate e;
	struct ord_err err;

	failed |= ord_hl_shift(series, n, series + n, n, 0.95, &e, &err) != 0;
}

static void segments(size_t n)
{
	struct ord_change *c;
	struct ord_err err;
	size_t k;

	if (ord_segment(series, n, &ord_segment_usual, &c, &k, &err))
		failed = 1;
	else
		free(c);
}

static void histogram(size_t n)
{
	struct ord_err err;
	struct ord_hdr h;

	if (ord_hdr_init(&h, INT64_MAX, 3, &err)) {
		failed = 1;
		return;
	}
	for (size_t i = 0; i < n; i++)
		ord_hdr_record(&h, (uint64_t)i * 7919, 1);
	ord_hdr_done(&h);
}

int main(void)
{
	double exact;

	ord_rng_init(&rng, 1);
	for (size_t i = 0; i < ORD_COUNT(times); i++)
		times[i] = (struct ord_surv){exp(noise()), ord_rng_below(&rng, 5) > 0};
	for (size_t n = 10; n <= 1000; n *= 10) {
		ord_surv_sort(times, n);
		ord_surv_sort(times + 1000, n);
		if (n == 10)
			exact = measure("log-rank, all relabellings", n, logrank, GOES);
		else
			(void)measure("log-rank, drawn relabellings", n, logrank, 3);
	}
	for (size_t i = 0; i < VALUES; i++)
		series[i] = 100 + noise() + (i / 10000 % 2 ? 3 : 0);
	(void)measure("Mann-Whitney, exact", 100, ranks, GOES);
	(void)measure("Mann-Whitney, exact", 500, ranks, 3);
	(void)measure("Hodges-Lehmann shift", 1000, shift, 3);
	(void)measure("segments, ten steps in noise", VALUES, segments, 3);
	for (size_t i = 0; i < VALUES; i++)
		series[i] = (double)(i / 10 % 7);
	(void)measure("segments, a step every ten values", VALUES, segments, 3);
	for (size_t i = 0; i < VALUES; i++)
		series[i] = round(noise());
	(void)measure("Mann-Whitney, mid-ranks", 50, ranks, GOES);
	(void)measure("histogram, 3 digits", 1000000, histogram, 3);
	if (exact > 50)
		(void)fprintf(stderr, "run-stats: %.1f ms are more than 50 ms\n", exact);
	return failed || exact > 50;
}
