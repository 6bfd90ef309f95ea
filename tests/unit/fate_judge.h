/* Judges of random fates: each gives the chance of a sample at least as odd as this one, if the law
 * is the one asked. They refuse below JUDGE_ALPHA; that they do refuse what is wrong is tested. */
#ifndef ORDEAL_TESTS_UNIT_FATE_JUDGE_H
#define ORDEAL_TESTS_UNIT_FATE_JUDGE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "reports/stats/dist.h"
#include "reports/stats/interval.h"

#define JUDGE_ALPHA 0.001
#define JUDGE_RUNS  4096 /* lengths counted apart; the last is "so long or longer" */

/* The share lies in the exact interval of Clopper and Pearson around what was counted. */
static inline bool judge_share(size_t k, size_t n, double share)
{
	const struct ord_share s = ord_clopper_pearson(k, n, 1 - JUDGE_ALPHA);

	return s.lo <= share && share <= s.hi;
}

/* Upper tail of the gamma distribution, Q(a, x): the series, or Lentz's continued fraction. */
static inline double judge_gamma_tail(double a, double x)
{
	const double front = exp(-x + a * log(x) - lgamma(a));
	double term = 1 / a, sum = term, b = x + 1 - a, c = 1e300, d = 1 / b, h = d;

	if (x <= 0)
		return 1;
	if (x < a + 1) {
		for (int i = 1; i < 10000 && term > sum * 1e-16; i++)
			sum += term *= x / (a + i);
		return 1 - front * sum;
	}
	for (int i = 1; i < 10000; i++) {
		const double an = -i * (i - a);

		b += 2;
		d = 1 / (an * d + b);
		c = b + an / c;
		h *= d * c;
		if (fabs(d * c - 1) < 1e-15)
			break;
	}
	return front * h;
}

/* Pearson's chi-square of counts against chances that sum to 1; cells of less than 10 expected are
 * one with their neighbours. */
static inline double judge_chi2(const uint64_t *count, const double *chance, size_t cells)
{
	double n = 0, chi2 = 0, seen = 0, expected = 0, rest = 1;
	int used = 0;

	for (size_t i = 0; i < cells; i++)
		n += (double)count[i];
	for (size_t i = 0; i < cells; i++) {
		seen += (double)count[i];
		expected += n * chance[i];
		rest -= chance[i];
		/* What is left must be enough for a cell of its own, or it belongs to this one. */
		if (i + 1 < cells && (expected < 10 || n * rest < 10))
			continue;
		if (expected > 0)
			chi2 += (seen - expected) * (seen - expected) / expected;
		else if (seen > 0)
			return 0;
		used++;
		seen = expected = 0;
	}
	return used > 1 ? judge_gamma_tail((used - 1) / 2.0, chi2 / 2) : 1;
}

static inline int judge_ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Kolmogorov and Smirnov, one sample (which is sorted here), with Stephens' correction. */
static inline double judge_ks(double *v, size_t n, double (*cdf)(double))
{
	const double root = sqrt((double)n);
	double worst = 0, tail = 0, t;

	qsort(v, n, sizeof *v, judge_ascending);
	for (size_t i = 0; i < n; i++) {
		const double f = cdf(v[i]);

		worst = fmax(worst,
			     fmax(f - (double)i / (double)n, (double)(i + 1) / (double)n - f));
	}
	t = worst * (root + .12 + .11 / root);
	for (int j = 1; j <= 100; j++)
		tail += (j % 2 ? 2 : -2) * exp(-2 * t * t * j * j);
	return t < .3 ? 1 : tail;
}

/* Lengths of runs: of those who are (yes), and of those between them. The first is cut off. */
struct judge_runs {
	uint64_t yes[JUDGE_RUNS], no[JUDGE_RUNS], n_yes, n_no;
	uint64_t length;
	bool begun, last;
};

static inline void judge_runs_add(struct judge_runs *r, bool is)
{
	if (r->length && is == r->last) {
		r->length++;
		return;
	}
	if (r->begun) {
		const size_t cell = r->length < JUDGE_RUNS ? r->length - 1 : JUDGE_RUNS - 1;

		r->last ? r->yes[cell]++ : r->no[cell]++;
		r->last ? r->n_yes++ : r->n_no++;
	}
	r->begun = r->length > 0;
	r->last = is;
	r->length = 1;
}

/* Of runs that end after each with the chance `end`. */
static inline void judge_geometric(double end, double chance[static JUDGE_RUNS])
{
	double left = 1;

	for (size_t i = 0; i + 1 < JUDGE_RUNS; i++) {
		chance[i] = left * end;
		left *= 1 - end;
	}
	chance[JUDGE_RUNS - 1] = left;
}

#endif
