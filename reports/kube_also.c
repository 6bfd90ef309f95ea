/* What went wrong from the fault on: with those whom it hit and what belongs to them, and with
 * bystanders. */
#include "reports/kube.h"

#include <stdlib.h>

#include "base/auto.h"

const char *ord_whose_name(enum ord_whose w)
{
	static const char *const names[] = {
		[ORD_WHOSE_NOBODYS] = "bystander",	 [ORD_WHOSE_TARGET] = "target",
		[ORD_WHOSE_WORKLOAD] = "workload",	 [ORD_WHOSE_POD] = "pod",
		[ORD_WHOSE_REPLACEMENT] = "replacement",
	};

	return names[w];
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
		if (!strcmp(ord_kube_text(e, "type"), good[i]))
			return strcmp(ord_kube_text(e, "status"), "True") != 0;
	return !strcmp(ord_kube_text(e, "status"), "True");
}

const char *ord_kube_trouble(const struct ord_event *e, const char **ret_detail)
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

static struct ord_also *find(struct ord_troubles *in, const char *what, const struct ord_event *e,
			     enum ord_whose whose)
{
	for (size_t i = 0; i < in->n; i++) {
		struct ord_also *a = &in->v[i];

		if (a->whose == whose && !strcmp(a->what, what) &&
		    !strcmp(a->kind, ord_kube_text(e, "kind")) &&
		    !strcmp(a->ns, ord_kube_text(e, "ns")) &&
		    !strcmp(a->name, ord_kube_text(e, "name")))
			return a;
	}
	if (in->n == ORD_ALSO_MAX) {
		in->more++;
		return NULL;
	}
	in->v[in->n] = (struct ord_also){.what = what,
					 .kind = ord_kube_text(e, "kind"),
					 .ns = ord_kube_text(e, "ns"),
					 .name = ord_kube_text(e, "name"),
					 .whose = whose};
	return &in->v[in->n++];
}

static void take(struct ord_rep *r, const struct ord_event *e, const char *what, const char *detail,
		 enum ord_whose whose)
{
	int64_t at = ord_member_time(e->json, "at_t", e->t);
	struct ord_also *a = find(whose == ORD_WHOSE_NOBODYS ? &r->also : &r->own, what, e, whose);

	if (!a)
		return;
	if (at < r->requested.value) {
		a->before++;
		return;
	}
	if (!a->n++) {
		a->first = at;
		a->line = e->line;
	}
	a->last = at;
	a->detail = detail;
}

/* What only happened before is not what happened also. */
static void drop_old(struct ord_troubles *in)
{
	size_t kept = 0;

	for (size_t i = 0; i < in->n; i++)
		if (in->v[i].n)
			in->v[kept++] = in->v[i];
	in->n = kept;
}

int ord_kube_also(const struct ord_timeline *t, struct ord_rep *r, struct ord_err *err)
{
	struct ord_kube_own own;

	r->also.v = calloc(ORD_ALSO_MAX, sizeof *r->also.v);
	r->own.v = calloc(ORD_ALSO_MAX, sizeof *r->own.v);
	if (!r->also.v || !r->own.v)
		return ord_fail_nomem(err);
	if (ord_kube_own_init(&own, t, r, err))
		return -1;
	for (size_t i = 0; i < t->n_events; i++) {
		const struct ord_event *e = &t->events[i];
		const char *detail = "", *what;

		if (e->kind == ORD_EVENT_KUBE && e->rep == r->number &&
		    (what = ord_kube_trouble(e, &detail)))
			take(r, e, what, detail, ord_kube_whose(&own, e));
	}
	ord_kube_own_done(&own);
	drop_old(&r->also);
	drop_old(&r->own);
	return 0;
}
