#include "cli/plan_text.h"

#include <jansson.h>

#include "base/auto.h"
#include "base/json.h"
#include "cli/spec_file.h"

struct now {
	struct ord_resolved *resolved;
	const char *why[ORD_FAULTS_MAX];
	struct ord_err errors[ORD_FAULTS_MAX];
};

/* What the first repetition would hit. A target that is not there is no error of the plan. */
static void resolve(const struct ord_plan *plan, const char *context, struct now *now)
{
	struct ord_cluster *c = NULL;
	struct ord_err closed = {0};
	bool open = !ord_cluster_for(plan->spec, context, NULL, &c, &closed);

	cli_cluster_warn(c);
	for (size_t i = 0; i < plan->spec->n_faults; i++) {
		if (!open && ord_target_in_cluster(plan->spec->faults[i].target.kind))
			now->errors[i] = closed;
		else if (!ord_cluster_plan_resolve(c, plan, i, 1, NULL, NULL, &now->resolved[i],
						   &now->errors[i]))
			continue;
		now->resolved[i].n_targets = 0;
		now->why[i] = now->errors[i].msg;
	}
	ord_cluster_close(c);
}

static int print_json(const struct ord_plan *plan, const struct now *now, FILE *out,
		      struct ord_err *err)
{
	ord_auto(json) json_t *all = json_deep_copy(plan->json);
	json_t *list = json_array();

	for (size_t i = 0; i < plan->spec->n_faults; i++) {
		const struct ord_resolved *r = &now->resolved[i];

		(void)json_array_append_new(
			list, now->why[i] ? json_pack("{s:s,s:i,s:s}", "fault",
						      plan->spec->faults[i].name, "targets", 0,
						      "why", now->why[i])
					  : json_pack("{s:s,s:I,s:s,s:o}", "fault",
						      plan->spec->faults[i].name, "targets",
						      (json_int_t)r->n_targets, "hash", r->hash,
						      "place", ord_place_to_json(&r->place)));
	}
	if (!all || json_object_set_new(all, "resolved", list) ||
	    json_dumpf(all, out, JSON_INDENT(2) | JSON_SORT_KEYS))
		return ord_fail_nomem(err);
	(void)fputc('\n', out);
	return 0;
}

int cli_plan_print(const struct ord_plan *plan, const char *context, bool json, FILE *out,
		   struct ord_err *err)
{
	struct now now = {.resolved = calloc(ORD_FAULTS_MAX, sizeof *now.resolved)};
	int r = 0;

	if (!now.resolved)
		return ord_fail_nomem(err);
	resolve(plan, context, &now);
	if (json)
		r = print_json(plan, &now, out, err);
	else
		ord_plan_text(plan, now.resolved, now.why, out);
	for (size_t i = 0; i < plan->spec->n_faults; i++)
		ord_place_done(&now.resolved[i].place);
	free(now.resolved);
	return r;
}
