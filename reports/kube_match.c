/* Who came in the place of a pod that was hit. */
#include "reports/kube.h"

#include <stdlib.h>

#include "base/auto.h"

struct birth {
	const struct ord_event *e;
	const char *node;
	bool taken;
};

static const char *node_of(const struct ord_timeline *t, const char *uid)
{
	for (size_t i = 0; i < t->n_events; i++)
		if (ord_kube_is(&t->events[i], "scheduled") &&
		    !strcmp(ord_kube_text(&t->events[i], "uid"), uid))
			return ord_kube_text(&t->events[i], "node");
	return "";
}

/*
 * How well a new pod fits one that was hit; 0: not. The same owner made both, or the same workload
 * did (a roll-out under way has a new ReplicaSet). A StatefulSet gives the name again, a DaemonSet
 * the node.
 */
static unsigned fits(const struct ord_timeline *t, const struct ord_life *l, const struct birth *b)
{
	const char *owner = ord_kube_text(b->e, "owner"),
		   *workload = ord_kube_text(b->e, "workload");
	bool same_owner = *owner && !strcmp(owner, l->owner);
	bool same_work = *workload && !strcmp(workload, l->workload);

	if (b->taken || strcmp(ord_kube_text(b->e, "ns"), l->ns) != 0 ||
	    (!same_owner && !same_work) ||
	    ord_member_time(b->e->json, "at_t", b->e->t) < l->at[ORD_LIFE_DELETED].lo)
		return 0;
	if (!strcmp(ord_kube_text(b->e, "name"), l->victim))
		return 4;
	if (!strncmp(l->workload, "StatefulSet/", 12))
		return 0;
	if (!strncmp(l->workload, "DaemonSet/", 10))
		for (size_t i = 0; i < t->n_events; i++)
			if ((ord_kube_is(&t->events[i], "deleting") ||
			     ord_kube_is(&t->events[i], "deleted")) &&
			    !strcmp(ord_kube_text(&t->events[i], "uid"), l->victim_uid))
				return !strcmp(ord_kube_text(&t->events[i], "node"),
					       node_of(t, ord_kube_text(b->e, "uid")))
					       ? 3
					       : 0;
	return same_owner ? 2 : 1;
}

static int by_deletion(const void *a, const void *b)
{
	const struct ord_life *x = a, *y = b;

	if (x->at[ORD_LIFE_DELETED].value != y->at[ORD_LIFE_DELETED].value)
		return x->at[ORD_LIFE_DELETED].value < y->at[ORD_LIFE_DELETED].value ? -1 : 1;
	return strcmp(x->victim_uid, y->victim_uid);
}

/* The first to go gets the first that came, among those that fit best. */
int ord_kube_match(const struct ord_timeline *t, struct ord_rep *r, struct ord_err *err)
{
	ord_autofree struct birth *v = NULL;
	size_t n = 0;

	for (size_t i = 0; i < t->n_events; i++)
		n += t->events[i].rep == r->number && ord_kube_is(&t->events[i], "created");
	v = calloc(n + 1, sizeof *v);
	if (!v)
		return ord_fail_nomem(err);
	n = 0;
	for (size_t i = 0; i < t->n_events; i++)
		if (t->events[i].rep == r->number && ord_kube_is(&t->events[i], "created"))
			v[n++].e = &t->events[i];
	qsort(r->lives, r->n_lives, sizeof *r->lives, by_deletion);
	for (size_t i = 0; i < r->n_lives; i++) {
		struct ord_life *l = &r->lives[i];
		unsigned best = 0, how;
		size_t pick = n;

		for (size_t k = 0; k < n; k++)
			if ((how = fits(t, l, &v[k])) > best) {
				best = how;
				pick = k;
			}
		if (pick == n)
			continue;
		v[pick].taken = true;
		l->replacement = ord_kube_text(v[pick].e, "name");
		l->replacement_uid = ord_kube_text(v[pick].e, "uid");
	}
	return 0;
}
