/*
 * A timeline in memory: samples in series (series.h), one a probe and repetition, everything else
 * as it stood in the file with its line number. docs/formats/timeline.md is the format.
 */
#ifndef ORDEAL_REPORTS_TIMELINE_H
#define ORDEAL_REPORTS_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ordeal/err.h"
#include "reports/series.h"

struct json_t;

#define ORD_TL_VERSION 1

struct ord_tl_probe {
	const char *name, *kind, *what; /* borrowed from the plan */
	bool is_signal;
	bool is_channel;  /* no probe: a detection channel of the cluster, told by `kube` lines */
	bool asks_nobody; /* says what a watch told last: it has no latency */
	int64_t every, timeout, within; /* ns; within 0: none */
};

enum ord_tl_goal { ORD_GOAL_DETECT, ORD_GOAL_SELF, ORD_GOAL_AFTER };

struct ord_tl_objective {
	const char *text; /* borrowed */
	enum ord_tl_goal goal;
	size_t probe; /* detect: which signal */
	int64_t within, hold;
};

struct ord_tl_fault {
	const char *name, *fault, *guarantee;
	struct json_t *json; /* borrowed from the plan */
	int64_t at, hold;
};

enum ord_event_kind {
	ORD_EVENT_RESOLVED,
	ORD_EVENT_PHASE,
	ORD_EVENT_FAULT,
	ORD_EVENT_STEADY,
	ORD_EVENT_ABORT,
	ORD_EVENT_MARK,
	ORD_EVENT_NOTE,
	ORD_EVENT_END,
	ORD_EVENT_KUBE,
};

struct ord_event {
	enum ord_event_kind kind;
	uint32_t rep, line;
	int64_t t;
	struct json_t *json; /* owned */
};

struct ord_timeline {
	struct json_t *run;  /* owned: the first line */
	struct json_t *plan; /* borrowed from it */
	const char *name;
	struct ord_tl_probe *probes;
	size_t n_probes;
	struct ord_tl_objective *objectives;
	size_t n_objectives;
	struct ord_tl_fault *faults;
	size_t n_faults;
	uint32_t repetitions; /* planned, without the placebo */
	bool placebo, expect_impact;
	int64_t wall_ns, mono_ns, recovery;
	struct ord_series *series; /* [(repetitions + 1) * n_probes], 0 is the placebo */
	struct ord_event *events;
	size_t n_events, room_events;
	char *why[256]; /* texts of bad samples, interned; [255]: others */
	size_t n_why;
	uint32_t lines, ignored; /* ignored: lines of a type that this version does not know */
	size_t n_samples;
	bool torn;	/* the last line was cut off and left out */
	int64_t last_t; /* the latest instant seen */
	bool ended;
};

/* Reads a timeline to its end, in memory bounded by its number of samples. */
int ord_timeline_read(FILE *in, struct ord_timeline *ret, struct ord_err *err);
void ord_timeline_done(struct ord_timeline *t); /* fine on a zeroed struct */

/* Reads the plan of the first line into the plain arrays (plan.c). */
int ord_timeline_plan(struct ord_timeline *t, struct ord_err *err);
/* Adds one sample line that has the writer's own shape, without building JSON (scan.c). False: not
 * that shape. */
bool ord_timeline_scan(struct ord_timeline *t, const char *line, size_t len, int *ret_error);
/* since: a kube probe's; where the change that it shows arrived after the sample before, it stands
 * at that arrival. 0: none. */
int ord_timeline_add(struct ord_timeline *t, uint32_t rep, size_t probe, const struct ord_sample *s,
		     int64_t since);
uint8_t ord_timeline_why(struct ord_timeline *t, const char *text, size_t len);
/* The index of a probe; n_probes: there is none. */
size_t ord_timeline_probe(const struct ord_timeline *t, const char *name, size_t len);
/* -1: not an outcome. */
int ord_tl_outcome_parse(const char *text, size_t len);
const char *ord_tl_outcome_name(enum ord_tl_outcome o);

static inline struct ord_series *ord_timeline_series(const struct ord_timeline *t, uint32_t rep,
						     size_t probe)
{
	return &t->series[(size_t)rep * t->n_probes + probe];
}

#endif
