/*
 * A desk: a socket in the folder of something that lasts (a run, a session), at which its owner
 * and root hand in one message and are told whether it was done. Both are JSON: what the holder
 * understands, then {"done": true} or {"error": TEXT}.
 */
#ifndef ORDEAL_BASE_DESK_H
#define ORDEAL_BASE_DESK_H

#include <jansson.h>
#include <stdbool.h>

#include "ordeal/err.h"

#define ORD_DESK_MAX 4096 /* bytes of a message */

/* What both ends agree on. */
struct ord_desk_kind {
	const char *socket; /* its name in the folder */
	const char *what;   /* stands behind it: "the run" */
	const char *nobody; /* is told who comes when nobody stands behind it (any more) */
	const char *others; /* is told who may not */
};

struct ord_desk;

/* Does what the message (borrowed, an object) asks; -1: the sender is told why not. */
typedef int ord_desk_do(void *arg, const json_t *message, struct ord_err *err);

/*
 * Sets it up in the folder, whose descriptor stays the caller's and open. A socket that was left
 * there is taken away: the caller has made sure to be the only one. The kind is borrowed.
 */
int ord_desk_open(int dir, const struct ord_desk_kind *kind, ord_desk_do *work, void *arg,
		  struct ord_desk **ret, struct ord_err *err);
/* Poll it for reading; then take a turn, which never blocks. */
int ord_desk_fd(const struct ord_desk *d);
void ord_desk_turn(struct ord_desk *d);
/* Takes the socket away; NULL is fine. */
void ord_desk_close(struct ord_desk *d);

/*
 * Hands a message in. The descriptor becomes readable when the answer is there. With patience (in
 * ms) it waits that long for a place and for the answer; with 0 nothing ever blocks.
 * ORD_USAGE where nobody stands behind the desk, or this user may not.
 */
int ord_desk_call(const char *folder, const struct ord_desk_kind *kind, const json_t *message,
		  unsigned patience_ms, int *ret_fd, struct ord_err *err);
/* What came back. ORD_USAGE: it was refused, and why; ORD_SYS: nobody will answer. */
int ord_desk_hear(int fd, const struct ord_desk_kind *kind, struct ord_err *err);
/* Both. */
int ord_desk_ask(const char *folder, const struct ord_desk_kind *kind, const json_t *message,
		 unsigned patience_ms, struct ord_err *err);
/* Whether somebody stands behind it. */
bool ord_desk_attended(const char *folder, const char *socket);

#endif
