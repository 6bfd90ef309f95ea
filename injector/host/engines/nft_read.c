#include "nft_read.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

#define TYPE(x) (NFNL_SUBSYS_NFTABLES << 8 | (x))

static uint32_t be32(const struct nlattr *a)
{
	return a ? ntohl(nla_get_u32(a)) : 0;
}

static uint64_t be64(struct nlattr *a)
{
	const uint8_t *p = nla_data(a);
	uint64_t v = 0;

	for (int i = 0; i < 8 && i < nla_len(a); i++)
		v = v << 8 | p[i];
	return v;
}

static void comment(struct nlattr *udata, char out[static NFT_COMMENT])
{
	const uint8_t *p = udata ? nla_data(udata) : NULL;
	int len = udata ? nla_len(udata) : 0;

	out[0] = '\0';
	/* Type 0 is the comment, with its NUL (libnftnl's udata). */
	if (len > 2 && p[0] == 0 && p[1] <= len - 2 && p[1] < NFT_COMMENT)
		(void)snprintf(out, NFT_COMMENT, "%.*s", (int)p[1], (const char *)p + 2);
}

static int parse(struct nlmsghdr *h, struct nlattr **tb, int max)
{
	return nlmsg_parse(h, sizeof(struct nfgenmsg), tb, max, NULL);
}

static int on_table(void *arg, struct nlmsghdr *h, struct ord_err *err)
{
	struct nlattr *tb[NFTA_TABLE_MAX + 1];
	struct nft_seen *seen = arg;

	(void)err;
	if (h->nlmsg_type != TYPE(NFT_MSG_NEWTABLE) || parse(h, tb, NFTA_TABLE_MAX) < 0)
		return 0;
	seen->found = true;
	seen->flags = be32(tb[NFTA_TABLE_FLAGS]);
	seen->owner = be32(tb[NFTA_TABLE_OWNER]);
	seen->chains = be32(tb[NFTA_TABLE_USE]);
	comment(tb[NFTA_TABLE_USERDATA], seen->comment);
	return 0;
}

int nft_read_table(struct nl_talk *t, uint8_t family, const char *name, struct nft_seen *ret,
		   struct ord_err *err)
{
	ord_auto(msg) struct nl_msg *msg = talk_nf_msg(t, TYPE(NFT_MSG_GETTABLE), family, 0, 0);
	struct nft_seen seen = {0};

	if (!msg || nla_put_string(msg, NFTA_TABLE_NAME, name) < 0)
		return ord_fail_nomem(err);
	if (talk_ask(t, msg, on_table, &seen, err) < 0 && err->sys_errno != ENOENT)
		return ord_wrap(err, "read table %s", name);
	*ret = seen;
	return 0;
}

struct rules {
	const char *table, *chain; /* chain: NULL for all */
	unsigned n;
	struct nft_count *counts;
	size_t n_counts, max;
};

static void count(struct rules *r, struct nlattr *expr)
{
	struct nlattr *tb[NFTA_EXPR_MAX + 1], *c[NFTA_COUNTER_MAX + 1];

	if (nla_parse_nested(tb, NFTA_EXPR_MAX, expr, NULL) < 0 || !tb[NFTA_EXPR_NAME] ||
	    !tb[NFTA_EXPR_DATA] || nla_strcmp(tb[NFTA_EXPR_NAME], "counter") != 0 ||
	    r->n_counts == r->max ||
	    nla_parse_nested(c, NFTA_COUNTER_MAX, tb[NFTA_EXPR_DATA], NULL) < 0 ||
	    !c[NFTA_COUNTER_PACKETS] || !c[NFTA_COUNTER_BYTES])
		return;
	r->counts[r->n_counts++] = (struct nft_count){.packets = be64(c[NFTA_COUNTER_PACKETS]),
						      .bytes = be64(c[NFTA_COUNTER_BYTES])};
}

