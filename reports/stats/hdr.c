#include "reports/stats/hdr.h"

#include <stdlib.h>

/* Which power of two, 0 for all below 2^sub_bits. */
static unsigned shift_of(const struct ord_hdr *h, uint64_t value)
{
	uint64_t low = ((uint64_t)1 << h->sub_bits) - 1;

	return 64U - (unsigned)__builtin_clzll(value | low) - h->sub_bits;
}

/* The first power of two has 2^sub_bits counts; of each after it the lower half is in the one
 * before. */
static size_t place_of(const struct ord_hdr *h, uint64_t value)
{
	unsigned shift = shift_of(h, value);

	return ((size_t)shift << (h->sub_bits - 1)) + (size_t)(value >> shift);
}

static uint64_t lowest_at(const struct ord_hdr *h, size_t place)
{
	size_t half = (size_t)1 << (h->sub_bits - 1);
	size_t shift = place < 2 * half ? 0 : place / half - 1;

	return (uint64_t)(place - shift * half) << shift;
}

static uint64_t highest_at(const struct ord_hdr *h, size_t place)
{
	return lowest_at(h, place + 1) - 1;
}

int ord_hdr_init(struct ord_hdr *h, uint64_t highest, unsigned digits, struct ord_err *err)
{
	struct ord_hdr made = {.highest = highest, .sub_bits = 1, .min = UINT64_MAX};
	uint64_t wanted = 2;

	if (digits < 1 || digits > 5 || !highest || highest > INT64_MAX)
		return ord_fail(err, ORD_USAGE,
				"a histogram has 1 to 5 digits and a highest value above 0");
	for (unsigned i = 0; i < digits; i++)
		wanted *= 10;
	while ((uint64_t)1 << made.sub_bits < wanted)
		made.sub_bits++;
	made.n_counts = place_of(&made, highest) + 1;
	made.counts = calloc(made.n_counts, sizeof *made.counts);
	if (!made.counts)
		return ord_fail_nomem(err);
	*h = made;
	return 0;
}

void ord_hdr_done(struct ord_hdr *h)
{
	free(h->counts);
	*h = (struct ord_hdr){0};
}

void ord_hdr_record(struct ord_hdr *h, uint64_t value, uint64_t times)
{
	if (!times)
		return;
	if (value > h->highest) {
		h->above += times;
		value = h->highest;
	}
	h->counts[place_of(h, value)] += times;
	h->total += times;
	h->min = value < h->min ? value : h->min;
	h->max = value > h->max ? value : h->max;
}

/* In steps of a whole count at a time, so that there are as many steps as counts at most. */
void ord_hdr_record_corrected(struct ord_hdr *h, uint64_t value, uint64_t interval)
{
	uint64_t v = value, times = 1, least = value;

	ord_hdr_record(h, value, 1);
	if (!interval)
		return;
	while (v / interval >= 2) {
		uint64_t low;

		v -= interval;
		low = v > h->highest ? h->highest : lowest_at(h, place_of(h, v));
		low = low > interval ? low : interval;
		times = (v - low) / interval + 1;
		ord_hdr_record(h, v, times);
		v -= (times - 1) * interval;
		least = v;
	}
	h->min = least < h->min ? least : h->min;
}

int ord_hdr_merge(struct ord_hdr *into, const struct ord_hdr *from, struct ord_err *err)
{
	if (into->sub_bits != from->sub_bits || into->highest != from->highest)
		return ord_fail(err, ORD_USAGE,
				"histograms of different digits or range do not merge");
	for (size_t i = 0; i < into->n_counts; i++)
		into->counts[i] += from->counts[i];
	into->total += from->total;
	into->above += from->above;
	into->min = from->min < into->min ? from->min : into->min;
	into->max = from->max > into->max ? from->max : into->max;
	return 0;
}

uint64_t ord_hdr_percentile(const struct ord_hdr *h, double p)
{
	uint64_t wanted = (uint64_t)(p / 100 * (double)h->total + 0.5), seen = 0;

	if (!h->total || p <= 0)
		return h->total ? h->min : 0;
	wanted = wanted < 1 ? 1 : wanted > h->total ? h->total : wanted;
	for (size_t i = 0; i < h->n_counts; i++) {
		seen += h->counts[i];
		if (seen >= wanted) {
			uint64_t high = highest_at(h, i);

			return high < h->max ? high : h->max;
		}
	}
	return 0;
}
