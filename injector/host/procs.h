/* The processes of a place, held open by their pidfds: shared by the faults that act on processes.
 */
#ifndef ORDEAL_HOST_PROCS_H
#define ORDEAL_HOST_PROCS_H

#include <jansson.h>

#include "ordeal/err.h"
#include "ordeal/target.h"

struct inj_procs {
	size_t n;
	struct ord_proc v[ORD_PROCS_MAX];
	int pidfd[ORD_PROCS_MAX];
};

/*
 * Opens all of them. Asks again what the resolver asked: pid 1, kernel threads, sshd, ordeal's own
 * and its ancestors are ORD_GUARD. ORD_SKIP where this user may not signal one.
 */
int inj_procs_open(const struct ord_place *place, struct inj_procs **ret, struct ord_err *err);
void inj_procs_free(struct inj_procs *procs); /* NULL is fine */

/* [[pid, start], ...] for a record; owned. And back, at most ORD_PROCS_MAX: ORD_USAGE where it is
 * not that. */
json_t *inj_procs_to_json(const struct inj_procs *procs);
int inj_procs_from_json(const json_t *undo, const char *key, struct ord_proc *ret, size_t *ret_n,
			struct ord_err *err);

#endif
