/* Does the way to the queue and back work: shown by a packet of our own, and, where nobody is hurt,
 * by trying whether this machine has such queues. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "engines/nft_can.h"
#include "net_dns.h"

#define PROVE_NS (500 * ORD_MS)

static socklen_t loopback(size_t family, uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *four = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof *ret);
	if (net_dns_families[family] == NFPROTO_IPV4) {
		*four = (struct sockaddr_in){.sin_family = AF_INET,
					     .sin_port = htons(port),
					     .sin_addr = {htonl(INADDR_LOOPBACK)}};
		return sizeof *four;
	}
	*six = (struct sockaddr_in6){.sin6_family = AF_INET6,
				     .sin6_port = htons(port),
				     .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	return sizeof *six;
}

/* -1: there is no loopback of this family here, or it is down. */
static int bound(size_t family, uint16_t *ret_port)
{
	struct sockaddr_storage a;
	socklen_t n = loopback(family, 0, &a);
	ord_autoclose int fd = socket(a.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, n) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &n) < 0)
		return -1;
	*ret_port = ntohs(a.ss_family == AF_INET ? ((struct sockaddr_in *)&a)->sin_port
						 : ((struct sockaddr_in6 *)&a)->sin6_port);
	return ord_steal_fd(&fd);
}

void net_dns_probe_close(struct net_dns *s)
{
	for (size_t i = 0; i < NET_DNS_FAMILIES; i++) {
		ord_close(&s->probe[i].from);
		ord_close(&s->probe[i].to);
	}
}

void net_dns_probe_open(struct net_dns *s)
{
	for (size_t i = 0; i < NET_DNS_FAMILIES; i++) {
		struct net_dns_probe *p = &s->probe[i];

		p->from = bound(i, &p->from_port);
		p->to = bound(i, &p->to_port);
		if (p->from < 0 || p->to < 0)
			p->from_port = p->to_port = 0;
	}
}

/* Sends it until something comes out at the other end. */
static int prove(struct net_dns *s, size_t family, struct ord_err *err)
{
	const struct net_dns_probe *p = &s->probe[family];
	const uint64_t end = ord_now_ns() + PROVE_NS;
	struct pollfd fds[] = {{.fd = s->queue.fd, .events = POLLIN},
			       {.fd = p->to, .events = POLLIN}};
	char heard[sizeof NET_DNS_ASKS] = "";
	struct sockaddr_storage a;
	socklen_t n = loopback(family, p->to_port, &a);

	if (sendto(p->from, NET_DNS_ASKS, sizeof NET_DNS_ASKS, 0, (struct sockaddr *)&a, n) < 0)
		return ord_fail_sys(err, "send the packet that proves the fault over loopback");
	while (recv(p->to, heard, sizeof heard, 0) < 0) {
		const uint64_t now = ord_now_ns();
		struct timespec left = ord_timespec(end > now ? end - now : 0);

		if (now >= end)
			return ord_fail(err, ORD_SYS,
					"a packet on loopback (%s) came neither to the queue nor "
					"through it: is there a "
					"rule in this namespace that drops it?",
					family ? "::1" : "127.0.0.1");
		(void)ppoll(fds, ORD_COUNT(fds), &left, NULL);
		if (net_dns_turn(s, false, err) < 0)
			return -1;
	}
	if (memcmp(heard, NET_DNS_TOLD, sizeof heard) != 0)
		return ord_fail(err, ORD_SYS,
				"a packet on loopback (%s) did not come through the queue: what is "
				"in force does nothing",
				family ? "::1" : "127.0.0.1");
	return 0;
}

int net_dns_prove(struct net_dns *s, struct ord_err *err)
{
	int rc = 0;

	s->proving = true;
	for (size_t i = 0; i < NET_DNS_FAMILIES && rc == 0; i++)
		if (s->probe[i].to_port)
			rc = prove(s, i, err);
	s->proving = false;
	s->dns.seen = s->dns.packets = s->dns.bytes = 0;
	return rc;
}

static int try_queue(struct ord_err *err)
{
	const struct ord_endpoints none = {0};
	struct nl_talk nft = {.fd = -1};
	struct queue q = {.fd = -1};
	struct nft_batch b = {0};
	bool taken, xtables;

	if (queue_open(&q, err) < 0)
		return -1;
	q.whole = true;
	if (queue_bind(&q, NET_DNS_QUEUE, &taken, err) < 0 ||
	    talk_open(&nft, NETLINK_NETFILTER, err) < 0 || nft_can_queue(&nft, &xtables, err) < 0)
		return -1;
	dns_table_build(&b, &(struct dns_table){.family = NFPROTO_IPV4,
						.name = "ordeal-trial",
						.comment = "trial",
						.device = "",
						.clients = DNS_LOCAL,
						.queue = NET_DNS_QUEUE,
						.xtables = xtables,
						.to = &none,
						.exclude = &none});
	return nft_send(&b, &nft, err);
}

/* The child that tries leaves nothing to free. */
int net_dns_available(const char **ret_engine, struct ord_err *err)
{
	if (net_capable(err) < 0)
		return -1;
	*ret_engine = "queue";
	if (net_trial(try_queue, err) == 0)
		return 0;
	if (err->code != ORD_GUARD)
		return -1;
	*ret_engine = "queue (not tried: that takes CAP_SYS_ADMIN)";
	return 0;
}
