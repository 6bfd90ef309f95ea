/* What happened to those to whom nothing was done; and what the cluster itself noticed. */
#include "reports/analysis.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "reports/member.h"

static const char *text(const struct ord_event *e, const char *key)
{
	return ord_member_text(e->json, key, "");
}

/* Lines of what goes wrong; the detail is the member that says how. */
static const struct {
	const char *what, *detail;
} troubles[] = {
	{"restarted", "reason"}, {"waiting", "reason"},	       {"evicted", "reason"},
	{"failed", "reason"},	 {"unschedulable", "message"}, {"unready", "reason"},
	{"condition", "type"},	 {"taints", "taints"},	       {"node-removed", "name"},
	{"node-added", "name"},
};

/* These are good when they are True; of all others that is bad. */
static bool is_bad(const struct ord_event *e)
{
	static const char *const good[] = {"Available", "Ready", "Progressing"};

	for (size_t i = 0; i < ORD_COUNT(good); i++)
		if (!strcmp(text(e, "type"), good[i]))
			return strcmp(text(e, "status"), "True") != 0;
	return !strcmp(text(e, "status"), "True");
}

/* The workload of a pod that was hit is told of as a dip. */
static bool is_dip(const struct ord_rep *r, const char *uid)
{
	for (size_t i = 0; i < r->n_dips; i++)
		if (r->dips[i].hit && !strcmp(r->dips[i].uid, uid))
			return true;
	return false;
}

/* What a line says went wrong, and how; NULL: nothing. */
static const char *trouble_of(const struct ord_event *e, const char **ret_detail)
{
	if (!strcmp(text(e, "what"), "event")) {
		*ret_detail = text(e, "message");
		return strcmp(text(e, "type"), "Warning") ? NULL : text(e, "reason");
	}
	for (size_t i = 0; i < ORD_COUNT(troubles); i++)
		if (!strcmp(text(e, "what"), troubles[i].what)) {
			*ret_detail = text(e, troubles[i].detail);
			if (strcmp(troubles[i].what, "condition") != 0)
				return troubles[i].what;
			*ret_detail = text(e, "status");
			return is_bad(e) ? text(e, "type") : NULL;
		}
	return NULL;
}

/* A target of a fault that chose it, whether it has acted on it yet or not. */
static bool in_place(const struct ord_timeline *t, const struct ord_rep *r, const char *uid)
{
	for (size_t k = 0; k < t->n_faults; k++) {
		const json_t *list =
			json_object_get(json_object_get(r->faults[k].place, "cluster"), "objects");
		const json_t *o;
		size_t i;

		json_array_foreach (list, i, o) {
			const char *is = json_string_value(json_array_get(o, 4));

			if (is && !strcmp(is, uid))
				return true;
		}
	}
	return false;
}

/* A pod of a target's workload that came after is not a bystander, but worth a remark. */
static bool is_replacement(const struct ord_rep *r, const char *uid)
{
	for (size_t i = 0; i < r->n_lives; i++)
		if (*uid && !strcmp(r->lives[i].replacement_uid, uid))
			return true;
	return false;
}

static struct ord_also *find(struct ord_rep *r, const char *what, const struct ord_event *e)
{
	for (size_t i = 0; i < r->n_also; i++) {
		struct ord_also *a = &r->also[i];

		if (!strcmp(a->what, what) && !strcmp(a->kind, text(e, "kind")) &&
		    !strcmp(a->ns, text(e, "ns")) && !strcmp(a->name, text(e, "name")))
			return a;
	}
	if (r->n_also == ORD_ALSO_MAX) {
		r->more_also++;
		return NULL;
	}
	r->also[r->n_also] = (struct ord_also){.what = what,
					       .kind = text(e, "kind"),
					       .ns = text(e, "ns"),
					       .name = text(e, "name"),
					       .replacement = is_replacement(r, text(e, "uid"))};
	return &r->also[r->n_also++];
}

