#include "base/auto.h"
#include "base/clock.h"
#include "cli/ask.h"
#include "cli/commands.h"

static void on_answer(void *arg, const char *who, const json_t *event)
{
	(void)arg;
	(void)who;
	(void)event;
}

static int resume(const struct cli_args *args, struct ord_err *err)
{
	const struct cli_question q = {cli_request("resume"), 5 * ORD_S, on_answer, NULL};
	struct ord_err denied;

	if (cli_ask_all(args, &q, &denied, err))
		return -1;
	if (*denied.msg) {
		*err = denied;
		return ord_wrap(err, "root's halt stays");
	}
	(void)puts("resumed: leases are granted again");
	return CLI_OK;
}

static const struct cli_option options[] = {
	{"via", 0, "COMMAND", "of the machine that the command leads to, as in inject"},
	{"via-copy", 0, NULL, "as in inject"},
	{0}};

const struct cli_command cli_resume = {
	.name = "resume",
	.summary = "allow leases again after halt",
	.operands = "",
	.options = options,
	.run = resume,
};
