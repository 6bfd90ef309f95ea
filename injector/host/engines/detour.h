/* The tables that bring packets to the emulator, and back. */
#ifndef ORDEAL_ENGINES_DETOUR_H
#define ORDEAL_ENGINES_DETOUR_H

#include "link.h"
#include "match.h"
#include "tap.h"

/* The name of a device's table in every family: made with NLM_F_EXCL, so that a device has one
 * emulator a direction. */
void detour_table_name(const char *device, char out[static NFT_NAME]);

/*
 * netdev: what leaves the device goes to the TAP whole, with its Ethernet header. What the TAP
 * sends comes back to the device with a mark, by which the device's chain knows it and wipes it.
 * Two detours at one device would hand each other the same packets for ever.
 */
void detour_build(struct nft_batch *b, const char *comment, const struct link *device,
		  const struct tap *tap, uint32_t mark, const struct match *m);

/*
 * ip or ip6: what comes in by the device goes to the queue before anything looks at it; on
 * loopback, where it is delivered, since it needs its route.
 */
void detour_queue_build(struct nft_batch *b, uint8_t family, const char *comment,
			const struct link *device, uint16_t queue, bool xtables,
			const struct match *m);

#endif
