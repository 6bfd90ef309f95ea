/*
 * The error budget that a repetition burnt, by OpenSLO's three methods, and the multi-window burn
 * rates of the SRE workbook. Before the repetition began all is taken to have been well, at the
 * probes' own rate.
 */
#include "reports/loss_tally.h"

#include <math.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/units.h"

#define MINUTE (60 * (int64_t)ORD_S)
#define HOUR   (60 * MINUTE)

static const struct ord_page pages[ORD_PAGES] = {
	{.name = "1h/5m 14.4x", .long_ns = HOUR, .short_ns = 5 * MINUTE, .burn_milli = 14400},
	{.name = "6h/30m 6x", .long_ns = 6 * HOUR, .short_ns = 30 * MINUTE, .burn_milli = 6000},
	{.name = "3d/6h 1x",
	 .ticket = true,
	 .long_ns = 72 * HOUR,
	 .short_ns = 6 * HOUR,
	 .burn_milli = 1000},
};

static double allowed(const struct ord_slo *slo)
{
	return (double)(ORD_PPM - slo->target_ppm) / ORD_PPM;
}

/* Bad samples that a window holds from which on it burns that much. */
static double threshold(const struct ord_timeline *t, const struct ord_slo *slo,
			const struct ord_page *page, int64_t window)
{
	return (double)page->burn_milli / 1000 * allowed(slo) *
	       (double)ord_tally_expected(t, window);
}

/* The sum over the last `window` of the buckets up to `at`; keeps *ret_sum as `at` moves on. */
static void slide(const struct ord_tally *y, size_t at, int64_t window, uint64_t *sum)
{
	size_t n = (size_t)(window / y->width);

	*sum += y->bad[at];
	if (at >= n)
		*sum -= y->bad[at - n];
}

static void would_page(const struct ord_timeline *t, const struct ord_tally *y,
		       const struct ord_slo *slo, struct ord_page *page)
{
	/* A hair less, so that a whole number of samples is not missed by rounding. */
	double of_long = threshold(t, slo, page, page->long_ns) - 1e-6;
	double of_short = threshold(t, slo, page, page->short_ns) - 1e-6;
	uint64_t in_long = 0, in_short = 0;

	for (size_t i = 0; i < y->n_buckets; i++) {
		slide(y, i, page->long_ns, &in_long);
		slide(y, i, page->short_ns, &in_short);
		if (!in_short || (double)in_long < of_long || (double)in_short < of_short)
			continue;
		page->at.known = true;
		page->at.lo = y->origin + (int64_t)i * y->width;
		page->at.value = page->at.hi = page->at.lo + y->width;
		return;
	}
}

static void by_occurrences(const struct ord_timeline *t, const struct ord_tally *y,
			   struct ord_budget *b, double *hi)
{
	b->total = ord_tally_expected(t, b->slo.window);
	b->bad_ppm = (int64_t)y->by_state[ORD_SAMPLE_BAD] * ORD_PPM;
	b->unknown = (int64_t)y->by_state[ORD_SAMPLE_UNKNOWN];
	*hi = (double)(b->bad_ppm + b->unknown * ORD_PPM);
}

/* A slice in millionths of a bad one: whole or not, or the share that was bad. */
static double badness(const struct ord_slo *slo, double good, double all)
{
	if (all < 1)
		return 0;
	if (slo->method == ORD_SLO_RATIO_TIMESLICES)
		return (all - good) * ORD_PPM / all;
	return good * ORD_PPM < (double)slo->slice_target_ppm * all ? ORD_PPM : 0;
}

static void by_slices(const struct ord_tally *y, struct ord_budget *b, double *hi)
{
	double sum = 0;

	*hi = 0;
	b->total = b->slo.window / b->slo.slice;
	for (size_t i = 0; i < y->n_slices; i++) {
		const uint32_t *n = y->slices[i].by_state;
		double good = n[ORD_SAMPLE_GOOD], unknown = n[ORD_SAMPLE_UNKNOWN];
		double all = good + n[ORD_SAMPLE_BAD];

		sum += badness(&b->slo, good, all);
		*hi += badness(&b->slo, good, all + unknown);
		b->unknown += all < 1 && unknown > 0;
	}
	b->bad_ppm = llround(sum);
}

void ord_budget_of(const struct ord_timeline *t, const struct ord_tally *y,
		   const struct ord_slo *slo, struct ord_budget *ret)
{
	struct ord_budget b = {.slo = *slo};
	double size, hi;

	if (slo->method != ORD_SLO_OCCURRENCES && !y->slices)
		return;
	if (slo->method == ORD_SLO_OCCURRENCES)
		by_occurrences(t, y, &b, &hi);
	else
		by_slices(y, &b, &hi);
	size = allowed(slo) * (double)b.total;
	if (size <= 0)
		return;
	b.known = y->by_state[ORD_SAMPLE_GOOD] + y->by_state[ORD_SAMPLE_BAD] > 0;
	b.burnt_ppm = llround((double)b.bad_ppm / size);
	b.burnt_hi_ppm = llround(hi / size);
	for (size_t i = 0; i < ORD_COUNT(pages); i++) {
		b.pages[i] = pages[i];
		b.pages[i].needs_ns = llround((double)pages[i].burn_milli / 1000 * allowed(slo) *
					      (double)pages[i].long_ns);
		would_page(t, y, slo, &b.pages[i]);
	}
	*ret = b;
}
