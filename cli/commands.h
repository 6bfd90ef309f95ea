/* One const struct a command, at the bottom of the command's file. */
#ifndef ORDEAL_CLI_COMMANDS_H
#define ORDEAL_CLI_COMMANDS_H

#include "cli/command.h"

extern const struct cli_command cli_baseline, cli_compare, cli_doctor, cli_gameday, cli_halt,
	cli_help, cli_init, cli_inject, cli_list, cli_mark, cli_next, cli_note, cli_plan,
	cli_postmortem, cli_rbac, cli_report, cli_rescue, cli_resume, cli_run, cli_schema,
	cli_stats, cli_status, cli_tag, cli_targets, cli_validate, cli_version;

#endif
