#include "cli/commands.h"

#include <jansson.h>
#include <string.h>

#include "base/auto.h"
#include "cli/catalog.h"
#include "ordeal/fault.h"

static void print_faults(void)
{
	char targets[64];
	int name = 0, what = 0;

	for (size_t i = 0; i < ord_n_faults; i++) {
		int n = (int)strlen(ord_faults[i].name);
		int t = (int)strlen(
			cli_targets_text(ord_faults[i].targets, sizeof targets, targets));

		name = n > name ? n : name;
		what = t > what ? t : what;
	}
	(void)printf("%-*s %-8s %-*s %s\n", name, "FAULT", "CLASS", what, "TARGETS", "WHAT");
	for (size_t i = 0; i < ord_n_faults; i++) {
		const struct ord_fault *f = &ord_faults[i];

		(void)printf("%-*s %-8s %-*s %s\n", name, f->name, ord_guarantee_name(f->guarantee),
			     what, cli_targets_text(f->targets, sizeof targets, targets),
			     f->summary);
	}
	(void)puts("\n'ordeal inject FAULT --help' shows the parameters of one; 'ordeal doctor' "
		   "says what can run here.");
}

static void print_probes(void)
{
	(void)printf("%-8s %s\n", "PROBE", "WHAT");
	for (size_t i = 0; i < cli_n_probe_kinds; i++)
		(void)printf("%-8s %s\n", cli_probe_kinds[i].name, cli_probe_kinds[i].summary);
}

static json_t *param_json(const struct ord_param *p)
{
	json_t *j = json_pack("{s:s,s:s,s:s,s:b}", "name", p->name, "type", cli_param_type(p),
			      "help", p->help, "required", p->required);
	char range[64];

	if (p->def)
		(void)json_object_set_new(j, "default", json_string(p->def));
	if (p->choices)
		(void)json_object_set_new(j, "choices", json_string(p->choices));
	if (*cli_param_range(p, sizeof range, range))
		(void)json_object_set_new(j, "range", json_string(range));
	return j;
}

static json_t *faults_json(void)
{
	json_t *all = json_array();
	char targets[64];

	for (size_t i = 0; i < ord_n_faults; i++) {
		const struct ord_fault *f = &ord_faults[i];
		json_t *params = json_array();

		for (size_t k = 0; k < f->n_params; k++)
			(void)json_array_append_new(params, param_json(&f->params[k]));
		(void)json_array_append_new(
			all,
			json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:o}", "name", f->name,
				  "summary", f->summary, "class", ord_guarantee_name(f->guarantee),
				  "targets", cli_targets_text(f->targets, sizeof targets, targets),
				  "capabilities", f->caps, "engines", f->engines, "blast_radius",
				  f->blast, "objects", f->objects, "parameters", params));
	}
	return all;
}

static json_t *probes_json(void)
{
	json_t *all = json_array();

	for (size_t i = 0; i < cli_n_probe_kinds; i++)
		(void)json_array_append_new(all,
					    json_pack("{s:s,s:s}", "name", cli_probe_kinds[i].name,
						      "summary", cli_probe_kinds[i].summary));
	return all;
}

static int print_json(json_t *json, struct ord_err *err)
{
	int failed = !json || json_dumpf(json, stdout, JSON_INDENT(2));

	json_decref(json);
	if (failed)
		return ord_fail_nomem(err);
	(void)putchar('\n');
	return CLI_OK;
}

static int list(const struct cli_args *args, struct ord_err *err)
{
	bool json = cli_flag(args, "json");
	const char *what = args->operands[0];

	if (!strcmp(what, "faults")) {
		if (json)
			return print_json(faults_json(), err);
		print_faults();
	} else if (!strcmp(what, "probes")) {
		if (json)
			return print_json(probes_json(), err);
		print_probes();
	} else {
		return ord_fail(err, ORD_USAGE,
				"'%.40s' cannot be listed; write 'faults' or 'probes'", what);
	}
	return CLI_OK;
}

static const struct cli_option options[] = {{"json", 0, NULL, "print JSON"}, {0}};

const struct cli_command cli_list = {
	.name = "list",
	.summary = "list the faults or the probes of this version",
	.operands = "faults|probes",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
	.run = list,
};
