/* When the cluster was not seen: watches that were broken, or not allowed. */
#include "reports/kube.h"

#include <stdlib.h>

static struct ord_blind *open_of(struct ord_blind *v, size_t n, const struct ord_event *e)
{
	for (size_t i = n; i-- > 0;)
		if (v[i].open && !strcmp(v[i].kind, ord_kube_text(e, "kind")) &&
		    !strcmp(v[i].ns, ord_kube_text(e, "ns")))
			return &v[i];
	return NULL;
}

/* A watch that broke, and then is refused, is blind once: from the break, for the later reason. */
static void begin(struct ord_blind *v, size_t *n, const struct ord_event *e)
{
	struct ord_blind *was = open_of(v, *n, e);

	if (was && !*was->why)
		was->why = ord_kube_text(e, "message");
	if (was)
		return;
	v[(*n)++] = (struct ord_blind){.kind = ord_kube_text(e, "kind"),
				       .ns = ord_kube_text(e, "ns"),
				       .why = ord_kube_text(e, "message"),
				       .from = ord_member_time(e->json, "at_t", e->t),
				       .open = true,
				       .line = e->line};
}

/* Those that reach into this repetition: a watch that was refused once is refused in the next too.
 */
int ord_kube_blind(const struct ord_timeline *t, struct ord_rep *r, struct ord_err *err)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < t->n_events; i++)
		n += ord_kube_is(&t->events[i], "cut") || ord_kube_is(&t->events[i], "blind");
	r->blind = calloc(n + 1, sizeof *r->blind);
	if (!r->blind)
		return ord_fail_nomem(err);
	n = 0;
	for (size_t i = 0; i < t->n_events; i++) {
		const struct ord_event *e = &t->events[i];
		struct ord_blind *was;

		if (e->rep > r->number)
			continue;
		if (ord_kube_is(e, "cut") || ord_kube_is(e, "blind"))
			begin(r->blind, &n, e);
		if (!ord_kube_is(e, "resumed") && !ord_kube_is(e, "synced"))
			continue;
		was = open_of(r->blind, n, e);
		if (was)
			was->open = false;
		if (was)
			was->to = ord_member_time(e->json, "at_t", e->t);
	}
	for (size_t i = 0; i < n; i++)
		if (r->blind[i].open || r->blind[i].to > r->begin)
			r->blind[kept++] = r->blind[i];
	for (size_t i = 0; i < kept; i++)
		if (r->blind[i].open)
			r->blind[i].to = r->end;
	r->n_blind = kept;
	return 0;
}
