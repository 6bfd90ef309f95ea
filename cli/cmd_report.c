#include <string.h>

#include "base/auto.h"
#include "cli/commands.h"
#include "cli/history.h"
#include "cli/report_file.h"
#include "cli/runs.h"
#include "cli/send.h"
#include "ordeal/report.h"
#include "ordeal/run.h"

static int print(const char *dir, const char *format, struct ord_err *err)
{
	struct cli_verdict v;

	if (!format || strchr(format, ','))
		return ord_fail(err, ORD_USAGE, "--print needs one --format");
	return cli_report_print(dir, format, stdout, &v, err) ? -1 : CLI_OK;
}

/* Where sending is all that was asked for, it is also what can fail; else the reports are. */
static int write_and_send(const struct cli_args *args, const char *dir,
			  const struct cli_sends *sends, struct ord_err *err)
{
	const char *formats = cli_value(args, "format");
	bool only_send = sends->n && !formats;
	struct cli_verdict v;

	if (!only_send) {
		if (cli_report_build(dir, formats, cli_history_enter_again, NULL, &v, err))
			return -1;
		cli_report_say(&v, dir, formats, false);
		if (!cli_flag(args, "no-summary"))
			cli_step_summary(dir);
	}
	return cli_sends_do(sends, dir, false) && only_send ? CLI_BROKEN : CLI_OK;
}

static int report(const struct cli_args *args, struct ord_err *err)
{
	const char *formats = cli_value(args, "format");
	static char dir[ORD_PATH_MAX + 300];
	struct cli_sends sends;
	int r;

	if ((formats && ord_report_formats_check(formats, err)) ||
	    cli_run_find(args->operands[0], sizeof dir, dir, err) ||
	    cli_sends_read(args, &sends, err))
		return -1;
	r = cli_flag(args, "print") ? print(dir, formats, err)
				    : write_and_send(args, dir, &sends, err);
	cli_sends_done(&sends);
	return r;
}

static const struct cli_option options[] = {
	CLI_FORMAT_OPTION,
	{"print", 'p', NULL, "print the report instead of writing it into the run's folder"},
	CLI_SEND_OPTIONS,
	CLI_SUMMARY_OPTION,
	{0},
};

const struct cli_command cli_report = {
	.name = "report",
	.summary = "write the reports of a stored run again",
	.operands = "RUN",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
	.details = "RUN is a run's folder, its id, a tag, or 'latest'. The reports are made from "
		   "run.jsonl alone: the same timeline gives "
		   "the same bytes, on any machine. The exit status says whether they could be "
		   "written; the verdict's own is in "
		   "report.json. A run that was cut off enters the history so.\n"
		   "With --send and no --format the run is sent and nothing is written; the exit "
		   "status is then 6 where something could not be delivered. Elsewhere that is a "
		   "warning. A token comes from a file, so that it is in no list of processes.",
	.run = report,
};
