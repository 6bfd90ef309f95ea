/* What a running daemon is asked; the asking is in its module. */
#include "cli/commands.h"
#include "cli/serve.h"
#include "ordeal/ctl.h"

static int ctl(const struct cli_args *args, struct ord_err *err)
{
	const struct ord_ctl_order order = {
		.verb = args->n_operands ? args->operands[0] : NULL,
		.words = (const char *const *)args->operands + 1,
		.n_words = args->n_operands ? args->n_operands - 1 : 0,
		.by = cli_value(args, "by"),
		.note = cli_value(args, "note"),
		.overrule = cli_flag(args, "overrule"),
		.whole_day = cli_flag(args, "day"),
		.socket = cli_value(args, "socket"),
		.url = cli_value(args, "url"),
		.token_file = cli_value(args, "token-file"),
		.ca_file = cli_value(args, "ca-file"),
		.json = cli_flag(args, "json"),
		.out = stdout,
	};
	const struct ord_serve_calls *calls;

	if (!args->n_operands)
		return ord_fail(err, ORD_USAGE,
				"it needs a verb: status, list, runs, run, pause, unpause, skip, "
				"abort, reload, watch or gameday; --help says what they do");
	if (order.socket && order.url)
		return ord_fail(err, ORD_USAGE, "--socket or --url, not both");
	return cli_serve_module(&calls, err) || calls->ctl(&order, err) ? -1 : CLI_OK;
}

static const struct cli_option options[] = {
	{"socket", 0, "PATH", "its unix socket, where that is not the usual one"},
	{"url", 0, "URL", "its port instead, as https://ordeal.example:9191"},
	{"token-file", 0, "FILE", "for a port: the file that holds the token"},
	{"ca-file", 0, "FILE", "for a port: who vouches for its certificate, in PEM"},
	{"by", 0, "ROLE", "gameday: who says it"},
	{"note", 0, "TEXT", "gameday: why, or what was seen"},
	{"overrule", 0, NULL, "gameday go: although a check failed"},
	{"day", 0, NULL, "gameday abort: the whole day"},
	{"json", 0, NULL, "print the API's answer"},
	{0},
};

const struct cli_command cli_ctl = {
	.name = "ctl",
	.summary = "ask a running 'ordeal serve', and tell it what to do",
	.operands = "VERB [NAME]...",
	.options = options,
	.min_operands = 0,
	.max_operands = 4,
	.details = "'ordeal halt' and 'ordeal resume' are for the whole machine, its daemon too; "
		   "'ordeal mark' and 'ordeal note' write into a run's timeline. The verbs:\n"
		   "  status         the daemon at a glance\n"
		   "  list [TEXT]    its schedules, those whose names hold TEXT\n"
		   "  runs           what runs, and what waits\n"
		   "  run NAME       runs a schedule's experiment now\n"
		   "  pause NAME     starts it by its schedule no more, until\n"
		   "  unpause NAME\n"
		   "  skip NAME      leaves the next run of its schedule out\n"
		   "  abort RUN      ends a run and reverts its faults; RUN is its KEY\n"
		   "  reload         reads the folder, the settings, tokens and certificate anew\n"
		   "  watch          prints what happens, a line each\n"
		   "  gameday        its game days, and their sessions:\n"
		   "    begin NAME   begins a session of one\n"
		   "    show|resume SESSION\n"
		   "    go|hold|skip|check|leave|abort|reveal SESSION\n"
		   "    note SESSION TEXT\n"
		   "    mark SESSION detected|acknowledged|mitigated|resolved\n"
		   "                 as of 'ordeal gameday'; SESSION may be 'latest'",
	.run = ctl,
};
