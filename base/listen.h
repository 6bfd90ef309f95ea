/* Sockets that are listened on. */
#ifndef ORDEAL_BASE_LISTEN_H
#define ORDEAL_BASE_LISTEN_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "ordeal/err.h"

/*
 * A unix socket at that path, with that mode from its first moment. A socket that nobody listens
 * behind is one that was left, and replaced. ORD_USAGE: the path is too long, is there and no
 * socket, or somebody listens on it.
 */
int ord_listen_unix(const char *path, mode_t mode, int backlog, int *ret_fd, struct ord_err *err);

struct ord_address {
	struct sockaddr_storage storage;
	socklen_t size;
	bool loopback;
};

/* ADDRESS:PORT, "[::1]:9199", "localhost:9199"; no names are looked up. */
int ord_address_parse(const char *text, struct ord_address *ret, struct ord_err *err);
int ord_listen_port(const struct ord_address *address, int backlog, int *ret_fd,
		    struct ord_err *err);

#endif
