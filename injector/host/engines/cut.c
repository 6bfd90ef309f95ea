#include "cut.h"

#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <stdio.h>
#include <string.h>

#include "sender.h"

/* Before whatever else stands at a hook, but after a detour (-300), which meets each packet twice.
 */
#define FIRST (-250)
#define LAST  300 /* after the destination was translated */

static void lose(struct nft_batch *b, const struct cut *cut)
{
	if (cut->ppm < 1000000)
		nft_chance(b, cut->ppm);
	nft_counter(b);
	if (cut->way == CUT_NETDEV)
		nft_fwd(b, NFT_NOWHERE);
	else
		nft_verdict(b, NF_DROP);
}

static void hit(struct nft_batch *b, const struct cut *cut)
{
	nft_rule(b, MATCH_HIT);
	nft_counter(b);
	if (cut->way == CUT_REJECT) {
		nft_rule(b, MATCH_HIT);
		nft_counter(b);
		nft_rule(b, MATCH_HIT);
		nft_meta(b, NFT_META_L4PROTO);
		nft_is_u8(b, IPPROTO_TCP);
		nft_reject(b, NFT_REJECT_TCP_RST, 0);
		nft_rule(b, MATCH_HIT);
		nft_reject(b, NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
		return;
	}
	nft_rule(b, MATCH_HIT);
	lose(b, cut);
	/* One draw a packet: on loopback it may be both to a peer and from one. */
	nft_rule(b, MATCH_HIT);
	nft_verdict(b, NF_ACCEPT);
}

static void jump(struct nft_batch *b, const char *chain, const char *to)
{
	nft_rule(b, chain);
	nft_jump(b, to);
}

static void at_device(struct nft_batch *b, const struct link *l, const struct match *m)
{
	const int32_t first = m->mark ? SENDER_FIRST : FIRST;
	char name[IFNAMSIZ + 8];

	if (match_egress(m) && !l->loopback) {
		(void)snprintf(name, sizeof name, "out-%s", l->name);
		nft_base_chain(b, name, NFT_DEV_EGRESS, first, l->name);
		jump(b, name, MATCH_TO);
		if (m->mark)
			sender_wipe(b, l);
	}
	if (!match_ingress(m) && !l->loopback)
		return;
	(void)snprintf(name, sizeof name, "in-%s", l->name);
	nft_base_chain(b, name, NFT_DEV_INGRESS, first, l->name);
	if (l->loopback && match_egress(m))
		jump(b, name, MATCH_TO);
	if (match_ingress(m))
		jump(b, name, MATCH_FROM);
}

static void if_device(struct nft_batch *b, const char *chain, enum nft_meta_keys key,
		      const struct cut *cut, const char *to)
{
	for (size_t i = 0; i < cut->links->n; i++) {
		nft_rule(b, chain);
		nft_meta(b, key);
		nft_is(b, cut->links->v[i].name, IFNAMSIZ);
		if (cut->group)
			nft_cgroup(b, cut->group);
		nft_jump(b, to);
	}
}

/* The answers of our own reject rules come in by loopback, seemingly from the peer: they must
 * arrive. */
static void spare_answers(struct nft_batch *b)
{
	static const char lo[IFNAMSIZ] = "lo";
	static const struct {
		uint8_t proto, type, code;
	} prohibited[] = {{IPPROTO_ICMP, 3, 13}, {IPPROTO_ICMPV6, 1, 1}};
	const uint8_t rst = 0x04, zero = 0;

	nft_rule(b, "input");
	nft_meta(b, NFT_META_IIFNAME);
	nft_is(b, lo, sizeof lo);
	nft_meta(b, NFT_META_L4PROTO);
	nft_is_u8(b, IPPROTO_TCP);
	nft_payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1);
	nft_mask(b, &rst, 1);
	nft_compare(b, NFT_CMP_NEQ, &zero, 1);
	nft_verdict(b, NF_ACCEPT);
	for (size_t i = 0; i < ORD_COUNT(prohibited); i++) {
		const uint8_t head[] = {prohibited[i].type, prohibited[i].code};

		nft_rule(b, "input");
		nft_meta(b, NFT_META_IIFNAME);
		nft_is(b, lo, sizeof lo);
		nft_meta(b, NFT_META_L4PROTO);
		nft_is_u8(b, prohibited[i].proto);
		nft_payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2);
		nft_is(b, head, sizeof head);
		nft_verdict(b, NF_ACCEPT);
	}
}

static void at_host(struct nft_batch *b, const struct cut *cut)
{
	if (!cut->group) /* what is forwarded has no sender here */
		nft_base_chain(b, "forward", NF_INET_FORWARD, FIRST, NULL);
	if (match_egress(cut->match)) {
		nft_base_chain(b, "output", NF_INET_LOCAL_OUT, LAST, NULL);
		if_device(b, "output", NFT_META_OIFNAME, cut, MATCH_TO);
		if (!cut->group)
			if_device(b, "forward", NFT_META_OIFNAME, cut, MATCH_TO);
	}
	if (match_ingress(cut->match)) {
		nft_base_chain(b, "input", NF_INET_LOCAL_IN, FIRST, NULL);
		if (cut->way == CUT_REJECT)
			spare_answers(b);
		if_device(b, "input", NFT_META_IIFNAME, cut, MATCH_FROM);
		if_device(b, "forward", NFT_META_IIFNAME, cut, MATCH_FROM);
	}
}

void cut_build(struct nft_batch *b, const struct cut *cut)
{
	nft_table(b, cut_family(cut->way), cut->table, cut->comment);
	match_chains(b, cut->match);
	hit(b, cut);
	if (cut->way != CUT_NETDEV) {
		at_host(b, cut);
		return;
	}
	for (size_t i = 0; i < cut->links->n; i++)
		at_device(b, &cut->links->v[i], cut->match);
}
