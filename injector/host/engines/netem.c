#include "netem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/gen_stats.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "nft_read.h"

/* Not in the headers before 6.6. */
#define PRNG_SEED 14

#define LOOPBACK 1 /* its index, in every namespace */

/* ---- what it can ---- */

static int cannot(struct ord_err *err, const char *what, const char *why)
{
	return ord_fail(err, ORD_USAGE, "engine netem does not take %s: %s", what, why);
}

int netem_can(const struct fate_params *p, struct ord_err *err)
{
	if (p->delay_correlation_ppm || p->random_loss.correlation_ppm ||
	    p->duplicate.correlation_ppm || p->corrupt.correlation_ppm ||
	    p->reorder.correlation_ppm)
		return cannot(err, "correlation", "the share changes with it there");
	if (p->loss == FATE_LOSS_MARKOV || p->loss == FATE_LOSS_GILBERT)
		return cannot(err, "losses in runs", "only random ones are handed to it");
	if (p->jitter_ns && p->distribution != FATE_UNIFORM && p->distribution != FATE_TABLE)
		return cannot(err, "this distribution",
			      "it knows tables only; give one with distribution-file");
	if (p->jitter_ns > INT32_MAX)
		return cannot(err, "a jitter above 2147 ms", "its draw wraps there");
	if (fate_has_slots(p))
		return cannot(err, "slots", "they are not handed to it");
	if (p->corrupt.ppm)
		return cannot(err, "corruption", "the bit may be one of the Ethernet header there");
	if (p->rate)
		return cannot(err, "a rate", "its limit counts packets, not bytes");
	return 0;
}

/* A packet on the wire has a fate of its own: frames are taken apart before. */
static bool by_packet(const struct fate_params *p)
{
	return p->jitter_ns || p->loss != FATE_LOSS_NONE || p->duplicate.ppm || p->reorder.ppm;
}

/* ---- its options ---- */

static uint32_t share(uint32_t ppm)
{
	return (uint32_t)(((uint64_t)ppm * UINT32_MAX + 500000) / 1000000);
}

static struct tc_netem_qopt options(const struct fate_params *p)
{
	return (struct tc_netem_qopt){
		.limit = NETEM_LIMIT,
		.loss = p->loss == FATE_LOSS_RANDOM ? share(p->random_loss.ppm) : 0,
		.gap = !p->reorder.ppm	    ? 0
		       : p->reorder_gap > 1 ? p->reorder_gap
					    : 1,
		.duplicate = share(p->duplicate.ppm),
	};
}

static int put_options(struct nl_msg *msg, const struct fate_params *p)
{
	struct tc_netem_qopt q = options(p);
	const struct tc_netem_reorder reorder = {.probability = share(p->reorder.ppm)};
	const int64_t latency = (int64_t)p->delay_ns, jitter = (int64_t)p->jitter_ns;
	struct nlattr *nest = nla_nest_start(msg, TCA_OPTIONS);

	if (!nest || nlmsg_append(msg, &q, sizeof q, NLA_ALIGNTO) < 0 ||
	    nla_put(msg, TCA_NETEM_LATENCY64, sizeof latency, &latency) < 0 ||
	    nla_put(msg, TCA_NETEM_JITTER64, sizeof jitter, &jitter) < 0 ||
	    nla_put(msg, TCA_NETEM_REORDER, sizeof reorder, &reorder) < 0 ||
	    nla_put_u64(msg, PRNG_SEED, p->seed) < 0 ||
	    (p->ecn && nla_put_u32(msg, TCA_NETEM_ECN, 1) < 0) ||
	    (p->jitter_ns && p->distribution == FATE_TABLE &&
	     nla_put(msg, TCA_NETEM_DELAY_DIST, (int)(p->table_n * sizeof *p->table), p->table) <
		     0))
		return -1;
	(void)nla_nest_end(msg, nest);
	return 0;
}

static struct nl_msg *qdisc_msg(int type, int flags, int index, size_t room)
{
	struct tcmsg t = {.tcm_family = AF_UNSPEC, .tcm_ifindex = index, .tcm_parent = TC_H_ROOT};
	ord_auto(msg) struct nl_msg *msg = nlmsg_alloc_size(room);

	if (!msg || !nlmsg_put(msg, 0, 0, type, 0, NLM_F_REQUEST | flags) ||
	    nlmsg_append(msg, &t, sizeof t, NLMSG_ALIGNTO) < 0)
		return NULL;
	return ord_steal_ptr(msg);
}

static int qdisc_add(struct netem *n, int index, struct ord_err *err)
{
	ord_auto(msg) struct nl_msg *msg = qdisc_msg(
		RTM_NEWQDISC, NLM_F_CREATE, index, 512 + n->fate->table_n * sizeof *n->fate->table);

	if (!msg || nla_put_string(msg, TCA_KIND, "netem") < 0 || put_options(msg, n->fate) < 0)
		return ord_fail_nomem(err);
	if (talk_ask(&n->route, msg, NULL, NULL, err) == 0)
		return 0;
	if (err->sys_errno == ENOENT)
		return ord_fail(err, ORD_SKIP,
				"this kernel has no sch_netem (CONFIG_NET_SCH_NETEM; modprobe "
				"sch_netem)");
	return ord_wrap(err, "put netem at a device");
}

/* What the kernel says that there is. */
struct seen {
	bool netem, seeded;
	struct tc_netem_qopt q;
	int64_t latency, jitter;
	uint32_t reorder, ecn;
	uint64_t lost;
};

