/* `ordeal gameday`: all of it is in a module, which is opened for it. */
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/gameday.h"

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
	struct ord_gameday_order order = {
		.verb = args->operands[0],
		.operands = (const char *const *)args->operands + 1,
		.n_operands = args->n_operands - 1,
		.role = cli_value(args, "role"),
	};

	return work(&order, err);
}

static const struct cli_option options[] = {
	{"role", 0, "ROLE", "who reads it: who does not know is told of no hidden fault"},
	{0},
};

const struct cli_command cli_gameday = {
	.name = "gameday",
	.summary = "a day of experiments that people hold together",
	.operands = "plan FILE",
	.options = options,
	.min_operands = 1,
	.max_operands = 16,
	.details = "plan prints the plan of a game day on a page, in Markdown, for the room. "
		   "ordeal-spec(5) has the language.",
	.run = gameday,
};
