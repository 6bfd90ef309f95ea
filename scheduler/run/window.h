/*
 * What has lately been seen of one probe, and conditions over it ("orders.ok_ratio >= 0.99 over
 * 5s"). Pure.
 *
 * A sample belongs to the window in which it was decided, so that slots which run into a long
 * timeout are seen by a short window too. Skipped slots and local errors are unknown and not in it.
 */
#ifndef ORDEAL_RUN_WINDOW_H
#define ORDEAL_RUN_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"
#include "ordeal/probe.h"
#include "ordeal/spec.h"

struct run_seen {
	uint64_t done;
	int64_t latency;
	int64_t value; /* of a prom probe, in millionths */
	bool good;
	bool answered; /* by a server, not by the network */
	bool valued;   /* value is one */
	bool timed; /* answered or timed out: its latency means something. A refusal's does not */
};

/*
 * What is in the window of one condition at the moment. Counted as samples come and go, so that a
 * look at it costs the same however many there are: a quantile is on this side of the condition's
 * threshold or on that by how many samples are, exactly.
 */
struct run_tally {
	const struct ord_condition *condition; /* borrowed */
	const struct run_window *of;
	struct run_tally *next; /* over the same probe */
	uint64_t oldest;	/* that one and all after it are counted, by their turn */
	int64_t known, good, timed;
	int64_t below, upto; /* of those timed: faster than the threshold; not slower */
};

/* A ring: the oldest fall out. */
struct run_window {
	struct run_seen *v;
	size_t size;
	uint64_t n; /* seen so far: the turn of the next */
	struct run_tally *tallies;
	int64_t *scratch; /* for quantiles, of the same size */
};

/* Room for all that can be decided within span_ns, and then some. ORD_USAGE where that is more than
 * a million. */
int run_window_init(struct run_window *w, const struct ord_probe_spec *spec, uint64_t span_ns,
		    struct ord_err *err);
void run_window_done(struct run_window *w);
/* Counts for a condition from now on; both must outlive the window. */
void run_window_follow(struct run_window *w, const struct ord_condition *c, struct run_tally *ret);
/* In the order in which they were decided, as the probes tell them. */
void run_window_add(struct run_window *w, const struct ord_sample *s);

enum run_truth {
	RUN_NOT_YET,   /* the window is not full: since is less than its length ago */
	RUN_UNKNOWN,   /* nothing was decided in the whole window */
	RUN_NO_FIGURE, /* samples were decided, but none has a latency (all were refused) or a
			  value (all answers were empty) */
	RUN_FALSE,
	RUN_TRUE,
};

/* The condition over (now - window, now], of what was decided after since. */
enum run_truth run_condition(struct run_tally *t, uint64_t since, uint64_t now);
/* The figure that it was last judged by, where that was RUN_FALSE or RUN_TRUE. Sorts out a whole
 * window for a quantile: to be told, not to be watched. */
int64_t run_condition_figure(const struct run_tally *t);

#endif
