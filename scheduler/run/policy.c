/* Who must allow the run: asked when its targets are known and before anything is made, and once
 * more, of the hours, before each repetition. */
#include "ordeal/policy.h"

#include <jansson.h>

#include "base/clock.h"
#include "ordeal/cluster.h"
#include "scheduler/run/machine.h"

int run_policy_ask(struct run *r, struct ord_err *err)
{
	const struct ord_resolved *resolved[ORD_FAULTS_MAX];
	struct ord_policy_question q = {.plan = r->plan,
					.resolved = resolved,
					.command = "run",
					.now_ns = ord_wall_ns(),
					.longest_ns = ord_plan_longest_ns(r->spec)};

	if (!r->options->policy)
		return 0;
	for (size_t i = 0; i < r->spec->n_faults; i++)
		resolved[i] = &r->faults[i].resolved;
	if (r->cluster) {
		q.context = ord_cluster_context(r->cluster);
		q.cluster = ord_cluster_name(r->cluster);
		q.server = ord_cluster_server(r->cluster);
	}
	if (!ord_policy_ask(r->options->policy, &q, &r->policies, err))
		return 0;
	ord_policy_reasons(r->policies, r->options->tell, r->options->arg);
	return -1;
}

void run_policy_tell(struct run *r)
{
	json_t *line;
	size_t i;

	json_array_foreach (r->policies, i, line)
		run_timeline_line(r->tl, "policy", json_incref(line));
}

/*
 * The whole run was within the hours, at its longest. A machine that slept, or whose clock was set,
 * may be beyond them all the same.
 */
void run_policy_again(struct run *r)
{
	struct ord_err err;

	if (r->options->policy && ord_policy_again(r->options->policy, ord_wall_ns(),
						   ord_plan_repetition_ns(r->spec), &err))
		run_abort(r, "policy", ord_now_ns(), err.msg);
}
