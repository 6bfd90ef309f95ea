/*
 * The kernel's own emulator, sch_netem, as a detour: a pair of veth devices, of which the near one
 * stands beside the device that is hit, and the far one in a network namespace that only this
 * process has. What is forwarded to the near one comes out of the far one, whose table sends it
 * back through it, which is through its netem; it comes in at the near one, and goes back to the
 * device. So no qdisc of the machine's is touched, and all of it hangs on descriptors: when they
 * close the namespace goes, and both devices with it, some tens of milliseconds later.
 */
#ifndef ORDEAL_ENGINES_NETEM_H
#define ORDEAL_ENGINES_NETEM_H

#include <stdbool.h>

#include "netem_qdisc.h"
#include "nft.h"
#include "tap.h"

struct netem {
	int ns;			   /* of the far ends; -1: none */
	struct nl_talk route, nft; /* in it; fd -1: closed */
	struct netem_ask ask;	   /* filled before it is opened; what it borrows, until the end */
};

/*
 * Makes the namespace, and tries there whether this kernel takes what is asked, which loads what it
 * needs. seeded: the seed must count; inbound: packets that come in
 * are to be taken. Needs CAP_SYS_ADMIN. ORD_SKIP says what is missing.
 */
int netem_open(struct netem *n, bool seeded, bool inbound, struct ord_err *err);
/* All of it goes. Fine on one that has ns and both fds -1. */
void netem_close(struct netem *n);

/* Draws name and index of a near end, which has no descriptor. */
int netem_draw(struct tap *near, struct ord_err *err);
/* Makes a pair and proves that its netem is what was asked for. Needs CAP_NET_ADMIN in both. */
int netem_create(struct netem *n, const struct tap *near, struct nl_talk *route,
		 struct ord_err *err);
int netem_remove(const struct tap *near, struct nl_talk *route, struct ord_err *err);
/* Packets that the netem of a pair lost or, with ecn, marked, and those beyond its limits; 0 where
 * it cannot be read. */
uint64_t netem_lost(struct netem *n, const struct tap *near);

#endif
