/* The TCP sockets of a network namespace: listed and destroyed by sock_diag(7), as `ss -K` does. */
#ifndef ORDEAL_ENGINES_DIAG_H
#define ORDEAL_ENGINES_DIAG_H

#include "conns.h"
#include "talk.h"

struct diag {
	struct nl_talk talk;
	struct nl_msg
		*msg; /* owned; the one message that is ever sent: no memory is asked for later */
};

/* In the network namespace of the caller. */
int diag_open(struct diag *d, struct ord_err *err);
/* Fine on a zeroed struct. */
void diag_close(struct diag *d);

typedef int diag_seen(void *arg, const struct conn *conn, struct ord_err *err);
/*
 * Every connection of IPv4 and IPv6 that has been established and that somebody still holds: no
 * listeners, none that is only being made, none that its process has closed. ORD_SKIP where this
 * kernel cannot list them.
 */
int diag_each(struct diag *d, diag_seen *seen, void *arg, struct ord_err *err);
/*
 * Destroys that one socket, by its cookie: its process gets ECONNABORTED, the peer a reset
 * (tcp_abort() in net/ipv4/tcp.c). err->sys_errno: ENOENT where it is gone already, EOPNOTSUPP
 * without CONFIG_INET_DIAG_DESTROY, EPERM without CAP_NET_ADMIN.
 */
int diag_destroy(struct diag *d, const struct conn *conn, struct ord_err *err);

#endif
