/*
 * The files of a history. history.db is a link to the database of now, history-N.db, so that a new
 * one takes its place in one step and each has a write-ahead log of its own. The one before it
 * stays until the next takes over: who reads it goes on.
 */
#ifndef ORDEAL_HISTORY_PLACE_H
#define ORDEAL_HISTORY_PLACE_H

#include <limits.h>
#include <stdbool.h>

#include "base/clock.h"
#include "ordeal/history.h"

/* What people wait for, who asked for it. */
#define PLACE_PATIENCE (10 * ORD_S)

/* Who changes the history holds its lock, which is let go with the descriptor. */
int place_lock(const struct ord_history *h, uint64_t patience_ns, int *ret_fd, struct ord_err *err);
/* One rebuild at a time; ORD_USAGE where there is another. */
int place_lock_rebuild(const struct ord_history *h, int *ret_fd, struct ord_err *err);

/* The path of the database of now; false where there is none. */
bool place_now(const struct ord_history *h, char ret[static PATH_MAX]);
/* That of the one to come, of which nothing is left from an earlier try. */
int place_next(const struct ord_history *h, char ret[static PATH_MAX], struct ord_err *err);
/* Makes it the one of now, for good, and takes away those before the last. Locked. */
int place_swap(const struct ord_history *h, const char *next, struct ord_err *err);

#endif
