#include "detour.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sender.h"

/* Before whatever else stands at a hook, but for what meets each packet but once (cut.c). */
#define DETOUR_FIRST (SENDER_FIRST + 1)
#define DETOUR_WIPE  (DETOUR_FIRST + DETOUR_RANKS)
#define QUEUE_FIRST  (-301) /* before connection tracking and whatever else */

#define RANK 0xffu /* of a mark */

/* ---- ranks ---- */

/* The same for every process, so that none has to learn it of another: the bits of a mark that name
 * the device, spread (the finalizer of MurmurHash3) to stay clear of marks that people choose. */
static uint32_t device_mark(uint64_t netns, int ifindex)
{
	uint64_t h = (unsigned long long)netns * 0x9e3779b97f4a7c15ull + (unsigned)ifindex;

	h = (h ^ h >> 33) * 0xff51afd7ed558ccdull;
	h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53ull;
	h ^= h >> 33;
	return ((uint32_t)h | 0x80000000u) & ~RANK;
}

/* 1: taken, 0: somebody has it. */
static int try_seat(int fd, int ifindex, unsigned rank, struct ord_err *err)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int n = snprintf(a.sun_path + 1, sizeof a.sun_path - 1, "ordeal-net-%d.%u", ifindex, rank);

	if (bind(fd, (const struct sockaddr *)&a,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) == 0)
		return 1;
	return errno == EADDRINUSE ? 0 : ord_fail_sys(err, "bind the seat of a detour");
}

int detour_sit(struct detour *d, const struct link *device, bool by_sender, struct ord_err *err)
{
	const unsigned end = by_sender ? 1 : DETOUR_RANKS;
	struct stat ns;
	int r = 0;

	*d = (struct detour){.seat = -1};
	if (stat("/proc/self/ns/net", &ns) < 0)
		return ord_fail_sys(err, "/proc/self/ns/net");
	d->seat = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (d->seat < 0)
		return ord_fail_sys(err, "socket");
	for (unsigned rank = !by_sender; rank < end && r == 0; rank++) {
		d->mark = device_mark(ns.st_ino, device->index) | rank;
		r = try_seat(d->seat, device->index, rank, err);
	}
	if (r == 0 && by_sender)
		return ord_fail(
			err, ORD_GUARD,
			"device %s has a fault with a filter by cgroup already, and what has "
			"passed that shows no sender any more: one at a time",
			device->name);
	if (r == 0)
		return ord_fail(err, ORD_GUARD, "device %s has %d faults of this kind already",
				device->name, DETOUR_RANKS - 1);
	return r < 0 ? -1 : 0;
}

void detour_leave(struct detour *d)
{
	if (d->seat >= 0)
		(void)close(d->seat);
	d->seat = -1;
}

/* ---- tables ---- */

void detour_table_name(const char *device, unsigned rank, char out[static NFT_NAME])
{
	(void)snprintf(out, NFT_NAME, "ordeal-net-%s.%u", device, rank);
}

/* Begins a rule for packets that a detour of this device gave back. */
static void given_back(struct nft_batch *b, const char *chain, uint32_t mark)
{
	const uint32_t mask = ~RANK, device = mark & ~RANK;

	nft_rule(b, chain);
	nft_meta(b, NFT_META_MARK);
	nft_mask(b, &mask, sizeof mask);
	nft_is(b, &device, sizeof device);
}

void detour_build(struct nft_batch *b, const char *comment, const struct link *device,
		  const struct tap *tap, const struct detour *d, const struct match *m)
{
	const int32_t priority = DETOUR_FIRST + (int32_t)detour_rank(d);
	struct match egress = *m;
	const uint8_t host = PACKET_HOST;
	const uint32_t zero = 0;
	char table[NFT_NAME];

	egress.direction = MATCH_EGRESS;
	detour_table_name(device->name, detour_rank(d), table);
	nft_table(b, NFPROTO_NETDEV, table, comment);
	match_chains(b, &egress);
	nft_rule(b, MATCH_HIT);
	nft_counter(b);
	nft_fwd(b, tap->index);

	nft_base_chain(b, "back", NFT_DEV_INGRESS, DETOUR_FIRST, tap->name);
	nft_rule(b, "back");
	nft_meta_set(b, NFT_META_MARK, &d->mark, sizeof d->mark);
	/* The TAP's address is not the frame's; loopback and some devices would not set this right.
	 */
	nft_meta_set(b, NFT_META_PKTTYPE, &host, sizeof host);
	nft_fwd(b, device->index);

	nft_base_chain(b, "out", NFT_DEV_EGRESS, priority, device->name);
	/* The bits of the device are equal: bytes compare as the rank does, whichever comes first.
	 */
	given_back(b, "out", d->mark);
	nft_meta(b, NFT_META_MARK);
	nft_compare(b, NFT_CMP_GTE, &d->mark, sizeof d->mark);
	nft_verdict(b, NF_ACCEPT);
	nft_rule(b, "out");
	nft_jump(b, MATCH_TO);

	nft_base_chain(b, "wipe", NFT_DEV_EGRESS, DETOUR_WIPE, device->name);
	given_back(b, "wipe", d->mark);
	nft_meta_set(b, NFT_META_MARK, &zero, sizeof zero);
	if (m->mark)
		sender_wipe(b, device);
}