static void parse_options(struct nlattr *a, struct seen *s)
{
	struct nlattr *tb[PRNG_SEED + 1], *first;
	const struct tc_netem_reorder *r;

	if (nla_len(a) < (int)sizeof s->q)
		return;
	memcpy(&s->q, nla_data(a), sizeof s->q);
	first = (struct nlattr *)(void *)((char *)nla_data(a) + sizeof s->q);
	if (nla_parse(tb, PRNG_SEED, first, nla_len(a) - (int)sizeof s->q, NULL) < 0)
		return;
	s->netem = true;
	s->seeded = tb[PRNG_SEED] != NULL;
	if (tb[TCA_NETEM_LATENCY64])
		(void)nla_memcpy(&s->latency, tb[TCA_NETEM_LATENCY64], sizeof s->latency);
	if (tb[TCA_NETEM_JITTER64])
		(void)nla_memcpy(&s->jitter, tb[TCA_NETEM_JITTER64], sizeof s->jitter);
	if (tb[TCA_NETEM_ECN])
		s->ecn = nla_get_u32(tb[TCA_NETEM_ECN]);
	if (tb[TCA_NETEM_REORDER] && nla_len(tb[TCA_NETEM_REORDER]) >= (int)sizeof *r) {
		r = nla_data(tb[TCA_NETEM_REORDER]);
		s->reorder = r->probability;
	}
}

static int on_qdisc(void *arg, struct nlmsghdr *h, struct ord_err *err)
{
	struct nlattr *tb[TCA_MAX + 1], *stats[TCA_STATS_MAX + 1];
	struct gnet_stats_queue queue = {0};
	struct seen *s = arg;

	(void)err;
	if (h->nlmsg_type != RTM_NEWQDISC ||
	    nlmsg_parse(h, sizeof(struct tcmsg), tb, TCA_MAX, NULL) < 0 || !tb[TCA_KIND] ||
	    strcmp(nla_get_string(tb[TCA_KIND]), "netem") != 0 || !tb[TCA_OPTIONS])
		return 0;
	parse_options(tb[TCA_OPTIONS], s);
	if (tb[TCA_STATS2] && nla_parse_nested(stats, TCA_STATS_MAX, tb[TCA_STATS2], NULL) == 0 &&
	    stats[TCA_STATS_QUEUE])
		(void)nla_memcpy(&queue, stats[TCA_STATS_QUEUE], sizeof queue);
	s->lost = queue.drops;
	return 0;
}

static int qdisc_read(struct netem *n, int index, struct seen *ret, struct ord_err *err)
{
	ord_auto(msg) struct nl_msg *msg = qdisc_msg(RTM_GETQDISC, NLM_F_ECHO, index, 256);

	*ret = (struct seen){0};
	if (!msg)
		return ord_fail_nomem(err);
	return talk_ask(&n->route, msg, on_qdisc, ret, err);
}

static int prove(struct netem *n, int index, bool seeded, struct ord_err *err)
{
	const struct tc_netem_qopt q = options(n->fate);
	struct seen s;

	if (qdisc_read(n, index, &s, err) < 0)
		return -1;
	if (!s.netem || s.q.limit != q.limit || s.q.loss != q.loss || s.q.gap != q.gap ||
	    s.q.duplicate != q.duplicate || s.latency != (int64_t)n->fate->delay_ns ||
	    s.jitter != (int64_t)n->fate->jitter_ns || s.reorder != share(n->fate->reorder.ppm) ||
	    (n->fate->ecn && !s.ecn))
		return ord_fail(err, ORD_SYS, "the kernel's netem is not what was asked for");
	if (seeded && !s.seeded)
		return ord_fail(err, ORD_SKIP,
				"this kernel's netem takes no seed (Linux 6.6): leave 'seed' out");
	return 0;
}

uint64_t netem_lost(struct netem *n, const struct tap *near)
{
	struct ord_err err;
	struct seen s;

	return qdisc_read(n, near->index, &s, &err) < 0 ? 0 : s.lost;
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

/* Both ends have one name and one index, each in its namespace. */
static int pair(const struct netem *n, const struct tap *near, struct nl_talk *route,
		struct ord_err *err)
{
	struct ifinfomsg i = {.ifi_family = AF_UNSPEC, .ifi_index = near->index};
	ord_auto(msg) struct nl_msg *msg = nlmsg_alloc_size(512);

	if (!msg || !nlmsg_put(msg, 0, 0, RTM_NEWLINK, 0, NLM_F_REQUEST | NLM_F_CREATE) ||
	    nlmsg_append(msg, &i, sizeof i, NLMSG_ALIGNTO) < 0 ||
	    nla_put_string(msg, IFLA_IFNAME, near->name) < 0 ||
	    (by_packet(n->fate) && nla_put_u32(msg, IFLA_GSO_MAX_SEGS, 1) < 0) ||
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
	    qdisc_add(n, near->index, err) < 0 || prove(n, near->index, false, err) < 0 ||
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

int netem_open(struct netem *n, const struct fate_params *fate, bool seeded, struct ord_err *err)
{
	ord_autoclose int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct tap trial;
	int rc;

	n->fate = fate;
	if (home < 0)
		return ord_fail_sys(err, "open '/proc/self/ns/net'");
	rc = enter_new(n, err);
	if (setns(home, CLONE_NEWNET) < 0)
		return ord_fail_sys(err, "back to the target's network namespace");
	if (rc < 0)
		return -1;
	if (netem_draw(&trial, err) < 0 || qdisc_add(n, LOOPBACK, err) < 0 ||
	    prove(n, LOOPBACK, seeded, err) < 0)
		return -1;
	return turn_back(n, "lo", LOOPBACK, err);
}

void netem_close(struct netem *n)
{
	talk_close(&n->nft);
	talk_close(&n->route);
	ord_close(&n->ns);
}
