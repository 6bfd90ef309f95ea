/* One fault's peers: each name with the addresses that it last had. */
#ifndef ORDEAL_PEERS_MODULE_H
#define ORDEAL_PEERS_MODULE_H

#include <stdbool.h>
#include <stddef.h>

#include "ordeal/peers.h"

#define NAMES_MAX ORD_ENDPOINTS_MAX
#define TOLD_MAX  1024

struct name {
	char name[ORD_HOST_NAME];
	char rest[ORD_HOST_REST]; /* ports and protocol, as written behind it */
	bool spared;		  /* of `exclude-hosts` */
	size_t n;
	struct ord_endpoint v[ORD_ENDPOINTS_MAX]; /* in the order of their bytes */
};

struct ord_peers {
	struct ord_args asked, now;
	bool peer; /* there is one: names[0], whose addresses go with the ports of asked `to` */
	struct name names[NAMES_MAX];
	size_t n;
	char told[TOLD_MAX];
};

/* Adds what is there already, in order, once. ORD_USAGE where there are too many. */
int name_add(struct name *n, const char *address, struct ord_err *err);
/* By this machine's resolver. ORD_USAGE: there is no such name. */
int name_look_up(struct name *n, struct ord_err *err);
/* The addresses of another target, now. */
int peer_look_up(const struct ord_peers_ask *ask, struct name *n, struct ord_err *err);

#endif
