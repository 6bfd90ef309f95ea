#include "cli/commands.h"

#include "ordeal/fault.h"

static int help(const struct cli_args *args, struct ord_err *err)
{
	const struct cli_command *c;

	if (!args->n_operands) {
		cli_help_program(stdout);
		return CLI_OK;
	}
	c = cli_command_find(args->operands[0]);
	if (!c)
		return ord_fail(err, ORD_USAGE,
				"there is no command '%.40s'; 'ordeal help' lists them",
				args->operands[0]);
	cli_help_command(c, stdout);
	return CLI_OK;
}

const struct cli_command cli_help = {
	.name = "help",
	.summary = "say what a command does and takes",
	.operands = "[COMMAND]",
	.max_operands = 1,
	.run = help,
};
