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
	DNS_WAIT, /* it ends in the middle of a question: dns_ready says when it goes on */
};

struct dns_flow;
struct dns_waiting;

struct dns {
	struct dns_rule rule;
	uint32_t ppm; /* share of the answers that are meant which it happens to */
	struct ord_rng rng;
	struct dns_flow *flows;	     /* owned */
	struct dns_waiting *waiting; /* owned */
	uint8_t *begun; /* in the packet at hand: the message whose question is not whole */
	/* figures: packets that came; those with answers that are meant; such answers, and how many
	 * it happened to; answers that could not be read or changed */
	uint64_t seen, packets, bytes, meant, hit, hit_tcp, unread;
};

/* The rule, and the share, are the caller's to set afterwards. */
int dns_init(struct dns *d, uint64_t seed, struct ord_err *err);
void dns_done(struct dns *d);

/* Changes the packet in place; *len is its length, which never grows. One that must wait is copied
 * under its id. */
enum dns_fate dns_packet(struct dns *d, uint32_t id, uint64_t now_ns, uint8_t *packet,
			 uint32_t *len);

/* A packet that has waited: for what came since, or long enough. */
struct dns_ready {
	uint32_t id, len;
	const uint8_t *packet; /* valid until the next call */
	bool changed;
};

/* To be asked after each dns_packet, before its own packet goes on, until it says false. */
bool dns_ready(struct dns *d, uint64_t now_ns, struct dns_ready *ret);
/* When the next one will have waited long enough; UINT64_MAX: none waits. */
uint64_t dns_due(const struct dns *d);

#endif
