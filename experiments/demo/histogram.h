/* A histogram of latencies with a bounded relative error (1/64) and a fixed size. */
#ifndef DEMO_HISTOGRAM_H
#define DEMO_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BUCKETS 2048

struct histogram {
	uint64_t n, max_us;
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *h, uint64_t us);
/* The least value that at least this share (0..1) of the values do not pass, rounded up to its
 * bucket's end. */
uint64_t histogram_quantile(const struct histogram *h, double share);

#endif
