/* What one pass over the users' samples counts; of loss.c and budget.c. */
#ifndef ORDEAL_REPORTS_LOSS_TALLY_H
#define ORDEAL_REPORTS_LOSS_TALLY_H

#include "reports/analysis.h"

#define ORD_TALLY_BUCKETS   65536
#define ORD_TALLY_SLICES    (1 << 20)
#define ORD_TALLY_STRETCHES (1 << 16) /* of bad slots: with more flaps than that none is told */

struct ord_stretch {
	int64_t from, to;
};

struct ord_slice {
	uint32_t by_state[ORD_SAMPLE_STATES];
};

struct ord_tally {
	/* From the request on. */
	size_t by_state[ORD_SAMPLE_STATES];
	int64_t lost, dark; /* ns of bad slots, and of unknown ones, over all users */
	int64_t users;
	struct ord_stretch *stretches; /* owned */
	size_t n_stretches, room;
	bool too_many;
	struct ord_slice *slices; /* owned; from the request on, NULL where none are wanted */
	size_t n_slices;
	int64_t slice;
	/* Bad samples by the time at which they were known, from the repetition's beginning on. */
	uint32_t *bad; /* owned */
	size_t n_buckets;
	int64_t origin, width;
};

/* Samples that all user probes take in that time. */
int64_t ord_tally_expected(const struct ord_timeline *t, int64_t window);
/* The budget burnt, and whether it would have paged. */
void ord_budget_of(const struct ord_timeline *t, const struct ord_tally *y,
		   const struct ord_slo *slo, struct ord_budget *ret);

#endif
