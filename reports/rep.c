/* One repetition: its state, its detections, its two kinds of recovery. */
#include "reports/analysis.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "reports/write/text.h"

int64_t ord_headline_hold(const struct ord_timeline *t)
{
	int64_t hold = 0;

	for (size_t i = 0; i < t->n_objectives; i++)
		if (t->objectives[i].goal != ORD_GOAL_DETECT && t->objectives[i].hold > hold)
			hold = t->objectives[i].hold;
	return hold ? hold : (int64_t)ORD_S;
}

int64_t ord_rep_self_until(const struct ord_rep *r)
{
	return r->rollback.known ? r->rollback.value : INT64_MAX;
}

static bool set_state(struct ord_rep *r, enum ord_rep_state s, const char *why)
{
	r->state = s;
	(void)snprintf(r->why, sizeof r->why, "%s", why);
	return true;
}

static bool fault_trouble(const struct ord_timeline *t, struct ord_rep *r)
{
	for (size_t i = 0; r->number && i < t->n_faults; i++) {
		const struct ord_fault_result *f = &r->faults[i];

		if (!f->failed && !f->lost)
			continue;
		r->state = ORD_REP_FAULT;
		(void)snprintf(r->why, sizeof r->why, "%.40s %s%s%.12s: %.140s (line %u)",
			       t->faults[i].name, f->failed ? "failed" : "was lost",
			       f->at[0] ? " at " : "", f->at, f->message, f->failed_line);
		return true;
	}
	return false;
}

/* A user probe that told nothing from the fault's request on. */
static bool probe_lost(const struct ord_timeline *t, struct ord_rep *r)
{
	for (size_t p = 0; p < t->n_probes; p++) {
		struct ord_cursor c;
		struct ord_sample s;
		bool told = false;

		if (t->probes[p].is_signal)
			continue;
		ord_cursor_begin(ord_timeline_series(t, r->number, p), &c);
		(void)ord_cursor_seek_sent(&c, r->requested.value);
		while (!told && ord_cursor_next(&c, &s))
			told = s.state != ORD_SAMPLE_UNKNOWN;
		if (told)
			continue;
		r->state = ORD_REP_LOST_PROBE;
		(void)snprintf(r->why, sizeof r->why,
			       "'%.64s' told nothing after the fault was requested",
			       t->probes[p].name);
		return true;
	}
	return false;
}

static bool taken_back(const struct ord_timeline *t, struct ord_rep *r)
{
	char text[ORD_TEXT];

	for (size_t i = 0; r->number && i < t->n_faults; i++) {
		const struct ord_fault_result *f = &r->faults[i];
		struct ord_span held = ord_span_between(&f->in_force, &f->reverting);

		if (strcmp(f->cause, "taken-back") != 0)
			continue;
		r->state = ORD_REP_TAKEN_BACK;
		(void)snprintf(r->why, sizeof r->why,
			       "%.40s was taken back by %.80s after %s (line %u)",
			       t->faults[i].name, *f->by ? f->by : "somebody else",
			       ord_text_duration(held.value, text), f->reverting.line);
		return true;
	}
	return false;
}

static void find_state(const struct ord_timeline *t, struct ord_rep *r)
{
	bool silent = false;

	for (size_t i = 0; i < t->n_faults; i++) {
		silent |= r->faults[i].no_traffic;
	}
	if (!r->begin_line) {
		set_state(r, ORD_REP_ABSENT, "planned, not run");
		return;
	}
	if (fault_trouble(t, r))
		return;
	if (r->state == ORD_REP_ABORTED) {
		set_state(r, ORD_REP_ABORTED, "aborted");
		return;
	}
	r->state = ORD_REP_MEASURED;
	if (!r->requested.known && r->steady_before != ORD_YES && r->steady_before_line)
		set_state(r, ORD_REP_NO_STEADY,
			  "the steady state did not hold; nothing was injected");
	else if (!r->requested.known || (r->undoable && !r->cleared.known && r->number))
		set_state(r, ORD_REP_CUT, "the timeline ends in the middle of it");
	else if (taken_back(t, r) || (r->number && probe_lost(t, r)))
		return;
	else if (silent && r->number)
		set_state(r, ORD_REP_NO_TRAFFIC,
			  "the fault was in force and no traffic matched it");
}

static void detect(const struct ord_timeline *t, struct ord_rep *r, size_t p)
{
	struct ord_sample s, off = {0}, before = {.state = ORD_SAMPLE_UNKNOWN};
	struct ord_detection *d = &r->detections[p];
	struct ord_instant at;
	struct ord_cursor c;
	bool noticed = false, after = false;

	d->kind = ORD_DETECTION_UNKNOWN;
	ord_cursor_begin(ord_timeline_series(t, r->number, p), &c);
	while (!noticed && ord_cursor_next(&c, &s)) {
		if (s.state == ORD_SAMPLE_UNKNOWN)
			continue;
		if (s.done < r->requested.value)
			before = s;
		else
			after = true;
		if (s.state == ORD_SAMPLE_BAD)
			off = s;
		else
			noticed = s.done >= r->requested.value;
	}
	if (before.state == ORD_SAMPLE_GOOD) {
		d->kind = ORD_DETECTION_ALREADY;
		d->at.line = before.line;
		return;
	}
	if (after)
		d->kind = ORD_DETECTION_NONE;
	if (!noticed)
		return;
	at = (struct ord_instant){.known = true,
				  .value = s.done,
				  .hi = s.done,
				  .line = s.line,
				  .lo = r->requested.value,
				  .line_before = off.line};
	if (off.sent > at.lo)
		at.lo = off.sent;
	if (at.lo > at.hi)
		at.lo = at.hi;
	ord_detection_at(r, p, &at);
}

