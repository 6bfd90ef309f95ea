#include "histogram.h"

#include <math.h>

#define SUB 64 /* buckets per power of two */

/* Below SUB each value has a bucket of its own; above, each power of two has SUB. */
static unsigned bucket_of(uint64_t us)
{
	unsigned power, bucket;

	if (us < SUB)
		return (unsigned)us;
	power = 63 - (unsigned)__builtin_clzll(us);
	bucket = (power - 5) * SUB + (unsigned)(us >> (power - 6)) - SUB;
	return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static uint64_t bucket_end(unsigned bucket)
{
	unsigned power = bucket / SUB + 5;

	if (bucket < SUB)
		return bucket;
	return ((uint64_t)(bucket % SUB + SUB + 1) << (power - 6)) - 1;
}

void histogram_add(struct histogram *h, uint64_t us)
{
	h->buckets[bucket_of(us)]++;
	h->n++;
	if (us > h->max_us)
		h->max_us = us;
}

uint64_t histogram_quantile(const struct histogram *h, double share)
{
	uint64_t want = (uint64_t)ceil(share * (double)h->n), seen = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->buckets[i];
		if (seen >= want && seen > 0)
			return bucket_end(i) < h->max_us ? bucket_end(i) : h->max_us;
	}
	return h->max_us;
}
