/* The table of commands, in the order in which help shows them. */
#include "cli/command.h"

#include <string.h>

#include "base/auto.h"
#include "cli/commands.h"
#include "ordeal/fault.h"

/* A line each. */
/* clang-format off */
const struct cli_command *const cli_commands[] = {
	&cli_run,
	&cli_inject,
	&cli_plan,
	&cli_targets,
	&cli_validate,
	&cli_next,
	&cli_serve,
	&cli_ctl,
	&cli_gameday,
	&cli_init,
	&cli_rbac,
	&cli_list,
	&cli_doctor,
	&cli_status,
	&cli_mark,
	&cli_note,
	&cli_halt,
	&cli_resume,
	&cli_rescue,
	&cli_report,
	&cli_postmortem,
	&cli_compare,
	&cli_baseline,
	&cli_tag,
	&cli_history_command,
	&cli_trend,
	&cli_stats,
	&cli_schema,
	&cli_version,
	&cli_help,
};
/* clang-format on */
const size_t cli_n_commands = ORD_COUNT(cli_commands);

const struct cli_command *cli_command_find(const char *name)
{
	for (size_t i = 0; i < cli_n_commands; i++)
		if (!strcmp(cli_commands[i]->name, name))
			return cli_commands[i];
	return NULL;
}

int cli_no_command(const char *name, struct ord_err *err)
{
	const char *names[ORD_COUNT(cli_commands)];
	const char *near;

	for (size_t i = 0; i < cli_n_commands; i++)
		names[i] = cli_commands[i]->name;
	near = ord_nearest(name, names, cli_n_commands);
	if (near)
		return ord_fail(err, ORD_USAGE, "there is no command '%.40s', did you mean '%s'?",
				name, near);
	return ord_fail(err, ORD_USAGE, "there is no command '%.40s'; 'ordeal help' lists them",
			name);
}
