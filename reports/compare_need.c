/*
 * How many repetitions are likely to settle what is inconclusive. Two bounds: with fewer than so
 * many no test can be significant at all; and by the spread that was seen, so many show a
 * difference of the size that was seen with a power of 80 %. Planning, not a promise.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/compare.h"
#include "reports/stats/dist.h"
#include "reports/stats/interval.h"
#include "reports/stats/rank.h"
#include "reports/stats/survival.h"

/* Sum of squared distances of the logarithms of the known values from their mean. */
static double squares(const struct ord_figure *f, size_t *ret_n)
{
	double mean = 0, sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].span.state == ORD_SPAN_KNOWN && f->v[i].span.value > 0) {
			mean += log((double)f->v[i].span.value);
			n++;
		}
	*ret_n = n;
	if (!n)
		return 0;
	mean /= (double)n;
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].span.state == ORD_SPAN_KNOWN && f->v[i].span.value > 0) {
			double d = log((double)f->v[i].span.value) - mean;

			sum += d * d;
		}
	return sum;
}

/* The spread of the logarithms within the groups; NaN: too few known values to tell. */
static double spread(const struct ord_comparison *c)
{
	size_t n, m;
	double sum = squares(c->a.figure, &n) + squares(c->b.figure, &m);

	return n + m < 4 || n < 1 || m < 1 ? (double)NAN : sqrt(sum / (double)(n + m - 2));
}

/* Of the candidate, beside a baseline that stays as it is, where `each` of both would do. 0: more
 * of the candidate alone never do. */
static size_t beside(size_t baseline, size_t each)
{
	double left = 2 / (double)each - 1 / (double)baseline;

	return left > 0 && 1 / left < ORD_COMPARE_NEED_MAX ? (size_t)ceil(1 / left - 1e-9) : 0;
}

/* Repetitions of each that show the difference which was seen, by the times that were seen. */
static size_t each_by_times(const struct ord_comparison *c, double alpha, double margin)
{
	double sigma = spread(c), off = fabs(log(c->ratio) - log(margin));

	if (isnan(sigma) || isnan(c->ratio))
		return 0;
	if (off < 1e-6)
		return ORD_COMPARE_NEED_MAX + 1;
	return ord_need_for_ratio(sigma, exp(off), alpha / 2, ORD_COMPARE_POWER);
}

/* The same by Schoenfeld's count of events, where times are censored: by the hazard that the median
 * times, or the shares of those that ended, would have. */
static size_t each_by_events(const struct ord_comparison *c, double alpha)
{
	size_t events = c->a.n - c->a.never + c->b.n - c->b.never;
	double a = (double)(c->a.n - c->a.never) + 0.5, b = (double)(c->b.n - c->b.never) + 0.5;
	double ratio = b / ((double)c->b.n + 1) / (a / ((double)c->a.n + 1));
	double share = (double)events / (double)(c->a.n + c->b.n), need;

	if (!events)
		return 0;
	if (c->a.has_median && c->b.has_median && c->a.median > 0 && c->b.median > 0)
		ratio = (double)c->a.median / (double)c->b.median;
	if (fabs(log(ratio)) < 1e-6)
		return ORD_COMPARE_NEED_MAX + 1;
	need = ord_logrank_events(ratio, alpha, ORD_COMPARE_POWER) / share / 2;
	return need > ORD_COMPARE_NEED_MAX ? ORD_COMPARE_NEED_MAX + 1 : (size_t)ceil(need);
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* The least ratio that these n are likely to show as beyond the margin. */
static void detectable(struct ord_comparison *c, double alpha, double margin)
{
	double sigma = spread(c);
	double n = 2 / (1 / (double)c->a.n + 1 / (double)c->b.n);
	double z = ord_norm_quantile(1 - alpha / 2) + ord_norm_quantile(ORD_COMPARE_POWER);

	if (!isnan(sigma) && sigma > 0 && !c->censored &&
	    c->b.n >= ord_rank_need_beside(c->a.n, alpha))
		c->detectable = margin * exp(z * sigma * sqrt(acos(-1) / 3 * 2 / n));
}

void ord_compare_need(struct ord_comparison *c, const struct ord_compare_options *o, size_t family)
{
	/* Holm asks that much of the first of them. */
	double alpha = o->alpha / (double)(family ? family : 1);
	double margin = 1 + (double)o->margin_ppm / 1e6;
	size_t least, least_beside, each;

	if (!c->tested)
		return;
	detectable(c, alpha, margin);
	if (c->verdict != ORD_COMPARED_INCONCLUSIVE || c->gate == ORD_GATE_PASS ||
	    c->gate == ORD_GATE_NOT_APPLICABLE)
		return;
	least = ord_rank_need(alpha);
	least_beside = ord_rank_need_beside(c->a.n, alpha);
	each = c->censored ? each_by_events(c, alpha) : each_by_times(c, alpha, margin);
	c->need_each = larger(each, least);
	if (each && each <= ORD_COMPARE_NEED_MAX)
		c->need_beside = beside(c->a.n, each);
	if (c->need_beside || !each)
		c->need_beside = larger(c->need_beside, least_beside);
	/* By the count alone it could have been told already: then one more is what can be said. */
	if (c->need_beside && c->need_beside <= c->b.n)
		c->need_beside = c->b.n + 1;
	if (c->need_each <= c->b.n && c->need_each <= c->a.n)
		c->need_each = larger(c->a.n, c->b.n) + 1;
	if (c->b.n < least_beside && !*c->why)
		(void)snprintf(c->why, sizeof c->why,
			       "need >= %zu of the candidate beside this baseline, or >= %zu of "
			       "each, to tell any difference",
			       least_beside, least);
}
