#include "nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/xt_cgroup.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define TYPE(x) (NFNL_SUBSYS_NFTABLES << 8 | (x))

/* User data of nft(8): type, length, text with its NUL. */
#define UDATA_COMMENT 0

void nft_batch_done(struct nft_batch *b)
{
	free(b->data);
	nlmsg_free(b->msg);
	*b = (struct nft_batch){0};
}

static void raw(struct nft_batch *b, const void *data, size_t size)
{
	if (b->len + size > b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 8192;
		uint8_t *more;

		while (cap < b->len + size)
			cap *= 2;
		more = realloc(b->data, cap);
		if (!more) {
			b->failed = true;
			return;
		}
		b->data = more;
		b->cap = cap;
	}
	memcpy(b->data + b->len, data, size);
	b->len += size;
}

static struct nl_msg *begin(struct nft_batch *b, int type, uint8_t family, uint16_t res_id,
			    int flags)
{
	struct nfgenmsg g = {
		.nfgen_family = family, .version = NFNETLINK_V0, .res_id = htons(res_id)};
	ord_auto(msg) struct nl_msg *msg = nlmsg_alloc_size(4096);

	if (msg && nlmsg_put(msg, 0, b->seq++, type, 0, NLM_F_REQUEST | flags) &&
	    nlmsg_append(msg, &g, sizeof g, NLMSG_ALIGNTO) == 0)
		return ord_steal_ptr(msg);
	b->failed = true;
	return NULL;
}

static void end(struct nft_batch *b, struct nl_msg *msg)
{
	if (msg)
		raw(b, nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len);
	nlmsg_free(msg);
}

/* The attributes of nftables are big-endian. */
static void put(struct nft_batch *b, struct nl_msg *msg, int type, const void *data, size_t size)
{
	if (!msg || nla_put(msg, type, (int)size, data) < 0)
		b->failed = true;
}

static void put_u32(struct nft_batch *b, struct nl_msg *msg, int type, uint32_t value)
{
	const uint32_t v = htonl(value);

	put(b, msg, type, &v, sizeof v);
}

static void put_text(struct nft_batch *b, struct nl_msg *msg, int type, const char *text)
{
	put(b, msg, type, text, strlen(text) + 1);
}

static struct nlattr *nest(struct nft_batch *b, struct nl_msg *msg, int type)
{
	struct nlattr *n = msg ? nla_nest_start(msg, type | NLA_F_NESTED) : NULL;

	if (!n)
		b->failed = true;
	return n;
}

static void nest_end(struct nft_batch *b, struct nl_msg *msg, struct nlattr *n)
{
	if (!n || nla_nest_end(msg, n) < 0)
		b->failed = true;
}

static void rule_end(struct nft_batch *b)
{
	if (!b->msg)
		return;
	nest_end(b, b->msg, b->exprs);
	end(b, ord_steal_ptr(b->msg));
}

static void frame(struct nft_batch *b, int type)
{
	end(b, begin(b, type, AF_UNSPEC, NFNL_SUBSYS_NFTABLES, 0));
}

int nft_batch_question(struct nft_batch *b, struct ord_err *err)
{
	rule_end(b);
	b->ended = true;
	return b->failed ? ord_fail_nomem(err) : 0;
}

int nft_batch_end(struct nft_batch *b, struct ord_err *err)
{
	rule_end(b);
	if (!b->ended)
		frame(b, NFNL_MSG_BATCH_END);
	b->ended = true;
	return b->failed ? ord_fail_nomem(err) : 0;
}

void nft_in_table(struct nft_batch *b, uint8_t family, const char *name)
{
	rule_end(b);
	if (b->len == 0)
		frame(b, NFNL_MSG_BATCH_BEGIN);
	b->family = family;
	(void)snprintf(b->table, sizeof b->table, "%s", name);
	b->chains = b->rules = 0;
}

