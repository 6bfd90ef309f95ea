#include "dns_table.h"

#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#define DNS_PORT 53
/* After addresses were translated back (100), so that servers are called what the client calls
 * them; before connection tracking confirms (the last). */
#define AFTER_NAT 150

static const char loopback[IFNAMSIZ] = "lo";

static void hook(struct nft_batch *b, const struct dns_table *t, const char *name, uint32_t num,
		 enum nft_meta_keys key)
{
	char device[IFNAMSIZ] = "";

	nft_base_chain(b, name, num, AFTER_NAT, NULL);
	if (num == NF_INET_LOCAL_IN && t->probe_from) {
		nft_rule(b, name);
		nft_meta(b, NFT_META_IIFNAME);
		nft_is(b, loopback, sizeof loopback);
		nft_meta(b, NFT_META_L4PROTO);
		nft_is_u8(b, IPPROTO_UDP);
		nft_payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2);
		nft_is_u16(b, t->probe_from);
		nft_payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2);
		nft_is_u16(b, t->probe_to);
		nft_goto(b, MATCH_HIT);
	}
	nft_rule(b, name);
	if (num == NF_INET_LOCAL_OUT) { /* on loopback it is met where it is delivered */
		nft_meta(b, NFT_META_OIFNAME);
		nft_compare(b, NFT_CMP_NEQ, loopback, sizeof loopback);
	}
	if (t->device[0]) {
		memcpy(device, t->device, strnlen(t->device, sizeof device - 1));
		nft_meta(b, key);
		nft_is(b, device, sizeof device);
	}
	nft_jump(b, MATCH_FROM);
}

void dns_table_build(struct nft_batch *b, const struct dns_table *t)
{
	struct ord_endpoints to = *t->to;
	const struct match m = {.to = &to, .exclude = t->exclude, .direction = MATCH_INGRESS};

	if (to.n == 0)
		to.v[to.n++] = (struct ord_endpoint){.family = AF_UNSPEC};
	for (size_t i = 0; i < to.n; i++)
		if (!to.v[i].port_lo && !to.v[i].port_hi)
			to.v[i].port_lo = to.v[i].port_hi = DNS_PORT;
	nft_table(b, t->family, t->name, t->comment);
	match_chains(b, &m);
	nft_rule(b, MATCH_HIT);
	nft_counter(b);
	nft_queue(b, t->queue, t->xtables);
	if (t->clients & DNS_LOCAL)
		hook(b, t, "local", NF_INET_LOCAL_IN, NFT_META_IIFNAME);
	if (t->clients & DNS_FORWARDED)
		hook(b, t, "forwarded", NF_INET_FORWARD, NFT_META_IIFNAME);
	if (t->clients & DNS_REMOTE)
		hook(b, t, "remote", NF_INET_LOCAL_OUT, NFT_META_OIFNAME);
}
