/*
 * TCP connections, as plain data: which of them a filter means, and which of those a share of them
 * is. Pure; engines/diag has the kernel's side.
 */
#ifndef ORDEAL_ENGINES_CONNS_H
#define ORDEAL_ENGINES_CONNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/endpoint.h"
#include "ordeal/err.h"

/* IPv4 as ::ffff:a.b.c.d, whatever family the socket is of: a connection of an IPv6 socket to an
 * IPv4 peer is IPv4 on the wire. */
struct conn_end {
	uint8_t addr[16];
	uint16_t port; /* host order */
};

struct conn {
	struct conn_end local, peer;
	uint64_t rank;	    /* of the draw */
	uint32_t cookie[2]; /* the kernel's: no later socket has it */
	uint32_t device;    /* that the socket is bound to, 0: none */
	uint8_t family;	    /* of the socket */
	bool excluded;	    /* its peer is to be left alone */
};

struct conns {
	size_t n, room;
	struct conn *v; /* owned */
};

struct conn_filter {
	const struct ord_endpoints *to;	     /* peers; none: every one */
	const struct ord_endpoints *local;   /* our ends; none: every one */
	const struct ord_endpoints *exclude; /* peers, come first */
};

void conns_done(struct conns *c);
/* Takes a connection that the filter means, or that it excludes (conns_choose needs these); leaves
 * others out. */
int conns_add(struct conns *c, const struct conn *conn, const struct conn_filter *f,
	      struct ord_err *err);
/*
 * Leaves in c what is hit, in the order of its cookies: of the connections that are meant the
 * share, rounded, at least one; the same of the same connections by the same seed and round. Where
 * both ends of a connection are here and one is excluded, both are. Returns how many were meant.
 */
size_t conns_choose(struct conns *c, uint32_t share_ppm, uint64_t seed, uint64_t round);
/* By its cookie, after conns_choose. */
bool conns_has(const struct conns *c, const uint32_t cookie[2]);

bool conn_is_ipv4(const struct conn_end *end);
/* Is the end within one of the endpoints? What they say of a protocol does not count. */
bool conn_within(const struct conn_end *end, const struct ord_endpoints *eps);

#endif
