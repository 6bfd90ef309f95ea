#include "base/auto.h"
#include "cli/commands.h"
#include "cli/runs.h"
#include "ordeal/run.h"

static int mark(const struct cli_args *args, struct ord_err *err)
{
	const char *by = cli_value(args, "by"), *note = cli_value(args, "note");
	static char dir[ORD_PATH_MAX + 300];

	if (!by)
		return ord_fail(err, ORD_USAGE,
				"--by is missing: the role that says it, as in '--by on-call'");
	if (cli_run_find(args->operands[0], sizeof dir, dir, err) ||
	    ord_mark(dir, args->operands[1], by, note, err))
		return -1;
	return CLI_OK;
}

static const struct cli_option options[] = {
	{"by", 0, "ROLE", "who says it: a role, as in on-call, never a person's name"},
	{"note", 0, "TEXT", "one line that stands beside it in the report"},
	{0},
};

const struct cli_command cli_mark = {
	.name = "mark",
	.summary = "say that a person detected, acknowledged, mitigated or resolved it",
	.operands = "RUN detected|acknowledged|mitigated|resolved",
	.options = options,
	.min_operands = 2,
	.max_operands = 2,
	.details = "RUN is a run's folder, its id, or 'latest', and must be running: the run "
		   "itself writes the mark into its timeline, with the instant at which it came. "
		   "'detected' serves the objectives detect(mark) and detect(mark:ROLE). Only "
		   "root and the user who runs it may mark a run.",
	.run = mark,
};
