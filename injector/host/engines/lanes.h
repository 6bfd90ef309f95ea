/*
 * More emulators beside the first, each on a thread of its own, with a queue of each TAP and so
 * with flows of its own. They share the limit and nothing else, and live between two instants: the
 * caller's threads begin before its system calls are reduced, and are ended before it looks at what
 * they did, so that one emulator is never seen by two threads.
 *
 * Only for packets whose fates are independent of each other (fate_by_packet): who draws, or books
 * the time of a link, must see all packets in their order.
 */
#ifndef ORDEAL_ENGINES_LANES_H
#define ORDEAL_ENGINES_LANES_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "emulate.h"

#define LANES_MAX 4 /* queues of a TAP; the first is the caller's own */

struct lane {
	struct emulate emulate;
	pthread_t thread;
	bool there; /* begun, and not ended yet */
	int bell;   /* eventfd: the word has changed */
	sem_t *up;  /* borrowed; told when the thread is there */
	atomic_int word;
	atomic_ullong heard_ns; /* when it last came around */
	atomic_bool failed;	/* and err says why */
	struct ord_err err;
};

struct lanes {
	unsigned n; /* beside the first */
	bool over;  /* they were ended */
	struct lane v[LANES_MAX - 1];
	uint64_t watched_ns,
		awake_ns; /* the last look at them; since when looks have been regular */
};

/* CPUs that this process may use, LANES_MAX at most. */
unsigned lanes_wanted(void);

/* n emulators as the first, with its room; fine on a zeroed struct. Each has a further descriptor
 * of each TAP of the first, none of which is made yet. */
int lanes_open(struct lanes *l, unsigned n, struct emulate *first, struct ord_err *err);
/* Begins the threads, which do nothing yet. They are there when it returns: with the capabilities
 * of the caller, and with its filter if that is loaded for all threads. */
int lanes_begin(struct lanes *l, struct ord_err *err);
/* The TAPs of the first are made: joins them, and lets the threads go. */
int lanes_run(struct lanes *l, const struct emulate *first, struct ord_err *err);
/* To be called often. -1: one has failed, or has not been heard of for a second. */
int lanes_watch(struct lanes *l, struct ord_err *err);
/*
 * Ends the threads; what they hold is the caller's to flush. One that does not end within a second
 * is left alone with its memory until the process ends. Fine twice.
 */
void lanes_end(struct lanes *l);
/* Reads what is still there and lets everything go; after lanes_end. */
int lanes_flush(struct lanes *l, struct ord_err *err);
/* Ends them, closes and frees. Fine twice. False: a thread did not end, and may use the struct
 * until the process ends. */
bool lanes_done(struct lanes *l);

#endif
