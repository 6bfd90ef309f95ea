/* The wire side of nft.h: send a batch, name what was refused. */
#include "nft.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>

int nft_make_room(const struct nft_batch *b, struct nl_talk *t, struct ord_err *err)
{
	/* A message must fit into the send buffer; the kernel doubles what is set, the doubled
	 * value counts. */
	int now = 0, want = (int)b->len + 4096;
	socklen_t size = sizeof now;

	if (getsockopt(t->fd, SOL_SOCKET, SO_SNDBUF, &now, &size) == 0 && now >= want)
		return 0;
	if (setsockopt(t->fd, SOL_SOCKET, SO_SNDBUFFORCE, &want, sizeof want) < 0)
		return ord_fail_sys(err, "send buffer of %d bytes", want);
	return 0;
}

/* The message of a batch with that number. */
static struct nlmsghdr *numbered(const struct nft_batch *b, uint32_t seq)
{
	size_t at = 0;

	while (at + NLMSG_HDRLEN <= b->len) {
		struct nlmsghdr *h = (struct nlmsghdr *)(void *)(b->data + at);

		if (h->nlmsg_seq == seq)
			return h;
		at += NLMSG_ALIGN(h->nlmsg_len);
	}
	return NULL;
}

/* "table 'x'", "chain 'y'", "a rule of chain 'y'". */
static void name_object(const struct nft_batch *b, uint32_t seq, const char **ret_what,
			const char **ret_name)
{
	struct nlmsghdr *h = numbered(b, seq);
	struct nlattr *a = NULL;

	*ret_what = "the batch";
	*ret_name = "";
	if (!h || h->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES)
		return;
	switch (h->nlmsg_type & 0xff) {
	case NFT_MSG_NEWTABLE:
		*ret_what = "table";
		a = nlmsg_find_attr(h, sizeof(struct nfgenmsg), NFTA_TABLE_NAME);
		break;
	case NFT_MSG_NEWCHAIN:
		*ret_what = "chain";
		a = nlmsg_find_attr(h, sizeof(struct nfgenmsg), NFTA_CHAIN_NAME);
		break;
	default:
		*ret_what = "a rule of chain";
		a = nlmsg_find_attr(h, sizeof(struct nfgenmsg), NFTA_RULE_CHAIN);
	}
	if (a)
		*ret_name = nla_get_string(a);
}

/* The kernel says the same of a family that it was built without and of a flag that it does not
 * know. */
static const char *lacking(const struct nft_batch *b, uint32_t seq)
{
	struct nlmsghdr *h = numbered(b, seq);

	if (!h || h->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE))
		return NULL;
	switch (((struct nfgenmsg *)nlmsg_data(h))->nfgen_family) {
	case NFPROTO_IPV4:
		return "family ip (CONFIG_NF_TABLES_IPV4)";
	case NFPROTO_IPV6:
		return "family ip6 (CONFIG_NF_TABLES_IPV6)";
	case NFPROTO_INET:
		return "family inet (CONFIG_NF_TABLES_INET)";
	case NFPROTO_NETDEV:
		return "family netdev (CONFIG_NF_TABLES_NETDEV)";
	default:
		return NULL;
	}
}

static int refused(void *arg, struct nlmsghdr *h, struct ord_err *err)
{
	const struct nft_batch *b = arg;
	const char *text, *what, *name, *lacks;

	errno = talk_errno(h, &text);
	if (errno == 0)
		return 0;
	lacks = errno == EOPNOTSUPP ? lacking(b, h->nlmsg_seq) : NULL;
	if (lacks)
		return ord_fail(err, ORD_SKIP,
				"this kernel's nftables have no %s, or no tables with an owner "
				"(Linux 5.12)",
				lacks);
	name_object(b, h->nlmsg_seq, &what, &name);
	return ord_fail_sys(err, "nftables refuses %s %s%s%s", what, name, text ? ": " : "",
			    text ? text : "");
}

int nft_exchange(const struct nft_batch *b, struct nl_talk *t, nft_answer *each, void *arg,
		 struct ord_err *err)
{
	bool answered = false;
	int rc = 0;

	if (send(t->fd, b->data, b->len, 0) < 0)
		return ord_fail_sys(err, "send to nftables");
	/* All answers are there when send returns. */
	for (;;) {
		ssize_t n = recv(t->fd, t->answer, t->room, MSG_DONTWAIT);
		struct nlmsghdr *h = (struct nlmsghdr *)(void *)t->answer;
		int left = (int)n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		for (; nlmsg_ok(h, left); h = nlmsg_next(h, &left)) {
			if (h->nlmsg_type != NLMSG_ERROR)
				continue;
			answered = true;
			if (rc == 0)
				rc = each(arg, h, err);
		}
	}
	if (!answered)
		return ord_fail(err, ORD_SYS, "nftables gave no answer");
	return rc;
}

int nft_send(struct nft_batch *b, struct nl_talk *t, struct ord_err *err)
{
	if (nft_batch_end(b, err) < 0)
		return -1;
	return nft_exchange(b, t, refused, b, err);
}
