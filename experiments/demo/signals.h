/* SIGTERM and SIGINT as an event of the loop. */
#ifndef DEMO_SIGNALS_H
#define DEMO_SIGNALS_H

#include <signal.h>

#include "loop.h"

/*
 * SIGTERM, and SIGINT unless we were started with it ignored, as a script's background jobs are:
 * Ctrl-C is then meant for what runs in the foreground. A blocked signal is delivered though it is
 * ignored, so it must not be asked for.
 */
void signals_set(sigset_t *set);

/* Blocks both, and calls ready() through the watch when one arrives. -1 with errno. */
int signals_watch(struct loop *loop, struct watch *watch);
/* Takes the signal off; ready() must call it. */
void signals_take(const struct watch *watch);

#endif
