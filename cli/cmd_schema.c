#include <jansson.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/gameday.h"
#include "ordeal/pick.h"

static int schema(const struct cli_args *args, struct ord_err *err)
{
	const char *kind = args->n_operands ? args->operands[0] : "Experiment";
	ord_auto(json) json_t *s = NULL;

	if (!strcmp(kind, "GameDay"))
		return cli_gameday_schema(err);
	if (!strcmp(kind, "Schedule"))
		s = ord_pick_schema();
	else if (!strcmp(kind, "Experiment"))
		s = ord_spec_schema();
	else
		return ord_fail(err, ORD_USAGE,
				"'%.40s' is no kind; there are Experiment, Schedule and GameDay",
				kind);
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
