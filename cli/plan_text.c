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
	return json_pack("{s:s,s:I,s:s,s:o,s:s*}", "fault", name, "targets",
			 (json_int_t)r->n_targets, "hash", r->hash, "place",
			 ord_place_to_json(&r->place), "peers", r->peers);
}

static void print_texts(const char *label, const json_t *list, FILE *out)
{
	const json_t *text;
	size_t i;

	json_array_foreach (list, i, text)
		(void)fprintf(out, "    %-10s %s\n", i ? "" : label, json_string_value(text));
}

/* What a fault's injector said of it, without its envelope; or why there is nothing. */
static void print_checked(const struct ord_plan *plan, const struct cli_now *now, FILE *out)
{
	(void)fprintf(out, "\nchecked now\n");
	for (size_t i = 0; i < plan->spec->n_faults; i++) {
		const json_t *c = now->checked[i];
		const char *engine = json_string_value(json_object_get(c, "engine"));
		const char *why = json_string_value(json_object_get(c, "why"));

		(void)fprintf(out, "\n  %s: ", plan->spec->faults[i].name);
		if (!c)
			(void)fprintf(out, "%s\n",
				      now->why[i]		       ? "there is no target"
				      : now->resolved[i].place.cluster ? "not asked in a cluster"
								       : now->refused[i].msg);
		if (!c)
			continue;
		(void)fprintf(out, "can be injected\n");
		if (why || (engine && *engine))
			(void)fprintf(out, "    engine     %s\n", why ? why : engine);
		print_texts("objects", json_object_get(c, "objects"), out);
		print_texts("notes", json_object_get(c, "notes"), out);
	}
}

/* One entry a fault, as in "resolved". */
static json_t *checked_json(const struct ord_plan *plan, const struct cli_now *now)
{
	json_t *list = json_array();

	for (size_t i = 0; i < plan->spec->n_faults; i++) {
		json_t *one = json_pack("{s:s, s:b}", "fault", plan->spec->faults[i].name,
					"possible", now->checked[i] != NULL);

		if (one && now->checked[i])
			for (const char *const *k = (const char *const[]){"class", "engine", "why",
									  "objects", "notes", NULL};
			     *k; k++) {
				json_t *v = json_object_get(now->checked[i], *k);

				if (v)
					(void)json_object_set(one, *k, v);
			}
		else if (one && *now->refused[i].msg)
			(void)json_object_set_new(one, "refused", json_string(now->refused[i].msg));
		(void)json_array_append_new(list, one);
	}
	return list;
}

static int print_json(const struct ord_plan *plan, const struct cli_now *now,
		      const json_t *policies, bool check, FILE *out, struct ord_err *err)
{
	ord_auto(json) json_t *all = json_deep_copy(plan->json);
	json_t *list = json_array();

	for (size_t i = 0; i < plan->spec->n_faults; i++)
		(void)json_array_append_new(list, resolved_json(plan, now, i));
	if (!all || json_object_set_new(all, "resolved", list) ||
	    (now->in_cluster &&
	     json_object_set_new(all, "cluster", ord_plan_cluster_json(&now->cluster))) ||
	    (check && json_object_set_new(all, "checked", checked_json(plan, now))) ||
	    (now->alerts && json_object_set(all, "alerts", now->alerts)) ||
	    (policies && json_object_set(all, "policy", (json_t *)(uintptr_t)policies)) ||
	    json_dumpf(all, out, JSON_INDENT(2) | JSON_SORT_KEYS))
		return ord_fail_nomem(err);
	(void)fputc('\n', out);
	return 0;
}

static void print_text(const struct ord_plan *plan, const struct cli_now *now,
		       const json_t *policies, bool check, FILE *out)
{
	ord_plan_text(plan, now->in_cluster ? &now->cluster : NULL, now->resolved, now->why, out);
	if (check)
		print_checked(plan, now, out);
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
		   bool check, bool json, FILE *out, struct ord_err *err)
{
	ord_auto(json) json_t *policies = NULL;
	struct cli_now now;
	int r = 0;

	if (cli_now_look(plan, context, &now, err))
		return -1;
	if (check)
		cli_now_check(plan, &now);
	if (policy && cli_policy_ask(policy, "plan", plan, &now, &policies, err) && !policies)
		r = -1;
	else if (json)
		r = print_json(plan, &now, policies, check, out, err);
	else
		print_text(plan, &now, policies, check, out);
	cli_now_done(plan, &now);
	return r;
}
