#include "diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#define NO_LIST                                                                              \
	"this kernel cannot list TCP sockets (CONFIG_INET_TCP_DIAG): load it with modprobe " \
	"tcp_diag"

#define HALF_CLOSED (1u << TCP_FIN_WAIT1 | 1u << TCP_FIN_WAIT2)
#define CONNECTED   (1u << TCP_ESTABLISHED | 1u << TCP_CLOSE_WAIT | HALF_CLOSED)

int diag_open(struct diag *d, struct ord_err *err)
{
	struct inet_diag_req_v2 none = {0};

	d->msg = nlmsg_alloc_size(NLMSG_SPACE(sizeof none));
	if (!d->msg || !nlmsg_put(d->msg, 0, 0, 0, 0, 0) ||
	    nlmsg_append(d->msg, &none, sizeof none, NLMSG_ALIGNTO) < 0)
		return ord_fail_nomem(err);
	return talk_open(&d->talk, NETLINK_SOCK_DIAG, err);
}

void diag_close(struct diag *d)
{
	talk_close(&d->talk);
	nlmsg_free(d->msg);
	d->msg = NULL;
}

static int ask(struct diag *d, uint16_t type, uint16_t flags, const struct inet_diag_req_v2 *req,
	       talk_each *each, void *arg, struct ord_err *err)
{
	struct nlmsghdr *h = nlmsg_hdr(d->msg);

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	memcpy(nlmsg_data(h), req, sizeof *req);
	return talk_ask(&d->talk, d->msg, each, arg, err);
}

static struct conn_end end_of(uint8_t family, const __be32 addr[4], __be16 port)
{
	struct conn_end end = {.addr = {[10] = 0xff, [11] = 0xff}, .port = ntohs(port)};

	if (family == AF_INET)
		memcpy(end.addr + 12, addr, 4);
	else
		memcpy(end.addr, addr, 16);
	return end;
}

struct listing {
	diag_seen *seen;
	void *arg;
};

static int listed(void *arg, struct nlmsghdr *h, struct ord_err *err)
{
	const struct listing *l = arg;
	const struct inet_diag_msg *m = nlmsg_data(h);
	struct conn conn;

	if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY || nlmsg_datalen(h) < (int)sizeof *m)
		return 0;
	/* Closed by its process, and only the kernel still talks: nobody would feel it. */
	if (m->idiag_inode == 0 && (1u << m->idiag_state & HALF_CLOSED))
		return 0;
	conn = (struct conn){
		.local = end_of(m->idiag_family, m->id.idiag_src, m->id.idiag_sport),
		.peer = end_of(m->idiag_family, m->id.idiag_dst, m->id.idiag_dport),
		.cookie = {m->id.idiag_cookie[0], m->id.idiag_cookie[1]},
		.device = m->id.idiag_if,
		.family = m->idiag_family,
	};
	return l->seen(l->arg, &conn, err);
}

int diag_each(struct diag *d, diag_seen *seen, void *arg, struct ord_err *err)
{
	/* Connections of IPv6 sockets to IPv4 peers are listed with AF_INET6. */
	static const uint8_t families[] = {AF_INET, AF_INET6};
	struct listing l = {seen, arg};

	for (size_t i = 0; i < ORD_COUNT(families); i++) {
		const struct inet_diag_req_v2 req = {.sdiag_family = families[i],
						     .sdiag_protocol = IPPROTO_TCP,
						     .idiag_states = CONNECTED};

		if (ask(d, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &req, listed, &l, err) == 0)
			continue;
		if (err->sys_errno == ENOENT)
			return ord_fail(err, ORD_SKIP, NO_LIST);
		return -1;
	}
	return 0;
}

int diag_destroy(struct diag *d, const struct conn *conn, struct ord_err *err)
{
	const unsigned from = conn->family == AF_INET ? 12 : 0;
	struct inet_diag_req_v2 req = {
		.sdiag_family = conn->family,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_states = CONNECTED,
		.id = {.idiag_sport = htons(conn->local.port),
		       .idiag_dport = htons(conn->peer.port),
		       .idiag_if = conn->device,
		       .idiag_cookie = {conn->cookie[0], conn->cookie[1]}},
	};

	memcpy(req.id.idiag_src, conn->local.addr + from, 16 - from);
	memcpy(req.id.idiag_dst, conn->peer.addr + from, 16 - from);
	return ask(d, SOCK_DESTROY, 0, &req, NULL, NULL, err);
}
