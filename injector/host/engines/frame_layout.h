/* Where the headers of a frame are, for the operations on it. */
#ifndef ORDEAL_ENGINES_FRAME_LAYOUT_H
#define ORDEAL_ENGINES_FRAME_LAYOUT_H

#include <linux/virtio_net.h>

#include "frame.h"

/* Not in the headers before 6.2. */
#define FRAME_GSO_UDP_L4 5

/* Offsets from the frame's data. */
struct layout {
	uint32_t l3;	  /* after Ethernet and its tags */
	uint32_t l4;	  /* 0: there is none that we know (a fragment, ESP...) */
	uint32_t payload; /* after a whole header of TCP or UDP; 0: there is none */
	uint8_t version;  /* 4, 6: a whole header of IP; 0: something else */
	uint8_t proto;	  /* where l4 is set */
};

struct layout layout_of(const struct frame *f);

struct gso {
	struct layout at;
	uint32_t size;	  /* payload of each packet but the last */
	uint32_t packets; /* >= 2 */
	bool udp;
};

/* False: it is one packet. */
bool gso_of(const struct frame *f, struct gso *ret);

/* The header of a frame that has one (ethernet, len >= its size). */
struct virtio_net_hdr frame_header(const struct frame *f);
void frame_set_header(uint8_t *data, const struct virtio_net_hdr *h);

/* RFC 1071: adds bytes to a sum of words in network order, and the field that stands for it. */
uint32_t sum_bytes(uint32_t sum, const uint8_t *p, uint32_t len);
uint16_t sum_field(uint32_t sum);
/* The sum of the pseudo header of `bytes` of transport. */
uint32_t sum_pseudo(const uint8_t *data, const struct layout *at, uint32_t bytes);

static inline uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

#endif
