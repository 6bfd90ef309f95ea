/* Who would be hit, and why others would not. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/spec_file.h"
#include "ordeal/cluster.h"

#define SHOWN_MAX 20 /* of the others, in text; then their number by reason */

struct looked {
	json_t *chosen, *others; /* owned lists; others: at most n_shown of them */
	json_t *reasons;	 /* owned: reason -> how many */
	size_t n_others, n_shown;
	bool no_memory;
};

static json_t *object_json(const struct ord_object *o)
{
	return json_pack("[sssss]", o->api_version, o->kind, o->ns, o->name, o->uid);
}

static void told(void *arg, const struct ord_object *o, const char *why)
{
	struct looked *l = arg;
	json_t *entry = object_json(o), *n;

	if (!why) {
		l->no_memory |= json_array_append_new(l->chosen, entry) < 0;
		return;
	}
	n = json_object_get(l->reasons, why);
	l->no_memory |=
		json_object_set_new(l->reasons, why, json_integer(json_integer_value(n) + 1)) < 0;
	if (l->n_others++ < l->n_shown)
		l->no_memory |= json_array_append_new(l->others, json_pack("{s:o, s:s}", "object",
									   entry, "why", why)) < 0;
	else
		json_decref(entry);
}

static const char *part(const json_t *object, size_t i)
{
	return json_string_value(json_array_get(object, i));
}

static void print_object(const json_t *object, const char *why)
{
	(void)printf("  %s %s%s%s%s%s\n", part(object, 1), part(object, 2),
		     *part(object, 2) ? "/" : "", part(object, 3), why ? ": " : "", why ? why : "");
}

static void print_others(const struct looked *l)
{
	const json_t *entry;
	const char *why;
	json_t *n;
	size_t i;

	if (!l->n_others)
		return;
	(void)printf(" not hit, of those that were looked at: %zu\n", l->n_others);
	if (l->n_others <= l->n_shown) {
		json_array_foreach (l->others, i, entry)
			print_object(json_object_get(entry, "object"),
				     json_string_value(json_object_get(entry, "why")));
		return;
	}
	json_object_foreach (l->reasons, why, n)
		(void)printf("  %8lld  %s\n", (long long)json_integer_value(n), why);
}

static void print_place(const struct ord_place *place)
{
	if (place->host)
		(void)puts("  this machine");
	for (size_t i = 0; i < place->n_procs; i++)
		(void)printf("  %s (pid %d)\n", place->procs[i].comm, (int)place->procs[i].pid);
	if (!place->host && !place->n_procs && *place->netns)
		(void)printf("  network namespace %s\n", place->netns);
	if (!place->host && !place->n_procs && !*place->netns && *place->cgroup)
		(void)printf("  control group %s\n", place->cgroup);
}

static void print_text(const struct ord_plan *plan, size_t fault, const struct looked *l,
		       const struct ord_resolved *r, const struct ord_err *wrong)
{
	const struct ord_fault_spec *f = &plan->spec->faults[fault];
	const json_t *object;
	size_t i;

	(void)printf("%s%s (%s): ", fault ? "\n" : "", f->name, f->args->fault->name);
	if (wrong)
		(void)printf("nothing would be hit: %s\n", wrong->msg);
	else if (r->place.cluster)
		(void)printf("%zu would be hit, in context %s\n", r->n_targets,
			     r->place.cluster->context);
	else
		(void)puts("would be hit");
	json_array_foreach (l->chosen, i, object)
		print_object(object, NULL);
	if (!wrong)
		print_place(&r->place);
	print_others(l);
}

static json_t *json_of(const struct ord_plan *plan, size_t fault, const struct looked *l,
		       const struct ord_resolved *r, const struct ord_err *wrong)
{
	json_t *entry = json_pack(
		"{s:s, s:s, s:O, s:O, s:O, s:I}", "fault", plan->spec->faults[fault].name, "effect",
		plan->spec->faults[fault].args->fault->name, "chosen", l->chosen, "others",
		l->others, "reasons", l->reasons, "n_others", (json_int_t)l->n_others);

	if (entry && wrong)
		(void)json_object_set_new(entry, "why", json_string(wrong->msg));
	else if (entry)
		(void)json_object_set_new(entry, "place", ord_place_to_json(&r->place));
	return entry;
}

static void looked_done(struct looked *l)
{
	json_decref(l->chosen);
	json_decref(l->others);
	json_decref(l->reasons);
}

/* One fault's. Returns the exit code, or -1. */
static int show(struct ord_cluster *c, const struct ord_plan *plan, size_t fault, json_t *list,
		struct ord_err *err)
{
	struct looked l = {.chosen = json_array(),
			   .others = json_array(),
			   .reasons = json_object(),
			   .n_shown = list ? 1000 : SHOWN_MAX};
	struct ord_resolved *r = calloc(1, sizeof *r);
	struct ord_err wrong = {0};
	int bad = -1;

	l.no_memory = !l.chosen || !l.others || !l.reasons || !r;
	if (!l.no_memory)
		bad = ord_cluster_plan_resolve(c, plan, fault, 1, told, &l, r, &wrong);
	if (!l.no_memory && list)
		l.no_memory = json_array_append_new(
				      list, json_of(plan, fault, &l, r, bad ? &wrong : NULL)) < 0;
	else if (!l.no_memory)
		print_text(plan, fault, &l, r, bad ? &wrong : NULL);
	if (r)
		ord_place_done(&r->place);
	free(r);
	looked_done(&l);
	if (l.no_memory)
		return ord_fail_nomem(err);
	return bad ? cli_exit_of(&wrong) : CLI_OK;
}

static int show_all(struct ord_cluster *c, const struct ord_plan *plan, bool json,
		    struct ord_err *err)
{
	json_t *list = json ? json_array() : NULL;
	int worst = CLI_OK;

	if (json && !list)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < plan->spec->n_faults && worst >= 0; i++) {
		int code = show(c, plan, i, list, err);

		worst = code < 0 ? -1 : cli_exit_worst(worst, code);
	}
	if (list && worst >= 0) {
		(void)json_dumpf(list, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
		(void)putchar('\n');
	}
	json_decref(list);
	return worst;
}

static int targets(const struct cli_args *args, struct ord_err *err)
{
	struct ord_cluster *c = NULL;
	struct cli_plan p;
	int code = cli_plan_read(args->operands[0], args, &p);

	if (!code && ord_cluster_for(p.spec, cli_value(args, "context"), NULL, &c, err))
		code = -1;
	if (!code) {
		cli_cluster_warn(c);
		code = show_all(c, &p.plan, cli_flag(args, "json"), err);
	}
	ord_cluster_close(c);
	cli_plan_done(&p);
	return code;
}

static const struct cli_option options[] = {
	{"json", 0, NULL, "print JSON"}, CLI_CONTEXT_OPTION, CLI_SET_OPTION, CLI_SEED_OPTION, {0}};

const struct cli_command cli_targets = {
	.name = "targets",
	.summary = "show who would be hit now, and why others would not",
	.operands = "FILE",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
	.details =
		"Nothing is changed. Of a target in a cluster every object of its kind in its "
		"namespaces is looked at, and the first reason against each that would not be "
		"hit is told: a label, the draw, a protection. Protected, unless they are named, "
		"are namespace kube-system and what carries the label or annotation "
		"ordeal.dev/protect: \"true\", or is in a namespace that does; the pod that "
		"ordeal runs in; and the node that the API server runs on.",
	.run = targets,
};
