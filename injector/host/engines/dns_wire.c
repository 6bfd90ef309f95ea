#include "dns_wire.h"

#include <netinet/in.h>
#include <string.h>

#define V4_HEADER  20u
#define V6_HEADER  40u
#define UDP_HEADER 8u
#define TCP_HEADER 20u
#define FRAGMENTED 0x3fff /* more to come, or not the first */

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static bool open_v4(struct dns_wire *w, uint32_t len)
{
	w->l4 = (w->ip[0] & 15u) * 4;
	w->len = get16(w->ip + 2);
	w->proto = w->ip[9];
	return w->l4 >= V4_HEADER && w->l4 <= w->len && w->len <= len &&
	       !(get16(w->ip + 6) & FRAGMENTED);
}

static bool open_v6(struct dns_wire *w, uint32_t len)
{
	w->v6 = true;
	w->len = V6_HEADER + get16(w->ip + 4);
	w->proto = w->ip[6];
	w->l4 = V6_HEADER;
	if (w->len > len)
		return false;
	while (w->proto == IPPROTO_HOPOPTS || w->proto == IPPROTO_DSTOPTS ||
	       w->proto == IPPROTO_ROUTING) {
		if (w->l4 + 8 > w->len)
			return false;
		w->proto = w->ip[w->l4];
		w->l4 += (w->ip[w->l4 + 1] + 1u) * 8;
	}
	return w->l4 <= w->len;
}

bool dns_wire_open(struct dns_wire *ret, uint8_t *packet, uint32_t len)
{
	struct dns_wire w = {.ip = packet};
	uint32_t header;

	if (len < V4_HEADER || !(packet[0] >> 4 == 4   ? open_v4(&w, len)
				 : packet[0] >> 4 == 6 ? len >= V6_HEADER && open_v6(&w, len)
						       : false))
		return false;
	if (w.proto == IPPROTO_UDP && w.len - w.l4 >= UDP_HEADER) {
		header = UDP_HEADER;
		/* Of a jumbogram, or nonsense: not what it says. */
		if (get16(packet + w.l4 + 4) != w.len - w.l4)
			return false;
	} else if (w.proto == IPPROTO_TCP && w.len - w.l4 >= TCP_HEADER) {
		header = (packet[w.l4 + 12] >> 4) * 4u;
		if (header < TCP_HEADER || w.l4 + header > w.len)
			return false;
	} else {
		return false;
	}
	w.data = w.l4 + header;
	*ret = w;
	return true;
}

static uint32_t sum(uint32_t s, const uint8_t *p, uint32_t len)
{
	for (; len > 1; len -= 2, p += 2)
		s += get16(p);
	return len ? s + (uint32_t)(p[0] << 8) : s;
}

static uint16_t folded(uint32_t s)
{
	s = (s & 0xffff) + (s >> 16);
	s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

void dns_wire_close(struct dns_wire *w, uint32_t data_len)
{
	const uint32_t size = w->data - w->l4 + data_len;
	uint8_t *l4 = w->ip + w->l4, *check = l4 + (w->proto == IPPROTO_UDP ? 6 : 16);
	uint16_t c;

	w->len = w->data + data_len;
	if (w->v6) {
		put16(w->ip + 4, w->len - V6_HEADER);
	} else {
		put16(w->ip + 2, w->len);
		put16(w->ip + 10, 0);
		put16(w->ip + 10, folded(sum(0, w->ip, w->l4)));
	}
	if (w->proto == IPPROTO_UDP)
		put16(l4 + 4, size);
	put16(check, 0);
	/* The addresses lie next to each other in both; the destination behind a routing header is
	 * the last one of that, and by the time a packet is here it has arrived there. */
	c = folded(sum(size + w->proto + (w->v6 ? sum(0, w->ip + 8, 32) : sum(0, w->ip + 12, 8)),
		       l4, size));
	put16(check, c || w->proto == IPPROTO_TCP ? c : 0xffff);
}
