#include "cli/commands.h"
#include "cli/spec_file.h"

static int validate(const struct cli_args *args, struct ord_err *err)
{
	int worst = CLI_OK;

	(void)err;
	for (size_t i = 0; i < args->n_operands; i++) {
		struct cli_plan plan;
		int code = cli_plan_read(args->operands[i], args, &plan);

		if (!code)
			(void)printf("%s: ok\n", args->operands[i]);
		worst = cli_exit_worst(worst, code);
		cli_plan_done(&plan);
	}
	return worst;
}

static const struct cli_option options[] = {CLI_SET_OPTION, {0}};

const struct cli_command cli_validate = {
	.name = "validate",
	.summary = "check experiments: every mistake, with its line and column",
	.operands = "FILE...",
	.options = options,
	.min_operands = 1,
	.max_operands = SIZE_MAX,
	.run = validate,
};
