/*
 * The peers of a network fault that are named otherwise than by addresses: host names, and another
 * target. They are looked up on this side, since neither a resolver nor an API belongs into the
 * half with privileges, which gets addresses (docs/adr/0065-peers-that-are-named.md).
 */
#ifndef ORDEAL_PEERS_H
#define ORDEAL_PEERS_H

#include <stdbool.h>
#include <stdint.h>

#include "ordeal/cluster.h"
#include "ordeal/err.h"
#include "ordeal/fault.h"
#include "ordeal/target.h"

struct ord_peers;

/* All borrowed, for the time of ord_peers_find() alone. */
struct ord_peers_ask {
	const struct ord_args *args;	 /* as asked for, finished */
	const struct ord_target *peer;	 /* kind UNSET: none */
	const struct ord_target *target; /* of the fault itself, */
	const struct ord_place *place;	 /* and who that is now */
	struct ord_cluster *cluster;	 /* where the peer is in one */
	uint64_t seed;			 /* of the choice among several */
};

/* Whether there is anything to look up. */
static inline bool ord_peers_wanted(const struct ord_args *args, const struct ord_target *peer)
{
	return peer->kind != ORD_TARGET_UNSET || ord_args_names(args, "hosts") ||
	       ord_args_names(args, "exclude-hosts");
}

/*
 * Looks everything up, once; waits for the answers. ORD_USAGE where there is no such name or
 * target, where it has no addresses, or too many; ORD_GUARD where the peer is in the target's own
 * network namespace.
 */
int ord_peers_find(const struct ord_peers_ask *ask, struct ord_peers **ret, struct ord_err *err);
/* The parameters with addresses in place of all names: what an injector takes. The peers' own. */
const struct ord_args *ord_peers_args(const struct ord_peers *p);
/* What was found, for people: "db.example.com is 10.0.0.7; peer container db is 172.17.0.3". */
const char *ord_peers_told(const struct ord_peers *p);
/*
 * With `resolve` the names are looked up again so often from now on, in a thread: *ret_fd is then
 * readable when there is something to take; without it is -1. It belongs to the peers.
 */
int ord_peers_watch(struct ord_peers *p, int *ret_fd, struct ord_err *err);
/* Takes what was found, and ord_peers_told() says it ("": nothing); true where ord_peers_args() has
 * other addresses by that. A name that is not found any more keeps those that it had. */
bool ord_peers_take(struct ord_peers *p);
void ord_peers_close(struct ord_peers *p); /* NULL is fine */

#endif
