/*
 * Ranks: two groups, or pairs. Exact where that can be counted: without ties by the distribution
 * of the rank sum, with ties by the permutation of the mid-ranks. NaN and inf: not defined, not
 * attainable with so few.
 */
#ifndef ORDEAL_REPORTS_STATS_RANK_H
#define ORDEAL_REPORTS_STATS_RANK_H

#include <stdbool.h>
#include <stddef.h>

#include "ordeal/err.h"

enum ord_rank_method {
	ORD_RANK_EXACT,	 /* no ties: the distribution itself */
	ORD_RANK_MID,	 /* ties: every relabelling of the mid-ranks */
	ORD_RANK_NORMAL, /* too many to count: normal, continuity and ties corrected */
};

const char *ord_rank_method_name(enum ord_rank_method method);

struct ord_mann_whitney {
	double w;		     /* pairs with x > y, those with x = y half; R's W */
	double p, p_less, p_greater; /* two-sided; x is smaller; x is larger */
	double p_normal;	     /* for comparison, two-sided, with continuity correction */
	double p_normal_plain;	     /* without */
	double p_least;		     /* the least two-sided p that n and m can give at all */
	enum ord_rank_method method; /* of p, p_less and p_greater */
	bool ties, all_equal;
};

/* Wants n, m >= 1. Neither array is changed. */
int ord_mann_whitney(const double *x, size_t n, const double *y, size_t m,
		     struct ord_mann_whitney *ret, struct ord_err *err);

/* An estimate with the interval that was attained. hi = inf, and lo = -inf (of a ratio 0): none is
 * attainable. */
struct ord_estimate {
	double value, lo, hi;
	double confidence; /* attained, at least what was asked for; 0 where it is not attainable */
};

/* How many pairs are looked at, at most: 2000 by 2000 (32 MB). Beyond it is ORD_USAGE. */
enum { ORD_PAIRS_MAX = 4000000 };

/* Hodges and Lehmann: how much larger x is than y, the median of the differences. */
int ord_hl_shift(const double *x, size_t n, const double *y, size_t m, double confidence,
		 struct ord_estimate *ret, struct ord_err *err);
/* How many times larger: the same on logarithms. ORD_USAGE where a value is not above 0. */
int ord_hl_ratio(const double *x, size_t n, const double *y, size_t m, double confidence,
		 struct ord_estimate *ret, struct ord_err *err);

/* From how many of each group on a difference can be significant at two-sided alpha, and the
 * interval at 1 - alpha exists: 4 at 0.05. */
size_t ord_rank_need(double alpha);
/* The same of one group, where the other has m; m >= 1. */
size_t ord_rank_need_beside(size_t m, double alpha);

struct ord_signed_rank {
	double v;		     /* the ranks of the positive differences */
	size_t n;		     /* differences that are not 0 */
	double p, p_less, p_greater; /* exact; ties by the permutation of signs */
	struct ord_estimate pseudomedian;
};

/* Of differences of pairs, or of values against 0. At most ORD_SIGNED_MAX. */
enum { ORD_SIGNED_MAX = 300 };
int ord_signed_rank(const double *d, size_t n, double confidence, struct ord_signed_rank *ret,
		    struct ord_err *err);

/* Sorts; the median of a sorted array, NaN of none. */
void ord_sort_doubles(double *v, size_t n);
double ord_median_sorted(const double *v, size_t n);

#endif
