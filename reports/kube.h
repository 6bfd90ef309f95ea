/* What the files on the cluster's lines share. */
#ifndef ORDEAL_REPORTS_KUBE_H
#define ORDEAL_REPORTS_KUBE_H

#include <string.h>

#include "reports/analysis.h"
#include "reports/member.h"

static inline const char *ord_kube_text(const struct ord_event *e, const char *key)
{
	return ord_member_text(e->json, key, "");
}

/* A `kube` line of that kind. */
static inline bool ord_kube_is(const struct ord_event *e, const char *what)
{
	return e->kind == ORD_EVENT_KUBE && !strcmp(ord_kube_text(e, "what"), what);
}

/* A `kube` line as an interval: not before `lo`. *ret_odd (may be NULL): its stamp contradicts. */
struct ord_instant ord_kube_instant(const struct ord_timeline *t, const struct ord_event *e,
				    int64_t lo, uint32_t line_before, bool *ret_odd);
/* From `from` to `to`; censored at the end of what was watched, where that did not come. */
struct ord_span ord_kube_until(const struct ord_rep *r, const struct ord_instant *from,
			       const struct ord_instant *to);

/* Gives each pod that was hit the one that came in its place. */
int ord_kube_match(const struct ord_timeline *t, struct ord_rep *r, struct ord_err *err);
/* The steps of each replacement, once it is known. */
void ord_kube_steps(const struct ord_timeline *t, struct ord_rep *r);
int ord_kube_dips(const struct ord_timeline *t, struct ord_rep *r, struct ord_err *err);
int ord_kube_also(const struct ord_timeline *t, struct ord_rep *r, struct ord_err *err);
int ord_kube_blind(const struct ord_timeline *t, struct ord_rep *r, struct ord_err *err);
/* What a line says went wrong, and how; NULL: nothing. */
const char *ord_kube_trouble(const struct ord_event *e, const char **ret_detail);

/* Tells the fault's own from bystanders, once lives are known. */
struct ord_kube_own {
	const struct ord_timeline *t;
	const struct ord_rep *r;
	const char **born; /* owned: UIDs of pods that were made from the request on, sorted */
	size_t n;
};
int ord_kube_own_init(struct ord_kube_own *ret, const struct ord_timeline *t,
		      const struct ord_rep *r, struct ord_err *err);
void ord_kube_own_done(struct ord_kube_own *o);
enum ord_whose ord_kube_whose(const struct ord_kube_own *o, const struct ord_event *e);
bool ord_kube_is_hit(const struct ord_rep *r, size_t n_faults, const char *uid);

#endif
