/* Which ways to an emulator this machine has: found by trying, where nobody is hurt. */
#include "net_emulate.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>

#include "engines/nft_can.h"

int net_emulate_no_egress(struct ord_err *err)
{
	return ord_fail(err, ORD_SKIP,
			"this kernel has no hook where packets leave a device "
			"(CONFIG_NETFILTER_EGRESS, Linux 5.16): only "
			"loopback and direction ingress can be taken");
}

static const struct ord_endpoints nobody;
static const struct match everything = {
	.to = &nobody, .exclude = &nobody, .direction = MATCH_EGRESS};

static int try_detour(struct ord_err *err)
{
	const struct link lo = {.index = 1,
				.name = "lo"}; /* as if it were a real device, for its egress */
	struct nl_talk nft = {.fd = -1}, route = {.fd = -1};
	struct net_emulate_table t = {.family = NFPROTO_NETDEV};
	struct tap tap;

	if (tap_open(&tap, err) < 0 || talk_open(&route, NETLINK_ROUTE, err) < 0 ||
	    tap_create(&tap, &route, err) < 0 || talk_open(&nft, NETLINK_NETFILTER, err) < 0)
		return -1;
	detour_build(&t.batch, "trial", &lo, &tap, &(struct detour){.seat = -1}, &everything);
	if (nft_send(&t.batch, &nft, err) == 0)
		return 0;
	if (err->sys_errno == ENOENT)
		return ord_fail(err, ORD_SKIP,
				"this kernel cannot forward packets between devices in nftables "
				"(CONFIG_NFT_FWD_NETDEV)");
	return net_emulate_no_egress(err);
}

static int try_queue(struct ord_err *err)
{
	const struct links lo = {.n = 1, .v = {{.index = 1, .name = "lo", .loopback = true}}};
	struct nl_talk nft = {.fd = -1};
	struct queue q = {.fd = -1};
	struct nft_batch b = {0};
	bool taken, xtables;

	if (queue_open(&q, err) < 0 || queue_bind(&q, QUEUE_LOW, &taken, err) < 0 ||
	    talk_open(&nft, NETLINK_NETFILTER, err) < 0 || nft_can_queue(&nft, &xtables, err) < 0)
		return -1;
	detour_queue_build(&b, NFPROTO_IPV4, "ordeal-trial", "trial", &lo, QUEUE_LOW, xtables,
			   &everything);
	return nft_send(&b, &nft, err);
}

/* Both engines; or one, and why not the other. The children that try leave nothing to free. */
int net_emulate_ways(const char **ret_engine, struct ord_err *err)
{
	static char text[sizeof err->msg + 64];
	struct ord_err queue_err;
	bool detour, queue;

	if (net_capable(err) < 0)
		return -1;
	detour = net_trial(try_detour, err) == 0;
	if (!detour && err->code == ORD_GUARD) {
		*ret_engine = "detour, queue (not tried: that takes CAP_SYS_ADMIN)";
		return 0;
	}
	queue = net_trial(try_queue, &queue_err) == 0;
	if (!detour && !queue)
		return ord_wrap(err, "%s; detour", queue_err.msg);
	*ret_engine = text;
	if (detour && queue)
		*ret_engine = "detour, queue (loopback, ingress)";
	else if (detour)
		(void)snprintf(text, sizeof text, "detour (neither loopback nor ingress: %s)",
			       queue_err.msg);
	else
		(void)snprintf(text, sizeof text, "queue (loopback and ingress only: %s)",
			       err->msg);
	return 0;
}

int net_emulate_available(const char **ret_engine, struct ord_err *err)
{
	static char text[2 * sizeof err->msg + 64];
	struct ord_err why;
	const char *ways;

	if (net_emulate_ways(&ways, err) < 0)
		return -1;
	if (net_trial(net_emulate_try_netem, &why) == 0)
		(void)snprintf(text, sizeof text, "%s, netem", ways);
	else
		(void)snprintf(text, sizeof text, "%s; not netem: %s", ways, why.msg);
	*ret_engine = text;
	return 0;
}
