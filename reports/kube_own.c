/*
 * Who is the fault's own, and who a bystander: what was chosen or acted upon; the workload behind
 * it, with its ReplicaSets; the pods of a workload that is a target; and those that came in the
 * place of what was hit.
 */
#include "reports/kube.h"

#include <stdlib.h>

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool came_later(const struct ord_kube_own *o, const char *uid)
{
	return o->n && bsearch(&uid, o->born, o->n, sizeof *o->born, by_text);
}

int ord_kube_own_init(struct ord_kube_own *ret, const struct ord_timeline *t,
		      const struct ord_rep *r, struct ord_err *err)
{
	struct ord_kube_own o = {.t = t, .r = r, .born = calloc(t->n_events + 1, sizeof *o.born)};

	if (!o.born)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < t->n_events; i++) {
		const struct ord_event *e = &t->events[i];

		if (e->rep == r->number && ord_kube_is(e, "created") &&
		    ord_member_time(e->json, "at_t", e->t) >= r->requested.lo)
			o.born[o.n++] = ord_kube_text(e, "uid");
	}
	qsort(o.born, o.n, sizeof *o.born, by_text);
	*ret = o;
	return 0;
}

void ord_kube_own_done(struct ord_kube_own *o)
{
	free(o->born);
}

/* "Deployment/orders" is that kind and name. */
static bool is_named(const char *workload, const char *kind, const char *name)
{
	size_t n = strlen(kind);

	return !strncmp(workload, kind, n) && workload[n] == '/' && !strcmp(workload + n + 1, name);
}

/* "orders-7d9c" is a ReplicaSet of the Deployment orders. */
static bool is_set_of(const char *workload, const char *name)
{
	static const char kind[] = "Deployment/";
	const char *of = workload + sizeof kind - 1, *dash = strrchr(name, '-');

	return !strncmp(workload, kind, sizeof kind - 1) && *of && dash && dash[1] &&
	       strlen(of) == (size_t)(dash - name) && !strncmp(of, name, strlen(of));
}

/* An object that a fault chose, whether it has acted on it yet or not. Events about a node carry
 * its name for a UID. workload: the pod's; ret_of: it is that which was chosen. */
static bool is_chosen(const struct ord_kube_own *o, const struct ord_event *e, const char *workload,
		      bool *ret_of)
{
	const char *kind = ord_kube_text(e, "kind"), *name = ord_kube_text(e, "name");

	for (size_t k = 0; k < o->t->n_faults; k++) {
		const json_t *list = json_object_get(
			json_object_get(o->r->faults[k].place, "cluster"), "objects");
		const json_t *x;
		size_t i;

		json_array_foreach (list, i, x) {
			const char *part[5] = {"", "", "", "", ""};

			for (size_t m = 0; m < 5; m++)
				if (json_is_string(json_array_get(x, m)))
					part[m] = json_string_value(json_array_get(x, m));
			if ((*part[4] && !strcmp(part[4], ord_kube_text(e, "uid"))) ||
			    (!strcmp(kind, "Node") && !strcmp(part[1], kind) &&
			     !strcmp(part[3], name)))
				return true;
			if (strcmp(part[2], ord_kube_text(e, "ns")) != 0)
				continue;
			*ret_of |= is_named(workload, part[1], part[3]);
			if (!strcmp(kind, "ReplicaSet") && !strcmp(part[1], "Deployment")) {
				char of[400];

				(void)snprintf(of, sizeof of, "Deployment/%.300s", part[3]);
				*ret_of |= is_set_of(of, name);
			}
		}
	}
	return false;
}

enum ord_whose ord_kube_whose(const struct ord_kube_own *o, const struct ord_event *e)
{
	const char *uid = ord_kube_text(e, "uid"), *kind = ord_kube_text(e, "kind"),
		   *workload = ord_kube_text(e, "workload");
	bool of_chosen = false;

	if (ord_kube_is_hit(o->r, o->t->n_faults, uid) || is_chosen(o, e, workload, &of_chosen))
		return ORD_WHOSE_TARGET;
	if (of_chosen)
		return !strcmp(kind, "Pod") ? ORD_WHOSE_POD : ORD_WHOSE_WORKLOAD;
	for (size_t i = 0; i < o->r->n_lives; i++) {
		const struct ord_life *l = &o->r->lives[i];

		if (*uid && !strcmp(l->replacement_uid, uid))
			return ORD_WHOSE_REPLACEMENT;
		if (!*l->workload || strcmp(l->ns, ord_kube_text(e, "ns")) != 0)
			continue;
		if (!strcmp(l->workload, workload) && came_later(o, uid))
			return ORD_WHOSE_REPLACEMENT;
		if ((*uid && !strcmp(l->owner, uid)) ||
		    is_named(l->workload, kind, ord_kube_text(e, "name")) ||
		    (!strcmp(kind, "ReplicaSet") &&
		     is_set_of(l->workload, ord_kube_text(e, "name"))))
			return ORD_WHOSE_WORKLOAD;
	}
	return ORD_WHOSE_NOBODYS;
}
