/* Another target as the peer: its addresses, wherever it is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "ordeal/far.h"
#include "scheduler/peers/module/peers.h"

ORD_AUTO(holder, struct ord_holder, ord_holder_free);

/* Asks an injector: of another machine, or of this one where the namespace must be entered. */
static int ask_injector(const struct ord_peers_ask *ask, struct ord_place *place,
			struct ord_addresses *ret, struct ord_err *err)
{
	ord_auto(holder) struct ord_holder *h = NULL;

	if (ask->peer->via ? ord_far_open(ask->peer->via, NULL, &h, err)
			   : ord_holder_spawn(ORD_PROGRAM_HOST, true, &h, err))
		return -1;
	return ord_far_addresses(h, ask->peer, ask->seed, place, ret, err);
}

static int look(const struct ord_peers_ask *ask, struct ord_place *place, struct ord_addresses *ret,
		struct ord_err *err)
{
	if (ord_target_in_cluster(ask->peer->kind))
		return ord_cluster_resolve(ask->cluster, ask->peer, ask->seed, 0, place, NULL, NULL,
					   err) ||
				       ord_cluster_addresses(ask->cluster, place, ret, err)
			       ? -1
			       : 0;
	if (ask->peer->via)
		return ask_injector(ask, place, ret, err);
	if (ord_target_resolve(ask->peer, ask->seed, place, err))
		return -1;
	return ord_place_by_path(place) ? ask_injector(ask, place, ret, err)
					: ord_place_addresses(place, ret, err);
}

/* Of the namespace; 0 where it is not known. */
static uint64_t namespace_of(const struct ord_place *place)
{
	struct stat st;

	if (!place->host || stat("/proc/self/ns/net", &st))
		return place->netns_ino;
	return st.st_ino;
}

/* Whether both are looked at on the same machine, as far as can be told. */
static bool same_machine(const struct ord_via *a, const struct ord_via *b)
{
	char left[512], right[512];

	if (!a || !b)
		return !a && !b;
	return !strcmp(ord_via_text(a, sizeof left, left), ord_via_text(b, sizeof right, right));
}

/*
 * What two of one namespace say to each other goes by its loopback, whatever the addresses. By the
 * addresses it shows where the namespace's number may not be seen, and where the peer is a pod with
 * its node's network.
 */
static int refuse_own(const struct ord_peers_ask *ask, const struct ord_place *place,
		      const struct ord_addresses *theirs, struct ord_err *err)
{
	const uint64_t own = namespace_of(ask->place);
	struct ord_addresses ours = {0};

	if (!place->cluster && same_machine(ask->target->via, ask->peer->via) && own &&
	    own == namespace_of(place))
		return ord_fail(err, ORD_GUARD,
				"it is in the target's own network namespace: what they say to "
				"each other never leaves it; name its ports of loopback in 'to'");
	if (ask->target->via || ask->place->cluster || ord_place_by_path(ask->place) ||
	    ord_place_addresses(ask->place, &ours, NULL))
		return 0;
	for (size_t i = 0; i < ours.n; i++)
		for (size_t j = 0; j < theirs->n; j++)
			if (!strcmp(ours.v[i], theirs->v[j]))
				return ord_fail(err, ORD_GUARD,
						"its address %s is the target's own: they share a "
						"network namespace, or cannot reach each other",
						ours.v[i]);
	return 0;
}

int peer_look_up(const struct ord_peers_ask *ask, struct name *n, struct ord_err *err)
{
	ord_autofree struct ord_place *place = calloc(1, sizeof *place);
	struct ord_addresses found = {0};
	int r;

	if (!place)
		return ord_fail_nomem(err);
	(void)snprintf(n->name, sizeof n->name, "peer %s%s%.200s",
		       ord_target_kind_name(ask->peer->kind), *ask->peer->text ? " " : "",
		       ask->peer->text);
	r = look(ask, place, &found, err);
	if (!r)
		r = refuse_own(ask, place, &found, err);
	if (!r && found.more)
		r = ord_fail(err, ORD_USAGE, "it has more than %d addresses", ORD_ADDRESSES_MAX);
	n->n = 0;
	for (size_t i = 0; !r && i < found.n; i++)
		r = name_add(n, found.v[i], err);
	ord_place_done(place);
	return r ? ord_wrap(err, "%s", n->name) : 0;
}
