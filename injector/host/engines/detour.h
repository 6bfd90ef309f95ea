/*
 * The tables that bring packets to the emulator, and back.
 *
 * Several detours at one device would hand each other the same packets for ever. So each has a rank
 * of its own at its device: it stands at the priority of its rank, and what it gives back bears its
 * rank in a mark that it leaves alone who has it, or a higher one. A packet therefore passes the
 * detours of a device in the order of their ranks, each once, and the last chain wipes the mark
 * before anybody else sees it.
 */
#ifndef ORDEAL_ENGINES_DETOUR_H
#define ORDEAL_ENGINES_DETOUR_H

#include <stdbool.h>

#include "link.h"
#include "match.h"
#include "tap.h"

/* Of one device. The first is for who asks for a packet's sender, which is known until the packet
 * takes a detour. */
#define DETOUR_RANKS 201

struct detour {
	int seat;      /* holds the rank; -1: none */
	uint32_t mark; /* what this one gives back bears; its last byte is the rank */
};

static inline unsigned detour_rank(const struct detour *d)
{
	return d->mark & 0xff;
}

/*
 * Takes the lowest free rank at the device, in the network namespace of the caller: a seat that the
 * kernel takes back with the process (an abstract address of unix(7), which belongs to the
 * namespace). by_sender: the first, and no other. ORD_GUARD where none is free. Needs no privilege.
 */
int detour_sit(struct detour *d, const struct link *device, bool by_sender, struct ord_err *err);
/* Gives the rank back. Fine where it has none. */
void detour_leave(struct detour *d);

void detour_table_name(const char *device, unsigned rank, char out[static NFT_NAME]);

/* netdev: what leaves the device goes to the TAP whole, with its Ethernet header. What the TAP
 * sends comes back to the device with the mark. */
void detour_build(struct nft_batch *b, const char *comment, const struct link *device,
		  const struct tap *tap, const struct detour *d, const struct match *m);

/* netdev: what this host receives by the device goes to the near end, whole; what comes in again
 * with the mark has been there. */
void detour_in_build(struct nft_batch *b, const char *comment, const struct link *device,
		     const struct tap *near, const struct detour *d, const struct match *m);

/*
 * ip or ip6: what comes in by the devices goes to the queue before anything looks at it; on
 * loopback, where it is delivered, since it needs its route. Several queues need no rank: what one
 * lets go on goes on to the next.
 */
/* What the tables of the queue are about: m, but only what comes in where there is no loopback. */
struct match detour_queue_match(const struct links *devices, const struct match *m);
void detour_queue_build(struct nft_batch *b, uint8_t family, const char *table, const char *comment,
			const struct links *devices, uint16_t queue, bool xtables,
			const struct match *m);

#endif
