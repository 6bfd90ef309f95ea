/* A part of a GSO frame. */
#include <string.h>

#include "frame_layout.h"

#define FIN_PSH 0x09 /* only the last packet has these flags of TCP, */
#define CWR	0x80 /* and only the first this one */
#define FLAGS	13   /* where they are in TCP's header */

/* The length, and for IPv4 the packet's own number and the checksum over both. */
static void put_ip(uint8_t *out, const struct layout *at, uint32_t len, uint32_t first)
{
	uint8_t *ip = out + at->l3;

	if (at->version == 6) {
		put16(ip + 4, len - at->l3 - 40);
		return;
	}
	put16(ip + 2, len - at->l3);
	put16(ip + 4, get16(ip + 4) + first);
	put16(ip + 10, 0);
	put16(ip + 10, sum_field(sum_bytes(0, ip, (ip[0] & 15u) * 4)));
}

static void put_tcp(uint8_t *tcp, const struct gso *g, uint32_t first, uint32_t n)
{
	const uint32_t seq = ((uint32_t)get16(tcp + 4) << 16 | get16(tcp + 6)) + first * g->size;

	put16(tcp + 4, seq >> 16);
	put16(tcp + 6, seq);
	if (first > 0)
		tcp[FLAGS] &= (uint8_t)~CWR;
	if (first + n < g->packets)
		tcp[FLAGS] &= (uint8_t)~FIN_PSH;
}

/*
 * A partial checksum is the sum of the pseudo header, which has the length in it. The difference
 * alone is put in, as the kernel does, since with a routing header the addresses are others than
 * those of the IP header. Where there was none it is made, of the IP header, as the kernel does.
 */
static void put_sum(const struct frame *f, uint8_t *out, const struct gso *g, uint32_t len,
		    struct virtio_net_hdr *h)
{
	uint8_t *l4 = out + g->at.l4, *field = l4 + (g->udp ? 6 : 16);
	const uint32_t bytes = len - g->at.l4;
	const uint8_t *was = f->data + g->at.l4;
	const uint16_t old = g->udp ? get16(was + 4) : (uint16_t)(f->len - g->at.l4);

	if (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		put16(field, (uint16_t)~sum_field((uint32_t)get16(field) + (uint16_t)~old + bytes));
		return;
	}
	if (g->udp && g->at.version == 4 && get16(field) == 0)
		return; /* it is sent without */
	put16(field, (uint16_t)~sum_field(sum_pseudo(out, &g->at, bytes)));
	h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	h->csum_start = (__virtio16)(g->at.l4 - sizeof *h);
	h->csum_offset = g->udp ? 6 : 16;
}

uint32_t frame_part(const struct frame *f, uint32_t first, uint32_t n, uint8_t *out)
{
	struct gso g = {.packets = 1};
	struct virtio_net_hdr h;
	uint32_t from, bytes, len;

	(void)gso_of(f, &g);
	if (n == 0 || first >= g.packets || n > g.packets - first || f->len > FRAME_MAX)
		return 0;
	if (n == g.packets) {
		memcpy(out, f->data, f->len);
		return f->len;
	}
	from = g.at.payload + first * g.size;
	bytes = first + n == g.packets ? f->len - from : n * g.size;
	len = g.at.payload + bytes;
	memcpy(out, f->data, g.at.payload);
	memcpy(out + g.at.payload, f->data + from, bytes);

	h = frame_header(f);
	put_ip(out, &g.at, len, first);
	if (g.udp)
		put16(out + g.at.l4 + 4, len - g.at.l4);
	else
		put_tcp(out + g.at.l4, &g, first, n);
	put_sum(f, out, &g, len, &h);
	if (first > 0)
		h.gso_type &= (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;
	/* The kernel refuses a frame that is shorter than it says its headers are. */
	h.hdr_len = (__virtio16)(g.at.payload - sizeof h);
	if (n == 1) {
		h.gso_type = VIRTIO_NET_HDR_GSO_NONE;
		h.gso_size = h.hdr_len = 0;
	}
	frame_set_header(out, &h);
	return len;
}
