/*
 * A block of samples in as few bits as their differences need. Every column is a line through the
 * block (base + i * step) and what is above it, in so many bits each as the largest needs: exact,
 * and sample i is found without reading the ones before.
 */
#ifndef ORDEAL_REPORTS_BLOCK_H
#define ORDEAL_REPORTS_BLOCK_H

#include "reports/series.h"

struct ord_packed;

/* NULL: no memory. first: index of v[0] in its series; n: 1 to ORD_BLOCK. */
struct ord_packed *ord_pack(const struct ord_sample *v, size_t n, size_t first);
/* n samples of the block from the i-th on. */
void ord_unpack(const struct ord_packed *p, size_t i, size_t n, struct ord_sample *ret);
/* The latencies alone. */
void ord_unpack_latency(const struct ord_packed *p, size_t i, size_t n, int64_t *ret);
void ord_packed_excuse(struct ord_packed *p, size_t i);
const struct ord_block *ord_packed_block(const struct ord_packed *p);
/* The block of a series that holds sample i. */
const struct ord_packed *ord_series_packed(const struct ord_series *q, size_t i);

#endif
