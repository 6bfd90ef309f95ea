/*
 * Probes: what is observed, on an absolute schedule. Slot n of a probe is due at t0 + phase + n *
 * every whatever became of the slots before it (open loop), and latency is counted from there.
 */
#ifndef ORDEAL_PROBE_H
#define ORDEAL_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"
#include "ordeal/spec.h"

struct sd_event;

enum ord_outcome {
	ORD_OUTCOME_OK,
	ORD_OUTCOME_WRONG,   /* it answered, but an expectation does not hold */
	ORD_OUTCOME_REFUSED, /* no connection: refused, no route, no such name */
	ORD_OUTCOME_RESET,   /* the connection broke */
	ORD_OUTCOME_TIMEOUT,
	ORD_OUTCOME_SKIPPED, /* not sent: too many in flight, or we were too late. Unknown, not bad
			      */
	ORD_OUTCOME_LOCAL_ERROR, /* we could not ask (descriptors, memory, ports). Unknown, not bad
				  */
};

#define ORD_WHY_MAX 160

/* One slot, decided. Instants are CLOCK_MONOTONIC. */
struct ord_sample {
	size_t probe; /* index */
	uint64_t n;   /* slot */
	uint64_t due, sent, done;
	uint64_t first; /* first byte of the answer, 0: none */
	uint64_t since; /* kube: arrival of the change that made the state what it is, 0: none */
	enum ord_outcome outcome;
	uint16_t status;       /* http: of the answer; 0: none */
	char value[32];	       /* prom: the number as it was given; "" none */
	uint64_t age_ns;       /* of value */
	uint64_t trace[2];     /* http: the id of the trace that it began; 0: none */
	char why[ORD_WHY_MAX]; /* "" when ok */
};

const char *ord_outcome_name(enum ord_outcome o); /* as in the timeline */

static inline bool ord_sample_known(const struct ord_sample *s)
{
	return s->outcome != ORD_OUTCOME_SKIPPED && s->outcome != ORD_OUTCOME_LOCAL_ERROR;
}

static inline bool ord_sample_good(const struct ord_sample *s)
{
	return s->outcome == ORD_OUTCOME_OK;
}

struct ord_probes;

/* Where probes of kind `kube` come from: the cluster's module (ord_cluster_probes), which this
 * library does not link. */
struct prb_kind;
struct ord_probe_source {
	const struct prb_kind *kind;
	void *cluster;
	/* Those of kind `prom`: the monitor's module (ord_monitor_probes), and the server that is
	 * asked where a probe names none. */
	const struct prb_kind *prom;
	const struct ord_source_spec *prometheus;
};

/*
 * Opens every probe on the loop; nothing is sent yet. specs is borrowed until the free; source may
 * be NULL where no probe is of such a kind. on_sample is called once for each slot, in the order in
 * which they are decided; it must not free the probes.
 */
int ord_probes_open(const struct ord_probe_spec *specs, size_t n, struct sd_event *loop,
		    const struct ord_probe_source *source,
		    void (*on_sample)(void *arg, const struct ord_sample *s), void *arg,
		    struct ord_probes **ret, struct ord_err *err);
/* What the ids of traces are made from, so that they can be computed again of a timeline: the same
 * for the same seed, run, probe and slot, and of no other run's. Without it they are random. */
void ord_probes_trace(struct ord_probes *probes, uint64_t seed, const char *run);
/* Begins; slot 0 of the first probe is due at t0 (CLOCK_MONOTONIC), those of the others spread over
 * their periods. */
int ord_probes_start(struct ord_probes *probes, uint64_t t0, struct ord_err *err);
/* Ends what is in flight without a word; NULL is fine. */
void ord_probes_free(struct ord_probes *probes);

#endif
