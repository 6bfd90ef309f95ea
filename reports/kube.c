/*
 * What was seen in a cluster: how a pod that was hit was replaced, step by step, how long a
 * workload was below its strength, what went wrong besides, and when nothing was seen.
 */
#include "reports/kube.h"

#include <stdlib.h>

/* Until the end of what was watched, where it did not come. */
struct ord_span ord_kube_until(const struct ord_rep *r, const struct ord_instant *from,
			       const struct ord_instant *to)
{
	struct ord_instant end = {.known = true, .value = r->end, .lo = r->end, .hi = r->end};
	struct ord_span s = ord_span_between(from, to->known ? to : &end);

	if (!to->known && s.state == ORD_SPAN_KNOWN)
		s.state = ORD_SPAN_CENSORED;
	return s;
}

bool ord_kube_is_hit(const struct ord_rep *r, size_t n_faults, const char *uid)
{
	for (size_t k = 0; k < n_faults; k++)
		for (size_t i = 0; i < r->faults[k].n_acts; i++)
			if (*uid && !strcmp(r->faults[k].acts[i].uid, uid))
				return true;
	return false;
}

/* ---- who was hit */

static bool takes_away(const struct ord_act *act)
{
	return !strcmp(act->kind, "Pod") &&
	       (!strcmp(act->what, "deleted") || !strcmp(act->what, "evicted"));
}

static struct ord_life *life_of(const struct ord_rep *r, const char *uid)
{
	for (size_t i = 0; i < r->n_lives; i++) {
		const char *is = r->lives[i].victim_uid;

		if (is && !strcmp(is, uid))
			return &r->lives[i];
	}
	return NULL;
}

/* Deleted when the injector's call was answered, and not before the fault was requested. */
static struct ord_life victim(const struct ord_act *act, const struct ord_instant *requested)
{
	struct ord_life l = {.ns = act->ns,
			     .victim = act->name,
			     .victim_uid = act->uid,
			     .replacement = "",
			     .replacement_uid = "",
			     .workload = "",
			     .owner = "",
			     .why = {.reason = "", .message = ""}};
	bool after = requested->known && requested->lo < act->at;

	l.at[ORD_LIFE_DELETED] = (struct ord_instant){.known = true,
						      .value = act->at,
						      .lo = after ? requested->lo : act->at,
						      .hi = act->at,
						      .line = act->line,
						      .line_before = after ? requested->line : 0};
	return l;
}

static int collect_victims(const struct ord_timeline *t, struct ord_rep *r, struct ord_err *err)
{
	size_t n = 0;

	for (size_t k = 0; k < t->n_faults; k++)
		for (size_t i = 0; i < r->faults[k].n_acts; i++)
			n += takes_away(&r->faults[k].acts[i]);
	r->lives = calloc(n + 1, sizeof *r->lives);
	if (!r->lives)
		return ord_fail_nomem(err);
	for (size_t k = 0; k < t->n_faults; k++)
		for (size_t i = 0; i < r->faults[k].n_acts; i++) {
			const struct ord_act *act = &r->faults[k].acts[i];

			if (takes_away(act) && !life_of(r, act->uid))
				r->lives[r->n_lives++] = victim(act, &r->faults[k].requested);
		}
	return 0;
}

/* The watch says more closely when it was deleted than the injector's call, and who owned it. */
static void on_victim(const struct ord_timeline *t, struct ord_life *l, const struct ord_event *e)
{
	struct ord_instant *in = &l->at[ORD_LIFE_DELETED];
	bool odd = false;

	if (!*l->owner) {
		l->owner = ord_kube_text(e, "owner");
		l->workload = ord_kube_text(e, "workload");
	}
	if (ord_kube_is(e, "deleting")) {
		struct ord_instant seen = ord_kube_instant(t, e, in->lo, in->line_before, &odd);

		/* Not after its injector was told that it was done. */
		if (in->hi < seen.hi) {
			seen.hi = seen.value = in->hi;
			seen.line_after = in->line;
		}
		seen.lo = seen.lo < seen.hi ? seen.lo : seen.hi;
		*in = seen;
		l->by[ORD_LIFE_DELETED] = e;
		l->odd |= odd ? 1u << ORD_LIFE_DELETED : 0;
	} else if (ord_kube_is(e, "deleted")) {
		l->gone = ord_kube_instant(t, e, in->lo, in->line, NULL);
	}
}

int ord_analyse_kube(const struct ord_timeline *t, struct ord_rep *r, struct ord_err *err)
{
	if (ord_kube_blind(t, r, err))
		return -1;
	if (!r->number || !r->requested.known)
		return 0;
	if (collect_victims(t, r, err))
		return -1;
	for (size_t i = 0; i < t->n_events; i++) {
		const struct ord_event *e = &t->events[i];
		struct ord_life *l =
			e->kind == ORD_EVENT_KUBE ? life_of(r, ord_kube_text(e, "uid")) : NULL;

		if (l && e->rep == r->number)
			on_victim(t, l, e);
	}
	if (ord_kube_match(t, r, err))
		return -1;
	ord_kube_steps(t, r);
	return ord_kube_dips(t, r, err) || ord_kube_also(t, r, err) ? -1 : 0;
}
