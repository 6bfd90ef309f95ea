/* The way in: what becomes of a packet that has come, and where it is held. */
#ifndef ORDEAL_ENGINES_EMULATE_IN_H
#define ORDEAL_ENGINES_EMULATE_IN_H

#include "emulate.h"

#define EMULATE_QUEUE	UINT32_MAX	 /* source of a packet whose number is held */
#define EMULATE_CHANGED (UINT32_MAX - 1) /* the same, with its number and new bytes */

/* The frame of len bytes that was read from TAP i: in the room that hold_reserve gave, or in the
 * buffer where there is no room. */
void emulate_frame(struct emulate *e, unsigned i, uint8_t *at, uint32_t len);
/* A packet that waits in the kernel's queue. */
void emulate_queued(struct emulate *e, const struct queued *q);

#endif
