/* What the rank statistics are distributed as when nothing differs. */
#ifndef ORDEAL_REPORTS_STATS_RANK_NULL_H
#define ORDEAL_REPORTS_STATS_RANK_NULL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

/* A symmetric distribution on 0..most; cdf[k] = P(X <= k) for k up to most / 2. Owned. */
struct ord_null {
	double *cdf;
	size_t most;
};

void ord_null_done(struct ord_null *null);
/* P(X <= k), for any k. */
double ord_null_cdf(const struct ord_null *null, int64_t k);
/* The least k with P(X <= k) >= p, where p < 1/2. */
size_t ord_null_quantile(const struct ord_null *null, double p);

/* Beyond so many in both groups the counts would not fit a double. */
enum { ORD_WILCOX_MAX = 1000 };

/* Mann and Whitney's W of n and m without ties; n + m <= ORD_WILCOX_MAX. */
int ord_null_wilcox(size_t n, size_t m, struct ord_null *ret, struct ord_err *err);
/* The sum of the ranks of the positive ones of n, each positive by a coin; ranks may be any. */
int ord_null_signed(const uint32_t *ranks, size_t n, struct ord_null *ret, struct ord_err *err);

struct ord_tails {
	double both, less, greater;
};

/* Would the sum of k out of n ranks take too long to count? */
bool ord_subset_too_many(size_t n, size_t k);
/* How likely a sum of k of the n ranks is as far from its mean as `sum`, so small, so large. */
int ord_subset_tails(const uint32_t *ranks, size_t n, size_t k, uint64_t sum, struct ord_tails *ret,
		     struct ord_err *err);

#endif
