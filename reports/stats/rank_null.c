#include "reports/stats/rank_null.h"

#include <math.h>
#include <stdlib.h>

#include "base/auto.h"

void ord_null_done(struct ord_null *null)
{
	free(null->cdf);
	*null = (struct ord_null){0};
}

double ord_null_cdf(const struct ord_null *null, int64_t k)
{
	if (k < 0)
		return 0;
	if ((uint64_t)k >= null->most)
		return 1;
	if ((size_t)k <= null->most / 2)
		return null->cdf[k];
	return 1 - null->cdf[null->most - (size_t)k - 1];
}

size_t ord_null_quantile(const struct ord_null *null, double p)
{
	size_t k = 0;

	/* A probability that is p but for its rounding counts as p. */
	while (k < null->most / 2 && null->cdf[k] < p * (1 - 1e-13))
		k++;
	return k;
}

static void to_cdf(double *counts, size_t n, double total)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		sum += counts[i];
		counts[i] = sum / total;
	}
}

/*
 * How many ways W can be each number: the Gaussian binomial, the product of (1 - q^(m+i)) / (1 -
 * q^i) for i = 1..n. Only its lower half is needed. It rises there, so what the subtractions lose
 * is small beside what they leave; where the counts are below 2^53 they are exact.
 */
int ord_null_wilcox(size_t n, size_t m, struct ord_null *ret, struct ord_err *err)
{
	size_t few = n < m ? n : m, many = n < m ? m : n, half = n * m / 2;
	double *f = calloc(half + 1, sizeof *f), total = 1;

	if (!f)
		return ord_fail_nomem(err);
	f[0] = 1;
	for (size_t i = 1; i <= few; i++) {
		for (size_t s = half + 1; s-- > many + i;)
			f[s] -= f[s - many - i];
		for (size_t s = i; s <= half; s++)
			f[s] += f[s - i];
		total = total * (double)(many + i) / (double)i;
	}
	to_cdf(f, half + 1, total);
	*ret = (struct ord_null){.cdf = f, .most = n * m};
	return 0;
}

int ord_null_signed(const uint32_t *ranks, size_t n, struct ord_null *ret, struct ord_err *err)
{
	size_t most = 0, half;
	double *f;

	for (size_t i = 0; i < n; i++)
		most += ranks[i];
	half = most / 2;
	f = calloc(half + 1, sizeof *f);
	if (!f)
		return ord_fail_nomem(err);
	f[0] = 1;
	for (size_t i = 0; i < n; i++)
		for (size_t s = half + 1; s-- > 0;)
			f[s] = (f[s] + (s >= ranks[i] ? f[s - ranks[i]] : 0)) / 2;
	to_cdf(f, half + 1, 1);
	*ret = (struct ord_null){.cdf = f, .most = most};
	return 0;
}

bool ord_subset_too_many(size_t n, size_t k)
{
	/* Additions: n ranks, k sizes, sums up to 2 n k. */
	double work = (double)n * (double)k * 2 * (double)n * (double)k;

	return work > 4e8;
}

int ord_subset_tails(const uint32_t *ranks, size_t n, size_t k, uint64_t sum, struct ord_tails *ret,
		     struct ord_err *err)
{
	ord_autofree double *f = NULL;
	uint64_t all = 0, most = 0;
	double total = 0, off;

	for (size_t i = 0; i < n; i++) {
		all += ranks[i];
		most = ranks[i] > most ? ranks[i] : most;
	}
	most *= k;
	/* f[j][s]: the ways to take j ranks that sum to s. */
	f = calloc((k + 1) * (size_t)(most + 1), sizeof *f);
	if (!f)
		return ord_fail_nomem(err);
	f[0] = 1;
	for (size_t i = 0; i < n; i++)
		for (size_t j = i < k ? i + 1 : k; j > 0; j--) {
			const double *from = &f[(j - 1) * (most + 1)];
			double *to = &f[j * (most + 1)];

			for (uint64_t s = ranks[i]; s <= most; s++)
				to[s] += from[s - ranks[i]];
		}
	/* Times n, the mean k * all / n is whole. */
	off = fabs((double)(sum * n) - (double)(k * all));
	*ret = (struct ord_tails){0};
	for (uint64_t s = 0; s <= most; s++) {
		double ways = f[k * (most + 1) + s];

		total += ways;
		ret->less += s <= sum ? ways : 0;
		ret->greater += s >= sum ? ways : 0;
		ret->both += fabs((double)(s * n) - (double)(k * all)) >= off ? ways : 0;
	}
	ret->less /= total;
	ret->greater /= total;
	ret->both /= total;
	return 0;
}
