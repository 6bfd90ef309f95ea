/* Who is behind a plan's targets now, wherever they are. */
#ifndef ORDEAL_RESOLVE_H
#define ORDEAL_RESOLVE_H

#include "ordeal/cluster.h"
#include "ordeal/plan.h"

/* As ord_cluster_plan_resolve() of the first repetition, and of targets on other machines too. */
int ord_run_resolve(struct ord_cluster *c, const struct ord_plan *plan, size_t fault,
		    ord_cluster_told *told, void *arg, struct ord_resolved *ret,
		    struct ord_err *err);

/*
 * Has the injector check a fault there, and let go again what it opened for that: *ret is its
 * `checked` event (docs/formats/protocol.md; owned). Else -1, with what a run would be refused for.
 * args: its parameters, with addresses in place of names. Not of a place in a cluster (ORD_USAGE).
 */
int ord_run_dry(const struct ord_plan *plan, size_t fault, const struct ord_args *args,
		const struct ord_place *place, struct json_t **ret, struct ord_err *err);

#endif
