/* Intervals for a median and for a share, and how many repetitions a claim needs. */
#ifndef ORDEAL_REPORTS_STATS_INTERVAL_H
#define ORDEAL_REPORTS_STATS_INTERVAL_H

#include <stdbool.h>
#include <stddef.h>

/* The median's interval: from the lo-th to the hi-th smallest, 1-based; 0: n is too small. */
struct ord_order_interval {
	size_t lo, hi;
	double confidence; /* attained */
};

struct ord_order_interval ord_median_interval(size_t n, double confidence);
/* From how many repetitions on the median has an interval: 6 at 95 %. */
size_t ord_median_need(double confidence);

/* A one-sided upper bound of the p-quantile: which smallest, 1-based; 0: n is too small. */
size_t ord_quantile_bound(size_t n, double p, double confidence);
/* Repetitions for which the largest bounds the p-quantile: 29 for p90, 59 for p95, 299 for p99, at
 * 95 %. As many in a row without failure show a share of at least p: the success-run theorem. */
size_t ord_success_run(double p, double confidence);

struct ord_share {
	double lo, hi;
};

/* k of n; n = 0 gives [0, 1]. */
struct ord_share ord_wilson(size_t k, size_t n, double confidence);
struct ord_share ord_clopper_pearson(size_t k, size_t n, double confidence);

struct ord_fisher {
	double p, p_less, p_greater; /* less: the first share is smaller */
};

/* Is a_yes of a as likely as b_yes of b? */
struct ord_fisher ord_fisher(size_t a_yes, size_t a, size_t b_yes, size_t b);

/*
 * Planning, for values that are log-normal of spread sigma (of their logarithms): repetitions of
 * each group that show a ratio (SIZE_MAX: of 1, none do), and the least ratio above 1 that n
 * against m show. alpha is one-sided, or half of the two-sided.
 */
size_t ord_need_for_ratio(double sigma, double ratio, double alpha, double power);
double ord_detectable_ratio(double sigma, size_t n, size_t m, double alpha, double power);

#endif
