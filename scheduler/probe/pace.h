/*
 * What the pacer's two files share: pacer.c has a slot's life, probes.c what is common to all
 * probes of a run.
 */
#ifndef ORDEAL_PROBE_PACE_H
#define ORDEAL_PROBE_PACE_H

#include "scheduler/probe/probe.h"

struct sd_event_source;

struct pace {
	struct prb_probe probe; /* first: the kinds see only this */
	const struct prb_kind *kind;
	struct ord_probes *all;
	size_t index;
	uint64_t first_due, n; /* slot n is the next, due at first_due + n * every */
	struct sd_event_source *due, *deadline;
	struct prb_sample *head, *tail; /* in flight, by due; all have the same time allowed */
	struct prb_sample *idle;
	unsigned in_flight, cap;
	bool armed; /* deadline is */
};

struct ord_probes {
	struct prb_host host; /* first: a kind hands it back */
	uint64_t soonest;     /* the next slot of any probe is not due before */
	struct sd_event_source *spin;
	void (*on_sample)(void *arg, const struct ord_sample *s);
	void *arg;
	size_t n;
	struct pace v[];
};

/* Opens the timers; the kind and the expectations are there. */
int pace_open_timers(struct pace *p, struct ord_err *err);
/* Slot 0 is due at first_due; with a timer, each slot comes of itself. */
int pace_begin(struct pace *p, uint64_t first_due, bool timer, struct ord_err *err);
/* Fires the next slot if it is due; returns when the one after is. */
uint64_t pace_fire_one(struct pace *p, uint64_t now);
/* Ends what is in flight without a word, and frees all samples. */
void pace_close(struct pace *p);

/* What the kinds are given, as struct prb_host says. */
void pace_answered(struct prb_sample *s, enum ord_outcome o, const char *why);
bool pace_keep(struct prb_sample *s, const char *data, size_t n);

#endif
