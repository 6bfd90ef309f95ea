/* spec.faults[].peer: another target as the other side of a network fault. */
#include <string.h>

#include "base/auto.h"
#include "scheduler/spec/table.h"

/* Pods, nodes and services have addresses; the others are kinds of what has. */
void peer_check(struct reader *r, const struct node *map, struct ord_fault_spec *spec)
{
	const struct node *peer = node_find(map, "peer"), *body = fault_body(map, NULL), *to;
	const enum ord_target_kind kind = spec->peer.kind;
	struct ord_err err;

	if (!peer || kind == ORD_TARGET_UNSET)
		return;
	if (kind == ORD_TARGET_WORKLOAD || kind == ORD_TARGET_OBJECT)
		sink_add(r->sink, peer,
			 "a %s has no addresses; name its pods, as in 'peer: {pod: {owner: "
			 "Deployment/db}, all: true}'",
			 ord_target_kind_name(kind));
	else if (spec->peer.kube && spec->peer.kube->follow)
		sink_add(r->sink, node_find(peer, "follow") ? node_find(peer, "follow") : peer,
			 "'follow' is of what is hit: a peer's addresses are looked up when the "
			 "run begins");
	if (!ord_args_peer(spec->args, node_find(body, "direction") != NULL, &err))
		return;
	to = !strncmp(err.msg, "to:", 3) ? node_find(body, "to") : peer;
	sink_add(r->sink, to ? to : peer, "%s", err.msg);
}
