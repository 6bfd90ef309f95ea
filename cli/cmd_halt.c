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
	struct ord_err denied;
	int64_t ended = 0;

	(void)args;
	if (cli_ask_all(cli_request("halt"), 10 * ORD_S, on_answer, &ended, &denied, err))
		return -1;
	(void)printf("halted: %" PRId64
		     " lease%s ended; new ones are refused until 'ordeal resume'\n",
		     ended, ended == 1 ? "" : "s");
	if (*denied.msg) {
		*err = denied;
		return ord_wrap(err, "root's leases go on");
	}
	return CLI_OK;
}

const struct cli_command cli_halt = {
	.name = "halt",
	.summary = "end every lease on this machine now, and refuse new ones",
	.operands = "",
	.details = "Every fault that is held is taken away within a second. New ones are refused "
		   "until 'ordeal resume'. Who is "
		   "not root halts his own, and root's too where sudo lets him; else the exit "
		   "status is 6.",
	.run = halt,
};
