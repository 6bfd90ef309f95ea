#include "reports/stats/quantile.h"

#include <float.h>
#include <math.h>

#include "reports/stats/rank.h"

double ord_quantile(const double *sorted, size_t n, double p, enum ord_quantile_type type)
{
	double a = type == ORD_QUANTILE_8 ? 1.0 / 3 : 1;
	/* 1-based, between two values; a product that is whole but for its rounding is whole. */
	double at = a + p * ((double)n + 1 - 2 * a), slack = 4 * DBL_EPSILON;
	double whole = floor(at + slack * at), part = at - whole;
	size_t k;

	if (!n)
		return NAN;
	if (whole < 1)
		return sorted[0];
	if (whole >= (double)n)
		return sorted[n - 1];
	k = (size_t)whole;
	if (fabs(part) < slack * at)
		return sorted[k - 1];
	return sorted[k - 1] + part * (sorted[k] - sorted[k - 1]);
}

double ord_mad(const double *v, size_t n, double *room)
{
	double median;

	for (size_t i = 0; i < n; i++)
		room[i] = v[i];
	ord_sort_doubles(room, n);
	median = ord_median_sorted(room, n);
	for (size_t i = 0; i < n; i++)
		room[i] = fabs(v[i] - median);
	ord_sort_doubles(room, n);
	return 1.4826 * ord_median_sorted(room, n);
}
