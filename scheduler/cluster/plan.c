/* A plan and its cluster: which one it may touch, and what its targets are there now. */
#include <string.h>

#include "base/auto.h"
#include "ordeal/cluster.h"

bool ord_cluster_needed(const struct ord_spec *spec)
{
	for (size_t i = 0; i < spec->n_faults; i++)
		if (ord_target_in_cluster(spec->faults[i].target.kind) ||
		    ord_target_in_cluster(spec->faults[i].peer.kind))
			return true;
	for (size_t i = 0; i < spec->n_probes; i++)
		if (spec->probes[i].kind == ORD_PROBE_KUBE)
			return true;
	for (size_t i = 0; i < spec->n_objectives; i++)
		if (spec->objectives[i].source == ORD_CHANNEL_KUBERNETES)
			return true;
	return false;
}

static bool is_named(const struct ord_cluster *c, const char *name)
{
	return !strcmp(name, ord_cluster_context(c)) || !strcmp(name, ord_cluster_name(c));
}

int ord_cluster_named(const char *limit, const char *context, struct sd_event *loop,
		      struct ord_cluster **ret, struct ord_err *err)
{
	const char *named = context && *context ? context : limit;
	struct ord_cluster *c;

	if (ord_cluster_open(named && *named ? named : NULL, loop, &c, err))
		return -1;
	if (limit && *limit && !is_named(c, limit)) {
		(void)ord_fail(err, ORD_GUARD,
			       "limits.cluster is '%s', but --context names '%s' of cluster '%s'; "
			       "both must be the same",
			       limit, ord_cluster_context(c), ord_cluster_name(c));
		ord_cluster_close(c);
		return -1;
	}
	*ret = c;
	return 0;
}

int ord_cluster_for(const struct ord_spec *spec, const char *context, struct sd_event *loop,
		    struct ord_cluster **ret, struct ord_err *err)
{
	*ret = NULL;
	if (!ord_cluster_needed(spec))
		return 0;
	return ord_cluster_named(spec->limit_cluster, context, loop, ret, err);
}

int ord_cluster_plan_resolve(struct ord_cluster *c, const struct ord_plan *plan, size_t fault,
			     uint32_t rep, ord_cluster_told *told, void *arg,
			     struct ord_resolved *ret, struct ord_err *err)
{
	const struct ord_fault_spec *f = &plan->spec->faults[fault];
	struct ord_place place = {0};

	if (!ord_target_in_cluster(f->target.kind))
		return ord_plan_resolve(plan, fault, rep, ret, err);
	if (ord_cluster_resolve(c, &f->target, ord_plan_seed(plan, fault, rep),
				plan->spec->limit_targets, &place, told, arg, err))
		return ord_wrap(err, "target of '%s'", f->name);
	return ord_plan_settle(plan, fault, &place, ret, err);
}
