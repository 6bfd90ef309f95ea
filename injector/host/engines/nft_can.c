#include "nft_can.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <unistd.h>

#define MAX 3

/* In the order of NFT_USES_*. The module of `reject` is that of the only family that we reject in;
 * `counter` was a module of its own before Linux 5.18, which is let be. */
static const struct {
	const char *name, *module;
} late[] = {
	{"fwd", "nft_fwd_netdev"},
	{"numgen", "nft_numgen"},
	{"reject", "nft_reject_inet"},
};

/* Loaded, as a module. What is built in need not be there. */
static bool loaded(const char *module)
{
	char path[64];

	(void)snprintf(path, sizeof path, "/sys/module/%s", module);
	return access(path, F_OK) == 0;
}

struct question {
	uint32_t first; /* the number of the rule with the first of the expressions */
	size_t n;
	bool has[MAX];
};

static int note(void *arg, struct nlmsghdr *h, struct ord_err *err)
{
	const uint32_t seq = h->nlmsg_seq;
	struct question *q = arg;
	const char *text;

	errno = talk_errno(h, &text);
	if (errno == 0)
		return 0;
	if (seq >= q->first && seq < q->first + q->n) {
		q->has[seq - q->first] = errno != ENOENT;
		return 0;
	}
	if (errno == EPERM)
		return ord_fail(err, ORD_SKIP,
				"needs CAP_NET_ADMIN in the target's network namespace");
	return ord_fail_sys(err, "ask nftables%s%s", text ? ": " : "", text ? text : "");
}

/* Has the family these expressions? */
static int ask(struct nl_talk *t, uint8_t family, const char *const *names, struct question *q,
	       struct ord_err *err)
{
	struct nft_batch b = {0};
	char table[NFT_NAME];
	int rc;

	(void)snprintf(table, sizeof table, "ordeal-question-%d", (int)getpid());
	nft_table(&b, family, table, "");
	nft_chain(&b, "question"); /* at no hook */
	q->first = b.seq;
	for (size_t i = 0; i < q->n; i++) {
		nft_rule(&b, "question");
		nft_bare(&b, names[i]);
	}
	rc = nft_batch_question(&b, err);
	if (rc == 0)
		rc = nft_exchange(&b, t, note, q, err);
	nft_batch_done(&b);
	return rc;
}

/* Any question loads nf_tables. */
static int wake(struct nl_talk *t, struct ord_err *err)
{
	ord_auto(msg) struct nl_msg *msg =
		talk_nf_msg(t, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN, NFPROTO_UNSPEC, 0, 0);

	if (!msg)
		return ord_fail_nomem(err);
	return talk_ask(t, msg, NULL, NULL, err);
}

int nft_can_load(const struct nft_batch *b, struct nl_talk *t, struct ord_err *err)
{
	const char *names[ORD_COUNT(late)] = {NULL};
	struct question q = {.has = {true, true, true}};

	if (access("/proc/modules", F_OK) < 0)
		return 0;
	if (!loaded("nf_tables") && wake(t, err) < 0)
		return -1;
	for (size_t i = 0; i < ORD_COUNT(late); i++)
		if (b->uses & 1u << i && !loaded(late[i].module))
			names[q.n++] = late[i].name;
	if (q.n == 0)
		return 0;
	if (ask(t, b->family, names, &q, err) < 0)
		return -1;
	for (size_t i = 0; i < q.n; i++)
		if (!q.has[i])
			return ord_fail(err, ORD_SKIP, "this kernel's nftables have no `%s`",
					names[i]);
	return 0;
}

/* Has xtables the target, or else the match, for nftables? (nft_compat) */
static bool has_xtables(struct nl_talk *t, bool target, const char *name, uint32_t revision)
{
	const int type = NFNL_SUBSYS_NFT_COMPAT << 8 | NFNL_MSG_COMPAT_GET;
	ord_auto(msg) struct nl_msg *msg = talk_nf_msg(t, type, NFPROTO_IPV4, 0, 0);
	struct ord_err err;

	return msg && nla_put_string(msg, NFTA_COMPAT_NAME, name) == 0 &&
	       nla_put_u32(msg, NFTA_COMPAT_REV, htonl(revision)) == 0 &&
	       nla_put_u32(msg, NFTA_COMPAT_TYPE, htonl(target)) == 0 &&
	       talk_ask(t, msg, NULL, NULL, &err) == 0;
}

int nft_can_queue(struct nl_talk *t, bool *ret_xtables, struct ord_err *err)
{
	static const char *const ways[] = {"queue", "target"};
	struct question q = {.n = ORD_COUNT(ways), .has = {true, true}};

	if (loaded("nft_queue")) {
		*ret_xtables = false;
		return 0;
	}
	if (ask(t, NFPROTO_IPV4, ways, &q, err) < 0)
		return -1;
	if (!q.has[0] && !(q.has[1] && has_xtables(t, true, "NFQUEUE", 3)))
		return ord_fail(err, ORD_SKIP,
				"nftables cannot queue packets here (CONFIG_NFT_QUEUE, or "
				"CONFIG_NFT_COMPAT with CONFIG_NETFILTER_XT_TARGET_NFQUEUE)");
	*ret_xtables = !q.has[0];
	return 0;
}

int nft_can_cgroup(struct nl_talk *t, struct ord_err *err)
{
	static const char *const way[] = {"match"};
	struct question q = {.n = ORD_COUNT(way), .has = {true}};

	if (loaded("nft_compat") && loaded("xt_cgroup"))
		return 0;
	if (ask(t, NFPROTO_INET, way, &q, err) < 0)
		return -1;
	if (!q.has[0] || !has_xtables(t, false, "cgroup", 2))
		return ord_fail(
			err, ORD_SKIP,
			"nftables cannot ask for a packet's control group here "
			"(CONFIG_NFT_COMPAT with CONFIG_NETFILTER_XT_MATCH_CGROUP, Linux 4.20)");
	return 0;
}
