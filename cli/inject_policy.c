/* Whether the policies allow one fault by hand: they are asked about it as about the plan of a run
 * with this fault alone. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "cli/inject.h"
#include "cli/policy.h"

#define REVERT_NS (5 * ORD_S)

static void describe(const struct cli_inject *in, struct ord_args *args, size_t n_targets,
		     struct ord_spec *spec)
{
	struct ord_fault_spec *fault = &spec->faults[0];
	size_t most = n_targets > in->limit ? n_targets : in->limit;

	(void)snprintf(spec->name, sizeof spec->name, "inject");
	(void)snprintf(fault->name, sizeof fault->name, "inject");
	(void)snprintf(fault->engine, sizeof fault->engine, "%s", in->engine ? in->engine : "");
	fault->args = args;
	fault->target = in->target;
	fault->for_ns = in->for_ns;
	spec->n_faults = 1;
	spec->repetitions = 1;
	spec->limit_targets = (uint32_t)(most > in->target.count ? most : in->target.count);
	spec->limit_duration_ns = in->for_ns;
	spec->whole_host = in->whole_host;
	spec->seed = in->seed;
	spec->has_seed = true;
}

static size_t count(const struct ord_place *place)
{
	size_t n = place->cluster ? place->cluster->n : place->n_procs;

	return n ? n : 1;
}

/* There is no timeline that would keep the answers: they stand before the injector's events, for
 * whoever keeps those, also where they refuse. */
static void tell_answers(const struct cli_inject *in, json_t *lines)
{
	json_t *line;
	size_t i;

	if (in->quiet)
		return;
	if (!in->json && isatty(STDOUT_FILENO)) {
		cli_policy_print(lines, stdout);
	} else {
		json_array_foreach (lines, i, line) {
			ord_auto(json) json_t *event = json_pack("{s:s, s:I}", "event", "policy",
								 "at_ns", (json_int_t)ord_now_ns());

			if (!event || json_object_update_missing(event, line))
				continue;
			(void)ord_json_print(event, JSON_COMPACT, stdout);
			(void)putchar('\n');
		}
	}
	(void)fflush(stdout);
}

static int ask(const struct cli_inject *in, struct ord_policy *policy, const struct ord_plan *plan,
	       const char *cluster, struct ord_resolved *resolved, struct ord_err *err)
{
	const struct ord_cluster_place *place = resolved->place.cluster;
	const struct ord_resolved *const all[] = {resolved};
	const struct ord_policy_question q = {
		.plan = plan,
		.resolved = all,
		.command = "inject",
		.now_ns = ord_wall_ns(),
		.longest_ns = plan->spec->limit_duration_ns + REVERT_NS,
		.context = place ? place->context : NULL,
		.cluster = place ? cluster : NULL,
		.server = place ? place->server : NULL,
	};
	ord_auto(json) json_t *lines = NULL;
	int r = ord_policy_ask(policy, &q, &lines, err);

	tell_answers(in, lines);
	if (r)
		cli_policy_complain(lines);
	return r;
}

int cli_inject_allowed(struct cli_inject *in, struct ord_policy *policy, const char *cluster,
		       struct ord_place *place, struct ord_err *err)
{
	/* Large, and of one fault: it owns nothing. */
	ord_autofree struct ord_spec *spec = calloc(1, sizeof *spec);
	ord_autofree struct ord_resolved *resolved = calloc(1, sizeof *resolved);
	struct ord_plan plan;
	int r;

	if (!spec || !resolved)
		return ord_fail_nomem(err);
	describe(in, &in->args, count(place), spec);
	if (ord_plan_build(spec, in->seed, &plan, err))
		return -1;
	r = ord_plan_settle(&plan, 0, place, resolved, err);
	if (!r)
		r = ask(in, policy, &plan, cluster, resolved, err);
	*place = resolved->place;
	ord_plan_done(&plan);
	return r;
}
