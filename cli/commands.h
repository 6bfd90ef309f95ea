/* One const struct a command, at the bottom of the command's file. */
#ifndef ORDEAL_CLI_COMMANDS_H
#define ORDEAL_CLI_COMMANDS_H

#include "cli/command.h"

extern const struct cli_command cli_baseline;
extern const struct cli_command cli_compare;
extern const struct cli_command cli_ctl;
extern const struct cli_command cli_doctor;
extern const struct cli_command cli_gameday;
extern const struct cli_command cli_halt;
extern const struct cli_command cli_help;
extern const struct cli_command cli_history_command;
extern const struct cli_command cli_init;
extern const struct cli_command cli_inject;
extern const struct cli_command cli_list;
extern const struct cli_command cli_mark;
extern const struct cli_command cli_next;
extern const struct cli_command cli_note;
extern const struct cli_command cli_plan;
extern const struct cli_command cli_postmortem;
extern const struct cli_command cli_rbac;
extern const struct cli_command cli_report;
extern const struct cli_command cli_rescue;
extern const struct cli_command cli_resume;
extern const struct cli_command cli_run;
extern const struct cli_command cli_schema;
extern const struct cli_command cli_serve;
extern const struct cli_command cli_stats;
extern const struct cli_command cli_status;
extern const struct cli_command cli_tag;
extern const struct cli_command cli_targets;
extern const struct cli_command cli_trend;
extern const struct cli_command cli_validate;
extern const struct cli_command cli_version;

#endif
