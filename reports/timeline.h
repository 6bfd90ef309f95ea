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
#include "reports/loss.h"
#include "reports/series.h"

struct json_t;

#define ORD_TL_VERSION	1
#define ORD_TL_LIST_MAX 64 /* probes and channels */

/* Who tells of a detection channel that is no probe. */
enum ord_tl_told {
	ORD_TOLD_BY_SAMPLES, /* it is a probe */
	ORD_TOLD_BY_CLUSTER, /* `kube` lines */
	ORD_TOLD_BY_STATE,   /* `channel` lines: an alert is so or is not */
	ORD_TOLD_BY_EVENTS,  /* `channel` lines, each for itself: a line of a log */
	ORD_TOLD_BY_PEOPLE,  /* `mark` lines */
};

struct ord_tl_probe {
	const char *name, *kind, *what; /* borrowed from the plan */
	bool is_signal;
	bool is_channel; /* no probe: a detection channel */
	enum ord_tl_told told;
	bool has_values;		/* its samples carry numbers */
	bool asks_nobody;		/* says what a watch told last: it has no latency */
	int64_t every, timeout, within; /* ns; within 0: none */
};

enum ord_tl_goal {
	ORD_GOAL_DETECT,
	ORD_GOAL_SELF,
	ORD_GOAL_AFTER,
	ORD_GOAL_FULL,
	ORD_GOAL_BUDGET,
	ORD_GOAL_NO_REGRESSION,
};

struct ord_tl_objective {
	const char *text; /* borrowed */
	enum ord_tl_goal goal;
	size_t probe; /* detect: which signal */
	int64_t within, hold;
	struct ord_slo slo;	      /* budget, */
	int64_t below_ppm;	      /* of it */
	const char *metric, *against; /* no_regression, borrowed: "ttr"; a file or a tag, */
	int64_t margin_ppm;
};

enum ord_tl_metric { ORD_TL_OK_RATIO, ORD_TL_LATENCY, ORD_TL_VALUE };
enum ord_tl_op { ORD_TL_LT, ORD_TL_LE, ORD_TL_GT, ORD_TL_GE, ORD_TL_EQ, ORD_TL_NE };

/* A condition of full recovery. */
struct ord_tl_condition {
	const char *text; /* borrowed */
	size_t probe;
	enum ord_tl_metric metric;
	unsigned percent; /* of a latency; 100: the largest */
	enum ord_tl_op op;
	int64_t value, window; /* value: ppm of a ratio, ns of a latency */
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
	ORD_EVENT_BASELINE,
	ORD_EVENT_CHANNEL,
	ORD_EVENT_STAGE,
	ORD_EVENT_RULES,
	ORD_EVENT_CLOCK,
	ORD_EVENT_INJECTION_PHASE,
	ORD_EVENT_SEQUENTIAL,
	ORD_EVENT_POLICY,
};

struct ord_event {
	enum ord_event_kind kind;
	uint32_t rep, line;
	int64_t t;
	struct json_t *json; /* owned */
};

/* The number of a `prom` probe's sample, in millionths. */
struct ord_tl_value {
	uint32_t rep, probe;
	int64_t done, micro;
};

#define ORD_TRACE_DIGITS 32

/* The trace that a bad sample began (W3C Trace Context). */
struct ord_tl_trace {
	uint32_t line;
	char id[ORD_TRACE_DIGITS + 1];
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
	struct ord_tl_condition *full;
	size_t n_full;
	struct ord_tl_value *values; /* owned, by `done` */
	size_t n_values, room_values;
	bool has_slo;
	struct ord_slo slo;
	uint32_t repetitions; /* planned, or after which it was ended early; without the placebo */
	uint32_t planned;
	uint32_t early_line; /* that says so; 0: it was not ended early */
	bool placebo, expect_impact;
	int64_t wall_ns, mono_ns, recovery;
	struct ord_series *series; /* [(repetitions + 1) * n_probes], 0 is the placebo */
	struct ord_event *events;
	size_t n_events, room_events;
	char *why[256]; /* texts of bad samples, interned; [255]: others */
	size_t n_why;
	struct ord_tl_trace *traces; /* owned: of bad samples, the first so many, by line */
	size_t n_traces;
	uint32_t lines, ignored; /* ignored: lines of a type that this version does not know */
	size_t n_samples;
	uint32_t rep_now; /* the latest that has samples */
	bool torn;	  /* the last line was cut off and left out */
	int64_t last_t;	  /* the latest instant seen */
	bool ended;
};

/* Reads a timeline to its end, in memory bounded by its number of samples. */
int ord_timeline_read(FILE *in, struct ord_timeline *ret, struct ord_err *err);
void ord_timeline_done(struct ord_timeline *t); /* fine on a zeroed struct */

/* Reads the plan of the first line into the plain arrays (plan.c). */
int ord_timeline_plan(struct ord_timeline *t, struct ord_err *err);
/* The same, chunk bytes at a time; quick: sample lines need not go through the JSON parser. Both
 * are tested to make no difference. */
int ord_timeline_read_by(FILE *in, size_t chunk, bool quick, struct ord_timeline *ret,
			 struct ord_err *err);
uint8_t ord_timeline_why(struct ord_timeline *t, const char *text, size_t len);
/* Keeps the trace of a bad sample, of 32 digits; of others, and beyond a limit, nothing. -1: no
 * memory. */
int ord_timeline_trace(struct ord_timeline *t, const struct ord_sample *s, const char *digits);
/* NULL: none is known. */
const char *ord_timeline_trace_of(const struct ord_timeline *t, uint32_t line);
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
