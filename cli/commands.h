/* One const struct a command, at the bottom of the command's file. */
#ifndef ORDEAL_CLI_COMMANDS_H
#define ORDEAL_CLI_COMMANDS_H

#include "cli/command.h"

extern const struct cli_command cli_help, cli_list, cli_version;

#endif