/* What has a VLAN's tag here is its device's, and comes in there once more. */
static void spare_tagged(struct nft_batch *b, const char *chain)
{
	static const uint16_t tags[] = {ETH_P_8021Q, ETH_P_8021AD};

	for (size_t i = 0; i < ORD_COUNT(tags); i++) {
		nft_rule(b, chain);
		nft_payload(b, NFT_PAYLOAD_LL_HEADER, offsetof(struct ethhdr, h_proto), 2);
		nft_is_u16(b, tags[i]);
		nft_verdict(b, NF_ACCEPT);
	}
}

void detour_in_build(struct nft_batch *b, const char *comment, const struct link *device,
		     const struct tap *near, const struct detour *d, const struct match *m)
{
	const int32_t priority = DETOUR_FIRST + (int32_t)detour_rank(d);
	const uint8_t host = PACKET_HOST, others = PACKET_OTHERHOST;
	struct match ingress = *m;
	const uint32_t zero = 0;
	char table[NFT_NAME];

	ingress.direction = MATCH_INGRESS;
	detour_table_name(device->name, detour_rank(d), table);
	nft_table(b, NFPROTO_NETDEV, table, comment);
	match_chains(b, &ingress);
	nft_rule(b, MATCH_HIT);
	nft_counter(b);
	nft_fwd(b, near->index);

	nft_base_chain(b, "in", NFT_DEV_INGRESS, priority, device->name);
	/* The pair's address is not the frame's: it was this host's, or it would not have gone. */
	given_back(b, "in", d->mark);
	nft_meta(b, NFT_META_PKTTYPE);
	nft_is_u8(b, others);
	nft_meta_set(b, NFT_META_PKTTYPE, &host, sizeof host);
	given_back(b, "in", d->mark);
	nft_meta(b, NFT_META_MARK);
	nft_compare(b, NFT_CMP_GTE, &d->mark, sizeof d->mark);
	nft_verdict(b, NF_ACCEPT);
	nft_rule(b, "in");
	nft_meta(b, NFT_META_PKTTYPE);
	nft_is_u8(b, others);
	nft_verdict(b, NF_ACCEPT);
	spare_tagged(b, "in");
	nft_rule(b, "in");
	nft_jump(b, MATCH_FROM);

	nft_base_chain(b, "wipe", NFT_DEV_INGRESS, DETOUR_WIPE, device->name);
	given_back(b, "wipe", d->mark);
	nft_meta_set(b, NFT_META_MARK, &zero, sizeof zero);
}

static void if_in_by(struct nft_batch *b, const char *chain, const struct link *device,
		     const char *to)
{
	nft_rule(b, chain);
	nft_meta(b, NFT_META_IIFNAME);
	nft_is(b, device->name, IFNAMSIZ);
	nft_jump(b, to);
}

struct match detour_queue_match(const struct links *devices, const struct match *m)
{
	struct match side = *m;
	bool local = false;

	for (size_t i = 0; i < devices->n; i++)
		local = local || devices->v[i].loopback;
	if (!local)
		side.direction = MATCH_INGRESS;
	return side;
}

void detour_queue_build(struct nft_batch *b, uint8_t family, const char *table, const char *comment,
			const struct links *devices, uint16_t queue, bool xtables,
			const struct match *m)
{
	const struct match side = detour_queue_match(devices, m);
	bool local = false, any = false;

	for (size_t i = 0; i < devices->n; i++) {
		local = local || devices->v[i].loopback;
		any = any || !devices->v[i].loopback;
	}
	nft_table(b, family, table, comment);
	match_chains(b, &side);
	nft_rule(b, MATCH_HIT);
	nft_counter(b);
	nft_queue(b, queue, xtables);

	if (any)
		nft_base_chain(b, "in", NF_INET_PRE_ROUTING, QUEUE_FIRST, NULL);
	if (local)
		nft_base_chain(b, "local", NF_INET_LOCAL_IN, QUEUE_FIRST, NULL);
	for (size_t i = 0; i < devices->n; i++) {
		const struct link *l = &devices->v[i];

		if (l->loopback && match_egress(&side))
			if_in_by(b, "local", l, MATCH_TO);
		if (!l->loopback || match_ingress(&side))
			if_in_by(b, l->loopback ? "local" : "in", l, MATCH_FROM);
	}
}
