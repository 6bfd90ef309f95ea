#include "reports/stats/rank.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/auto.h"
#include "reports/stats/dist.h"
#include "reports/stats/rank_null.h"

const char *ord_rank_method_name(enum ord_rank_method method)
{
	static const char *const names[] = {[ORD_RANK_EXACT] = "exact",
					    [ORD_RANK_MID] = "exact, mid-ranks",
					    [ORD_RANK_NORMAL] = "normal approximation"};

	return names[method];
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

void ord_sort_doubles(double *v, size_t n)
{
	if (n)
		qsort(v, n, sizeof *v, by_value);
}

double ord_median_sorted(const double *v, size_t n)
{
	if (!n)
		return NAN;
	return n % 2 ? v[n / 2] : v[n / 2 - 1] + (v[n / 2] - v[n / 2 - 1]) / 2;
}

/* The values of both groups in order, each with its rank times two, so that a tie's is whole. */
struct ranked {
	double value;
	uint32_t rank2;
	bool of_x;
};

static int by_ranked(const void *a, const void *b)
{
	return by_value(&((const struct ranked *)a)->value, &((const struct ranked *)b)->value);
}

/* Returns the sum of t^3 - t over the ties. */
static double put_ranks(struct ranked *v, size_t n)
{
	double ties = 0;

	qsort(v, n, sizeof *v, by_ranked);
	for (size_t i = 0; i < n;) {
		size_t end = i;
		double t;

		while (end < n && v[end].value <= v[i].value)
			end++;
		t = (double)(end - i);
		ties += t * t * t - t;
		for (size_t k = i; k < end; k++)
			v[k].rank2 = (uint32_t)(i + 1 + end);
		i = end;
	}
	return ties;
}

static double normal_two_sided(double off, double sigma)
{
	if (!(sigma > 0))
		return NAN;
	return 2 * ord_norm_cdf(-fmax(off, 0) / sigma);
}

static void put_normal(struct ord_mann_whitney *r, double n, double m, double ties)
{
	double all = n + m, off = r->w - n * m / 2;
	double sigma = sqrt(n * m / 12 * (all + 1 - ties / (all * (all - 1))));

	r->p_normal = normal_two_sided(fabs(off) - 0.5, sigma);
	r->p_normal_plain = normal_two_sided(fabs(off), sigma);
	if (r->method != ORD_RANK_NORMAL)
		return;
	r->p = r->p_less = r->p_greater = 1;
	if (sigma > 0) {
		r->p = r->p_normal;
		r->p_less = ord_norm_cdf((off + 0.5) / sigma);
		r->p_greater = ord_norm_cdf(-(off - 0.5) / sigma);
	}
}

static int put_exact(struct ord_mann_whitney *r, size_t n, size_t m, struct ord_err *err)
{
	struct ord_null null;
	int64_t w = (int64_t)r->w;

	if (ord_null_wilcox(n, m, &null, err))
		return -1;
	r->p_less = ord_null_cdf(&null, w);
	r->p_greater = ord_null_cdf(&null, (int64_t)(n * m) - w);
	r->p = fmin(1, 2 * fmin(r->p_less, r->p_greater));
	ord_null_done(&null);
	return 0;
}

/* The smaller group's sum is counted: the other's is the rest. */
static int put_mid(struct ord_mann_whitney *r, const struct ranked *v, size_t n, size_t m,
		   struct ord_err *err)
{
	ord_autofree uint32_t *ranks = calloc(n + m + 1, sizeof *ranks);
	bool of_x = n <= m;
	struct ord_tails tails;
	uint64_t sum = 0;

	if (!ranks)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < n + m; i++) {
		ranks[i] = v[i].rank2;
		sum += v[i].of_x == of_x ? v[i].rank2 : 0;
	}
	if (ord_subset_tails(ranks, n + m, of_x ? n : m, sum, &tails, err))
		return -1;
	r->p = tails.both;
	r->p_less = of_x ? tails.less : tails.greater;
	r->p_greater = of_x ? tails.greater : tails.less;
	return 0;
}

static enum ord_rank_method method_for(size_t n, size_t m, bool ties)
{
	if (!ties)
		return n + m <= ORD_WILCOX_MAX ? ORD_RANK_EXACT : ORD_RANK_NORMAL;
	return ord_subset_too_many(n + m, n < m ? n : m) ? ORD_RANK_NORMAL : ORD_RANK_MID;
}

int ord_mann_whitney(const double *x, size_t n, const double *y, size_t m,
		     struct ord_mann_whitney *ret, struct ord_err *err)
{
	ord_autofree struct ranked *v = calloc(n + m + 1, sizeof *v);
	struct ord_mann_whitney r = {0};
	double ties, sum2 = 0;

	if (!v)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < n + m; i++)
		v[i] = (struct ranked){.value = i < n ? x[i] : y[i - n], .of_x = i < n};
	ties = put_ranks(v, n + m);
	for (size_t i = 0; i < n + m; i++)
		sum2 += v[i].of_x ? v[i].rank2 : 0;
	r.w = (sum2 - (double)n * (double)(n + 1)) / 2;
	r.ties = ties > 0;
	r.all_equal = v[0].value >= v[n + m - 1].value;
	r.p_least = fmin(1, 2 * exp(-ord_log_choose(n + m, n)));
	r.method = method_for(n, m, r.ties);
	if (r.method == ORD_RANK_EXACT && put_exact(&r, n, m, err))
		return -1;
	if (r.method == ORD_RANK_MID && put_mid(&r, v, n, m, err))
		return -1;
	put_normal(&r, (double)n, (double)m, ties);
	*ret = r;
	return 0;
}

size_t ord_rank_need_beside(size_t m, double alpha)
{
	size_t n = 1;

	while (log(2) - ord_log_choose(n + m, n) > log(alpha) + 1e-12)
		n++;
	return n;
}

size_t ord_rank_need(double alpha)
{
	size_t n = 1;

	while (log(2) - ord_log_choose(2 * n, n) > log(alpha) + 1e-12)
		n++;
	return n;
}