static int on_rule(void *arg, struct nlmsghdr *h, struct ord_err *err)
{
	struct nlattr *tb[NFTA_RULE_MAX + 1], *expr;
	struct rules *r = arg;
	int left;

	(void)err;
	if (h->nlmsg_type != TYPE(NFT_MSG_NEWRULE) || parse(h, tb, NFTA_RULE_MAX) < 0 ||
	    !tb[NFTA_RULE_TABLE] || !tb[NFTA_RULE_CHAIN] ||
	    nla_strcmp(tb[NFTA_RULE_TABLE], r->table) != 0)
		return 0;
	r->n++;
	if (!r->chain || nla_strcmp(tb[NFTA_RULE_CHAIN], r->chain) != 0 ||
	    !tb[NFTA_RULE_EXPRESSIONS])
		return 0;
	nla_for_each_nested(expr, tb[NFTA_RULE_EXPRESSIONS], left) count(r, expr);
	return 0;
}

static void forget_rules(void *arg)
{
	struct rules *r = arg;

	r->n = 0;
	r->n_counts = 0;
}

static int read_rules(struct nl_talk *t, uint8_t family, struct rules *r, struct ord_err *err)
{
	ord_auto(msg) struct nl_msg *msg =
		talk_nf_msg(t, TYPE(NFT_MSG_GETRULE), family, 0, NLM_F_DUMP);

	if (!msg || nla_put_string(msg, NFTA_RULE_TABLE, r->table) < 0)
		return ord_fail_nomem(err);
	if (talk_dump(t, msg, on_rule, forget_rules, r, err) < 0)
		return ord_wrap(err, "read rules of table %s", r->table);
	return 0;
}

int nft_prove(struct nl_talk *t, const struct nft_batch *b, struct ord_err *err)
{
	struct rules rules = {.table = b->table};
	struct nft_seen seen;

	if (nft_read_table(t, b->family, b->table, &seen, err) < 0 ||
	    read_rules(t, b->family, &rules, err) < 0)
		return -1;
	if (!seen.found)
		return ord_fail(err, ORD_SYS, "table %s is not there", b->table);
	if (!(seen.flags & NFT_TABLE_F_OWNER) || seen.owner != talk_port(t))
		return ord_fail(err, ORD_SYS,
				"table %s is not ours: the kernel would not remove it with us",
				b->table);
	if (seen.chains != b->chains || rules.n != b->rules)
		return ord_fail(err, ORD_SYS,
				"table %s has %u chains and %u rules instead of %u and %u",
				b->table, seen.chains, rules.n, b->chains, b->rules);
	return 0;
}

int nft_read_counters(struct nl_talk *t, uint8_t family, const char *table, const char *chain,
		      struct nft_count *ret, size_t max, struct ord_err *err)
{
	struct rules rules = {.table = table, .chain = chain, .counts = ret, .max = max};

	if (read_rules(t, family, &rules, err) < 0)
		return -1;
	return (int)rules.n_counts;
}

struct tables {
	nft_each_table *each;
	talk_anew *anew;
	void *arg;
};

static void forget_tables(void *arg)
{
	const struct tables *tables = arg;

	tables->anew(tables->arg);
}

static int on_any_table(void *arg, struct nlmsghdr *h, struct ord_err *err)
{
	struct nlattr *tb[NFTA_TABLE_MAX + 1];
	const struct nfgenmsg *g = nlmsg_data(h);
	struct tables *tables = arg;
	char text[NFT_COMMENT];

	if (h->nlmsg_type != TYPE(NFT_MSG_NEWTABLE) || parse(h, tb, NFTA_TABLE_MAX) < 0 ||
	    !tb[NFTA_TABLE_NAME])
		return 0;
	comment(tb[NFTA_TABLE_USERDATA], text);
	return tables->each(tables->arg, g->nfgen_family, nla_get_string(tb[NFTA_TABLE_NAME]), text,
			    err);
}

int nft_read_tables(struct nl_talk *t, nft_each_table *each, talk_anew *anew, void *arg,
		    struct ord_err *err)
{
	ord_auto(msg) struct nl_msg *msg =
		talk_nf_msg(t, TYPE(NFT_MSG_GETTABLE), NFPROTO_UNSPEC, 0, NLM_F_DUMP);
	struct tables tables = {each, anew, arg};

	if (!msg)
		return ord_fail_nomem(err);
	if (talk_dump(t, msg, on_any_table, forget_tables, &tables, err) < 0)
		return ord_wrap(err, "read the list of tables");
	return 0;
}
