/*
 * The last events, once for all watchers: each has a place in it, and none a queue of his own. What
 * a watcher has not read when its place is needed is lost to him, and he is told.
 */
#ifndef ORDEAL_SERVE_API_RING_H
#define ORDEAL_SERVE_API_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scheduler/serve/api/who.h"

#define API_RING_EVENTS 4096
#define API_RING_BYTES	(8u << 20)
#define API_TYPE_MAX	24
#define API_EVENT_MAX	65536 /* bytes of one */

struct api_ring;

struct api_event {
	uint64_t id;   /* from 1, without gaps */
	uint32_t type; /* one bit */
	/* As it goes over the wire: "id: ...\nevent: ...\ndata: ...\n\n"; what those below
	 * operators get may be another text. Borrowed, until the next event. */
	const char *text, *below;
	size_t size, below_size;
};

/* life tells the ids of one daemon's life from another's. */
struct api_ring *api_ring_new(uint64_t life);
void api_ring_free(struct api_ring *r);

/* The bit of a type; all that are not known have one together. */
uint32_t api_ring_type(const char *name);
/* below: NULL, if all get the same; "" is nothing, for those or for operators. False: it is too
 * large, or there is no memory; nothing was put.
 */
bool api_ring_put(struct api_ring *r, const char *type, const char *data, const char *below);

uint64_t api_ring_next(const struct api_ring *r);  /* the id that the next event will have */
uint64_t api_ring_first(const struct api_ring *r); /* the oldest that is there, or next */
/* id must be in [first, next). */
struct api_event api_ring_get(const struct api_ring *r, uint64_t id);
/*
 * Where to go on for a Last-Event-ID. False: it is of another life, has left the ring, or is none
 * of ours.
 */
bool api_ring_after(const struct api_ring *r, const char *last_id, uint64_t *ret_next);

#endif
