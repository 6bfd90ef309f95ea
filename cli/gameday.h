/* Game days where other commands meet their files. */
#ifndef ORDEAL_CLI_GAMEDAY_H
#define ORDEAL_CLI_GAMEDAY_H

#include "ordeal/gameday.h"

/* Whether the file says `kind: GameDay`; false where it cannot be read. */
bool cli_gameday_named(const char *path);
/* `validate` or `plan` of such a file. Returns an exit code, or -1. */
int cli_gameday_file(const char *verb, const char *path, struct ord_err *err);
int cli_gameday_schema(struct ord_err *err);

#endif
