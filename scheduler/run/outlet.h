/*
 * Bytes on their way to something slow: handed to a thread that passes them on, so that the loop
 * never waits for a disk (a page under writeback, a journal that commits) or a terminal (Ctrl-S).
 */
#ifndef ORDEAL_RUN_OUTLET_H
#define ORDEAL_RUN_OUTLET_H

#include <stdbool.h>
#include <stddef.h>

#include "ordeal/err.h"

struct run_outlet;

/* Called in the thread with what was handed over, in order; `sync` where that was asked since the
 * last call. */
typedef void run_outlet_pass(void *arg, const char *data, size_t size, bool sync);

/* At most max bytes wait. The thread inherits the caller's signal mask. */
int run_outlet_open(run_outlet_pass *pass, void *arg, size_t max, struct run_outlet **ret,
		    struct ord_err *err);
/* Copies. false: there is no room, and nothing was taken. */
bool run_outlet_put(struct run_outlet *o, const char *data, size_t size);
void run_outlet_sync(struct run_outlet *o);
/* All that was put has been passed on. */
bool run_outlet_idle(struct run_outlet *o);
/* Returns when all has been passed on; NULL is fine. */
void run_outlet_close(struct run_outlet *o);

#endif
