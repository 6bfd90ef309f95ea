/*
 * A TAP that carries whole frames of up to 64 KiB with their offload header, and that goes when its
 * descriptor closes.
 */
#ifndef ORDEAL_ENGINES_TAP_H
#define ORDEAL_ENGINES_TAP_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "link.h"

#define TAP_HEADER \
	10 /* struct virtio_net_hdr, which stands before every frame that is read or written */

struct tap {
	int fd; /* -1: closed */
	char name[IFNAMSIZ];
	int index; /* chosen beforehand, so that rules can be built before the device is there */
	uint8_t mac[6];
	bool by_packet; /* set before it is made: the kernel takes GSO frames apart */
};

/* Opens the clone device: in the network namespace where the TAP is to be. Draws name and index.
 * ORD_SKIP: no TUN here. */
int tap_open(struct tap *t, struct ord_err *err);
/* Makes the device and sets it up. Needs CAP_NET_ADMIN. */
int tap_create(struct tap *t, struct nl_talk *route, struct ord_err *err);
void tap_close(struct tap *t);

/* For any device that is used as one: its name and index; no IPv6 address of its own, and so no
 * router solicitations, which would be taken for frames on their way; up, with room for frames of
 * any size. */
int tap_draw(struct tap *t, struct ord_err *err);
int tap_quiet(const struct tap *t, struct nl_talk *route, struct ord_err *err);
int tap_up(const struct tap *t, struct nl_talk *route, struct ord_err *err);

#endif
