/*
 * Wald's sequential test over the repetitions of runs: whether the share that misses an objective
 * is as good as hoped for or as bad as feared, told as soon as that is clear, with the error rates
 * kept. Looking at a plain p-value after each repetition does not keep them.
 */
#ifndef ORDEAL_REPORTS_SEQUENCE_H
#define ORDEAL_REPORTS_SEQUENCE_H

#include "ordeal/compare.h"
#include "reports/figures.h"
#include "reports/stats/sequential.h"

/* One objective, its repetitions in the order of the runs. */
struct ord_sequence_goal {
	const char *text; /* borrowed */
	size_t n, missed; /* met or missed, until it was decided; all of them where it is not */
	size_t left_out;  /* neither met nor missed */
	size_t after;	  /* repetitions after the decision: they have no say */
	enum ord_sprt_verdict verdict;
	size_t run, rep;     /* where it was decided; rep 0: it is not */
	size_t clean_needed; /* without a further miss, until it is accepted; 0: it is decided */
};

struct ord_sequence {
	const struct ord_figures *f; /* borrowed */
	struct ord_sequence_options options;
	struct ord_sprt test;
	struct ord_sequence_goal *v; /* owned */
	size_t n;
	enum ord_gate gate;
};

int ord_sequence(const struct ord_figures *f, const struct ord_sequence_options *options,
		 struct ord_sequence *ret, struct ord_err *err);
void ord_sequence_done(struct ord_sequence *s);

#endif
