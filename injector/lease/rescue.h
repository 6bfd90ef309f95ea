/* Rescue: replays the undo records whose holder and guardian are dead. */
#ifndef ORDEAL_LEASE_RESCUE_H
#define ORDEAL_LEASE_RESCUE_H

#include <jansson.h>

#include "injector/lease/injector.h"
#include "ordeal/err.h"

/*
 * Of this user's records (root's: those of root) all, or the one of that lease. Appends an entry of
 * the `rescued` event for each. *ret_bad counts those that could not be cleared.
 */
int inj_rescue(const char *lease, bool dry_run, json_t *records, unsigned *ret_bad,
	       struct ord_err *err);

#endif
