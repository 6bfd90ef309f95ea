/* One fault's peers: each name with the addresses that it last had. */
#ifndef ORDEAL_PEERS_MODULE_H
#define ORDEAL_PEERS_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

struct names {
	bool peer; /* v[0] is another target, whose addresses go with the ports of `to` */
	size_t n;
	struct name v[NAMES_MAX];
};

struct ord_peers {
	struct ord_args asked, now;
	struct names names;
	char told[TOLD_MAX];
	struct again *again; /* owned; NULL: once is enough */
};

/* Adds to what people are told, which may be full. */
void names_say(char told[static TOLD_MAX], const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void names_say_addresses(char told[static TOLD_MAX], const struct name *n);

/* Adds what is there already, in order, once. ORD_USAGE where there are too many. */
int name_add(struct name *n, const char *address, struct ord_err *err);
/* By this machine's resolver. ORD_USAGE: there is no such name. */
int name_look_up(struct name *n, struct ord_err *err);
/* The addresses of another target, now. */
int peer_look_up(const struct ord_peers_ask *ask, struct name *n, struct ord_err *err);

/* again.c: names, but no peer, are looked up every so often from now on. */
struct again;
int again_open(const struct names *names, uint64_t every_ns, struct again **ret,
	       struct ord_err *err);
/* Readable when there is something to take. */
int again_fd(const struct again *a);
/* What was found since it was taken last; false: nothing. */
bool again_take(struct again *a, struct names *ret, char told[static TOLD_MAX]);
void again_close(struct again *a); /* NULL is fine; never waits */

#endif
