/* An IP packet that a queue gave: where its data lies, and its checksums once that was changed.
 * Pure, and total on any bytes. */
#ifndef ORDEAL_ENGINES_DNS_WIRE_H
#define ORDEAL_ENGINES_DNS_WIRE_H

#include <stdbool.h>
#include <stdint.h>

struct dns_wire {
	uint8_t *ip;
	uint32_t len; /* of the packet, by its own header */
	bool v6;
	uint8_t proto;	   /* IPPROTO_TCP, IPPROTO_UDP */
	uint32_t l4, data; /* offsets of the transport header and of what it carries */
};

/* False: no TCP or UDP packet, or a fragment, or not all of it is there. Borrows. */
bool dns_wire_open(struct dns_wire *ret, uint8_t *packet, uint32_t len);
/* After a change of the data: its length (of UDP), and the checksums. */
void dns_wire_close(struct dns_wire *w, uint32_t data_len);

static inline uint32_t dns_wire_data(const struct dns_wire *w)
{
	return w->len - w->data;
}

#endif
