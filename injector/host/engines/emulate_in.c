#include "emulate_in.h"

#include <linux/if_ether.h>
#include <string.h>

#include "base/clock.h"
#include "frame.h"

/* When a packet came that is read only now: never before the one ahead of it. */
static uint64_t arrival(struct emulate *e)
{
	const uint64_t now = ord_now_ns(), half = (now - e->drained_ns) / 2;
	const uint64_t stamp = now - (half < e->lead_ns ? half : e->lead_ns);

	if (stamp > e->stamp_ns)
		e->stamp_ns = stamp;
	return e->stamp_ns;
}

/* The packet as it came, at one instant. */
static bool plain(const struct fate_of *of)
{
	return !of->lost && !of->marked && !of->corrupted && !of->duplicated;
}

static void draw(struct emulate *e, struct fate *fate, struct fate_of *ret)
{
	fate_draw(fate, e->p.fate.ecn, ret);
	e->count.packets++;
	e->count.lost += ret->lost;
	e->count.reordered += !ret->lost && ret->reordered;
}

/* False: it could not be marked, and so is lost. */
static bool change(struct emulate *e, struct frame *f, const struct fate_of *of)
{
	if (of->marked && !frame_mark(f)) {
		e->count.lost++;
		return false;
	}
	e->count.marked += of->marked;
	if (of->corrupted)
		frame_corrupt(f, of->corrupt_draw);
	e->count.corrupted += of->corrupted;
	return true;
}

/* One packet, in the room. */
static void keep_one(struct emulate *e, unsigned i, struct frame *f, const struct fate_of *of,
		     uint64_t now)
{
	const uint32_t wire = frame_wire(f, 0);
	struct fate *fate = &e->fates[i];
	uint8_t *room;

	if (!change(e, f, of))
		return;
	hold_frame(&e->hold, fate_due(fate, of, now, wire), f->len, i);
	if (!of->duplicated)
		return;
	room = hold_reserve(&e->hold);
	if (!room) {
		e->dropped_limit++;
		return;
	}
	memcpy(room, f->data, f->len);
	e->count.duplicated++;
	hold_frame(&e->hold, fate_due(fate, of, now, wire), f->len, i);
}

/* Packets [first, first + n) of a frame, which is in the room still or was moved out of it. */
static bool part(struct emulate *e, struct frame *whole, uint32_t first, uint32_t n,
		 struct frame *ret)
{
	uint8_t *room;

	if (whole->data != e->buf) {
		memcpy(e->buf, whole->data, whole->len);
		whole->data = e->buf;
		e->count.split++;
	}
	room = hold_reserve(&e->hold);
	*ret = (struct frame){.data = room, .ethernet = true};
	if (room)
		ret->len = frame_part(whole, first, n, room);
	if (ret->len)
		return true;
	if (room)
		e->refused += n;
	else
		e->dropped_limit += n;
	return false;
}

/* Packets in a row that are as they came and leave at one instant. */
static void keep_run(struct emulate *e, unsigned i, struct frame *whole, uint32_t packets,
		     uint32_t first, uint32_t n, uint64_t due)
{
	struct frame f = *whole;

	if (n == 0)
		return;
	if (n == packets || part(e, whole, first, n, &f))
		hold_frame(&e->hold, due, f.len, i);
}

/* A GSO frame packet by packet: it is cut where one is hit or leaves at another instant. */
static void keep_many(struct emulate *e, unsigned i, struct frame *whole, uint32_t packets,
		      uint64_t now)
{
	struct fate *fate = &e->fates[i];
	uint32_t first = 0;
	uint64_t run_due = 0;

	for (uint32_t k = 0; k < packets; k++) {
		uint64_t due = 0;
		struct fate_of of;
		struct frame f;

		draw(e, fate, &of);
		if (plain(&of))
			due = fate_due(fate, &of, now, frame_wire(whole, k));
		if (plain(&of) && (k == first || due == run_due)) {
			run_due = due;
			continue;
		}
		keep_run(e, i, whole, packets, first, k - first, run_due);
		first = plain(&of) ? k : k + 1;
		run_due = due;
		if (!plain(&of) && !of.lost && part(e, whole, k, 1, &f))
			keep_one(e, i, &f, &of, now);
	}
	keep_run(e, i, whole, packets, first, packets - first, run_due);
}

void emulate_frame(struct emulate *e, unsigned i, uint8_t *at, uint32_t len)
{
	const uint64_t now = arrival(e);
	struct frame f = {.data = at, .len = len, .ethernet = true};
	const uint32_t n = fate_by_packet(&e->fates[i]) ? frame_packets(&f) : 1;
	struct fate_of of;

	if (n > 1 && at != e->buf) {
		keep_many(e, i, &f, n, now);
		return;
	}
	draw(e, &e->fates[i], &of);
	for (uint32_t k = 1; k < n; k++) {
		e->dropped_limit += !of.lost;
		draw(e, &e->fates[i], &of);
	}
	if (!of.lost && at == e->buf)
		e->dropped_limit++;
	else if (!of.lost)
		keep_one(e, i, &f, &of, now);
}

/* ---- of the queue ---- */

/*
 * The new bytes behind the packet's number. 1: held; 0: it cannot be changed, since it is longer
 * than a message and was cut; -1: lost, or there is no room.
 */
static int hold_changed(struct emulate *e, const struct queued *q, const struct fate_of *of,
			uint64_t now)
{
	const uint32_t head = sizeof q->id;
	uint8_t *room = hold_reserve(&e->hold);
	struct frame f = {.len = q->len};

	if (!room) {
		e->dropped_limit++;
		return -1;
	}
	if (q->held < q->len) {
		e->count.lost += of->marked;
		e->count.unchanged += !of->marked;
		return of->marked ? -1 : 0;
	}
	memcpy(room, &q->id, head);
	f.data = room + head;
	memcpy(f.data, q->data, q->len);
	if (!change(e, &f, of))
		return -1;
	hold_frame(&e->hold, fate_due(&e->fates[e->n_taps], of, now, q->len + ETH_HLEN),
		   head + q->len, EMULATE_CHANGED);
	return 1;
}

void emulate_queued(struct emulate *e, const struct queued *q)
{
	struct fate *fate = &e->fates[e->n_taps];
	const uint64_t now = arrival(e);
	struct fate_of of;
	int held = 0;

	draw(e, fate, &of);
	if (of.lost)
		held = -1;
	else if (of.marked || of.corrupted)
		held = hold_changed(e, q, &of, now);
	if (held == 0 && hold_full(&e->hold)) {
		e->dropped_limit++;
		held = -1;
	}
	if (held == 0)
		(void)hold_number(&e->hold, fate_due(fate, &of, now, q->len + ETH_HLEN), q->id,
				  q->len, EMULATE_QUEUE);
	if (held < 0)
		(void)queue_verdict(&e->queue, q->id, false, false);
}
