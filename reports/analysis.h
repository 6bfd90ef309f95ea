/*
 * What a timeline says: instants as intervals with the lines that prove them, outcomes of
 * objectives, and the verdict. Plain data; texts that are not arrays are borrowed from the
 * timeline. The rules: docs/formats/verdicts.md.
 */
#ifndef ORDEAL_REPORTS_ANALYSIS_H
#define ORDEAL_REPORTS_ANALYSIS_H

#include "reports/alert.h"
#include "reports/early.h"
#include "reports/instant.h"
#include "reports/loss.h"
#include "reports/timeline.h"

enum ord_detection_kind {
	ORD_DETECTION_NONE, /* never noticed while it was watched */
	ORD_DETECTION_NOTICED,
	ORD_DETECTION_ALREADY,	/* noticing before the fault: not a detection */
	ORD_DETECTION_TOO_LATE, /* noticed, but only after the users were well again */
	ORD_DETECTION_UNKNOWN,	/* no sample to tell from, or it could not be asked */
};

struct ord_detection {
	enum ord_detection_kind kind;
	bool before_impact;
	struct ord_instant at;
	struct ord_span from_impact, from_request;
	const char *message; /* unknown: why it could not be asked, borrowed; NULL: not said */
	const char *by;	     /* a person's role, borrowed; NULL: no person's */
};

enum ord_result {
	ORD_RESULT_MET,
	ORD_RESULT_MISSED,
	ORD_RESULT_INCONCLUSIVE,
	ORD_RESULT_NOT_APPLICABLE,
	ORD_RESULT_NOT_MEASURED, /* the repetition did not get that far */
};

struct ord_goal_result {
	enum ord_result result;
	struct ord_span span;
	struct ord_budget budget; /* of a budget objective */
	char why[200];
};

/* What a fault did to one object, as its injector told at once. Texts are borrowed. */
struct ord_act {
	const char *what, *kind, *ns, *name, *uid, *detail;
	int64_t at;
	uint32_t line;
};

struct ord_fault_result {
	struct ord_instant requested, in_force, reverting, cleared;
	bool failed, lost, no_traffic;
	bool unfelt;	      /* whether it is felt cannot be read back */
	const char *by;	      /* who took it back, "" where nobody did */
	struct ord_span over; /* how long it stood past its end, where that was long */
	struct ord_act *acts; /* owned */
	size_t n_acts, room_acts;
	bool undoable; /* false: class none, nothing to take away */
	bool has_residue;
	int64_t residue;					      /* -1: not applicable */
	const char *message, *at, *code, *cause, *engine, *guarantee; /* "" where there is none */
	struct json_t *objects, *notes, *left, *figures,
		*place;	     /* borrowed, NULL where there is none */
	struct json_t *kept; /* owned: texts on what of another's change stayed; NULL: nothing */
	bool no_memory;	     /* for all acts and texts */
	uint32_t failed_line;
};

/* The samples of one probe in one part of a repetition. */
struct ord_part {
	size_t good, bad, unknown;
	size_t by_outcome[ORD_TL_OUTCOMES];
	int64_t p50, p95, p99, max; /* latency of decided samples; -1: too few for that claim */
};

enum ord_part_kind { ORD_PART_BEFORE, ORD_PART_DURING, ORD_PART_AFTER };
#define ORD_PARTS 3

/* From the deletion of a pod to the first answer that its replacement may have given. */
enum ord_life_step {
	ORD_LIFE_DELETED, /* asked for */
	ORD_LIFE_CREATED,
	ORD_LIFE_SCHEDULED,
	ORD_LIFE_PULLED,
	ORD_LIFE_STARTED,
	ORD_LIFE_READY,
	ORD_LIFE_ENDPOINT,
	ORD_LIFE_ANSWER,
};
#define ORD_LIFE_STEPS 8

/* What stood in the way of a pod. Texts are borrowed, "" where there is none. */
struct ord_hindrance {
	const char *reason, *message; /* "ImagePullBackOff" */
	int64_t at;
	uint32_t line; /* 0: nothing was told */
};

/* A pod that was hit, and the one that came in its place. Texts are borrowed, "" where there is
 * none. */
