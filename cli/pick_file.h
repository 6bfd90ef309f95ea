/* Schedules that draw experiments from their folder, as files. */
#ifndef ORDEAL_CLI_PICK_FILE_H
#define ORDEAL_CLI_PICK_FILE_H

#include <dirent.h>

#include "cli/spec_file.h"
#include "ordeal/pick.h"

struct cli_pick {
	struct ord_pick *pick;	     /* owned */
	char (*names)[ORD_NAME_MAX]; /* owned; of the experiment behind each of oneOf */
};

/* Whether the file says `kind: Schedule`; false where it cannot be read, which others say. */
bool cli_pick_named(const char *path);

/*
 * Reads it, and looks its experiments up in its folder. Mistakes go to standard error at once, as
 * in cli_spec_read(). Returns 0, or an exit code; cli_pick_done() in either case.
 */
int cli_pick_read(const char *path, const struct cli_args *args, struct cli_pick *ret);
void cli_pick_done(struct cli_pick *p);

struct cli_scheduled cli_scheduled_of_pick(const struct ord_pick *pick);

/* For scandir(3): what is read of a folder. */
int cli_is_yaml(const struct dirent *d);

#endif
