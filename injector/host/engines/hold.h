/*
 * What is held back: packets in chunks of memory, ordered by the instant at which they are due.
 *
 * A packet lies where it was read. Chunks are filled in order and used again last in, first out:
 * the few that are in use stay warm in the cache (a plain ring of the same size was 2-3 times
 * slower). All memory is reserved at once and costs nothing until it is touched; nothing is
 * allocated later.
 */
#ifndef ORDEAL_ENGINES_HOLD_H
#define ORDEAL_ENGINES_HOLD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

#define HOLD_FRAME_MAX (65536 + 256) /* the largest frame of a TAP with its headers */

struct held {
	uint64_t due_ns;
	uint64_t arrival; /* equal dues leave in the order in which they came */
	uint8_t *data;	  /* NULL: the kernel holds the packet, under the number id */
	uint32_t len;	  /* bytes of the packet */
	uint32_t span;	  /* bytes that it counts for */
	uint32_t id;	  /* of the kernel's queue, or of the chunk */
	uint32_t source;  /* who held it: for the caller */
};

/* Bytes that are held by all who share a limit, whichever thread they are on. */
struct hold_room {
	size_t limit; /* what `used` stays below, but for the last packet of each */
	atomic_size_t used, used_max;
};

struct hold {
	struct hold_room *room; /* borrowed */
	struct held *heap;	/* by (due, arrival) */
	size_t n, cap;
	uint64_t arrivals;

	uint8_t *arena;
	uint32_t *live;	 /* packets in each chunk */
	uint32_t *spare; /* chunks that nobody uses, the last one first */
	uint32_t n_spare, n_chunks, current;
	size_t fill; /* bytes used of the current chunk */
};

/* Borrows the room, whose limit is set. */
int hold_init(struct hold *h, struct hold_room *room, struct ord_err *err);
/* Fine on a zeroed struct. */
void hold_done(struct hold *h);

/* The limit is reached. */
bool hold_full(const struct hold *h);
/* HOLD_FRAME_MAX bytes to read the next packet into, or NULL where the limit is reached. */
uint8_t *hold_reserve(struct hold *h);
/* Keeps the len bytes that were put at the last reserve. */
void hold_frame(struct hold *h, uint64_t due_ns, uint32_t len, uint32_t source);
/* Keeps the number of a packet of len bytes that lies in the kernel; false where the limit is
 * reached. */
bool hold_number(struct hold *h, uint64_t due_ns, uint32_t id, uint32_t len, uint32_t source);

static inline const struct held *hold_first(const struct hold *h)
{
	return h->n ? &h->heap[0] : NULL;
}

/* Takes the first out. Its data stays valid until hold_release of it. There must be one. */
struct held hold_pop(struct hold *h);
void hold_release(struct hold *h, const struct held *p);

#endif
