#include <jansson.h>

#include "base/auto.h"
#include "base/json.h"
#include "cli/commands.h"
#include "ordeal/spec.h"

static int schema(const struct cli_args *args, struct ord_err *err)
{
	ord_auto(json) json_t *s = ord_spec_schema();

	(void)args;
	if (!s || json_dumpf(s, stdout, JSON_INDENT(2)))
		return ord_fail_nomem(err);
	(void)putchar('\n');
	return CLI_OK;
}

const struct cli_command cli_schema = {
	.name = "schema",
	.summary = "print the JSON Schema of experiments, for editors",
	.operands = "",
	.run = schema,
};
