#include "cli/now.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/auto.h"
#include "ordeal/monitor.h"
#include "ordeal/peers.h"
#include "ordeal/resolve.h"

/* A server that did not say its version is not asked for everything else, one time-out each. */
static void resolve(struct ord_cluster *c, const struct ord_plan *plan, size_t i,
		    struct cli_now *now)
{
	bool away =
		ord_target_in_cluster(plan->spec->faults[i].target.kind) && !*now->cluster.version;

	if (away)
		now->errors[i] = now->cluster.why;
	else if (!ord_run_resolve(c, plan, i, NULL, NULL, &now->resolved[i], &now->errors[i]))
		return;
	now->resolved[i].n_targets = 0;
	now->why[i] = now->errors[i].msg;
}

static void look_up_peers(struct ord_cluster *c, const struct ord_plan *plan, size_t i,
			  struct cli_now *now)
{
	const struct ord_fault_spec *f = &plan->spec->faults[i];
	const struct ord_peers_ask ask = {.args = f->args,
					  .peer = &f->peer,
					  .target = &f->target,
					  .place = &now->resolved[i].place,
					  .cluster = c,
					  .seed = ord_plan_seed(plan, i, 1)};

	if (now->why[i] || !ord_peers_wanted(f->args, &f->peer))
		return;
	if (!ord_peers_find(&ask, &now->peers[i], &now->errors[i])) {
		now->resolved[i].peers = ord_peers_told(now->peers[i]);
		return;
	}
	(void)ord_wrap(&now->errors[i], "fault '%s'", f->name);
	now->why[i] = now->errors[i].msg;
	now->resolved[i].n_targets = 0;
}

/* A monitoring that cannot be asked is told beside what it would have said. */
static int ask_alerts(const struct ord_plan *plan, struct cli_now *now, struct ord_err *err)
{
	struct ord_err why = {0};

	if (!ord_monitor_wanted(plan) || !ord_monitor_rules(plan, &now->alerts, &why))
		return 0;
	now->alerts = json_pack("{s:[s]}", "notes", why.msg);
	return now->alerts ? 0 : ord_fail_nomem(err);
}

int cli_now_look(const struct ord_plan *plan, const char *context, struct cli_now *ret,
		 struct ord_err *err)
{
	struct ord_cluster *c = NULL;
	int r = 0;

	*ret = (struct cli_now){.in_cluster = ord_cluster_needed(plan->spec),
				.resolved = calloc(ORD_FAULTS_MAX, sizeof *ret->resolved)};
	if (!ret->resolved)
		return ord_fail_nomem(err);
	if (!ord_cluster_for(plan->spec, context, NULL, &c, &ret->cluster.why) && c)
		r = ord_cluster_ask(c, plan, &ret->cluster, err);
	for (size_t i = 0; !r && i < plan->spec->n_faults; i++) {
		resolve(c, plan, i, ret);
		look_up_peers(c, plan, i, ret);
	}
	ord_cluster_close(c);
	if (!r)
		r = ask_alerts(plan, ret, err);
	if (r)
		cli_now_done(plan, ret);
	return r;
}

void cli_now_check(const struct ord_plan *plan, struct cli_now *now)
{
	for (size_t i = 0; i < plan->spec->n_faults; i++)
		if (!now->why[i] && !now->resolved[i].place.cluster)
			(void)ord_run_dry(plan, i,
					  now->peers[i] ? ord_peers_args(now->peers[i])
							: plan->spec->faults[i].args,
					  &now->resolved[i].place, &now->checked[i],
					  &now->refused[i]);
}

void cli_now_done(const struct ord_plan *plan, struct cli_now *now)
{
	for (size_t i = 0; now->resolved && i < plan->spec->n_faults; i++)
		ord_place_done(&now->resolved[i].place);
	for (size_t i = 0; i < plan->spec->n_faults; i++)
		json_decref(now->checked[i]);
	for (size_t i = 0; i < ORD_FAULTS_MAX; i++)
		ord_peers_close(now->peers[i]);
	free(now->resolved);
	ord_plan_cluster_done(&now->cluster);
	json_decref(now->alerts);
	*now = (struct cli_now){0};
}
