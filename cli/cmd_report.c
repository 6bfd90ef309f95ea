#include <string.h>

#include "base/auto.h"
#include "cli/commands.h"
#include "cli/report_file.h"
#include "ordeal/report.h"
#include "ordeal/run.h"

static int report(const struct cli_args *args, struct ord_err *err)
{
	const char *formats = cli_value(args, "format");
	static char dir[ORD_PATH_MAX + 300];
	struct cli_verdict v;

	if ((formats && ord_report_formats_check(formats, err)) ||
	    cli_run_find(args->operands[0], sizeof dir, dir, err))
		return -1;
	if (cli_flag(args, "print")) {
		if (!formats || strchr(formats, ','))
			return ord_fail(err, ORD_USAGE, "--print needs one --format");
		return cli_report_print(dir, formats, stdout, &v, err) ? -1 : CLI_OK;
	}
	if (cli_report_build(dir, formats, &v, err))
		return -1;
	cli_report_say(&v, dir, formats, false);
	return CLI_OK;
}

static const struct cli_option options[] = {
	CLI_FORMAT_OPTION,
	{"print", 'p', NULL, "print the report instead of writing it into the run's folder"},
	{0},
};

const struct cli_command cli_report = {
	.name = "report",
	.summary = "write the reports of a stored run again",
	.operands = "RUN",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
	.details = "RUN is a run's folder, its id, or 'latest'. The reports are made from "
		   "run.jsonl alone: the same timeline gives "
		   "the same bytes, on any machine. The exit status says whether they could be "
		   "written; the verdict's own is in "
		   "report.json.",
	.run = report,
};
