#include "base/auto.h"
#include "cli/commands.h"
#include "cli/runs.h"
#include "ordeal/run.h"

static int note(const struct cli_args *args, struct ord_err *err)
{
	static char dir[ORD_PATH_MAX + 300];

	if (cli_run_find(args->operands[0], sizeof dir, dir, err) ||
	    ord_mark(dir, NULL, cli_value(args, "by"), args->operands[1], err))
		return -1;
	return CLI_OK;
}

static const struct cli_option options[] = {
	{"by", 0, "ROLE", "who says it: a role, as in on-call, never a person's name"},
	{0},
};

const struct cli_command cli_note = {
	.name = "note",
	.summary = "write a remark into the timeline of a run that lasts",
	.operands = "RUN TEXT",
	.options = options,
	.min_operands = 2,
	.max_operands = 2,
	.details = "RUN is a run's folder, its id, or 'latest', and must be running. The remark "
		   "stands in its reports, at its instant.",
	.run = note,
};
