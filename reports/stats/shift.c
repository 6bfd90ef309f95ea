/* Hodges and Lehmann: by how much, and the signed rank test of pairs. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/auto.h"
#include "reports/stats/dist.h"
#include "reports/stats/rank.h"
#include "reports/stats/rank_null.h"

static const struct ord_estimate unattainable = {.lo = -INFINITY, .hi = INFINITY};

/* The median of n sorted pairs' values, and from the k-th to the k-th from the end. */
static struct ord_estimate between(double *pairs, size_t n, size_t k, double confidence)
{
	struct ord_estimate e = unattainable;

	ord_sort_doubles(pairs, n);
	if (k) {
		e.lo = pairs[k - 1];
		e.hi = pairs[n - k];
		e.confidence = confidence;
	}
	e.value = ord_median_sorted(pairs, n);
	return e;
}

/* From which of the ordered differences the interval goes, 0: from none; *ret_attained: its
 * confidence. */
static int shift_rank(size_t n, size_t m, double confidence, size_t *ret, double *ret_attained,
		      struct ord_err *err)
{
	double pairs = (double)n * (double)m, half = (1 - confidence) / 2;
	struct ord_null null;

	if (n + m > ORD_WILCOX_MAX) {
		double sd = sqrt(pairs * (double)(n + m + 1) / 12);
		double k = floor(pairs / 2 + ord_norm_quantile(half) * sd);

		*ret = k > 0 ? (size_t)k : 0;
		*ret_attained = confidence;
		return 0;
	}
	if (ord_null_wilcox(n, m, &null, err))
		return -1;
	*ret = ord_null_quantile(&null, half);
	*ret_attained = 1 - 2 * ord_null_cdf(&null, (int64_t)*ret - 1);
	ord_null_done(&null);
	return 0;
}

int ord_hl_shift(const double *x, size_t n, const double *y, size_t m, double confidence,
		 struct ord_estimate *ret, struct ord_err *err)
{
	ord_autofree double *pairs = NULL;
	double attained;
	size_t k;

	if (!n || !m)
		return ord_fail(err, ORD_USAGE, "a shift needs values in both groups");
	if (n > ORD_PAIRS_MAX / m)
		return ord_fail(err, ORD_USAGE, "%zu by %zu values are more than %d pairs", n, m,
				ORD_PAIRS_MAX);
	pairs = calloc(n * m, sizeof *pairs);
	if (!pairs)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < m; j++)
			pairs[i * m + j] = x[i] - y[j];
	if (shift_rank(n, m, confidence, &k, &attained, err))
		return -1;
	*ret = between(pairs, n * m, k, attained);
	return 0;
}

static int logs(const double *v, size_t n, double *out, struct ord_err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (!(v[i] > 0))
			return ord_fail(err, ORD_USAGE, "a ratio needs values above 0");
		out[i] = log(v[i]);
	}
	return 0;
}

int ord_hl_ratio(const double *x, size_t n, const double *y, size_t m, double confidence,
		 struct ord_estimate *ret, struct ord_err *err)
{
	ord_autofree double *room = calloc(n + m + 1, sizeof *room);
	struct ord_estimate e;

	if (!room)
		return ord_fail_nomem(err);
	if (logs(x, n, room, err) || logs(y, m, room + n, err) ||
	    ord_hl_shift(room, n, room + n, m, confidence, &e, err))
		return -1;
	*ret = (struct ord_estimate){
		.value = exp(e.value),
		.lo = exp(e.lo),
		.hi = exp(e.hi),
		.confidence = e.confidence,
	};
	return 0;
}

/* A difference that is not 0, and twice the rank of its size. */
struct difference {
	double size;
	uint32_t rank2;
	bool positive;
};

static int by_size(const void *a, const void *b)
{
	double x = ((const struct difference *)a)->size, y = ((const struct difference *)b)->size;

	return x < y ? -1 : x > y;
}

/* Drops the zeros; twice the sum of the ranks of the positive ones. */
static uint64_t rank_differences(const double *d, size_t n, struct difference *v, uint32_t *ranks,
				 size_t *ret_n)
{
	uint64_t sum = 0;
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (d[i] < 0 || d[i] > 0)
			v[k++] = (struct difference){.size = fabs(d[i]), .positive = d[i] > 0};
	qsort(v, k, sizeof *v, by_size);
	for (size_t i = 0, end; i < k; i = end) {
		for (end = i; end < k && v[end].size <= v[i].size; end++)
			;
		for (size_t j = i; j < end; j++) {
			ranks[j] = (uint32_t)(i + 1 + end);
			sum += v[j].positive ? ranks[j] : 0;
		}
	}
	*ret_n = k;
	return sum;
}

/* The median of the means of all pairs, each value with itself too. */
static int put_pseudomedian(const double *d, size_t n, double confidence, struct ord_estimate *ret,
			    struct ord_err *err)
{
	ord_autofree double *pairs = calloc(n * (n + 1) / 2 + 1, sizeof *pairs);
	ord_autofree uint32_t *ranks = calloc(n + 1, sizeof *ranks);
	struct ord_null null;
	size_t k = 0, q;

	if (!pairs || !ranks)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < n; i++) {
		ranks[i] = (uint32_t)i + 1;
		for (size_t j = i; j < n; j++)
			pairs[k++] = d[i] + (d[j] - d[i]) / 2;
	}
	if (ord_null_signed(ranks, n, &null, err))
		return -1;
	q = ord_null_quantile(&null, (1 - confidence) / 2);
	*ret = between(pairs, k, q, 1 - 2 * ord_null_cdf(&null, (int64_t)q - 1));
	ord_null_done(&null);
	return 0;
}

int ord_signed_rank(const double *d, size_t n, double confidence, struct ord_signed_rank *ret,
		    struct ord_err *err)
{
	ord_autofree struct difference *v = NULL;
	ord_autofree uint32_t *ranks = NULL;
	struct ord_signed_rank r = {0};
	struct ord_null null;
	uint64_t sum;

	if (n > ORD_SIGNED_MAX)
		return ord_fail(err, ORD_USAGE, "%zu differences are more than %d", n,
				ORD_SIGNED_MAX);
	v = calloc(n + 1, sizeof *v);
	ranks = calloc(n + 1, sizeof *ranks);
	if (!v || !ranks)
		return ord_fail_nomem(err);
	sum = rank_differences(d, n, v, ranks, &r.n);
	if (put_pseudomedian(d, n, confidence, &r.pseudomedian, err) ||
	    ord_null_signed(ranks, r.n, &null, err))
		return -1;
	r.v = (double)sum / 2;
	r.p_less = ord_null_cdf(&null, (int64_t)sum);
	r.p_greater = ord_null_cdf(&null, (int64_t)null.most - (int64_t)sum);
	r.p = fmin(1, 2 * fmin(r.p_less, r.p_greater));
	ord_null_done(&null);
	*ret = r;
	return 0;
}
