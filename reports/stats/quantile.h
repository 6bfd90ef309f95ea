/* Quantiles and a robust spread. Quantile definitions differ for few values: the type is named. */
#ifndef ORDEAL_REPORTS_STATS_QUANTILE_H
#define ORDEAL_REPORTS_STATS_QUANTILE_H

#include <stddef.h>

/* By Hyndman and Fan, as R numbers them. */
enum ord_quantile_type {
	ORD_QUANTILE_7 = 7, /* R's and numpy's default */
	ORD_QUANTILE_8 = 8, /* median-unbiased whatever the distribution; the one that we print */
};

/* The p-quantile of n sorted values, 0 <= p <= 1; NaN of none. */
double ord_quantile(const double *sorted, size_t n, double p, enum ord_quantile_type type);

/* 1.4826 times the median distance from the median: the standard deviation where values are
 * normal. room holds n. */
double ord_mad(const double *v, size_t n, double *room);

#endif
