/*
 * What a monitoring system said of a fault, and how long each stage of it took: scraped, evaluated,
 * pending, sent, grouped, notified (docs/formats/verdicts.md). Texts are borrowed from the timeline
 * but where they are arrays.
 */
#ifndef ORDEAL_REPORTS_ALERT_H
#define ORDEAL_REPORTS_ALERT_H

#include "reports/instant.h"

enum ord_stage {
	ORD_STAGE_SCRAPED,  /* the first sample for which the rule's expression was true */
	ORD_STAGE_PENDING,  /* the first evaluation that found it so */
	ORD_STAGE_FIRING,   /* `for` is over, rounded up to the grid of evaluations */
	ORD_STAGE_RECEIVED, /* by the Alertmanager */
	ORD_STAGE_NOTIFIED, /* the webhook was called */
};
#define ORD_STAGES 5

/* Between the stages. The way from received to notified has two: what the configuration makes it
 * wait, and the rest. */
enum ord_leg {
	ORD_LEG_SCRAPE,
	ORD_LEG_EVALUATE,
	ORD_LEG_FOR,
	ORD_LEG_DELIVER,
	ORD_LEG_GROUP_WAIT,
	ORD_LEG_NOTIFY,
};
#define ORD_LEGS 6

/* A source's clock less the run's: between lo and hi. */
struct ord_clock {
	bool known;
	int64_t lo, hi;
	uint32_t line;
};

/* The way of one alert in one repetition. */
struct ord_breakdown {
	const char *alert;
	bool any;	  /* some stage was told */
	bool from_impact; /* legs begin at the impact; else at the fault's request */
	struct ord_instant at[ORD_STAGES]; /* unknown: it was not told */
	struct ord_span leg[ORD_LEGS];	   /* none: one of its ends was not told */
	enum ord_stage reached;		   /* the last that was told; ORD_STAGES: none */
	unsigned untold;		   /* bits of stages before that which were not told */
	int64_t scrape_ns, interval_ns, for_ns, group_wait_ns; /* as configured; -1: not known */
	int64_t for_rounded_ns;	   /* `for`, up to the grid of evaluations; -1: not known */
	int64_t mean_ns, worst_ns; /* to be expected of that configuration; -1: not known */
	bool group_existed; /* it was sooner than group_wait, or waited for the group's tick */
	struct ord_instant suppressed;			/* silenced or inhibited: nobody was told */
	const char *suppressed_by;			/* "" where it was not said */
	struct ord_instant resolved, resolved_notified; /* never a recovery */
	struct ord_clock prometheus, alertmanager;
};

/* A rule as it was read before the fault. */
struct ord_rule {
	const char *alert, *group, *state, *health,
		*can_fire; /* can_fire: "yes", "perhaps", "no" */
	int64_t interval_ns, for_ns, keep_firing_ns, scrape_ns; /* -1: not known */
	int64_t needs_ns, impossible_below_ns;			/* -1: not known */
	bool already;						/* it fired before the fault */
	bool watched;						/* an objective names it */
	uint32_t line;
};

/* An alert that no objective names and that fired after the request. */
struct ord_other_alert {
	const char *alert;
	enum ord_stage stage; /* the first that was told of pending and what comes after */
	struct ord_instant at;
};

/* `ordeal mark`: what a person said, and when. */
enum ord_mark_kind {
	ORD_MARK_DETECTED,
	ORD_MARK_ACKNOWLEDGED,
	ORD_MARK_MITIGATED,
	ORD_MARK_RESOLVED,
	ORD_MARK_OTHER,
};

struct ord_mark {
	enum ord_mark_kind kind;
	const char *what, *by, *note; /* "" where there is none */
	struct ord_instant at;
};

const char *ord_stage_name(enum ord_stage s); /* "firing" */
const char *ord_leg_name(enum ord_leg l);     /* "group wait" */

#endif
