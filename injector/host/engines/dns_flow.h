/*
 * Packets that come from name servers, and what becomes of each: pure but for what it remembers of
 * TCP connections, where answers lie one behind the other, each behind its length, cut anywhere.
 */
#ifndef ORDEAL_ENGINES_DNS_FLOW_H
#define ORDEAL_ENGINES_DNS_FLOW_H

#include "base/rng.h"
#include "dns.h"
#include "dns_wire.h"

enum dns_fate {
	DNS_PASS,
	DNS_CHANGED, /* passes with the bytes and the length that it has now */
	DNS_LATE,
	DNS_LOST,
};

struct dns_flow;

struct dns {
	struct dns_rule rule;
	uint32_t ppm; /* share of the answers that are meant which it happens to */
	struct ord_rng rng;
	struct dns_flow *flows; /* owned */
	/* figures: packets that came; those with answers that are meant; such answers, and how many
	 * it happened to; answers that could not be read or changed */
	uint64_t seen, packets, bytes, meant, hit, hit_tcp, unread;
};

/* The rule, and the share, are the caller's to set afterwards. */
int dns_init(struct dns *d, uint64_t seed, struct ord_err *err);
void dns_done(struct dns *d);

/* Changes the packet in place; *len is its length, which never grows. */
enum dns_fate dns_packet(struct dns *d, uint8_t *packet, uint32_t *len);

#endif
