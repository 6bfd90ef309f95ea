/* What happened to those to whom nothing was done. */
#include "reports/kube.h"

#include <stdlib.h>

#include "base/auto.h"

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
		if (!strcmp(ord_kube_text(e, "type"), good[i]))
			return strcmp(ord_kube_text(e, "status"), "True") != 0;
	return !strcmp(ord_kube_text(e, "status"), "True");
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
	if (!strcmp(ord_kube_text(e, "what"), "event")) {
		*ret_detail = ord_kube_text(e, "message");
		return strcmp(ord_kube_text(e, "type"), "Warning") ? NULL
								   : ord_kube_text(e, "reason");
	}
	for (size_t i = 0; i < ORD_COUNT(troubles); i++)
		if (!strcmp(ord_kube_text(e, "what"), troubles[i].what)) {
			*ret_detail = ord_kube_text(e, troubles[i].detail);
			if (strcmp(troubles[i].what, "condition") != 0)
				return troubles[i].what;
			*ret_detail = ord_kube_text(e, "status");
			return is_bad(e) ? ord_kube_text(e, "type") : NULL;
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

		if (!strcmp(a->what, what) && !strcmp(a->kind, ord_kube_text(e, "kind")) &&
		    !strcmp(a->ns, ord_kube_text(e, "ns")) &&
		    !strcmp(a->name, ord_kube_text(e, "name")))
			return a;
	}
	if (r->n_also == ORD_ALSO_MAX) {
		r->more_also++;
		return NULL;
	}
	r->also[r->n_also] =
		(struct ord_also){.what = what,
				  .kind = ord_kube_text(e, "kind"),
				  .ns = ord_kube_text(e, "ns"),
				  .name = ord_kube_text(e, "name"),
				  .replacement = is_replacement(r, ord_kube_text(e, "uid"))};
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
		uid = ord_kube_text(e, "uid");
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
