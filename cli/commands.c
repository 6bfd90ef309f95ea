/* The table of commands, in the order in which help shows them, and where its groups begin. */
#include "cli/command.h"

#include <string.h>

#include "base/auto.h"
#include "cli/commands.h"
#include "ordeal/fault.h"

/* A line each. */
/* clang-format off */
const struct cli_command *const cli_commands[] = {
	&cli_init,
	&cli_validate,
	&cli_plan,
	&cli_targets,
	&cli_rbac,
	&cli_schema,
	&cli_run,
	&cli_inject,
	&cli_mark,
	&cli_note,
	&cli_next,
	&cli_serve,
	&cli_ctl,
	&cli_gameday,
	&cli_doctor,
	&cli_list,
	&cli_status,
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
	&cli_help,
	&cli_version,
};
const struct cli_group cli_groups[] = {
	{"write one, and look before it is run", &cli_init},
	{"break something", &cli_run},
	{"on schedules, and with people", &cli_next},
	{"this machine", &cli_doctor},
	{"what came of it", &cli_report},
	{"about ordeal", &cli_help},
};
/* clang-format on */
const size_t cli_n_commands = ORD_COUNT(cli_commands);
const size_t cli_n_groups = ORD_COUNT(cli_groups);

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