struct ord_life {
	const char *ns, *victim, *victim_uid, *replacement, *replacement_uid, *workload, *owner;
	struct ord_instant at[ORD_LIFE_STEPS], gone; /* gone: the victim's object */
	const struct ord_event *by[ORD_LIFE_STEPS];  /* the `kube` line of each; NULL: none */
	unsigned odd;		  /* bits of the steps whose stamp contradicts the arrivals */
	struct ord_hindrance why; /* the last word of why it was not ready when the watch ended, */
	bool by_event;		  /* and whether an Event said it */
	enum ord_life_step
		missing; /* the first step that was not reached; ORD_LIFE_STEPS: it was ready */
	struct ord_span ready, /* deleted to ready, */
		serving;       /* and to its place in an EndpointSlice */
};

/* A workload that had fewer available than it had wanted before the fault. */
struct ord_dip {
	const char *ns, *kind, *name, *uid;
	int64_t wanted, least;
	bool hit;			       /* a target, or the workload of one */
	struct ord_instant below, again, last; /* last: what was told of it last */
	struct ord_span down;
};

/* Whether somebody is the fault's own (docs/formats/verdicts.md), and why. */
enum ord_whose {
	ORD_WHOSE_NOBODYS, /* a bystander */
	ORD_WHOSE_TARGET,  /* chosen, or acted upon */
	ORD_WHOSE_WORKLOAD,
	ORD_WHOSE_POD,	       /* of a workload that is a target */
	ORD_WHOSE_REPLACEMENT, /* of one that was hit */
};

/* One thing that went wrong with somebody, as often as it did. */
struct ord_also {
	const char *what, *kind, *ns, *name, *detail; /* borrowed */
	size_t n, before;			      /* from the fault on; and before it */
	int64_t first, last;
	uint32_t line;
	enum ord_whose whose;
};
#define ORD_ALSO_MAX 200

struct ord_troubles {
	struct ord_also *v; /* owned, ORD_ALSO_MAX of them */
	size_t n, more;	    /* more: left out */
};

/* Times at which a watch did not see: it was broken, or never allowed. Texts are borrowed. */
struct ord_blind {
	const char *kind, *ns, *why; /* why "": the stream broke */
	int64_t from, to;
	bool open; /* until the end of the repetition, as far as is known */
	uint32_t line;
};

enum ord_rep_state {
	ORD_REP_ABSENT, /* planned, never begun */
	ORD_REP_MEASURED,
	ORD_REP_INVALID,    /* the users were hit before the fault was */
	ORD_REP_NO_TRAFFIC, /* the fault was in force and matched nothing */
	ORD_REP_NO_STEADY,  /* the steady state did not hold, nothing was injected */
	ORD_REP_FAULT,	    /* the fault did not get in force, or was lost */
	ORD_REP_TAKEN_BACK, /* somebody else undid the fault */
	ORD_REP_UNFELT,	    /* accepted; nobody can tell whether it was in force */
	ORD_REP_ABORTED,
	ORD_REP_LOST_PROBE, /* a probe told nothing while the fault was in force */
	ORD_REP_CUT,	    /* the timeline ends in the middle */
};

/* The onset by the rule (the first bad sample) beside the one by segmentation of the series. */
enum ord_onset {
	ORD_ONSET_NOT_COMPARED, /* too few samples */
	ORD_ONSET_NEITHER,
	ORD_ONSET_AGREES,	 /* within two periods */
	ORD_ONSET_DIFFERS,	 /* a warning */
	ORD_ONSET_ONLY_RULE,	 /* too short for a segment */
	ORD_ONSET_ONLY_SEGMENTS, /* a change that broke no limit */
};

enum ord_tri { ORD_UNKNOWN, ORD_YES, ORD_NO };

struct ord_rep {
	uint32_t number; /* 0: the placebo */
	enum ord_rep_state state;
	char why[240];
	int64_t begin, end; /* first and last instant */
	int64_t zero;	    /* t of "0 s" in charts: the fault's request, or the beginning */
	uint32_t begin_line;
	struct ord_instant requested, in_force, impact, rollback, cleared, recovered;
	bool undoable;	     /* some fault of it can be taken away */
	bool recovered_self; /* of `recovered`: while the fault was in force */
	struct ord_span self, after;
	struct ord_span bad_time; /* impact to recovered, whichever way: what the users felt */
	size_t flaps, noise;
	enum ord_tri steady_before, steady_after;
	uint32_t steady_before_line, steady_after_line;
	struct json_t *steady_before_json, *steady_after_json; /* conditions, borrowed */
	struct ord_detection *detections;		       /* [n_probes], signals only */
	struct ord_goal_result *goals;			       /* [n_objectives] */
	struct ord_fault_result *faults;		       /* [n_faults] */
	struct ord_part *parts;				       /* [n_probes * ORD_PARTS] */
	struct ord_life *lives;				       /* owned; so are the next two */
	struct ord_dip *dips;
	struct ord_blind *blind;
	size_t n_lives, n_dips, n_blind;
	struct ord_troubles also, own; /* of bystanders; of the fault's own */
	struct ord_instant full;       /* all conditions of full recovery hold from there on */
	struct ord_span full_span;     /* impact to full */
	struct ord_loss loss;
	struct ord_budget budget; /* by the spec's `slo` */
	struct ord_instant onset_segmented, recovered_segmented;
	enum ord_onset onset;
	struct ord_breakdown *breakdowns; /* owned, [n_alerts] */
	struct ord_other_alert *others;	  /* owned */
	struct ord_mark *marks;		  /* owned, in the order in which they were made */
	size_t n_others, n_marks;
	struct ord_span acknowledge, /* the first detection to the acknowledgement */
		mitigate, resolve;   /* impact to what a person said */
	struct ord_instant phase;    /* the random wait before the fault began; its length: */
	int64_t phase_wait, phase_over;
	const char
		*informative; /* why an end that censors is no accident of it; NULL: it is none */
};

