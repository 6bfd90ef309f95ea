/*
 * An endpoint filter: which peers, ports and protocol a network fault takes. Text form, one line:
 * "[CIDR][:PORT[-PORT]][/PROTO]", e.g. "10.0.0.0/8:5432/tcp", "[2001:db8::/32]:443", ":53/udp",
 * "5432", "10.0.0.1".
 */
#ifndef ORDEAL_ENDPOINT_H
#define ORDEAL_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

#define ORD_ENDPOINTS_MAX 32
#define ORD_ENDPOINT_TEXT 96
#define ORD_HOST_NAME	  254 /* with the NUL */
#define ORD_HOST_REST	  32

struct ord_endpoint {
	uint8_t family;	  /* AF_INET, AF_INET6, or AF_UNSPEC: any address of both */
	uint8_t prefix;	  /* bits of addr that count */
	uint8_t proto;	  /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP (both ICMPs), or 0: any */
	uint8_t addr[16]; /* network order; 4 bytes for AF_INET; bits beyond the prefix are zero */
	uint16_t port_lo, port_hi; /* host order, inclusive; both 0: any. A port without proto means
				      TCP and UDP */
};

struct ord_endpoints {
	size_t n;
	struct ord_endpoint v[ORD_ENDPOINTS_MAX];
};

/* ORD_USAGE with what would be right; host bits below the prefix are refused. */
int ord_endpoint_parse(const char *text, struct ord_endpoint *ret, struct ord_err *err);
/* The canonical text, which the parser reads back to an equal endpoint. Returns out. */
char *ord_endpoint_format(const struct ord_endpoint *e, char out[static ORD_ENDPOINT_TEXT]);
/* Below, at or above 0: an order of endpoints, in which only equal ones are equal. */
int ord_endpoint_compare(const struct ord_endpoint *a, const struct ord_endpoint *b);
/* The same ones, in the same order. */
bool ord_endpoints_same(const struct ord_endpoint *a, size_t n_a, const struct ord_endpoint *b,
			size_t n_b);

/*
 * The next of a list of host names, "db.example.com:5432/tcp, cache": its name, and what stands
 * behind it as behind an address. 1: there is one, and *at is behind it; 0: no more; -1: ORD_USAGE.
 */
int ord_host_next(const char **at, char name[static ORD_HOST_NAME], char rest[static ORD_HOST_REST],
		  struct ord_err *err);

#endif
