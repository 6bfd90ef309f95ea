#include <jansson.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/gameday.h"
#include "ordeal/pick.h"
#include "ordeal/policy.h"

/* Owned; NULL: out of memory. */
static int schema_of(const char *kind, json_t **ret, struct ord_err *err)
{
	if (!strcmp(kind, "Rules"))
		return ord_policy_schema(ret, err);
	if (!strcmp(kind, "Schedule"))
		*ret = ord_pick_schema();
	else if (!strcmp(kind, "Experiment"))
		*ret = ord_spec_schema();
	else
		return ord_fail(err, ORD_USAGE,
				"'%.40s' is no kind; there are Experiment, Schedule, GameDay and "
				"Rules",
				kind);
	return 0;
}

static int schema(const struct cli_args *args, struct ord_err *err)
{
	const char *kind = args->n_operands ? args->operands[0] : "Experiment";
	ord_auto(json) json_t *s = NULL;

	if (!strcmp(kind, "GameDay"))
		return cli_gameday_schema(err);
	if (schema_of(kind, &s, err))
		return -1;
	if (!s || json_dumpf(s, stdout, JSON_INDENT(2)))
		return ord_fail_nomem(err);
	(void)putchar('\n');
	return CLI_OK;
}

const struct cli_command cli_schema = {
	.name = "schema",
	.summary = "print the JSON Schema of experiments, or of another kind, for editors",
	.operands = "[KIND]",
	.max_operands = 1,
	.run = schema,
};
