#include "detour.h"

#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <stdio.h>
#include <string.h>

#define DETOUR_FIRST (-300)
#define QUEUE_FIRST  (-301) /* before connection tracking and whatever else */

void detour_table_name(const char *device, char out[static NFT_NAME])
{
	(void)snprintf(out, NFT_NAME, "ordeal-net-%s", device);
}

void detour_build(struct nft_batch *b, const char *comment, const struct link *device,
		  const struct tap *tap, uint32_t mark, const struct match *m)
{
	const struct match egress = {.to = m->to, .exclude = m->exclude, .direction = MATCH_EGRESS};
	const uint8_t host = PACKET_HOST;
	const uint32_t zero = 0;
	char table[NFT_NAME];

	detour_table_name(device->name, table);
	nft_table(b, NFPROTO_NETDEV, table, comment);
	match_chains(b, &egress);
	nft_rule(b, MATCH_HIT);
	nft_counter(b);
	nft_fwd(b, tap->index);

	nft_base_chain(b, "back", NFT_DEV_INGRESS, DETOUR_FIRST, tap->name);
	nft_rule(b, "back");
	nft_meta_set(b, NFT_META_MARK, &mark, sizeof mark);
	/* The TAP's address is not the frame's; loopback and some devices would not set this right.
	 */
	nft_meta_set(b, NFT_META_PKTTYPE, &host, sizeof host);
	nft_fwd(b, device->index);

	nft_base_chain(b, "out", NFT_DEV_EGRESS, DETOUR_FIRST, device->name);
	nft_rule(b, "out");
	nft_meta(b, NFT_META_MARK);
	nft_is(b, &mark, sizeof mark);
	nft_meta_set(b, NFT_META_MARK, &zero, sizeof zero);
	nft_verdict(b, NF_ACCEPT);
	nft_rule(b, "out");
	nft_jump(b, MATCH_TO);
}

void detour_queue_build(struct nft_batch *b, uint8_t family, const char *comment,
			const struct link *device, uint16_t queue, bool xtables,
			const struct match *m)
{
	struct match side = *m;
	char table[NFT_NAME];

	if (!device->loopback)
		side.direction = MATCH_INGRESS;
	detour_table_name(device->name, table);
	nft_table(b, family, table, comment);
	match_chains(b, &side);
	nft_rule(b, MATCH_HIT);
	nft_counter(b);
	nft_queue(b, queue, xtables);

	nft_base_chain(b, "in", device->loopback ? NF_INET_LOCAL_IN : NF_INET_PRE_ROUTING,
		       QUEUE_FIRST, NULL);
	for (int from = 0; from < 2; from++) {
		if (from ? !match_ingress(&side) : !match_egress(&side))
			continue;
		nft_rule(b, "in");
		nft_meta(b, NFT_META_IIFNAME);
		nft_is(b, device->name, IFNAMSIZ);
		nft_jump(b, from ? MATCH_FROM : MATCH_TO);
	}
}
