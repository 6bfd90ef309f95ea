#include "cli/commands.h"
#include "cli/gameday.h"
#include "cli/plan_text.h"
#include "cli/policy.h"
#include "cli/spec_file.h"

static int plan(const struct cli_args *args, struct ord_err *err)
{
	const char *path = args->operands[0];
	struct ord_policy *policy = NULL;
	struct cli_plan p;
	int code;

	if (cli_gameday_named(path))
		return cli_gameday_file("plan", path, err);
	code = cli_plan_read(path, args, &p);
	if (!code)
		code = cli_policy_open(path, args, p.spec, &policy);
	if (!code && cli_plan_print(&p.plan, cli_value(args, "context"), policy,
				    cli_flag(args, "check"), cli_flag(args, "json"), stdout, err))
		code = -1;
	ord_policy_close(policy);
	cli_plan_done(&p);
	return code;
}

static const struct cli_option options[] = {{"json", 0, NULL, "print JSON"},
					    {"check", 0, NULL,
					     "have each fault checked by its injector: the engine "
					     "and why, or the refusal"},
					    CLI_SET_OPTION,
					    CLI_SEED_OPTION,
					    CLI_CONTEXT_OPTION,
					    CLI_POLICY_OPTIONS,
					    {0}};

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
		   "its own. With '--check' the injector checks each fault as for a run, tells "
		   "what it would make, and lets go what it opened for that. Policies are asked "
		   "whether they would allow it now, and a refusal is "
		   "shown; 'ordeal validate --policy' fails with it.",
	.run = plan,
};