int ord_kube_also(const struct ord_timeline *t, struct ord_rep *r, struct ord_err *err)
{
	size_t kept = 0;

	r->also = calloc(ORD_ALSO_MAX, sizeof *r->also);
	if (!r->also)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < t->n_events; i++) {
		const struct ord_event *e = &t->events[i];
		const char *detail = "", *what, *uid;
		int64_t at = ord_member_int(e->json, "at_t", e->t);
		struct ord_also *a;

		if (e->kind != ORD_EVENT_KUBE || e->rep != r->number ||
		    !(what = trouble_of(e, &detail)))
			continue;
		uid = text(e, "uid");
		if (ord_kube_is_hit(r, t->n_faults, uid) || in_place(t, r, uid) || is_dip(r, uid) ||
		    !(a = find(r, what, e)))
			continue;
		if (at < r->requested.value) {
			a->before++;
			continue;
		}
		if (!a->n++) {
			a->first = at;
			a->line = e->line;
		}
		a->last = at;
		a->detail = detail;
	}
	/* What only happened before is not what happened also. */
	for (size_t i = 0; i < r->n_also; i++)
		if (r->also[i].n)
			r->also[kept++] = r->also[i];
	r->n_also = kept;
	return 0;
}

/* ---- detection */

struct watchful {
	bool on; /* its last word before the request */
	bool ever,
		broken; /* it was watched at all; the watch is broken now, or never was allowed */
	uint32_t line, off_line;
	int64_t off_at;
};

static void notice(const struct ord_timeline *t, struct ord_rep *r, size_t channel,
		   const struct watchful *w, const struct ord_event *e)
{
	struct ord_detection *d = &r->detections[channel];

	d->kind = ORD_DETECTION_NOTICED;
	d->at = ord_kube_instant(t, e, r->requested.value, w->off_line, NULL);
	d->at.probe = channel;
	if (r->impact.known && r->recovered.known && d->at.lo >= r->recovered.hi)
		d->kind = ORD_DETECTION_TOO_LATE;
	d->before_impact = r->impact.known && d->at.hi <= r->impact.lo;
	d->from_impact = ord_span_between(&r->impact, &d->at);
	d->from_request = ord_span_between(&r->requested, &d->at);
}

/* Until the request; true: what it says is of after it. */
static bool take(const struct ord_timeline *t, const struct ord_rep *r, struct watchful *w,
		 const struct ord_event *e)
{
	bool on = json_is_true(json_object_get(e->json, "on"));
	struct ord_instant at = ord_kube_instant(t, e, 0, 0, NULL);

	w->ever = true;
	if (on && at.hi >= r->requested.value && !json_is_true(json_object_get(e->json, "state")))
		return true;
	if (ord_member_int(e->json, "at_t", e->t) < r->requested.value ||
	    at.hi < r->requested.value) {
		w->on = on;
		w->line = e->line;
	}
	if (!on)
		w->off_line = e->line;
	return false;
}

/* An Event has no end: one that was told before the fault in this repetition was told already. One
 * of an earlier repetition was not. */
void ord_kube_detect(const struct ord_timeline *t, struct ord_rep *r, size_t channel)
{
	struct ord_detection *d = &r->detections[channel];
	struct watchful w = {0};
	bool event = strstr(t->probes[channel].name, "event/");

	for (size_t i = 0; i < t->n_events && d->kind == ORD_DETECTION_NONE; i++) {
		const struct ord_event *e = &t->events[i];
		const char *what = e->kind == ORD_EVENT_KUBE ? text(e, "what") : "";

		if (!*what || e->rep > r->number)
			continue;
		if (!strcmp(what, "synced"))
			w.ever = true;
		if (!strcmp(what, "cut") || !strcmp(what, "blind"))
			w.broken = true;
		if (!strcmp(what, "resumed") || !strcmp(what, "synced"))
			w.broken = false;
		if (strcmp(what, "channel") != 0 ||
		    strcmp(text(e, "channel"), t->probes[channel].name) != 0 ||
		    (event && e->rep != r->number))
			continue;
		if (!take(t, r, &w, e) || e->rep != r->number)
			continue;
		if (w.on)
			break;
		notice(t, r, channel, &w, e);
	}
	if (d->kind != ORD_DETECTION_NONE)
		return;
	if (w.on) {
		d->kind = ORD_DETECTION_ALREADY;
		d->at.line = w.line;
	} else if (!w.ever || w.broken) {
		d->kind = ORD_DETECTION_UNKNOWN;
	}
}
