/* How late: a histogram of durations, fixed in size, each bucket within 1/16 of its value. */
#ifndef ORDEAL_ENGINES_LATE_H
#define ORDEAL_ENGINES_LATE_H

#include <stdint.h>

#define LATE_BUCKETS (61 * 16)

struct late {
	uint64_t n, max_ns;
	uint32_t count[LATE_BUCKETS];
};

static inline unsigned late_bucket(uint64_t ns)
{
	unsigned log;

	if (ns < 16)
		return (unsigned)ns;
	log = 63u - (unsigned)__builtin_clzll(ns);
	return (log - 3) * 16 + (unsigned)(ns >> (log - 4) & 15);
}

static inline void late_add(struct late *l, uint64_t ns)
{
	l->n++;
	l->count[late_bucket(ns)]++;
	if (ns > l->max_ns)
		l->max_ns = ns;
}

/* What both have seen. */
static inline void late_merge(struct late *into, const struct late *from)
{
	into->n += from->n;
	if (from->max_ns > into->max_ns)
		into->max_ns = from->max_ns;
	for (unsigned i = 0; i < LATE_BUCKETS; i++)
		into->count[i] += from->count[i];
}

/* The upper end of the bucket in which the share (ppm) of all lies; 0 where there are none. */
static inline uint64_t late_quantile(const struct late *l, uint32_t ppm)
{
	/* Ranks count from 1, rounded up, without a product that could overflow. */
	const uint64_t rank = l->n - (uint64_t)((double)l->n * (1e6 - ppm) / 1e6);
	uint64_t seen = 0;

	for (unsigned i = 0; i < LATE_BUCKETS && l->n; i++) {
		seen += l->count[i];
		if (seen < rank || seen == 0)
			continue;
		if (i < 16)
			return i;
		if (i / 16 + 3 >= 63)
			return l->max_ns;
		return ((16ull + i % 16 + 1) << (i / 16 - 1)) - 1 < l->max_ns
			       ? ((16ull + i % 16 + 1) << (i / 16 - 1)) - 1
			       : l->max_ns;
	}
	return 0;
}

#endif
