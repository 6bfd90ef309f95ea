#include <inttypes.h>

#include "base/auto.h"
#include "base/clock.h"
#include "cli/ask.h"
#include "cli/commands.h"

static void on_answer(void *arg, const char *who, const json_t *event)
{
	int64_t *ended = arg;

	(void)who;
	*ended += json_integer_value(json_object_get(event, "ended"));
}

static int halt(const struct cli_args *args, struct ord_err *err)
{
	int64_t ended = 0;
	const struct cli_question q = {cli_request("halt"), 10 * ORD_S, on_answer, &ended};
	struct ord_err denied;

	if (cli_ask_all(args, &q, &denied, err))
		return -1;
	(void)printf("halted: %" PRId64
		     " lease%s ended; new ones are refused until 'ordeal resume%s'\n",
		     ended, ended == 1 ? "" : "s", cli_flag(args, "via") ? " --via ..." : "");
	if (*denied.msg) {
		*err = denied;
		return ord_wrap(err, "root's leases go on");
	}
	return CLI_OK;
}

static const struct cli_option options[] = {
	{"via", 0, "COMMAND", "of the machine that the command leads to, as in inject"},
	{"via-copy", 0, NULL, "as in inject"},
	{0}};

const struct cli_command cli_halt = {
	.name = "halt",
	.summary = "end every lease on this machine now, and refuse new ones",
	.operands = "",
	.options = options,
	.details = "Every fault that is held is taken away within a second. New ones are refused "
		   "until 'ordeal resume'. Who is "
		   "not root halts his own, and root's too where sudo lets him; else the exit "
		   "status is 6.",
	.run = halt,
};
