/* SIGTERM and SIGINT as an event of the loop. */
#ifndef DEMO_SIGNALS_H
#define DEMO_SIGNALS_H

#include "loop.h"

/* Blocks both, and calls ready() through the watch when one arrives. -1 with errno. */
int signals_watch(struct loop *loop, struct watch *watch);
/* Takes the signal off; ready() must call it. */
void signals_take(const struct watch *watch);

#endif