struct ord_goal_summary {
	enum ord_result result;
	size_t met, missed, inconclusive, not_applicable, not_measured;
	size_t n, never; /* repetitions with a figure or a censored one; those censored */
	bool has_median, has_worst; /* worst: the largest known figure */
	int64_t median, worst;
	char why[240];
};

/* A repetition's figure; of those that have one, in the order in which they were run. */
struct ord_point {
	uint32_t rep;
	int64_t value;
	bool censored, informative; /* informative: the run was ended because of what was seen */
};

/* A step of Kaplan and Meier's curve. The band is log-log, 95 %; lo and hi NaN where there is none.
 */
struct ord_step {
	int64_t t;
	size_t at_risk, events;
	double s, lo, hi;
};

/* One figure over the repetitions, without the placebo. Self-healing and after rollback are never
 * pooled. */
struct ord_summary {
	size_t n, never;
	bool has_median, has_worst;
	int64_t median, worst;
	bool has_lo, has_hi; /* of the median's 95 % interval; hi may not be reached */
	int64_t median_lo, median_hi;
	size_t need;	      /* repetitions for an interval of the median; 0: there are enough */
	int64_t rmst, tau;    /* mean time lost within the first tau; tau 0: none */
	size_t n_informative; /* censored because of what was seen: the curve may be too good */
	struct ord_point *points; /* owned, [n] */
	struct ord_step *steps;	  /* owned */
	size_t n_steps;
};

struct ord_regression;

/* What every format shows as a warning. */
struct ord_warning {
	uint32_t rep, line; /* 0: of the run; no line */
	char text[240];
};

struct ord_analysis {
	const struct ord_timeline *t; /* borrowed */
	struct ord_rep *reps;	      /* [repetitions + 1], by number */
	struct ord_goal_summary *goals;
	struct ord_summary self, after, bad_time, full;
	struct ord_summary acknowledge, mitigate;
	struct ord_summary pods; /* of every pod that was hit: deleted to its replacement's ready */
	struct ord_summary *detect;	/* [n_probes] from impact */
	struct ord_budget_total budget; /* by the spec's `slo` */
	enum ord_result steady_before, steady_after;
	size_t measured, with_impact; /* of the repetitions, without the placebo */
	size_t noise_bad,
		noise_total; /* background: bad and decided user samples without a fault */
	bool placebo_impact;
	char **alerts; /* owned list of owned names: those that objectives name */
	size_t n_alerts;
	struct ord_rule *rules; /* owned: as they were read first, before the first fault */
	size_t n_rules;
	int64_t group_wait, group_interval, repeat_interval; /* the Alertmanager's; -1: not known */
	struct ord_early early;
	struct ord_regression *regressions; /* owned (reports/compare.h) */
	size_t n_regressions;
	struct ord_warning *warnings; /* owned */
	size_t n_warnings, room_warnings;
	bool no_memory;		/* for a warning: the analysis fails in the end */
	int64_t hold;		/* the hold window of the headline figures */
	int64_t residue;	/* in all; -1: not applicable or nothing was injected */
	int64_t events_dropped; /* of the cluster's Events, which were too many */
	uint32_t residue_line;
	uint32_t abort_line, end_line;
	const char *end_cause, *end_text, *abort_text;
	int exit;
	char verdict[320];
};

/* Pure; marks background failures in the samples. *ret borrows the timeline. */
int ord_analyse(struct ord_timeline *t, struct ord_analysis *ret, struct ord_err *err);
void ord_analysis_done(struct ord_analysis *a);

