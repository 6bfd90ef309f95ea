/*
 * Detection by whom `channel` and `mark` lines tell of: alerts, which are so or are not; lines of a
 * log and marks of people, which each stand for themselves. docs/formats/verdicts.md has the rules.
 */
#include "reports/analysis.h"

#include <string.h>

#include "reports/member.h"

struct ear {
	bool ever;   /* it was asked, and answered */
	bool on;     /* its last word before the request */
	bool deaf;   /* it cannot be asked now */
	bool missed; /* it could not be asked at some time since the request */
	uint32_t line, off_line;
	const char *message;
};

void ord_detection_at(struct ord_rep *r, size_t probe, const struct ord_instant *at)
{
	struct ord_detection *d = &r->detections[probe];

	d->kind = ORD_DETECTION_NOTICED;
	d->at = *at;
	d->at.probe = probe;
	if (r->impact.known && r->recovered.known && d->at.lo >= r->recovered.hi)
		d->kind = ORD_DETECTION_TOO_LATE;
	d->before_impact = r->impact.known && d->at.hi <= r->impact.lo;
	d->from_impact = ord_span_between(&r->impact, &d->at);
	d->from_request = ord_span_between(&r->requested, &d->at);
}

struct ord_instant ord_line_instant(const struct ord_event *e)
{
	int64_t lo = ord_member_time(e->json, "lo_t", e->t),
		hi = ord_member_time(e->json, "hi_t", e->t);

	return (struct ord_instant){
		.known = true, .value = hi, .lo = lo < hi ? lo : hi, .hi = hi, .line = e->line};
}

static bool is_of(const struct ord_tl_probe *p, const struct ord_rep *r, const struct ord_event *e)
{
	const char *by = ord_member_text(e->json, "by", "");

	if (p->told == ORD_TOLD_BY_PEOPLE)
		return e->kind == ORD_EVENT_MARK && ord_mark_rep(e, r) &&
		       !strcmp(ord_member_text(e->json, "what", "detected"), "detected") &&
		       (!p->name[4] || !strcmp(p->name + 5, by));
	if (e->kind != ORD_EVENT_CHANNEL || e->rep > r->number ||
	    strcmp(ord_member_text(e->json, "channel", ""), p->name) != 0)
		return false;
	/* A line of an earlier repetition's log says nothing of this one, but that it is read. */
	return p->told == ORD_TOLD_BY_STATE || e->rep == r->number ||
	       !ord_member_true(e->json, "state");
}

/* True: it noticed, after the request. */
static bool hear(const struct ord_tl_probe *p, const struct ord_rep *r, struct ear *ear,
		 const struct ord_event *e)
{
	bool people = p->told == ORD_TOLD_BY_PEOPLE;
	const json_t *state = json_object_get(e->json, "state");
	struct ord_instant at = ord_line_instant(e);
	bool after = at.hi >= r->requested.value, on = people || json_is_true(state);

	if (!people && !json_is_boolean(state)) {
		ear->deaf = true;
		ear->missed |= e->t >= r->requested.value;
		ear->message = ord_member_text(e->json, "message", "");
		return false;
	}
	/* Deaf until now, and so at the request too. */
	ear->missed |= ear->deaf && e->t >= r->requested.value;
	ear->deaf = false;
	ear->ever = true;
	if (on && after)
		return e->rep == r->number || people;
	/* A line of a log has no end: that it is told off says that what was matched is past. */
	if (!after || p->told == ORD_TOLD_BY_EVENTS) {
		ear->on = on;
		ear->line = e->line;
	}
	if (!on)
		ear->off_line = e->line;
	return false;
}

/* An alert of the same name and other labels than those that were so before. */
static bool of_another(const struct ord_event *e)
{
	return ord_member_true(json_object_get(e->json, "detail"), "another");
}

void ord_channel_detect(const struct ord_timeline *t, struct ord_rep *r, size_t channel)
{
	const struct ord_tl_probe *p = &t->probes[channel];
	struct ord_detection *d = &r->detections[channel];
	struct ear ear = {.ever = p->told == ORD_TOLD_BY_PEOPLE};

	d->kind = ORD_DETECTION_NONE;
	for (size_t i = 0; i < t->n_events; i++) {
		const struct ord_event *e = &t->events[i];
		struct ord_instant at;

		if (!is_of(p, r, e) || !hear(p, r, &ear, e))
			continue;
		if (ear.on && p->told != ORD_TOLD_BY_STATE)
			break;
		if (ear.on && !of_another(e))
			continue;
		at = ord_line_instant(e);
		at.lo = at.lo > r->requested.value ? at.lo : r->requested.value;
		at.line_before = ear.off_line;
		ord_detection_at(r, channel, &at);
		d->by = p->told == ORD_TOLD_BY_PEOPLE ? ord_member_text(e->json, "by", "") : NULL;
		return;
	}
	if (ear.on) {
		d->kind = ORD_DETECTION_ALREADY;
		d->at.line = ear.line;
	} else if (!ear.ever || ear.deaf || ear.missed) {
		d->kind = ORD_DETECTION_UNKNOWN;
		d->message = ear.message;
	}
}
