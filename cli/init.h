/* What the two ways of `ordeal init` share. */
#ifndef ORDEAL_CLI_INIT_H
#define ORDEAL_CLI_INIT_H

#include <stddef.h>

#include "cli/command.h"

/* A part of an experiment's name: lower case, digits and hyphens; "service" where nothing is left.
 */
void cli_init_name(const char *name, size_t size, char *out);
/* Checks that the parser takes it, and writes it to the file, which must not be there, or (NULL)
 * to standard output. */
int cli_init_put(const char *path, const char *text, size_t size, struct ord_err *err);
/* `ordeal init --workload KIND/NAME` */
int cli_init_workload(const struct cli_args *args, struct ord_err *err);

#endif
