#include "cli/commands.h"

static int version(const struct cli_args *args, struct ord_err *err)
{
	(void)args;
	(void)err;
	(void)puts("ordeal " ORDEAL_VERSION);
	return CLI_OK;
}

const struct cli_command cli_version = {
	.name = "version",
	.summary = "print the version",
	.operands = "",
	.run = version,
};
