/*
 * What runs in a time to come, first things first: the agenda's heap is walked from its top, and
 * only as far as asked for.
 */
#include <stdlib.h>

#include "base/civil.h"
#include "base/clock.h"
#include "scheduler/agenda/agenda.h"

#define CHILDREN   4
#define JITTER_MAX (ORD_DAY_S * (int64_t)ORD_S)

/* A run that may be the next, or a place in the agenda's heap that was not looked at. */
struct node {
	struct ord_due due;
	uint32_t id;
	uint32_t pos; /* NONE: a run */
};

struct front {
	struct node *v; /* a heap by due.at_ns, of two children */
	size_t n, room;
	bool full; /* out of memory: what is told is cut */
};

static void push(struct front *f, const struct node *node)
{
	size_t i = f->n;

	if (f->n == f->room) {
		size_t room = f->room ? 2 * f->room : 64;
		struct node *more = reallocarray(f->v, room, sizeof *more);

		if (!more) {
			f->full = true;
			return;
		}
		f->v = more;
		f->room = room;
	}
	f->n++;
	for (; i && f->v[(i - 1) / 2].due.at_ns > node->due.at_ns; i = (i - 1) / 2)
		f->v[i] = f->v[(i - 1) / 2];
	f->v[i] = *node;
}

static struct node pop(struct front *f)
{
	struct node first = f->v[0], last = f->v[--f->n];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < f->n) {
		if (child + 1 < f->n && f->v[child + 1].due.at_ns < f->v[child].due.at_ns)
			child++;
		if (f->v[child].due.at_ns >= last.due.at_ns)
			break;
		f->v[i] = f->v[child];
		i = child;
	}
	f->v[i] = last;
	return first;
}

static void push_place(struct ord_agenda *a, struct front *f, uint32_t pos, int64_t to_ns)
{
	struct node node = {.due.at_ns = pos < a->heap.n ? a->heap.at[pos] : to_ns, .pos = pos};

	if (node.due.at_ns < to_ns)
		push(f, &node);
}

static void push_run(struct front *f, uint32_t id, const struct ord_due *due, int64_t to_ns)
{
	struct node node = {*due, id, NONE};

	if (due->at_ns < to_ns)
		push(f, &node);
}

/* The first run of an entry from a time on, which may be planned before it. */
static bool first_from(struct ord_agenda *a, const struct entry *e, int64_t from_ns,
		       struct ord_due *ret)
{
	const struct ord_calendar *calendar = entry_calendar(a, e);

	if (a->heap.at[e->pos] >= from_ns)
		return ord_calendar_next(calendar, e->planned_ns - 1, ret);
	if (ord_calendar_last(calendar, from_ns - 1 - JITTER_MAX, from_ns - 1, ret, 1) &&
	    ret->at_ns >= from_ns)
		return true;
	return ord_calendar_next(calendar, from_ns - 1, ret);
}

size_t ord_agenda_calendar(struct ord_agenda *agenda, int64_t from_ns, int64_t to_ns,
			   struct ord_agenda_run *ret, size_t max, bool *ret_more)
{
	struct front front = {0};
	struct ord_due due;
	size_t n = 0;

	push_place(agenda, &front, 0, to_ns);
	while (front.n && n < max) {
		struct node node = pop(&front);
		uint32_t id = node.pos == NONE ? node.id : agenda->heap.id[node.pos];
		const struct entry *e = &agenda->entries[id];

		if (node.pos != NONE) {
			for (uint32_t c = 1; c <= CHILDREN; c++)
				push_place(agenda, &front, node.pos * CHILDREN + c, to_ns);
			if (first_from(agenda, e, from_ns, &due))
				push_run(&front, id, &due, to_ns);
			continue;
		}
		ret[n++] = (struct ord_agenda_run){id, node.due};
		if (ord_calendar_next(entry_calendar(agenda, e), node.due.planned_ns, &due))
			push_run(&front, id, &due, to_ns);
	}
	/* A place that is left may hold nothing more from that time on; that is told as more. */
	*ret_more = front.n || front.full;
	free(front.v);
	return n;
}
