/*
 * Wald's sequential test of a run's own repetitions, which ends the run as soon as it is decided
 * (`sequential` of an experiment). A run asks it of its own timeline; the reports tell it.
 */
#ifndef ORDEAL_EARLY_H
#define ORDEAL_EARLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

struct ord_early_state {
	size_t n, missed, left_out;
	/* At that many misses or fewer it is accepted, at that many or more it is rejected; in
	 * millionths of one. */
	int64_t accept_micro, reject_micro;
	const char *decision; /* "accepted", "rejected"; NULL: not yet. Static */
};

/* Of the run in that folder, which may still go on; -1 also where its plan has none. */
int ord_report_early(const char *dir, struct ord_early_state *ret, struct ord_err *err);
/* After how many repetitions without a miss it is accepted, and after how many that all miss it is
 * rejected. False: these shares make no test. */
bool ord_early_reach(uint32_t good_ppm, uint32_t bad_ppm, uint32_t alpha_ppm, uint32_t beta_ppm,
		     size_t *ret_accept, size_t *ret_reject);

#endif
