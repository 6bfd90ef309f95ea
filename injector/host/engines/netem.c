#include "netem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "netem_in.h"
#include "nft_read.h"

#define LOOPBACK  1    /* its index, in every namespace */
#define GSO_LEAST 1024 /* bytes: the least that kernels take for the largest GSO frame is below */

/* A packet on the wire has a fate of its own: frames are taken apart before. */
static bool by_packet(const struct fate_params *p)
{
	return p->jitter_ns || p->loss != FATE_LOSS_NONE || p->duplicate.ppm || p->reorder.ppm ||
	       p->rate;
}

uint64_t netem_lost(struct netem *n, const struct tap *near)
{
	return netem_qdisc_lost(&n->route, near->index);
}

/* ---- pairs ---- */

int netem_draw(struct tap *near, struct ord_err *err)
{
	*near = (struct tap){.fd = -1};
	return tap_draw(near, err);
}

static int put_peer(struct nl_msg *msg, const struct tap *near, int ns)
{
	struct ifinfomsg i = {.ifi_family = AF_UNSPEC, .ifi_index = near->index};
	struct nlattr *info, *data, *peer;

	info = nla_nest_start(msg, IFLA_LINKINFO);
	if (!info || nla_put_string(msg, IFLA_INFO_KIND, "veth") < 0)
		return -1;
	data = nla_nest_start(msg, IFLA_INFO_DATA);
	peer = data ? nla_nest_start(msg, VETH_INFO_PEER) : NULL;
	if (!peer || nlmsg_append(msg, &i, sizeof i, NLMSG_ALIGNTO) < 0 ||
	    nla_put_string(msg, IFLA_IFNAME, near->name) < 0 ||
	    nla_put_u32(msg, IFLA_NET_NS_FD, (uint32_t)ns) < 0)
		return -1;
	(void)nla_nest_end(msg, peer);
	(void)nla_nest_end(msg, data);
	(void)nla_nest_end(msg, info);
	return 0;
}

/*
 * Both ends have one name and one index, each in its namespace. No GSO frame has less than two
 * packets, but those of a virtual machine do not say how many: they go by their size.
 */
static int pair(const struct netem *n, const struct tap *near, struct nl_talk *route,
		struct ord_err *err)
{
	struct ifinfomsg i = {.ifi_family = AF_UNSPEC, .ifi_index = near->index};
	ord_auto(msg) struct nl_msg *msg = nlmsg_alloc_size(512);

	if (!msg || !nlmsg_put(msg, 0, 0, RTM_NEWLINK, 0, NLM_F_REQUEST | NLM_F_CREATE) ||
	    nlmsg_append(msg, &i, sizeof i, NLMSG_ALIGNTO) < 0 ||
	    nla_put_string(msg, IFLA_IFNAME, near->name) < 0 ||
	    (by_packet(n->ask.p) && (nla_put_u32(msg, IFLA_GSO_MAX_SEGS, 1) < 0 ||
				     nla_put_u32(msg, IFLA_GSO_MAX_SIZE, GSO_LEAST) < 0)) ||
	    put_peer(msg, near, n->ns) < 0)
		return ord_fail_nomem(err);
	if (talk_ask(route, msg, NULL, NULL, err) == 0)
		return 0;
	if (err->sys_errno == EOPNOTSUPP)
		return ord_fail(err, ORD_SKIP,
				"this kernel has no veth devices (CONFIG_VETH; modprobe veth)");
	return ord_wrap(err, "make the pair %s", near->name);
}

/* At a device of the namespace: what comes in goes out by it. */
static int turn_back(struct netem *n, const char *device, int index, struct ord_err *err)
{
	struct nft_batch b = {0};
	int rc;

	nft_table(&b, NFPROTO_NETDEV, device, "ordeal");
	nft_base_chain(&b, "in", NFT_DEV_INGRESS, 0, device);
	nft_rule(&b, "in");
	nft_fwd(&b, index);
	rc = nft_send(&b, &n->nft, err);
	if (rc == 0)
		rc = nft_prove(&n->nft, &b, err);
	nft_batch_done(&b);
	return rc;
}

int netem_create(struct netem *n, const struct tap *near, struct nl_talk *route,
		 struct ord_err *err)
{
	if (pair(n, near, route, err) < 0 || tap_quiet(near, &n->route, err) < 0 ||
	    netem_qdisc_add(&n->route, &n->ask, near->index, err) < 0 ||
	    netem_qdisc_prove(&n->route, &n->ask, near->index, false, err) < 0 ||
	    turn_back(n, near->name, near->index, err) < 0 || tap_up(near, &n->route, err) < 0 ||
	    tap_quiet(near, route, err) < 0 || tap_up(near, route, err) < 0)
		return ord_wrap(err, "netem beside a device");
	return 0;
}

int netem_remove(const struct tap *near, struct nl_talk *route, struct ord_err *err)
{
	struct ifinfomsg i = {.ifi_family = AF_UNSPEC, .ifi_index = near->index};
	ord_auto(msg) struct nl_msg *msg = nlmsg_alloc_size(256);

	if (!msg || !nlmsg_put(msg, 0, 0, RTM_DELLINK, 0, NLM_F_REQUEST) ||
	    nlmsg_append(msg, &i, sizeof i, NLMSG_ALIGNTO) < 0)
		return ord_fail_nomem(err);
	return talk_ask(route, msg, NULL, NULL, err);
}

/* ---- the namespace ---- */

static int enter_new(struct netem *n, struct ord_err *err)
{
	if (unshare(CLONE_NEWNET) < 0)
		return ord_fail(err, ORD_SKIP,
				"engine netem takes CAP_SYS_ADMIN, for a network namespace of its "
				"own: %s",
				strerror(errno));
	n->ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (n->ns < 0)
		return ord_fail_sys(err, "open '/proc/self/ns/net'");
	if (talk_open(&n->route, NETLINK_ROUTE, err) < 0)
		return -1;
	return talk_open(&n->nft, NETLINK_NETFILTER, err);
}

int netem_open(struct netem *n, bool seeded, bool inbound, struct ord_err *err)
{
	ord_autoclose int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int rc;

	if (home < 0)
		return ord_fail_sys(err, "open '/proc/self/ns/net'");
	rc = enter_new(n, err);
	if (setns(home, CLONE_NEWNET) < 0)
		return ord_fail_sys(err, "back to the target's network namespace");
	if (rc < 0)
		return -1;
	if (netem_qdisc_add(&n->route, &n->ask, LOOPBACK, err) < 0 ||
	    netem_qdisc_prove(&n->route, &n->ask, LOOPBACK, seeded, err) < 0)
		return -1;
	if (inbound && netem_in_turn(&n->route, LOOPBACK, LOOPBACK, 1, err) < 0)
		return -1;
	return turn_back(n, "lo", LOOPBACK, err);
}

void netem_close(struct netem *n)
{
	talk_close(&n->nft);
	talk_close(&n->route);
	ord_close(&n->ns);
}