void nft_table(struct nft_batch *b, uint8_t family, const char *name, const char *comment)
{
	uint8_t udata[2 + 128] = {UDATA_COMMENT};
	struct nl_msg *msg;
	int n;

	nft_in_table(b, family, name);
	msg = begin(b, TYPE(NFT_MSG_NEWTABLE), family, 0, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
	put_text(b, msg, NFTA_TABLE_NAME, name);
	put_u32(b, msg, NFTA_TABLE_FLAGS, NFT_TABLE_F_OWNER);
	n = snprintf((char *)udata + 2, sizeof udata - 2, "%s", comment) + 1;
	udata[1] = (uint8_t)(n < (int)sizeof udata - 2 ? n : (int)sizeof udata - 2);
	put(b, msg, NFTA_TABLE_USERDATA, udata, 2u + udata[1]);
	end(b, msg);
}

static struct nl_msg *chain_begin(struct nft_batch *b, const char *name)
{
	struct nl_msg *msg;

	rule_end(b);
	msg = begin(b, TYPE(NFT_MSG_NEWCHAIN), b->family, 0, NLM_F_CREATE | NLM_F_EXCL);
	put_text(b, msg, NFTA_CHAIN_TABLE, b->table);
	put_text(b, msg, NFTA_CHAIN_NAME, name);
	b->chains++;
	return msg;
}

void nft_chain(struct nft_batch *b, const char *name)
{
	end(b, chain_begin(b, name));
}

void nft_base_chain(struct nft_batch *b, const char *name, uint32_t hook, int32_t priority,
		    const char *device)
{
	struct nl_msg *msg = chain_begin(b, name);
	struct nlattr *n = nest(b, msg, NFTA_CHAIN_HOOK);

	put_u32(b, msg, NFTA_HOOK_HOOKNUM, hook);
	put_u32(b, msg, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	if (device)
		put_text(b, msg, NFTA_HOOK_DEV, device);
	nest_end(b, msg, n);
	put_text(b, msg, NFTA_CHAIN_TYPE, "filter");
	end(b, msg);
}

void nft_flush(struct nft_batch *b, const char *chain)
{
	struct nl_msg *msg;

	rule_end(b);
	msg = begin(b, TYPE(NFT_MSG_DELRULE), b->family, 0, NLM_F_ACK);
	put_text(b, msg, NFTA_RULE_TABLE, b->table);
	put_text(b, msg, NFTA_RULE_CHAIN, chain);
	end(b, msg);
}

void nft_rule(struct nft_batch *b, const char *chain)
{
	rule_end(b);
	b->msg = begin(b, TYPE(NFT_MSG_NEWRULE), b->family, 0, NLM_F_CREATE | NLM_F_APPEND);
	put_text(b, b->msg, NFTA_RULE_TABLE, b->table);
	put_text(b, b->msg, NFTA_RULE_CHAIN, chain);
	b->exprs = nest(b, b->msg, NFTA_RULE_EXPRESSIONS);
	b->rules++;
}

/* ---- expressions: {name, data{...}} within the rule's list ---- */

struct expr {
	struct nlattr *elem, *data;
};

static struct expr expr_begin(struct nft_batch *b, const char *name)
{
	struct expr e = {.elem = nest(b, b->msg, NFTA_LIST_ELEM)};

	put_text(b, b->msg, NFTA_EXPR_NAME, name);
	e.data = nest(b, b->msg, NFTA_EXPR_DATA);
	return e;
}

static void expr_end(struct nft_batch *b, struct expr e)
{
	nest_end(b, b->msg, e.data);
	nest_end(b, b->msg, e.elem);
}

static void data_value(struct nft_batch *b, int type, const void *data, size_t size)
{
	struct nlattr *n = nest(b, b->msg, type);

	put(b, b->msg, NFTA_DATA_VALUE, data, size);
	nest_end(b, b->msg, n);
}

static void immediate(struct nft_batch *b, const void *data, size_t size)
{
	struct expr e = expr_begin(b, "immediate");

	put_u32(b, b->msg, NFTA_IMMEDIATE_DREG, NFT_REG_1);
	data_value(b, NFTA_IMMEDIATE_DATA, data, size);
	expr_end(b, e);
}

void nft_meta(struct nft_batch *b, enum nft_meta_keys key)
{
	struct expr e = expr_begin(b, "meta");

	put_u32(b, b->msg, NFTA_META_KEY, key);
	put_u32(b, b->msg, NFTA_META_DREG, NFT_REG_1);
	expr_end(b, e);
}

void nft_meta_store(struct nft_batch *b, enum nft_meta_keys key)
{
	struct expr e = expr_begin(b, "meta");

	put_u32(b, b->msg, NFTA_META_KEY, key);
	put_u32(b, b->msg, NFTA_META_SREG, NFT_REG_1);
	expr_end(b, e);
}

void nft_meta_set(struct nft_batch *b, enum nft_meta_keys key, const void *data, size_t size)
{
	immediate(b, data, size);
	nft_meta_store(b, key);
}

void nft_payload(struct nft_batch *b, enum nft_payload_bases base, uint32_t offset, uint32_t size)
{
	struct expr e = expr_begin(b, "payload");

	put_u32(b, b->msg, NFTA_PAYLOAD_DREG, NFT_REG_1);
	put_u32(b, b->msg, NFTA_PAYLOAD_BASE, base);
	put_u32(b, b->msg, NFTA_PAYLOAD_OFFSET, offset);
	put_u32(b, b->msg, NFTA_PAYLOAD_LEN, size);
	expr_end(b, e);
}

static void bitwise(struct nft_batch *b, const void *mask, const void *flip, size_t size)
{
	struct expr e = expr_begin(b, "bitwise");

	put_u32(b, b->msg, NFTA_BITWISE_SREG, NFT_REG_1);
	put_u32(b, b->msg, NFTA_BITWISE_DREG, NFT_REG_1);
	put_u32(b, b->msg, NFTA_BITWISE_LEN, (uint32_t)size);
	data_value(b, NFTA_BITWISE_MASK, mask, size);
	data_value(b, NFTA_BITWISE_XOR, flip, size);
	expr_end(b, e);
}

void nft_mask(struct nft_batch *b, const void *mask, size_t size)
{
	static const uint8_t zero[16];

	bitwise(b, mask, zero, size);
}

void nft_or(struct nft_batch *b, uint32_t bits)
{
	const uint32_t others = ~bits;

	bitwise(b, &others, &bits, sizeof bits);
}

void nft_compare(struct nft_batch *b, enum nft_cmp_ops op, const void *data, size_t size)
{
	struct expr e = expr_begin(b, "cmp");

	put_u32(b, b->msg, NFTA_CMP_SREG, NFT_REG_1);
	put_u32(b, b->msg, NFTA_CMP_OP, op);
	data_value(b, NFTA_CMP_DATA, data, size);
	expr_end(b, e);
}

void nft_is(struct nft_batch *b, const void *data, size_t size)
{
	nft_compare(b, NFT_CMP_EQ, data, size);
}

void nft_is_u8(struct nft_batch *b, uint8_t value)
{
	nft_is(b, &value, sizeof value);
}

void nft_is_u16(struct nft_batch *b, uint16_t value)
{
	const uint16_t v = htons(value);

	nft_is(b, &v, sizeof v);
}

void nft_chance(struct nft_batch *b, uint32_t ppm)
{
	const uint32_t limit = htonl(ppm);
	struct expr e = expr_begin(b, "numgen");

	b->uses |= NFT_USES_NUMGEN;
	put_u32(b, b->msg, NFTA_NG_DREG, NFT_REG_1);
	put_u32(b, b->msg, NFTA_NG_MODULUS, 1000000);
	put_u32(b, b->msg, NFTA_NG_TYPE, NFT_NG_RANDOM);
	expr_end(b, e);
	/* The number is in host order, and comparisons go byte by byte. */
	e = expr_begin(b, "byteorder");
	put_u32(b, b->msg, NFTA_BYTEORDER_SREG, NFT_REG_1);
	put_u32(b, b->msg, NFTA_BYTEORDER_DREG, NFT_REG_1);
	put_u32(b, b->msg, NFTA_BYTEORDER_OP, NFT_BYTEORDER_HTON);
	put_u32(b, b->msg, NFTA_BYTEORDER_LEN, 4);
	put_u32(b, b->msg, NFTA_BYTEORDER_SIZE, 4);
	expr_end(b, e);
	nft_compare(b, NFT_CMP_LT, &limit, sizeof limit);
}

void nft_counter(struct nft_batch *b)
{
	const uint64_t zero = 0;
	struct expr e = expr_begin(b, "counter");

	put(b, b->msg, NFTA_COUNTER_BYTES, &zero, sizeof zero);
	put(b, b->msg, NFTA_COUNTER_PACKETS, &zero, sizeof zero);
	expr_end(b, e);
}

void nft_fwd(struct nft_batch *b, int ifindex)
{
	struct expr e;

	immediate(b, &ifindex, sizeof ifindex);
	e = expr_begin(b, "fwd");
	b->uses |= NFT_USES_FWD;
	put_u32(b, b->msg, NFTA_FWD_SREG_DEV, NFT_REG_1);
	expr_end(b, e);
}

void nft_reject(struct nft_batch *b, enum nft_reject_types type, uint8_t code)
{
	struct expr e = expr_begin(b, "reject");

	b->uses |= NFT_USES_REJECT;
	put_u32(b, b->msg, NFTA_REJECT_TYPE, type);
	put(b, b->msg, NFTA_REJECT_ICMP_CODE, &code, sizeof code);
	expr_end(b, e);
}

void nft_queue(struct nft_batch *b, uint16_t number, bool xtables)
{
	/* struct xt_NFQ_info_v3, its size rounded up as xtables does; flag 1 is bypass. */
	const struct {
		uint16_t number, total, flags, pad;
	} info = {number, 1, 1, 0};
	const uint16_t one = htons(1), num = htons(number);
	struct expr e = expr_begin(b, xtables ? "target" : "queue");

	if (xtables) {
		put_text(b, b->msg, NFTA_TARGET_NAME, "NFQUEUE");
		put_u32(b, b->msg, NFTA_TARGET_REV, 3);
		put(b, b->msg, NFTA_TARGET_INFO, &info, sizeof info);
	} else {
		put(b, b->msg, NFTA_QUEUE_NUM, &num, sizeof num);
		put(b, b->msg, NFTA_QUEUE_TOTAL, &one, sizeof one);
		put(b, b->msg, NFTA_QUEUE_FLAGS, &one, sizeof one); /* NFT_QUEUE_FLAG_BYPASS */
	}
	expr_end(b, e);
}

void nft_bare(struct nft_batch *b, const char *name)
{
	struct nlattr *elem = nest(b, b->msg, NFTA_LIST_ELEM);

	put_text(b, b->msg, NFTA_EXPR_NAME, name);
	nest_end(b, b->msg, elem);
}

void nft_cgroup(struct nft_batch *b, const char *path)
{
	struct xt_cgroup_info_v2 info = {.has_path = 1};
	struct expr e = expr_begin(b, "match");

	(void)snprintf(info.path, sizeof info.path, "%s", path);
	put_text(b, b->msg, NFTA_MATCH_NAME, "cgroup");
	put_u32(b, b->msg, NFTA_MATCH_REV, 2);
	put(b, b->msg, NFTA_MATCH_INFO, &info, sizeof info);
	expr_end(b, e);
}

static void verdict(struct nft_batch *b, int32_t code, const char *chain)
{
	struct expr e = expr_begin(b, "immediate");
	struct nlattr *data, *v;

	put_u32(b, b->msg, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = nest(b, b->msg, NFTA_IMMEDIATE_DATA);
	v = nest(b, b->msg, NFTA_DATA_VERDICT);
	put_u32(b, b->msg, NFTA_VERDICT_CODE, (uint32_t)code);
	if (chain)
		put_text(b, b->msg, NFTA_VERDICT_CHAIN, chain);
	nest_end(b, b->msg, v);
	nest_end(b, b->msg, data);
	expr_end(b, e);
}

void nft_verdict(struct nft_batch *b, int32_t code)
{
	verdict(b, code, NULL);
}

void nft_jump(struct nft_batch *b, const char *chain)
{
	verdict(b, NFT_JUMP, chain);
}

void nft_goto(struct nft_batch *b, const char *chain)
{
	verdict(b, NFT_GOTO, chain);
}
