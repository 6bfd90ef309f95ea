#include "reports/stats/stats.h"

#include <stdlib.h>

static int by_time(const void *a, const void *b)
{
	const struct ord_stat_time *x = a, *y = b;

	return x->ns < y->ns ? -1 : x->ns > y->ns;
}

bool ord_stat_median(struct ord_stat_time *v, size_t n, int64_t *ret)
{
	static const double tolerance =
		1e-9; /* products of ratios: a half may come out a bit beside it */
	int64_t plateau = -1;
	double s = 1;

	if (n)
		qsort(v, n, sizeof *v, by_time);
	for (size_t i = 0; i < n;) {
		size_t events = 0, at_risk = n - i;
		int64_t t = v[i].ns;

		for (; i < n && v[i].ns == t; i++)
			events += !v[i].censored;
		if (!events)
			continue;
		if (plateau >= 0) {
			*ret = plateau + (t - plateau) / 2;
			return true;
		}
		s *= 1 - (double)events / (double)at_risk;
		if (s < 0.5 - tolerance) {
			*ret = t;
			return true;
		}
		if (s < 0.5 + tolerance)
			plateau = t;
	}
	if (plateau < 0)
		return false;
	*ret = plateau; /* the plateau has no other end */
	return true;
}

size_t ord_stat_rank(size_t n, uint32_t p_ppm)
{
	size_t rank = (size_t)(((unsigned long long)n * p_ppm + 999999) / 1000000);

	return rank ? rank - 1 : 0;
}
