/*
 * What packets look like: frames of a TAP (struct virtio_net_hdr, Ethernet, tags of a VLAN, IP),
 * and bare IP packets as the packet queue hands them out. A GSO frame stands for many packets on
 * the wire, which share its headers; the kernel makes them of it (tcp_gso_segment() and
 * __udp_gso_segment() in net/ipv4/tcp_offload.c, udp_offload.c), and what is here makes the same.
 * Pure; nothing beyond `len` is read, whatever the bytes say.
 */
#ifndef ORDEAL_ENGINES_FRAME_H
#define ORDEAL_ENGINES_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#define FRAME_MAX (65536 + 256) /* the largest frame of a TAP with its headers */

struct frame {
	uint8_t *data;
	uint32_t len;
	/* virtio header and Ethernet before IP. False: a bare packet, which has no room to say that
	 * it is a GSO frame or that its checksum is partial: it is neither (a queue without
	 * NFQA_CFG_F_GSO hands out such). */
	bool ethernet;
};

/* How many packets on the wire. 1 where it is no GSO frame, or one that cannot be taken apart. */
uint32_t frame_packets(const struct frame *f);

/* Bytes of packet i on the wire, from Ethernet on (which a bare packet is given); all but the last
 * have as many. 0: there is no such packet. */
uint32_t frame_wire(const struct frame *f, uint32_t i);

/*
 * Packets [first, first + n) as a frame of their own: a GSO frame where n > 1. Its checksum is
 * partial, which the kernel completes, unless it takes nothing apart: then it is as it was.
 * out: FRAME_MAX bytes, apart from the frame. Returns its bytes; 0: there are no such packets.
 */
uint32_t frame_part(const struct frame *f, uint32_t first, uint32_t n, uint8_t *out);

/* Computes a partial checksum and clears VIRTIO_NET_HDR_F_NEEDS_CSUM. A frame of several packets
 * stays as it is, since each has its own: take them with frame_part. */
void frame_complete(struct frame *f);

/* Completes, then flips the bit of the packet's bytes after Ethernet (and its tags) that the draw
 * falls on, so that who receives it can tell. One packet, as above. */
void frame_corrupt(struct frame *f, uint32_t draw);

/* Marks "congestion experienced" (RFC 3168); the header's checksum is right again. False, and
 * unchanged: not ECN capable. */
bool frame_mark(struct frame *f);

#endif