const char *ord_result_name(enum ord_result r);	      /* "met" */
const char *ord_rep_state_name(enum ord_rep_state s); /* "measured" */
const char *ord_onset_name(enum ord_onset o);	      /* "agrees" */

/* The steps of ord_analyse, one file each. */
void ord_analyse_noise(struct ord_timeline *t, struct ord_analysis *a);
int ord_analyse_faults(const struct ord_timeline *t, struct ord_analysis *a, struct ord_err *err);
void ord_analyse_impact(const struct ord_timeline *t, struct ord_rep *r);
/*
 * The first run of good samples of all user probes that was held for hold and reaches beyond
 * `from`; good samples not done, and bad ones not sent, after `until` say nothing. Unknown where
 * there is none; *ret_watched: until when it was watched.
 */
struct ord_instant ord_analyse_recovery(const struct ord_timeline *t, const struct ord_rep *r,
					int64_t hold, int64_t from, int64_t until,
					int64_t *ret_watched);
/* What was seen in a cluster: lives, dips, what else happened, and when nothing was seen (kube*.c).
 */
int ord_analyse_kube(const struct ord_timeline *t, struct ord_rep *r, struct ord_err *err);
void ord_kube_detect(const struct ord_timeline *t, struct ord_rep *r, size_t channel);
const char *ord_life_name(enum ord_life_step s); /* "created" */
const char *ord_whose_name(enum ord_whose w);	 /* "replacement" */
/* It noticed then: sets detection `probe` and what follows from it. */
void ord_detection_at(struct ord_rep *r, size_t probe, const struct ord_instant *at);
/* The channels that `channel` and `mark` lines tell of. */
void ord_channel_detect(const struct ord_timeline *t, struct ord_rep *r, size_t channel);
struct ord_instant ord_line_instant(const struct ord_event *e);	       /* lo_t to hi_t, or t */
bool ord_mark_rep(const struct ord_event *e, const struct ord_rep *r); /* whose a mark is */
/* Names the alerts of the objectives and reads the rules, before any repetition. */
int ord_analyse_alerts(const struct ord_timeline *t, struct ord_analysis *a, struct ord_err *err);
/* The index in a->alerts; n_alerts: none. */
size_t ord_alert_index(const struct ord_analysis *a, const char *name, size_t len);
int ord_analyse_breakdown(struct ord_analysis *a, struct ord_rep *r, struct ord_err *err);
/* Onset and recovery by segmentation, beside those of the rules. */
int ord_analyse_onset(struct ord_analysis *a, struct ord_rep *r, struct ord_err *err);
/* Fills r->loss, and the budgets of r and of its objectives. */
int ord_analyse_loss(struct ord_analysis *a, struct ord_rep *r, struct ord_err *err);
/* Full recovery, held for so long; untouched where the plan has none or there was no impact. */
int ord_analyse_full(const struct ord_timeline *t, const struct ord_rep *r, int64_t hold,
		     struct ord_instant *ret, struct ord_span *ret_span, struct ord_err *err);
int ord_analyse_marks(const struct ord_timeline *t, struct ord_rep *r, struct ord_err *err);
void ord_analyse_rep(const struct ord_timeline *t, struct ord_rep *r);
void ord_analyse_goal(const struct ord_analysis *a, struct ord_rep *r, size_t goal);
int ord_analyse_parts(const struct ord_timeline *t, struct ord_analysis *a, struct ord_err *err);
int ord_analyse_summaries(struct ord_analysis *a, struct ord_err *err);
void ord_analyse_verdict(struct ord_analysis *a);
void ord_analyse_early(struct ord_analysis *a);
/* A warning for every format; one that finds no room is left out. rep 0, line 0: of the run. */
__attribute__((format(printf, 4, 5))) void ord_warn(struct ord_analysis *a, uint32_t rep,
						    uint32_t line, const char *fmt, ...);
/* Until when self-healing can be told: the rollback, or the end where there is nothing to roll
 * back. */
int64_t ord_rep_self_until(const struct ord_rep *r);
/* The hold window of the figures in headlines: the longest of the recover objectives, 1 s without
 * one. */
int64_t ord_headline_hold(const struct ord_timeline *t);

/* One figure of a repetition; which: of several, as goals are. */
typedef const struct ord_span *ord_span_fn(const struct ord_rep *r, size_t which);
const struct ord_span *ord_rep_self(const struct ord_rep *r, size_t which);
const struct ord_span *ord_rep_after(const struct ord_rep *r, size_t which);

#endif
