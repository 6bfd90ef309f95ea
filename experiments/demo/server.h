/* HTTP connections: accepting, reading, time limits, writing, draining. What is answered is the
 * handler's. */
#ifndef DEMO_SERVER_H
#define DEMO_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "args.h"
#include "ask.h"
#include "buf.h"
#include "http.h"
#include "loop.h"

struct conn {
	struct watch watch;
	struct timer timer; /* of the head, the idle time, or the write */
	struct server *server;
	struct conn *next, *prev;
	struct buf in, out;
	struct http_request req; /* valid while handling; its spans point into `in` */
	size_t req_len;
	uint64_t start_ns; /* when the request was complete */
	bool handling;	   /* the handler has it and has not replied */
	bool going;	   /* conn_go is at work on it */
	bool in_head;	   /* the timer counts from a request's first byte */
	bool closing;	   /* close when `out` is written */
	struct ask ask;	   /* for the handler's question to the store */
	int route;	   /* the handler's */
};

struct listener {
	struct watch watch;
	struct server *server;
};

struct server {
	/* Set first. */
	struct loop *loop;
	uint32_t max_conns; /* beyond it, new ones wait in the kernel's queue */
	uint64_t head_ns;   /* a request must be complete this long after its first byte */
	uint64_t idle_ns;   /* a connection may be without a request */
	void (*handle)(struct conn *conn); /* reply now or later, with server_reply */
	/* For the figures; of refused requests too, whose route is -1. */
	void (*replied)(struct conn *conn, int status);
	void (*abandoned)(struct conn *conn);	/* the client left while it was handled */
	void (*drained)(struct server *server); /* after server_drain, when the last is gone */

	struct listener listeners[ADDRESSES_MAX];
	size_t n_listeners;
	struct conn *conns;
	uint32_t n_conns;
	bool full, draining;
};

/* -1 with errno; *ret_failed names the address. */
int server_listen(struct server *server, const struct addresses *addresses,
		  const char **ret_failed);
/* Replies to the request; the connection may be gone after it. `headers`: whole lines, or "". */
void server_reply(struct conn *conn, int status, const char *type, const char *headers,
		  const void *body, size_t len);
/* Stops accepting, ends each connection after its reply, and those that stay idle after a moment.
 */
void server_drain(struct server *server);
/* Ends all connections and listeners at once. */
void server_done(struct server *server);

#endif
