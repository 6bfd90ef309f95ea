/* Frames built by hand, for test_frame.c. */
#ifndef ORDEAL_TESTS_FRAME_BUILT_H
#define ORDEAL_TESTS_FRAME_BUILT_H

#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "injector/host/engines/frame.h"

#define HEADER sizeof(struct virtio_net_hdr)
#define UDP_L4 5

/* What is built. */
struct want {
	unsigned version, tags;
	bool udp;
	bool options;	/* 12 bytes of TCP; 4 of IPv4; two extension headers of IPv6 */
	bool whole_sum; /* no partial checksum: nothing needs it */
	unsigned size, bytes;
	uint8_t flags, tos;
};

struct built {
	uint8_t data[FRAME_MAX];
	uint32_t len, l3, l4, payload;
	unsigned version;
	bool udp;
};

static void put(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static unsigned get(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static unsigned fold(const uint8_t *p, size_t n, unsigned sum)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? p[i] : (unsigned)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static unsigned pseudo(const struct built *b, const uint8_t *ip, unsigned bytes)
{
	const unsigned rest = bytes + (b->udp ? IPPROTO_UDP : IPPROTO_TCP);

	return b->version == 6 ? fold(ip + 8, 32, rest) : fold(ip + 12, 8, rest);
}

static void build_ip(struct built *b, const struct want *w)
{
	uint8_t *ip = b->data + b->l3;
	const uint8_t proto = w->udp ? IPPROTO_UDP : IPPROTO_TCP;

	if (w->version == 6) {
		ip[0] = (uint8_t)(0x60 | w->tos >> 4);
		ip[1] = (uint8_t)(w->tos << 4);
		put(ip + 4, b->len - b->l3 - 40);
		ip[6] = w->options ? IPPROTO_HOPOPTS : proto;
		ip[7] = 64;
		for (unsigned i = 8; i < 40; i++)
			ip[i] = (uint8_t)(0xfd - i);
		if (w->options) {
			ip[40] = IPPROTO_DSTOPTS;
			ip[42] = 1; /* PadN */
			ip[43] = 4;
			ip[48] = proto;
			ip[49] = 1;
			ip[50] = 1;
			ip[51] = 12;
		}
		return;
	}
	ip[0] = w->options ? 0x46 : 0x45;
	ip[1] = w->tos;
	put(ip + 2, b->len - b->l3);
	put(ip + 4, 0xfffe); /* the number runs over */
	ip[8] = 64;
	ip[9] = proto;
	for (unsigned i = 12; i < 20; i++)
		ip[i] = (uint8_t)(10 + i);
	if (w->options)
		memset(ip + 20, 1, 4);
	put(ip + 10, ~fold(ip, b->l4 - b->l3, 0));
}

static struct built *build(const struct want *w)
{
	struct built *b = calloc(1, sizeof *b);
	struct virtio_net_hdr h = {.gso_size = (uint16_t)w->size};
	unsigned type = w->version == 6 ? 0x86dd : 0x0800;
	uint8_t *l4;

	if (!b)
		abort();
	b->version = w->version;
	b->udp = w->udp;
	b->l3 = (uint32_t)HEADER + 14 + 4 * w->tags;
	b->l4 = b->l3 + (w->version == 6 ? 40 : 20);
	b->payload = w->udp ? 8 : 20;
	if (w->options) {
		b->l4 += w->version == 6 ? 24 : 4;
		b->payload += w->udp ? 0 : 12;
	}
	b->payload += b->l4;
	b->len = b->payload + w->bytes;
	memset(b->data + HEADER, 2, 12);
	for (unsigned i = 0; i < w->tags; i++) {
		put(b->data + HEADER + 12 + 4 * i, i + 1 < w->tags ? 0x88a8 : 0x8100);
		put(b->data + HEADER + 14 + 4 * i, 5 + i);
	}
	put(b->data + b->l3 - 2, type);
	build_ip(b, w);
	l4 = b->data + b->l4;
	put(l4, 40000);
	put(l4 + 2, 443);
	if (w->udp) {
		put(l4 + 4, b->len - b->l4);
	} else {
		memset(l4 + 4, 0xff, 4); /* the sequence runs over, too */
		l4[12] = (uint8_t)((b->payload - b->l4) << 2);
		l4[13] = w->flags;
		memset(l4 + 20, 1, w->options ? 12 : 0);
	}
	for (unsigned i = 0; i < w->bytes; i++)
		b->data[b->payload + i] = (uint8_t)(i * 7 + i / 251);
	if (w->size)
		h.gso_type = w->udp	       ? UDP_L4
			     : w->version == 6 ? VIRTIO_NET_HDR_GSO_TCPV6
					       : VIRTIO_NET_HDR_GSO_TCPV4;
	if (w->size && w->flags & 0x80)
		h.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	put(l4 + (w->udp ? 6 : 16), pseudo(b, b->data + b->l3, b->len - b->l4));
	if (w->whole_sum) {
		put(l4 + (w->udp ? 6 : 16), ~fold(l4, b->len - b->l4, 0));
	} else {
		h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h.csum_start = (uint16_t)(b->l4 - HEADER);
		h.csum_offset = w->udp ? 6 : 16;
		h.hdr_len = w->size ? 4096 : 0; /* as of an skb with much in its linear part */
	}
	memcpy(b->data, &h, sizeof h);
	return b;
}

#endif
