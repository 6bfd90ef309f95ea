/*
 * A histogram of whole numbers over many orders of magnitude: linear within each power of two, so
 * that every value is kept to so many decimal digits, in fixed memory. Histograms merge.
 */
#ifndef ORDEAL_REPORTS_STATS_HDR_H
#define ORDEAL_REPORTS_STATS_HDR_H

#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

struct ord_hdr {
	uint64_t *counts; /* owned */
	size_t n_counts;
	unsigned sub_bits; /* a power of two has 2^(sub_bits - 1) counts */
	uint64_t highest;
	uint64_t total, min, max; /* of what was recorded, exact */
	uint64_t above;		  /* values above highest: they count as highest */
};

/* digits: 1 to 5. Memory: at 3 digits 8 kB for each power of two up to highest. */
int ord_hdr_init(struct ord_hdr *h, uint64_t highest, unsigned digits, struct ord_err *err);
void ord_hdr_done(struct ord_hdr *h);

void ord_hdr_record(struct ord_hdr *h, uint64_t value, uint64_t times);
/*
 * Of a closed loop, which waits for one answer before it asks again: what it would have seen had
 * it asked every `interval`, while it waited for this value.
 */
void ord_hdr_record_corrected(struct ord_hdr *h, uint64_t value, uint64_t interval);
/* Adds what is in `from`; ORD_USAGE where they were not made alike. */
int ord_hdr_merge(struct ord_hdr *into, const struct ord_hdr *from, struct ord_err *err);

/*
 * The p-th percentile, 0 <= p <= 100: the largest value that is kept as the same as the
 * round(p N / 100)-th smallest, but never above max; at p = 0 the smallest. 0 of none.
 */
uint64_t ord_hdr_percentile(const struct ord_hdr *h, double p);

#endif
