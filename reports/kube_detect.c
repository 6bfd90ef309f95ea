/* What the cluster itself noticed: the channel `kubernetes:`. */
#include "reports/kube.h"

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
	struct ord_instant at = ord_kube_instant(t, e, r->requested.value, w->off_line, NULL);

	ord_detection_at(r, channel, &at);
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
	if (ord_member_time(e->json, "at_t", e->t) < r->requested.value ||
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
		const char *what = e->kind == ORD_EVENT_KUBE ? ord_kube_text(e, "what") : "";

		if (!*what || e->rep > r->number)
			continue;
		if (!strcmp(what, "synced"))
			w.ever = true;
		if (!strcmp(what, "cut") || !strcmp(what, "blind"))
			w.broken = true;
		if (!strcmp(what, "resumed") || !strcmp(what, "synced"))
			w.broken = false;
		if (strcmp(what, "channel") != 0 ||
		    strcmp(ord_kube_text(e, "channel"), t->probes[channel].name) != 0 ||
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
