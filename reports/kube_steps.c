/* How a pod that was hit comes back: the steps of the one in its place, each in its interval. */
#include "reports/kube.h"

#include "base/auto.h"

const char *ord_life_name(enum ord_life_step s)
{
	static const char *const names[] = {
		[ORD_LIFE_DELETED] = "deleted",
		[ORD_LIFE_CREATED] = "created",
		[ORD_LIFE_SCHEDULED] = "scheduled",
		[ORD_LIFE_PULLED] = "image pulled",
		[ORD_LIFE_STARTED] = "started",
		[ORD_LIFE_READY] = "ready",
		[ORD_LIFE_ENDPOINT] = "in the EndpointSlice",
		[ORD_LIFE_ANSWER] = "first good answer",
	};

	return names[s];
}

static void step(const struct ord_timeline *t, struct ord_life *l, enum ord_life_step s,
		 const struct ord_event *e)
{
	const struct ord_instant *before = NULL;
	bool odd = false;

	if (l->at[s].known)
		return;
	for (unsigned k = 0; k < (unsigned)s; k++)
		if (l->at[k].known)
			before = &l->at[k];
	l->at[s] = ord_kube_instant(t, e, before ? before->lo : 0, before ? before->line : 0, &odd);
	l->by[s] = e;
	l->odd |= odd ? 1u << s : 0;
}

/* Why a pod that has not got ready has not; its own state says it better than an Event. */
static void hinder(struct ord_life *l, const struct ord_event *e)
{
	const char *detail = "", *what = ord_kube_trouble(e, &detail);
	bool event = ord_kube_is(e, "event");
	const char *reason = ord_kube_text(e, "reason");

	if (!what || l->at[ORD_LIFE_READY].known || ord_kube_is(e, "unready") ||
	    (event && l->why.line && !l->by_event))
		return;
	l->by_event = event;
	l->why = (struct ord_hindrance){.reason = *reason ? reason : what,
					.message = ord_kube_text(e, "message"),
					.at = ord_member_time(e->json, "at_t", e->t),
					.line = e->line};
}

static void on_replacement(const struct ord_timeline *t, struct ord_life *l,
			   const struct ord_event *e)
{
	static const struct {
		const char *what;
		enum ord_life_step step;
	} steps[] = {{"created", ORD_LIFE_CREATED},
		     {"scheduled", ORD_LIFE_SCHEDULED},
		     {"started", ORD_LIFE_STARTED},
		     {"ready", ORD_LIFE_READY}};

	hinder(l, e);
	for (size_t i = 0; i < ORD_COUNT(steps); i++)
		if (ord_kube_is(e, steps[i].what))
			step(t, l, steps[i].step, e);
	if (ord_kube_is(e, "event") && !strcmp(ord_kube_text(e, "reason"), "Pulled"))
		step(t, l, ORD_LIFE_PULLED, e);
}

/* Events come by another way than the pod's own state, and Event by Event: a step may arrive before
 * one that must have been sooner. What is known of the later bounds the earlier, and the other way
 * round. */
static void put_in_order(struct ord_life *l)
{
	struct ord_instant *later = NULL, *before = NULL;

	for (unsigned s = ORD_LIFE_STEPS; s-- > 0;) {
		struct ord_instant *in = &l->at[s];

		if (!in->known)
			continue;
		if (later && in->hi > later->hi) {
			in->hi = in->value = later->hi;
			in->line_after = later->line;
			if (in->lo > in->hi)
				in->lo = in->hi;
		}
		later = in;
	}
	for (unsigned s = 0; s < ORD_LIFE_STEPS; s++) {
		struct ord_instant *in = &l->at[s];

		if (!in->known)
			continue;
		if (before && before->lo > in->lo) {
			in->lo = before->lo;
			in->line_before = before->line;
		}
		before = in;
	}
}

/* Nobody came: whoever should have made one may say why. */
static bool is_maker(const struct ord_life *l, const char *uid)
{
	return !*l->replacement_uid && *l->owner && !strcmp(l->owner, uid);
}

/* The first step after the last that was seen, where the pod did not get ready. */
static enum ord_life_step missing(const struct ord_life *l)
{
	unsigned s = ORD_LIFE_READY;

	if (l->at[ORD_LIFE_READY].known)
		return ORD_LIFE_STEPS;
	while (s > ORD_LIFE_CREATED && !l->at[s - 1].known)
		s--;
	return (enum ord_life_step)s;
}

/* The first good answer of an HTTP user probe that was sent when the replacement got traffic;
 * without an impact every answer is good, and none tells of it. */
static void answer(const struct ord_timeline *t, const struct ord_rep *r, struct ord_life *l)
{
	const struct ord_instant *from =
		l->at[ORD_LIFE_ENDPOINT].known ? &l->at[ORD_LIFE_ENDPOINT] : &l->at[ORD_LIFE_READY];
	struct ord_instant *in = &l->at[ORD_LIFE_ANSWER];

	for (size_t p = 0; r->impact.known && from->known && p < t->n_probes; p++) {
		struct ord_cursor c;
		struct ord_sample s, before;
		bool found = false;

		if (t->probes[p].is_signal || strcmp(t->probes[p].kind, "http") != 0)
			continue;
		ord_cursor_begin(ord_timeline_series(t, r->number, p), &c);
		(void)ord_cursor_seek_sent(&c, from->lo);
		while (!found && ord_cursor_next(&c, &s))
			found = s.done >= from->lo && ord_sample_counts(&s) == ORD_SAMPLE_GOOD;
		if (!found || (in->known && in->hi <= s.done))
			continue;
		*in = (struct ord_instant){.known = true,
					   .value = s.done,
					   .lo = from->lo,
					   .hi = s.done,
					   .line = s.line,
					   .line_before = from->line,
					   .probe = p};
		(void)ord_cursor_prev(&c, &s);
		if (ord_cursor_prev(&c, &before) && before.sent > in->lo)
			in->lo = before.sent;
	}
}

void ord_kube_steps(const struct ord_timeline *t, struct ord_rep *r)
{
	for (size_t i = 0; i < t->n_events; i++) {
		const struct ord_event *e = &t->events[i];
		bool slice = ord_kube_is(e, "endpoint-ready");
		const char *uid = e->kind == ORD_EVENT_KUBE
					  ? ord_kube_text(e, slice ? "pod_uid" : "uid")
					  : "";

		if (e->rep != r->number || !*uid)
			continue;
		for (size_t k = 0; k < r->n_lives; k++)
			if (!strcmp(r->lives[k].replacement_uid, uid) && slice)
				step(t, &r->lives[k], ORD_LIFE_ENDPOINT, e);
			else if (!strcmp(r->lives[k].replacement_uid, uid))
				on_replacement(t, &r->lives[k], e);
			else if (is_maker(&r->lives[k], uid))
				hinder(&r->lives[k], e);
	}
	for (size_t k = 0; k < r->n_lives; k++) {
		struct ord_life *l = &r->lives[k];

		put_in_order(l);
		answer(t, r, l);
		l->missing = missing(l);
		if (l->missing == ORD_LIFE_STEPS)
			l->why = (struct ord_hindrance){.reason = "", .message = ""};
		l->ready = ord_kube_until(r, &l->at[ORD_LIFE_DELETED], &l->at[ORD_LIFE_READY]);
		if (l->at[ORD_LIFE_ENDPOINT].known)
			l->serving = ord_kube_until(r, &l->at[ORD_LIFE_DELETED],
						    &l->at[ORD_LIFE_ENDPOINT]);
	}
}
