/* How long a workload was below its strength. */
#include "reports/kube.h"

#include <stdio.h>
#include <stdlib.h>

static struct ord_dip *dip_of(struct ord_rep *r, size_t room, const struct ord_event *e)
{
	struct ord_dip *d;

	for (size_t i = 0; i < r->n_dips; i++)
		if (!strcmp(r->dips[i].uid, ord_kube_text(e, "uid")))
			return &r->dips[i];
	if (r->n_dips == room)
		return NULL;
	d = &r->dips[r->n_dips++];
	*d = (struct ord_dip){.ns = ord_kube_text(e, "ns"),
			      .kind = ord_kube_text(e, "kind"),
			      .name = ord_kube_text(e, "name"),
			      .uid = ord_kube_text(e, "uid"),
			      .wanted = -1};
	return d;
}

static bool is_target(const struct ord_timeline *t, const struct ord_rep *r,
		      const struct ord_dip *d)
{
	char name[400];

	(void)snprintf(name, sizeof name, "%.60s/%.300s", d->kind, d->name);
	for (size_t i = 0; i < r->n_lives; i++)
		if (!strcmp(r->lives[i].ns, d->ns) && !strcmp(r->lives[i].workload, name))
			return true;
	for (size_t k = 0; k < t->n_faults; k++) {
		const json_t *list =
			json_object_get(json_object_get(r->faults[k].place, "cluster"), "objects");
		const json_t *o;
		size_t i;

		json_array_foreach (list, i, o) {
			const char *uid = json_string_value(json_array_get(o, 4));

			if (uid && !strcmp(uid, d->uid))
				return true;
		}
	}
	return false;
}

static void on_replicas(const struct ord_timeline *t, const struct ord_rep *r, struct ord_dip *d,
			const struct ord_event *e)
{
	int64_t available = ord_member_int(e->json, "available", 0);
	int64_t at = ord_member_time(e->json, "at_t", e->t);
	bool after = at >= r->requested.value, is_below;
	/* It cannot have changed before it was written as it was last told. */
	struct ord_instant now =
		ord_kube_instant(t, e, d->last.known ? d->last.lo : 0, d->last.line, NULL);

	d->last = now;
	if (!after || d->wanted < 0) {
		d->wanted = ord_member_int(e->json, "desired", 0);
		d->least = available;
		if (!after)
			return;
	}
	if (now.lo < r->requested.lo) {
		now.lo = r->requested.lo;
		now.line_before = r->requested.line;
	}
	is_below = available < d->wanted;
	d->least = available < d->least ? available : d->least;
	if (!d->below.known && is_below)
		d->below = now;
	else if (d->below.known && !is_below && !d->again.known)
		d->again = now;
	else if (d->again.known && is_below)
		d->again.known = false; /* it fell again: it was not yet well */
}

/* What stood before this repetition counts as well: a state is told once. */
int ord_kube_dips(const struct ord_timeline *t, struct ord_rep *r, struct ord_err *err)
{
	size_t room = 0, kept = 0;

	for (size_t i = 0; i < t->n_events; i++)
		room += ord_kube_is(&t->events[i], "replicas");
	r->n_dips = 0;
	r->dips = calloc(room + 1, sizeof *r->dips);
	if (!r->dips)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < t->n_events; i++) {
		const struct ord_event *e = &t->events[i];
		struct ord_dip *d;

		if (!ord_kube_is(e, "replicas") || e->rep > r->number)
			continue;
		d = dip_of(r, room, e);
		if (d)
			on_replicas(t, r, d, e);
	}
	for (size_t i = 0; i < r->n_dips; i++) {
		struct ord_dip *d = &r->dips[i];

		if (!d->below.known)
			continue;
		d->down = ord_kube_until(r, &d->below, &d->again);
		d->hit = is_target(t, r, d);
		r->dips[kept++] = *d;
	}
	r->n_dips = kept;
	return 0;
}
