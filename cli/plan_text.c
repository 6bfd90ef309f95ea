#include "cli/plan_text.h"

#include <jansson.h>

#include "base/auto.h"
#include "base/json.h"
#include "cli/now.h"
#include "cli/policy.h"
#include "ordeal/monitor.h"

static json_t *resolved_json(const struct ord_plan *plan, const struct cli_now *now, size_t i)
{
	const struct ord_resolved *r = &now->resolved[i];
	const char *name = plan->spec->faults[i].name;

	if (now->why[i])
		return json_pack("{s:s,s:i,s:s}", "fault", name, "targets", 0, "why", now->why[i]);
	return json_pack("{s:s,s:I,s:s,s:o}", "fault", name, "targets", (json_int_t)r->n_targets,
			 "hash", r->hash, "place", ord_place_to_json(&r->place));
}

static int print_json(const struct ord_plan *plan, const struct cli_now *now,
		      const json_t *policies, FILE *out, struct ord_err *err)
{
	ord_auto(json) json_t *all = json_deep_copy(plan->json);
	json_t *list = json_array();

	for (size_t i = 0; i < plan->spec->n_faults; i++)
		(void)json_array_append_new(list, resolved_json(plan, now, i));
	if (!all || json_object_set_new(all, "resolved", list) ||
	    (now->in_cluster &&
	     json_object_set_new(all, "cluster", ord_plan_cluster_json(&now->cluster))) ||
	    (now->alerts && json_object_set(all, "alerts", now->alerts)) ||
	    (policies && json_object_set(all, "policy", (json_t *)(uintptr_t)policies)) ||
	    json_dumpf(all, out, JSON_INDENT(2) | JSON_SORT_KEYS))
		return ord_fail_nomem(err);
	(void)fputc('\n', out);
	return 0;
}

static void print_text(const struct ord_plan *plan, const struct cli_now *now,
		       const json_t *policies, FILE *out)
{
	ord_plan_text(plan, now->in_cluster ? &now->cluster : NULL, now->resolved, now->why, out);
	if (now->alerts) {
		(void)fputc('\n', out);
		ord_monitor_text(now->alerts, out);
	}
	if (policies) {
		(void)fputc('\n', out);
		cli_policy_print(policies, out);
	}
}

int cli_plan_print(const struct ord_plan *plan, const char *context, struct ord_policy *policy,
		   bool json, FILE *out, struct ord_err *err)
{
	ord_auto(json) json_t *policies = NULL;
	struct cli_now now;
	int r = 0;

	if (cli_now_look(plan, context, &now, err))
		return -1;
	if (policy && cli_policy_ask(policy, "plan", plan, &now, &policies, err) && !policies)
		r = -1;
	else if (json)
		r = print_json(plan, &now, policies, out, err);
	else
		print_text(plan, &now, policies, out);
	cli_now_done(plan, &now);
	return r;
}
