/* Runs' folders, looked at from outside. */
#ifndef ORDEAL_HISTORY_FOLDER_H
#define ORDEAL_HISTORY_FOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "history/module/record.h"
#include "ordeal/history.h"

/* Whether it is a run's: a folder, not hidden, with a timeline. */
bool folder_is_run(const char *home, const char *name);
/* Whether the run lasts: it takes marks. */
bool folder_lasts(const char *home, const char *name);
/* name is borrowed. */
int folder_measure(const char *home, const char *name, struct record_folder *ret,
		   struct ord_err *err);
/*
 * Out of sight first, then everything in it. Fine where it is gone. One that was tagged until it
 * was out of sight comes back, and *ret_gone is false; afterwards it cannot be found to be tagged.
 */
int folder_remove(const char *home, const char *name, bool *ret_gone, struct ord_err *err);
/* What removals that were cut off left goes; what is tagged comes back. */
int folder_sweep(const char *home, struct ord_err *err);

#endif