static void recover(const struct ord_timeline *t, struct ord_rep *r)
{
	int64_t hold = ord_headline_hold(t), until = ord_rep_self_until(r), watched = 0;
	struct ord_instant self, after;

	if (!r->impact.known)
		return;
	self = ord_analyse_recovery(t, r, hold, r->impact.lo, until, &watched);
	if (r->impact.lo < until)
		r->self = self.known ? ord_span_between(&r->impact, &self)
				     : ord_span_censored(&r->impact, watched);
	after = ord_analyse_recovery(t, r, hold, r->impact.lo, INT64_MAX, &watched);
	r->recovered = self.known ? self : after;
	r->recovered_self = self.known;
	r->bad_time = r->recovered.known ? ord_span_between(&r->impact, &r->recovered)
					 : ord_span_censored(&r->impact, watched);
	if (!r->cleared.known)
		return;
	after = ord_analyse_recovery(t, r, hold, r->cleared.lo, INT64_MAX, &watched);
	if (!after.known)
		r->after = ord_span_censored(&r->cleared, watched);
	else if (after.value > r->rollback.value)
		r->after = ord_span_between(&r->cleared, &after);
}

static size_t flaps(const struct ord_timeline *t, const struct ord_rep *r)
{
	size_t n = 0;

	for (size_t p = 0; r->recovered.known && p < t->n_probes; p++) {
		struct ord_cursor c;
		struct ord_sample s;
		bool good = true;

		if (t->probes[p].is_signal)
			continue;
		ord_cursor_begin(ord_timeline_series(t, r->number, p), &c);
		(void)ord_cursor_seek_sent(&c, r->recovered.value + 1);
		for (;;) {
			const struct ord_block *b = ord_cursor_block(&c);
			enum ord_sample_state state;

			if (b && !b->by_state[ORD_SAMPLE_BAD]) {
				good |= b->by_state[ORD_SAMPLE_GOOD] > 0;
				ord_cursor_skip(&c, b);
				continue;
			}
			if (!ord_cursor_next(&c, &s))
				break;
			state = ord_sample_counts(&s);
			if (state == ORD_SAMPLE_UNKNOWN)
				continue;
			n += good && state == ORD_SAMPLE_BAD;
			good = state == ORD_SAMPLE_GOOD;
		}
	}
	return n;
}

static void extent(const struct ord_timeline *t, struct ord_rep *r)
{
	bool any = r->begin_line != 0;

	for (size_t p = 0; p < t->n_probes; p++) {
		const struct ord_series *q = ord_timeline_series(t, r->number, p);

		for (size_t i = 0; i < q->n; i += ORD_BLOCK) {
			const struct ord_block *b = ord_series_block(q, i);

			r->noise += b->noise;
			if (!any || b->sent_first < r->begin)
				r->begin = b->sent_first;
			if (b->done_max > r->end)
				r->end = b->done_max;
			any = true;
		}
	}
	r->zero = r->requested.known ? r->requested.value : r->begin;
}

/* Whether it was in force at all only a probe could have told, and none did. */
static void unfelt(const struct ord_timeline *t, struct ord_rep *r)
{
	for (size_t i = 0; i < t->n_faults; i++)
		if (r->faults[i].unfelt) {
			r->state = ORD_REP_UNFELT;
			(void)snprintf(r->why, sizeof r->why,
				       "%.40s: accepted, effect not observed: no probe felt it",
				       t->faults[i].name);
		}
}

/* Not noticed before the users were well again: at least until then, and no time to detect. */
static void not_detected(struct ord_rep *r, struct ord_detection *d)
{
	if (r->impact.known && (d->kind == ORD_DETECTION_NONE || d->kind == ORD_DETECTION_TOO_LATE))
		d->from_impact = ord_span_censored(&r->impact,
						   r->recovered.known ? r->recovered.lo : r->end);
}

void ord_analyse_rep(const struct ord_timeline *t, struct ord_rep *r)
{
	extent(t, r);
	find_state(t, r);
	if (!r->requested.known)
		return;
	ord_analyse_impact(t, r);
	if (r->state == ORD_REP_MEASURED && r->number && !r->impact.known)
		unfelt(t, r);
	recover(t, r);
	r->flaps = flaps(t, r);
	for (size_t p = 0; p < t->n_probes; p++) {
		if (t->probes[p].told == ORD_TOLD_BY_CLUSTER)
			ord_kube_detect(t, r, p);
		else if (t->probes[p].is_channel)
			ord_channel_detect(t, r, p);
		else if (t->probes[p].is_signal)
			detect(t, r, p);
		if (t->probes[p].is_signal)
			not_detected(r, &r->detections[p]);
	}
}
