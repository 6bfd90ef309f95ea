/* `ordeal gameday`: all of it is in a module, which is opened for it. */
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/gameday.h"
#include "cli/policy.h"

static int work(struct ord_gameday_order *order, struct ord_err *err)
{
	int code = CLI_OK;

	order->in = STDIN_FILENO;
	order->out = stdout;
	order->err = stderr;
	return ord_gameday_do(order, &code, err) ? -1 : code;
}

bool cli_gameday_named(const char *path)
{
	ord_autofree char *text = NULL;
	size_t size;

	return !ord_file_read(path, ORD_SPEC_BYTES_MAX, &text, &size, NULL) &&
	       ord_gameday_named(text, size);
}

int cli_gameday_file(const char *verb, const char *path, struct ord_err *err)
{
	return work(&(struct ord_gameday_order){.verb = verb, .operands = &path, .n_operands = 1},
		    err);
}

int cli_gameday_schema(struct ord_err *err)
{
	return work(&(struct ord_gameday_order){.verb = "schema"}, err);
}

static int gameday(const struct cli_args *args, struct ord_err *err)
{
	struct cli_policy_args policies;
	int code;
	struct ord_gameday_order order = {
		.verb = args->operands[0],
		.operands = (const char *const *)args->operands + 1,
		.n_operands = args->n_operands - 1,
		.role = cli_value(args, "role"),
		.by = cli_value(args, "by"),
		.note = cli_value(args, "note"),
		.session = cli_value(args, "session"),
		.remote = cli_flag(args, "remote"),
		.overrule = cli_flag(args, "overrule"),
		.whole_day = cli_flag(args, "day"),
		.output = cli_value(args, "output"),
		.run_args = policies.v,
	};

	code = cli_policy_args(args, &policies);
	if (code)
		return code;
	return work(&order, err);
}

static const struct cli_option options[] = {
	{"role", 0, "ROLE", "who reads it: who does not know is told of no hidden fault"},
	{"by", 0, "ROLE", "who says it; the owner where it is not given, but for words"},
	{"note", 0, "TEXT", "why, or what was seen"},
	{"session", 0, "ID", "run: the session's name; one that there is goes on"},
	{"output", 'o', "DIR", "run, resume: where the steps' runs go, as of 'ordeal run'"},
	CLI_POLICY_OPTIONS,
	{"remote", 0, NULL, "run, resume: take no lines from the input; others decide"},
	{"overrule", 0, NULL, "go: although a check failed"},
	{"day", 0, NULL, "abort: the whole day"},
	{0},
};

const struct cli_command cli_gameday = {
	.name = "gameday",
	.summary = "a day of experiments that people hold together",
	.operands = "VERB FILE|SESSION [WORDS]",
	.options = options,
	.min_operands = 1,
	.max_operands = 16,
	.details =
		"VERB is one of these:\n"
		"\n"
		"  plan FILE               the plan on a page, in Markdown, for the room\n"
		"  run FILE                hold it here: type go, hold, abort, help\n"
		"  resume SESSION          go on with one that broke off\n"
		"  watch SESSION           see it live; show SESSION: see what was\n"
		"  report SESSION          write its reports again\n"
		"  go|hold|skip|check|leave|abort|reveal SESSION\n"
		"                          decide from elsewhere\n"
		"  note SESSION TEXT       write it down, --by who said it\n"
		"  mark SESSION WHAT       detected, acknowledged, mitigated or resolved\n"
		"\n"
		"Before each step its steady state, its alerts, the way back, the clock and the "
		"disk are looked at; then the owner says go. Anybody may hold or abort. Each step "
		"has its time box, and after it the steady state is waited for. Who does not know "
		"(--role responder) reads nothing of hidden faults until they are revealed. Lines "
		"may come from a pipe, too: they wait until they belong. All of it stands in the "
		"session's folder below $XDG_STATE_HOME/ordeal/gamedays or "
		"/var/lib/ordeal/gamedays. ordeal-spec(5) has the language.",
	.run = gameday,
};
