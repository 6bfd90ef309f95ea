/*
 * Where a series changes, without thresholds: E-divisive (Matteson and James) in windows, with a
 * deterministic t-test, merged from below, as Hunter and Otava do it. A change is the first value
 * of the part after it.
 */
#ifndef ORDEAL_REPORTS_STATS_SEGMENT_H
#define ORDEAL_REPORTS_STATS_SEGMENT_H

#include <stddef.h>

#include "ordeal/err.h"

struct ord_change {
	size_t at; /* 0-based, first of the second part */
	double q;  /* the energy distance that found it, within its window */
	double p;  /* of the t-test between the parts on its two sides; it ranks, it proves nothing:
		      the place was chosen by the same values */
	double before, after; /* the means of those parts */
};

struct ord_segment_rules {
	size_t window; /* 4 .. ORD_WINDOW_MAX */
	double p;      /* a change is kept below it */
	double least;  /* and where one mean is more than so many times the other, less one */
};

enum { ORD_WINDOW_MAX = 256, ORD_SEGMENT_MAX = 1000000 };

/* window 50, p 0.001, least 0. */
extern const struct ord_segment_rules ord_segment_usual;

/*
 * The changes in v, in order; *ret is owned. Time is linear in n, times the window squared.
 * ORD_USAGE: more than ORD_SEGMENT_MAX values, or rules out of range. All values must be finite.
 */
int ord_segment(const double *v, size_t n, const struct ord_segment_rules *rules,
		struct ord_change **ret, size_t *ret_n, struct ord_err *err);

/* One part of a series. */
struct ord_part_moments {
	size_t n;
	double mean;
	double squares; /* of the distances from the mean, summed */
};

struct ord_part_moments ord_moments(const double *v, size_t n);
/*
 * Student's t with one variance, two-sided. biased: variances by n instead of n - 1, as Otava has
 * them, so that its p is smaller than a textbook's.
 */
double ord_t_test(const struct ord_part_moments *a, const struct ord_part_moments *b, int biased);

/* The best split of 2 <= n <= ORD_WINDOW_MAX values: values before `at` against [at, end). */
struct ord_split {
	size_t at, end;
	double q; /* 0: all are equal, there is none */
};

/* distances holds n * (n + 1). */
struct ord_split ord_best_split(const double *v, size_t n, double *distances);

#endif
