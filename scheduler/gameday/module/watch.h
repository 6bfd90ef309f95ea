#ifndef ORDEAL_GAMEDAY_WATCH_H
#define ORDEAL_GAMEDAY_WATCH_H

#include <stdbool.h>
#include <stdio.h>

#include "ordeal/err.h"

/* Says what has happened so far and, where it waits, what happens until the day is over. role: NULL
 * is the owner. */
int watch_session(const char *id, const char *role, bool wait, FILE *out, struct ord_err *err);

#endif
