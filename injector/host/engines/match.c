#include "match.h"

#include <linux/if_ether.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

/* The rule begins with the packet's family; false: this table never sees that family. */
static bool family(struct nft_batch *b, const char *chain, uint8_t fam)
{
	if ((b->family == NFPROTO_IPV4 && fam == AF_INET6) ||
	    (b->family == NFPROTO_IPV6 && fam == AF_INET))
		return false;
	nft_rule(b, chain);
	if (b->family == NFPROTO_NETDEV) {
		nft_meta(b, NFT_META_PROTOCOL);
		nft_is_u16(b, fam == AF_INET ? ETH_P_IP : ETH_P_IPV6);
	} else if (b->family == NFPROTO_INET) {
		nft_meta(b, NFT_META_NFPROTO);
		nft_is_u8(b, fam == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6);
	}
	return true;
}

static void address(struct nft_batch *b, const struct ord_endpoint *e, uint8_t fam,
		    bool destination)
{
	const unsigned bytes = (e->prefix + 7u) / 8u;
	uint32_t offset = fam == AF_INET ? (destination ? 16 : 12) : (destination ? 24 : 8);

	if (e->family == AF_UNSPEC || e->prefix == 0)
		return;
	nft_payload(b, NFT_PAYLOAD_NETWORK_HEADER, offset, bytes);
	if (e->prefix % 8) {
		uint8_t mask[16];

		memset(mask, 0xff, sizeof mask);
		mask[bytes - 1] = (uint8_t)(0xff << (8 - e->prefix % 8));
		nft_mask(b, mask, bytes);
	}
	nft_is(b, e->addr, bytes);
}

static void ports(struct nft_batch *b, const struct ord_endpoint *e, bool destination)
{
	const uint8_t lo[2] = {(uint8_t)(e->port_lo >> 8), (uint8_t)e->port_lo};
	const uint8_t hi[2] = {(uint8_t)(e->port_hi >> 8), (uint8_t)e->port_hi};

	if (!e->port_lo && !e->port_hi)
		return;
	nft_payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, destination ? 2 : 0, 2);
	if (e->port_lo == e->port_hi) {
		nft_is(b, lo, sizeof lo);
		return;
	}
	nft_compare(b, NFT_CMP_GTE, lo, sizeof lo);
	nft_compare(b, NFT_CMP_LTE, hi, sizeof hi);
}

/* What sets a TCP connection up bears the SYN flag, on both ways, and nothing else does. */
static void state(struct nft_batch *b, enum match_state want)
{
	const uint8_t syn = 0x02, zero = 0;

	nft_payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1);
	nft_mask(b, &syn, sizeof syn);
	nft_compare(b, want == MATCH_NEW ? NFT_CMP_NEQ : NFT_CMP_EQ, &zero, sizeof zero);
}

static void act(struct nft_batch *b, const struct match *m)
{
	if (m)
		nft_goto(b, MATCH_HIT);
	else
		nft_verdict(b, NFT_RETURN);
}

/* proto 0: any. m: what is meant; NULL: the endpoint is left alone, in every state. */
static void one_rule(struct nft_batch *b, const char *chain, const struct ord_endpoint *e,
		     uint8_t fam, uint8_t proto, const struct match *m)
{
	const bool destination = strcmp(chain, MATCH_TO) == 0;

	if (!family(b, chain, fam))
		return;
	address(b, e, fam, destination);
	if (proto) {
		nft_meta(b, NFT_META_L4PROTO);
		nft_is_u8(b, proto == IPPROTO_ICMP && fam == AF_INET6 ? IPPROTO_ICMPV6 : proto);
	}
	ports(b, e, destination);
	if (m && m->state != MATCH_ANY)
		state(b, m->state);
	act(b, m);
}

static void endpoint(struct nft_batch *b, const char *chain, const struct ord_endpoint *e,
		     const struct match *m)
{
	static const uint8_t fams[] = {AF_INET, AF_INET6};
	const bool ported = e->port_lo || e->port_hi;
	const uint8_t proto = !e->proto && m && m->state != MATCH_ANY ? IPPROTO_TCP : e->proto;

	for (size_t i = 0; i < ORD_COUNT(fams); i++) {
		if (e->family != AF_UNSPEC && e->family != fams[i])
			continue;
		if (ported && proto == 0) {
			one_rule(b, chain, e, fams[i], IPPROTO_TCP, m);
			one_rule(b, chain, e, fams[i], IPPROTO_UDP, m);
		} else {
			one_rule(b, chain, e, fams[i], proto, m);
		}
	}
}

/* The housekeeping of an IPv6 link goes unharmed, as ARP does. */
static void spare_neighbours(struct nft_batch *b, const char *chain)
{
	/* ICMPv6 types: MLD 130-132, router and neighbour discovery 133-137, MLDv2 143. */
	static const uint8_t ranges[][2] = {{130, 137}, {143, 143}};

	for (size_t i = 0; i < ORD_COUNT(ranges); i++) {
		if (!family(b, chain, AF_INET6))
			return;
		nft_meta(b, NFT_META_L4PROTO);
		nft_is_u8(b, IPPROTO_ICMPV6);
		nft_payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1);
		nft_compare(b, NFT_CMP_GTE, &ranges[i][0], 1);
		nft_compare(b, NFT_CMP_LTE, &ranges[i][1], 1);
		nft_verdict(b, NFT_RETURN);
	}
}

static void side(struct nft_batch *b, const char *chain, const struct match *m)
{
	const struct ord_endpoint any = {.family = AF_UNSPEC};

	spare_neighbours(b, chain);
	for (size_t i = 0; i < m->exclude->n; i++)
		endpoint(b, chain, &m->exclude->v[i], NULL);
	for (size_t i = 0; i < m->to->n; i++)
		endpoint(b, chain, &m->to->v[i], m);
	if (m->to->n == 0)
		endpoint(b, chain, &any, m);
}

static void sides(struct nft_batch *b, const struct match *m)
{
	if (match_egress(m))
		side(b, MATCH_TO, m);
	if (match_ingress(m))
		side(b, MATCH_FROM, m);
}

void match_chains(struct nft_batch *b, const struct match *m)
{
	nft_chain(b, MATCH_HIT);
	if (m->mark) {
		nft_chain(b, MATCH_TO);
		nft_rule(b, MATCH_TO);
		nft_meta(b, NFT_META_MARK);
		nft_mask(b, &m->mask, sizeof m->mask);
		nft_is(b, &m->mark, sizeof m->mark);
		nft_goto(b, MATCH_HIT);
		return;
	}
	if (match_egress(m))
		nft_chain(b, MATCH_TO);
	if (match_ingress(m))
		nft_chain(b, MATCH_FROM);
	sides(b, m);
}

void match_change(struct nft_batch *b, const struct match *m)
{
	if (match_egress(m))
		nft_flush(b, MATCH_TO);
	if (match_ingress(m))
		nft_flush(b, MATCH_FROM);
	sides(b, m);
}
