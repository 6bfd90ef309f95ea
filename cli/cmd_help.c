#include "cli/commands.h"

static int help(const struct cli_args *args, struct ord_err *err)
{
	const struct cli_command *c;

	if (!args->n_operands) {
		cli_help_program(stdout);
		return CLI_OK;
	}
	c = cli_command_find(args->operands[0]);
	if (!c)
		return cli_no_command(args->operands[0], err);
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
