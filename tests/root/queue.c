/* The packet queue against the kernel: a number that is taken is told apart from what is not
 * possible; asking nftables how a packet gets there changes nothing, and costs no packet. */
#include "harness.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "injector/host/engines/detour.h"
#include "injector/host/engines/nft_can.h"
#include "injector/host/engines/nft_read.h"
#include "injector/host/engines/queue.h"

#define NUMBER 20000

static struct ord_err err;

static void loopback_up(void)
{
	struct ifreq r = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	must(fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &r) == 0);
	(void)close(fd);
}

static void test_number(void)
{
	struct queue first, second;
	bool taken = true;

	must(queue_open(&first, &err) == 0 && queue_open(&second, &err) == 0);
	if (queue_bind(&first, NUMBER, &taken, &err) < 0)
		skip("%s", err.msg);
	must(!taken);
	must(queue_bind(&second, NUMBER, &taken, &err) == 0 && taken);
	must(queue_bind(&second, NUMBER + 1, &taken, &err) == 0 && !taken);
	/* With its socket the number is free again. */
	queue_close(&first);
	must(queue_open(&first, &err) == 0 && queue_bind(&first, NUMBER, &taken, &err) == 0 &&
	     !taken);
	queue_close(&first);
	queue_close(&second);
}

/* ---- the question ---- */

static int on_generation(void *arg, struct nlmsghdr *h, struct ord_err *ignored)
{
	struct nlattr *tb[NFTA_GEN_MAX + 1];

	(void)ignored;
	must(nlmsg_parse(h, sizeof(struct nfgenmsg), tb, NFTA_GEN_MAX, NULL) == 0 &&
	     tb[NFTA_GEN_ID]);
	*(uint32_t *)arg = ntohl(nla_get_u32(tb[NFTA_GEN_ID]));
	return 0;
}

/* It counts the changes of this namespace's nftables. */
static uint32_t generation(struct nl_talk *t)
{
	struct nl_msg *msg =
		talk_nf_msg(t, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN, NFPROTO_UNSPEC, 0, 0);
	uint32_t id = 0;

	must(msg && talk_ask(t, msg, on_generation, &id, &err) == 0 && id != 0);
	nlmsg_free(msg);
	return id;
}

static void build(struct nft_batch *b, const char *table, bool xtables)
{
	static const struct links lo = {.n = 1,
					.v = {{.index = 1, .name = "lo", .loopback = true}}};
	static const struct ord_endpoints nobody;
	static const struct match all = {
		.to = &nobody, .exclude = &nobody, .direction = MATCH_EGRESS};

	detour_queue_build(b, NFPROTO_IPV4, table, "a test", &lo, NUMBER, xtables, &all);
}

static void on_packet(void *arg, const struct queued *q)
{
	*(uint32_t *)arg = q->id;
}

/* Sends a packet to itself, which the queue then holds: its number. */
static uint32_t held(struct queue *q, int udp, const struct sockaddr_in *self)
{
	struct pollfd p = {.fd = q->fd, .events = POLLIN};
	uint8_t buf[8192];
	uint32_t id = 0;

	must(sendto(udp, "x", 1, 0, (const struct sockaddr *)self, sizeof *self) == 1);
	must(poll(&p, 1, 2000) == 1 && queue_read(q, buf, sizeof buf, on_packet, &id) == 1 && id);
	return id;
}

/* Let go: does it come? */
static bool comes(struct queue *q, int udp, uint32_t id)
{
	struct pollfd p = {.fd = udp, .events = POLLIN};
	char c;

	(void)queue_verdict(q, id, true, false); /* ENOENT where it was dropped */
	return poll(&p, 1, 300) == 1 && recv(udp, &c, 1, 0) == 1;
}

static void test_question(void)
{
	struct sockaddr_in self = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct nl_talk nft = {.fd = -1}, other = {.fd = -1};
	struct nft_batch b = {0}, bad = {0};
	socklen_t size = sizeof self;
	struct queue q;
	uint32_t was, id;
	bool taken, xtables;
	int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	must(udp >= 0 && bind(udp, (struct sockaddr *)&self, sizeof self) == 0 &&
	     getsockname(udp, (struct sockaddr *)&self, &size) == 0);
	must(queue_open(&q, &err) == 0 && queue_bind(&q, NUMBER, &taken, &err) == 0 && !taken);
	must(talk_open(&nft, NETLINK_NETFILTER, &err) == 0 &&
	     talk_open(&other, NETLINK_NETFILTER, &err) == 0);

	was = generation(&nft);
	if (nft_can_queue(&nft, &xtables, &err) < 0)
		skip("%s", err.msg);
	must(generation(&nft) == was);

	/* What it says is what the kernel takes, and the other way is only taken beside it. */
	build(&b, "ordeal-test", xtables);
	if (nft_send(&b, &nft, &err) < 0)
		die("%s", err.msg);
	must(generation(&nft) == was + 1);
	if (xtables) {
		build(&bad, "ordeal-other", false);
		must(nft_send(&bad, &other, &err) < 0 && err.sys_errno == ENOENT);
		nft_batch_done(&bad);
	}

	id = held(&q, udp, &self);
	must(nft_can_queue(&other, &xtables, &err) == 0);
	must(comes(&q, udp, id));

	/* Not so a batch with a hook that is refused: this is why inject sends none. */
	id = held(&q, udp, &self);
	build(&bad, "ordeal-other", xtables);
	nft_rule(&bad, MATCH_HIT);
	nft_bare(&bad, "nosuch");
	must(nft_send(&bad, &other, &err) < 0 && err.sys_errno == ENOENT);
	must(!comes(&q, udp, id));

	nft_batch_done(&bad);
	nft_batch_done(&b);
	talk_close(&other);
	talk_close(&nft);
	queue_close(&q);
	(void)close(udp);
}

/* Expressions of the batch that are there are found, whether they are loaded or not. */
static void test_load(void)
{
	struct nl_talk nft = {.fd = -1};
	struct nft_batch b = {0};
	uint32_t was;

	must(talk_open(&nft, NETLINK_NETFILTER, &err) == 0);
	was = generation(&nft);
	nft_table(&b, NFPROTO_NETDEV, "ordeal-test", "a test");
	nft_chain(&b, "c");
	nft_rule(&b, "c");
	nft_chance(&b, 1000);
	nft_fwd(&b, 1);
	if (nft_can_load(&b, &nft, &err) < 0)
		skip("%s", err.msg);
	must(generation(&nft) == was);
	if (nft_send(&b, &nft, &err) < 0)
		die("%s", err.msg);
	nft_batch_done(&b);
	talk_close(&nft);
}

int main(void)
{
	world_enter();
	loopback_up();
	test_number();
	test_question();
	test_load();
	return 0;
}
