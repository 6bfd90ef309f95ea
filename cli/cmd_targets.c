#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/inject.h"
#include "cli/looked.h"
#include "cli/spec_file.h"
#include "ordeal/far.h"
#include "ordeal/resolve.h"

/* Where it goes: to the list, or at once to the screen. Returns the exit code, or -1. */
static int put(const struct cli_looked *l, json_t *list, struct ord_err *err)
{
	if (l->no_memory || (list && json_array_append_new(list, cli_looked_json(l))))
		return ord_fail_nomem(err);
	if (!list)
		cli_looked_print(l, stdout);
	return l->failed ? cli_exit_of(&l->wrong) : CLI_OK;
}

static int show_fault(struct ord_cluster *c, const struct ord_plan *plan, size_t i, json_t *list,
		      struct ord_err *err)
{
	const struct ord_fault_spec *f = &plan->spec->faults[i];
	ord_autofree struct ord_resolved *r = calloc(1, sizeof *r);
	struct cli_looked l = {.name = f->name,
			       .effect = f->args->fault->name,
			       .target = &f->target,
			       .seed = plan->seed,
			       .seed_drawn = !plan->spec->has_seed};
	int code = -1;

	if (!r)
		return ord_fail_nomem(err);
	if (!cli_looked_init(&l, list, err)) {
		l.failed = ord_run_resolve(c, plan, i, cli_looked_told, &l, r, &l.wrong) != 0;
		if (!l.failed) {
			l.place = r->place;
			l.n_targets = r->n_targets;
		}
		code = put(&l, list, err);
	}
	cli_looked_done(&l);
	return code;
}

static int show_faults(struct ord_cluster *c, const struct ord_plan *plan, json_t *list,
		       struct ord_err *err)
{
	int worst = CLI_OK;

	for (size_t i = 0; i < plan->spec->n_faults && worst >= 0; i++) {
		int code;

		if (i && !list)
			(void)putchar('\n');
		code = show_fault(c, plan, i, list, err);
		worst = code < 0 ? -1 : cli_exit_worst(worst, code);
	}
	return worst;
}

/* Where the time goes: 50,000 objects take seconds. */
static int of_file(const struct cli_args *args, json_t *list, struct ord_err *err)
{
	struct ord_cluster *c = NULL;
	struct cli_plan p;
	int code = cli_plan_read(args->operands[0], args, &p);

	if (!code && ord_cluster_for(p.spec, cli_value(args, "context"), NULL, &c, err))
		code = -1;
	if (!code) {
		cli_cluster_warn(c);
		code = show_faults(c, &p.plan, list, err);
	}
	ord_cluster_close(c);
	cli_plan_done(&p);
	return code;
}

static int resolve(const struct cli_args *args, size_t limit, struct cli_looked *l,
		   struct ord_err *err)
{
	struct ord_cluster *c;

	if (!ord_target_in_cluster(l->target->kind)) {
		l->failed = ord_far_or_here(l->target, l->seed, &l->place, &l->wrong) != 0;
		return 0;
	}
	if (ord_cluster_named(NULL, cli_value(args, "context"), NULL, &c, err))
		return -1;
	cli_cluster_warn(c);
	l->failed = ord_cluster_resolve(c, l->target, l->seed, limit, &l->place, cli_looked_told, l,
					&l->wrong) != 0;
	if (!l->failed)
		l->n_targets = l->place.cluster->n;
	ord_cluster_close(c);
	return 0;
}

/* As `inject` would take it. */
static int of_options(const struct cli_args *args, json_t *list, struct ord_err *err)
{
	struct ord_target target = {0};
	struct cli_looked l = {.target = &target, .seed_drawn = !cli_flag(args, "seed")};
	size_t limit = 0;
	int code = -1;

	if (!cli_target_read(args, NULL, &target, &limit, err) &&
	    !cli_seed_read(args, &l.seed, err) && !cli_looked_init(&l, list, err) &&
	    !resolve(args, limit, &l, err))
		code = put(&l, list, err);
	cli_looked_done(&l);
	ord_target_done(&target);
	return code;
}

/* A file says who its targets are; of the options that do, it takes --context alone. */
static int check_alone(const struct cli_args *args, struct ord_err *err)
{
	static const struct cli_option *const tables[] = {cli_target_options, cli_cluster_options,
							  cli_share_option};

	for (size_t t = 0; t < ORD_COUNT(tables); t++)
		for (const struct cli_option *o = tables[t]; o->name; o++)
			if (strcmp(o->name, "context") != 0 && cli_flag(args, o->name))
				return ord_fail(
					err, ORD_USAGE,
					"--%s beside %s: the file says who its targets are; "
					"give one of the two",
					o->name, args->operands[0]);
	return 0;
}

static int targets(const struct cli_args *args, struct ord_err *err)
{
	ord_auto(json) json_t *list = cli_flag(args, "json") ? json_array() : NULL;
	int code;

	if (cli_flag(args, "json") && !list)
		return ord_fail_nomem(err);
	if (args->n_operands && check_alone(args, err))
		return -1;
	code = args->n_operands ? of_file(args, list, err) : of_options(args, list, err);
	if (list && json_array_size(list) && code >= 0) {
		(void)json_dumpf(list, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
		(void)putchar('\n');
	}
	return code;
}

static const struct cli_option options[] = {
	{"json", 0, NULL, "print JSON"}, CLI_SET_OPTION, CLI_SEED_OPTION, {0}};

const struct cli_command cli_targets = {
	.name = "targets",
	.summary = "show who would be hit now, and why others would not",
	.operands = "FILE|TARGET",
	.options = options,
	.takes_target = true,
	.min_operands = 0,
	.max_operands = 1,
	.details =
		"Of the experiment in FILE, or of one target that the options describe as those of "
		"inject do. Nothing is changed. Of a target in a cluster every object of its kind "
		"in its namespaces is looked at, and the first reason against each that would not "
		"be hit is told: a label, the draw, a protection. Protected, unless they are "
		"named, "
		"are namespace kube-system and what carries the label or annotation "
		"ordeal.dev/protect: \"true\", or is in a namespace that does; the pod that "
		"ordeal runs in; and the node that the API server runs on. It fails where a run "
		"would: where nobody would be hit, or more than limits.targets allows.",
	.run = targets,
};
