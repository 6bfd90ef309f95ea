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
	/* Set before it is made. */
	bool by_packet; /* the kernel takes GSO frames apart */
	bool queues;	/* this is one of several descriptors, each with packets of its own */
};

/* Opens the clone device: in the network namespace where the TAP is to be. Draws name and index.
 * ORD_SKIP: no TUN here. */
int tap_open(struct tap *t, struct ord_err *err);
/* Makes the device and sets it up. Needs CAP_NET_ADMIN. */
int tap_create(struct tap *t, struct nl_talk *route, struct ord_err *err);
void tap_close(struct tap *t);

/*
 * One more descriptor of a TAP that is open and not made yet; then of the device that was made. The
 * kernel gives each packet to one of them, by its flow, and all packets of a flow to the same one
 * as long as they are written back there: tun_automq_select_queue(), tun_flow_update() in
 * drivers/net/tun.c.
 */
int tap_open_more(struct tap *first, struct tap *t, struct ord_err *err);
int tap_join(struct tap *t, const struct tap *first, struct ord_err *err);

/* For any device that is used as one: its name and index; no IPv6 address of its own, and so no
 * router solicitations, which would be taken for frames on their way; up, with room for frames of
 * any size. */
int tap_draw(struct tap *t, struct ord_err *err);
int tap_quiet(const struct tap *t, struct nl_talk *route, struct ord_err *err);
int tap_up(const struct tap *t, struct nl_talk *route, struct ord_err *err);

#endif
