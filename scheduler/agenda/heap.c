#include <stdlib.h>

#include "scheduler/agenda/agenda.h"

#define CHILDREN 4

int heap_reserve(struct heap *h, uint32_t n, struct ord_err *err)
{
	uint32_t room = h->room ? h->room : 64;
	int64_t *at;
	uint32_t *id;

	if (n <= h->room)
		return 0;
	while (room < n)
		room *= 2;
	at = reallocarray(h->at, room, sizeof *at);
	if (!at)
		return ord_fail_nomem(err);
	h->at = at;
	id = reallocarray(h->id, room, sizeof *id);
	if (!id)
		return ord_fail_nomem(err);
	h->id = id;
	h->room = room;
	return 0;
}

static void set(struct ord_agenda *a, uint32_t pos, int64_t at_ns, uint32_t id)
{
	a->heap.at[pos] = at_ns;
	a->heap.id[pos] = id;
	a->entries[id].pos = pos;
}

/* Puts it at this place or above. Returns where. */
static uint32_t up(struct ord_agenda *a, uint32_t pos, int64_t at_ns, uint32_t id)
{
	struct heap *h = &a->heap;

	while (pos && h->at[(pos - 1) / CHILDREN] > at_ns) {
		uint32_t above = (pos - 1) / CHILDREN;

		set(a, pos, h->at[above], h->id[above]);
		pos = above;
	}
	set(a, pos, at_ns, id);
	return pos;
}

static void down(struct ord_agenda *a, uint32_t pos, int64_t at_ns, uint32_t id)
{
	struct heap *h = &a->heap;

	for (;;) {
		uint32_t first = pos * CHILDREN + 1, best = first;

		for (uint32_t c = first + 1; c < first + CHILDREN && c < h->n; c++)
			if (h->at[c] < h->at[best])
				best = c;
		if (first >= h->n || h->at[best] >= at_ns)
			break;
		set(a, pos, h->at[best], h->id[best]);
		pos = best;
	}
	set(a, pos, at_ns, id);
}

void heap_put(struct ord_agenda *a, uint32_t id, int64_t at_ns)
{
	uint32_t pos = a->entries[id].pos;

	if (pos == NONE)
		pos = a->heap.n++;
	if (up(a, pos, at_ns, id) == pos)
		down(a, pos, at_ns, id);
}

void heap_remove(struct ord_agenda *a, uint32_t id)
{
	struct heap *h = &a->heap;
	uint32_t pos = a->entries[id].pos, last;

	if (pos == NONE)
		return;
	a->entries[id].pos = NONE;
	last = --h->n;
	if (pos == last)
		return;
	a->entries[h->id[last]].pos = pos;
	heap_put(a, h->id[last], h->at[last]);
}
