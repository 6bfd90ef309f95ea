#include "frame.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

#include "frame_layout.h"

#define IP4	  20 /* bytes of the headers, without options */
#define IP6	  40
#define TCP	  20
#define UDP	  8
#define FRAGMENT4 0x3fff /* more fragments, or an offset */
#define CE	  3

static bool tag(uint16_t type)
{
	return type == ETH_P_8021Q || type == ETH_P_8021AD;
}

/* The type of what follows Ethernet and its tags, at *l3; 0: it ends before. */
static uint16_t ethernet_type(const struct frame *f, uint32_t *l3)
{
	uint32_t at = (uint32_t)sizeof(struct virtio_net_hdr) + ETH_HLEN;
	uint16_t type;

	if (f->len < at)
		return 0;
	type = get16(f->data + at - 2);
	for (; tag(type) && f->len >= at + 4; at += 4)
		type = get16(f->data + at + 2);
	*l3 = at;
	return tag(type) ? 0 : type;
}

static void ip4_layout(const struct frame *f, struct layout *at)
{
	const uint8_t *ip = f->data + at->l3;
	const uint32_t room = f->len - at->l3;
	const uint32_t header = room < IP4 ? 0 : (ip[0] & 15u) * 4;

	if (header < IP4 || header > room || ip[0] >> 4 != 4)
		return;
	at->version = 4;
	if (get16(ip + 6) & FRAGMENT4)
		return;
	at->proto = ip[9];
	at->l4 = at->l3 + header;
}

/* Behind the extensions that the kernel, too, repeats in each packet (ipv6_gso_pull_exthdrs()). */
static void ip6_layout(const struct frame *f, struct layout *at)
{
	const uint8_t *ip = f->data + at->l3;
	uint32_t l4 = at->l3 + IP6;
	uint8_t next;

	if (f->len < l4 || ip[0] >> 4 != 6)
		return;
	at->version = 6;
	next = ip[6];
	while (next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS) {
		if (f->len < l4 + 8)
			return;
		next = f->data[l4];
		l4 += (f->data[l4 + 1] + 1u) * 8;
	}
	if (l4 > f->len || next == IPPROTO_FRAGMENT)
		return;
	at->proto = next;
	at->l4 = l4;
}

struct layout layout_of(const struct frame *f)
{
	struct layout at = {.l3 = f->ethernet ? f->len : 0};
	uint32_t header = 0;
	uint16_t type;

	if (f->ethernet)
		type = ethernet_type(f, &at.l3);
	else
		type = f->len && f->data[0] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP;
	if (type == ETH_P_IP)
		ip4_layout(f, &at);
	else if (type == ETH_P_IPV6)
		ip6_layout(f, &at);
	if (!at.l4)
		return at;
	if (at.proto == IPPROTO_UDP)
		header = UDP;
	else if (at.proto == IPPROTO_TCP && f->len - at.l4 >= TCP)
		header = (f->data[at.l4 + 12] >> 4) * 4u;
	if (header >= (at.proto == IPPROTO_TCP ? TCP : UDP) && header <= f->len - at.l4)
		at.payload = at.l4 + header;
	return at;
}

struct virtio_net_hdr frame_header(const struct frame *f)
{
	struct virtio_net_hdr h;

	memcpy(&h, f->data, sizeof h);
	return h;
}

void frame_set_header(uint8_t *data, const struct virtio_net_hdr *h)
{
	memcpy(data, h, sizeof *h);
}

/* Is it what the header says that it is? A partial checksum elsewhere is that of a tunnel's
 * inside. */
static bool fits(const struct virtio_net_hdr *h, const struct layout *at)
{
	const unsigned type = h->gso_type & ~(unsigned)VIRTIO_NET_HDR_GSO_ECN;
	const bool tcp = at->proto == IPPROTO_TCP;

	if (!at->payload || h->gso_size == 0)
		return false;
	if (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM &&
	    (sizeof *h + h->csum_start != at->l4 || h->csum_offset != (tcp ? 16 : 6)))
		return false;
	switch (type) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return tcp && at->version == 4;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return tcp && at->version == 6;
	case FRAME_GSO_UDP_L4:
		return at->proto == IPPROTO_UDP;
	default:
		return false;
	}
}

bool gso_of(const struct frame *f, struct gso *ret)
{
	struct virtio_net_hdr h;
	struct gso g;

	if (!f->ethernet || f->len < sizeof h)
		return false;
	h = frame_header(f);
	if (h.gso_type == VIRTIO_NET_HDR_GSO_NONE)
		return false;
	g = (struct gso){.at = layout_of(f), .size = h.gso_size};
	if (!fits(&h, &g.at) || f->len - g.at.payload <= g.size)
		return false;
	g.udp = g.at.proto == IPPROTO_UDP;
	g.packets = (f->len - g.at.payload + g.size - 1) / g.size;
	*ret = g;
	return true;
}

uint32_t frame_packets(const struct frame *f)
{
	struct gso g;

	return gso_of(f, &g) ? g.packets : 1;
}

uint32_t frame_wire(const struct frame *f, uint32_t i)
{
	const uint32_t header = (uint32_t)sizeof(struct virtio_net_hdr);
	struct gso g;

	if (gso_of(f, &g) && i < g.packets)
		return g.at.payload - header +
		       (i + 1 < g.packets ? g.size : f->len - g.at.payload - i * g.size);
	if (i > 0)
		return 0;
	if (!f->ethernet)
		return f->len + ETH_HLEN;
	return f->len > header ? f->len - header : 0;
}

bool frame_mark(struct frame *f)
{
	const struct layout at = layout_of(f);
	uint8_t *ip = f->data + at.l3;
	uint16_t before;

	if (at.version == 6) {
		if (!(ip[1] >> 4 & CE))
			return false;
		ip[1] |= CE << 4;
		return true;
	}
	if (at.version != 4 || !(ip[1] & CE))
		return false;
	before = get16(ip);
	ip[1] |= CE;
	/* RFC 1624, equation 3: HC' = ~(~HC + ~m + m'). */
	put16(ip + 10,
	      sum_field((uint32_t)(uint16_t)~get16(ip + 10) + (uint16_t)~before + get16(ip)));
	return true;
}
