/*
 * What waits to be posted to one address, in its order: in memory, and in a file, so that a daemon
 * that ends, however it does, loses none of it. Who posts before he drops delivers at least once.
 */
#ifndef ORDEAL_SERVE_API_HOOK_QUEUE_H
#define ORDEAL_SERVE_API_HOOK_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "ordeal/err.h"

#define HOOK_QUEUE_MAX	 256	    /* bodies; the oldest goes */
#define HOOK_QUEUE_BYTES (4u << 20) /* of all of them */
#define HOOK_QUEUE_NAME	 80
/* The file is rewritten when it is so much longer than what waits. */
#define HOOK_QUEUE_SLACK (1u << 20)

struct hook_queue {
	int dir, fd;		      /* dir is borrowed; -1: there is no file, or none yet */
	char name[HOOK_QUEUE_NAME];   /* of the file */
	char *bodies[HOOK_QUEUE_MAX]; /* owned; a ring */
	size_t first, n;
	size_t bytes, written; /* of what waits, and of the file */
	bool failing;	       /* the file is not what waits here */
};

/* What was left is read. dir: -1 for one in memory alone. -1: the file cannot be read. */
int hook_queue_open(int dir, const char *name, struct hook_queue *ret, struct ord_err *err);
void hook_queue_close(struct hook_queue *q);		  /* the file stays */
const char *hook_queue_first(const struct hook_queue *q); /* NULL: nothing waits */
/* The body is taken. Returns how many others had to go for it; the first never does. */
size_t hook_queue_put(struct hook_queue *q, char *body);
void hook_queue_drop(struct hook_queue *q); /* the first */

/*
 * The file: a line a step, "+BODY" for one that came, "-" for the first that went, "*" for the one
 * behind it. The steps up to the first line that is none are done in the empty queue q.
 */
void hook_queue_replay(struct hook_queue *q, const char *text, size_t size);

#endif
