#include "cli/commands.h"
#include "cli/gameday.h"
#include "cli/plan_text.h"
#include "cli/spec_file.h"

static int plan(const struct cli_args *args, struct ord_err *err)
{
	struct cli_plan p;
	int code;

	if (cli_gameday_named(args->operands[0]))
		return cli_gameday_file("plan", args->operands[0], err);
	code = cli_plan_read(args->operands[0], args, &p);

	if (!code && cli_plan_print(&p.plan, cli_value(args, "context"), cli_flag(args, "json"),
				    stdout, err))
		code = -1;
	cli_plan_done(&p);
	return code;
}

static const struct cli_option options[] = {
	{"json", 0, NULL, "print JSON"}, CLI_SET_OPTION, CLI_SEED_OPTION, CLI_CONTEXT_OPTION, {0}};

const struct cli_command cli_plan = {
	.name = "plan",
	.summary = "show what a run would do: targets, steps, objects, blast radius, hash",
	.operands = "FILE",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
	.details = "Nothing is changed and nothing is started. The same experiment, seed and "
		   "catalogue give the same plan, byte "
		   "for byte, and the same hash; what the targets are on this machine now is shown "
		   "beside it and has a hash of "
		   "its own.",
	.run = plan,
};
