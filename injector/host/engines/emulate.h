/*
 * The emulator: packets come from TAPs and from a packet queue, are held, and go back to where they
 * came from when they are due. One thread, one heap; the caller's loop waits.
 */
#ifndef ORDEAL_ENGINES_EMULATE_H
#define ORDEAL_ENGINES_EMULATE_H

#include <poll.h>
#include <stdbool.h>

#include "fate.h"
#include "hold.h"
#include "late.h"
#include "link.h"
#include "queue.h"
#include "tap.h"

struct emulate_params {
	struct fate_params fate; /* its table is borrowed */
	uint64_t spin_ns;	 /* spin this long before a packet is due; 0: never */
	bool alone;		 /* on one CPU: who waits without sleeping keeps others from it */
	bool realtime; /* runs with SCHED_FIFO: watched, and given up above 90 % of a CPU */
};

/* Packets on the wire, not frames. */
struct emulate_count {
	uint64_t packets, lost, marked, corrupted, duplicated, reordered;
	uint64_t split;	    /* frames that were cut, since not all of their packets were alike */
	uint64_t unchanged; /* packets too long for the queue to give back changed */
};

struct emulate {
	struct emulate_params p;
	struct hold hold;
	struct fate fates[LINKS_MAX + 1]; /* of the TAPs, then of the queue */

	struct tap taps[LINKS_MAX];
	unsigned n_taps;
	struct queue queue; /* fd -1: none */

	/* figures */
	struct late late;
	struct emulate_count count;
	uint64_t dropped_limit; /* packets beyond the limit */
	uint64_t own;		/* frames of the TAPs themselves, not passed on */
	uint64_t refused;	/* packets that the kernel did not take back */
	bool realtime_given_up;

	/*
	 * Waking up takes time: 10 to 50 us. So the alarm is set that much earlier, and what a
	 * wake-up finds is taken to have come that much before.
	 */
	uint64_t lead_ns;	       /* how late alarms have been, on average */
	uint64_t alarm_ns;	       /* when the last one was to go off */
	uint64_t drained_ns, stamp_ns; /* when nothing was left to read; the last arrival */
	bool more;		       /* a source was left before its end */
	bool ticking;		       /* many packets: looked at at intervals, not one by one */

	uint64_t watch_wall_ns, watch_cpu_ns; /* of the realtime watch */
	uint8_t *buf;			      /* owned: what is read and not held */
};

/* No packet comes before its sources are there. Needs no privilege. Borrows the room. */
int emulate_init(struct emulate *e, const struct emulate_params *params, struct hold_room *room,
		 struct ord_err *err);
/* Closes the sources. Fine on a zeroed struct whose queue is closed. */
void emulate_done(struct emulate *e);

/* All packets of a frame leave together, however many they are. */
bool emulate_keeps_frames(const struct emulate_params *p);

/* The caller polls these until *due_ns (CLOCK_MONOTONIC, lowered here), then calls emulate_run with
 * what poll said. */
unsigned emulate_wait(struct emulate *e, struct pollfd *fds, unsigned max, uint64_t *due_ns);
/* Takes what has arrived and lets go what is due, for a few milliseconds at most. -1: a source is
 * gone. */
int emulate_run(struct emulate *e, const struct pollfd *fds, unsigned n, struct ord_err *err);
/* Nothing new is coming: reads what is still there and lets everything go, in order. */
int emulate_flush(struct emulate *e, struct ord_err *err);

#endif
