/*
 * What was to run and did not: lines in files of a month each (docs/formats/history.md), which are
 * the truth; the database reads on in them from where it was.
 */
#ifndef ORDEAL_HISTORY_MISSED_H
#define ORDEAL_HISTORY_MISSED_H

#include <stdbool.h>

#include "history/store/store.h"
#include "ordeal/history.h"

/* Whether there are any such files. */
bool missed_any(const struct ord_history *h);
/* Whether the database has yet to read some of them. */
int missed_behind(const struct ord_history *h, struct store *s, bool *ret, struct ord_err *err);
/* Reads it. Locked. */
int missed_absorb(const struct ord_history *h, struct store *s, struct ord_err *err);
/* Removes the files of months that ended before; returns how many, or -1. Locked. */
int missed_forget(const struct ord_history *h, int64_t before_ns, struct ord_err *err);

#endif
