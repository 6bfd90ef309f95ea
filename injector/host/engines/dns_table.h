/* The tables that bring answers of name servers to a queue. */
#ifndef ORDEAL_ENGINES_DNS_TABLE_H
#define ORDEAL_ENGINES_DNS_TABLE_H

#include "match.h"

/* Whose answers, as bits. */
enum dns_clients {
	DNS_LOCAL = 1,	   /* of processes of the namespace: where they are delivered */
	DNS_FORWARDED = 2, /* of those behind it: where they are routed through */
	DNS_REMOTE = 4,	   /* of those that ask a server of the namespace: where they leave */
};

struct dns_table {
	uint8_t family; /* NFPROTO_IPV4, NFPROTO_IPV6 */
	const char *name, *comment;
	const char *device; /* "": all */
	unsigned clients;
	uint16_t queue;
	bool xtables;
	/* Name servers. Without a port the DNS's is meant, and none at all are all. */
	const struct ord_endpoints *to, *exclude;
	uint16_t probe_from,
		probe_to; /* ports of a packet on loopback that goes there too; 0: none */
};

void dns_table_build(struct nft_batch *b, const struct dns_table *t);

#endif
