/*
 * Wald's sequential test of a run's own repetitions (the plan's `sequential`): whether the share
 * that misses is good or bad, and whether the run was ended for it.
 */
#ifndef ORDEAL_REPORTS_EARLY_H
#define ORDEAL_REPORTS_EARLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reports/stats/sequential.h"

struct ord_analysis;

struct ord_early {
	bool set; /* the plan has one that can be tested */
	int64_t good_ppm, bad_ppm, alpha_ppm, beta_ppm;
	const char *objective; /* borrowed; NULL: a repetition misses with any of them */
	struct ord_sprt test;
	/* Until it was decided, all of them where it is not. */
	size_t n, missed;
	size_t left_out; /* neither met nor missed */
	uint32_t rep;	 /* by which it was decided; 0: it is not */
	enum ord_sprt_verdict verdict;
};

/* With n counted, at that many misses it is accepted, rejected: in millionths of one. */
int64_t ord_early_accept(const struct ord_early *e);
int64_t ord_early_reject(const struct ord_early *e);
/* "accepted", "rejected"; NULL: it is not decided. */
const char *ord_early_decision(const struct ord_early *e);
/* What a reader is told of it, in a sentence; "" where there is none. Returns out. */
#define ORD_EARLY_TEXT 640
char *ord_early_text(const struct ord_analysis *a, char out[static ORD_EARLY_TEXT]);

#endif
