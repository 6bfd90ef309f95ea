/* A bounded pool of connections to the store. A connection carries one call at a time. */
#ifndef DEMO_POOL_H
#define DEMO_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "loop.h"
#include "net.h"

#define POOL_LINKS_MAX 256
#define CALL_LINE_MAX  1100

enum call_result {
	CALL_OK,
	CALL_TIMEOUT, /* no answer in time, or no connection free in time */
	CALL_REFUSED, /* the connection was not made: the store has not seen the call */
	CALL_LOST,    /* the connection broke: the store may have seen it */
	CALL_RESULTS  /* how many there are */
};

struct call {
	/* Set by the caller; the struct stays put until done or pool_cancel. */
	char line[CALL_LINE_MAX]; /* with its newline */
	size_t len;
	/* The answer's line without its newline, borrowed for the time of the call; empty unless
	 * CALL_OK. */
	void (*done)(struct call *call, enum call_result result, const char *line, size_t len);

	/* The pool's. */
	struct pool *pool;
	struct link *link; /* NULL while it waits for one */
	struct call *next, *prev;
	struct timer timer;
	bool waiting, refused;
};

struct link {
	struct watch watch; /* fd -1: a free place */
	struct pool *pool;
	struct call *call; /* NULL: idle */
	bool connected;
	struct buf in;
};

struct pool {
	/* Set first. */
	struct loop *loop;
	const struct address *store;
	uint32_t size;	     /* connections at most */
	uint64_t timeout_ns; /* of a call, its wait for a connection included */

	struct link links[POOL_LINKS_MAX];
	struct call *head, *tail; /* calls that wait for a connection */
	uint32_t n_waiting, n_busy, n_idle;
	uint64_t results[CALL_RESULTS];
};

void pool_init(struct pool *pool);
void pool_done(struct pool *pool);
/* Never calls done() before it returns. */
void pool_start(struct pool *pool, struct call *call);
/* Forgets a call; done() will not be called. Fine when it is not under way. */
void pool_cancel(struct call *call);
const char *call_result_name(enum call_result result);

#endif
