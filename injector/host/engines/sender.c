#include "sender.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MARK  0x6f726400u /* a detour's has the highest bit */
#define BITS  0xffu
#define SEATS 8

#define SEND_LAST  (INT32_MAX - 1) /* addresses are translated, and nobody's rules come after */
#define HEARD_WIPE (-300)	   /* behind the queues (detour.c) */

bool sender_gone(const struct sender *s)
{
	char c;

	return sender_asked(s) && pread(s->events, &c, 1, 0) < 0 && errno == ENODEV;
}

int sender_sit(struct sender *s, struct ord_err *err)
{
	s->seat = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s->seat < 0)
		return ord_fail_sys(err, "socket");
	for (unsigned i = 0; i < SEATS; i++) {
		struct sockaddr_un a = {.sun_family = AF_UNIX};
		int n = snprintf(a.sun_path + 1, sizeof a.sun_path - 1, "ordeal-sender-%u", i);

		s->bit = 1u << i;
		if (bind(s->seat, (const struct sockaddr *)&a,
			 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) == 0)
			return 0;
		if (errno != EADDRINUSE)
			return ord_fail_sys(err, "bind the seat of a sender");
	}
	return ord_fail(err, ORD_GUARD,
			"%d faults with a filter by cgroup are in this network namespace already",
			SEATS);
}

void sender_close(struct sender *s)
{
	if (s->seat >= 0)
		(void)close(s->seat);
	if (s->events >= 0)
		(void)close(s->events);
	s->seat = s->events = -1;
}

struct match sender_match(const struct match *m, const struct sender *s)
{
	struct match at_device = *m;

	at_device.mark = MARK | s->bit;
	at_device.mask = ~BITS | s->bit;
	return at_device;
}

/* Begins a rule for what any fault of this kind has marked. */
static void marked(struct nft_batch *b, const char *chain)
{
	const uint32_t mask = ~BITS, mark = MARK;

	nft_rule(b, chain);
	nft_meta(b, NFT_META_MARK);
	nft_mask(b, &mask, sizeof mask);
	nft_is(b, &mark, sizeof mark);
}

static void unmark(struct nft_batch *b)
{
	const uint32_t zero = 0;

	nft_meta_set(b, NFT_META_MARK, &zero, sizeof zero);
}

void sender_build(struct nft_batch *b, const char *table, const char *comment,
		  const struct sender *s, const struct match *m)
{
	const uint32_t mark = MARK | s->bit;

	nft_table(b, NFPROTO_INET, table, comment);
	match_chains(b, m);
	marked(b, MATCH_HIT); /* by another fault that means it too */
	nft_meta(b, NFT_META_MARK);
	nft_or(b, s->bit);
	nft_meta_store(b, NFT_META_MARK);
	nft_verdict(b, NF_ACCEPT);
	nft_rule(b, MATCH_HIT);
	nft_meta_set(b, NFT_META_MARK, &mark, sizeof mark);
	nft_base_chain(b, "send", NF_INET_POST_ROUTING, SEND_LAST, NULL);
}

void sender_at(struct nft_batch *b, const struct sender *s, const struct link *device)
{
	nft_rule(b, "send");
	nft_meta(b, NFT_META_OIFNAME);
	nft_is(b, device->name, IFNAMSIZ);
	nft_cgroup(b, s->path);
	nft_jump(b, MATCH_TO);
	if (!device->loopback)
		return;
	nft_base_chain(b, "heard", NF_INET_LOCAL_IN, HEARD_WIPE, NULL);
	marked(b, "heard");
	unmark(b);
}

void sender_wipe(struct nft_batch *b, const struct link *device)
{
	char name[IFNAMSIZ + 8];

	(void)snprintf(name, sizeof name, "sent-%s", device->name);
	nft_base_chain(b, name, NFT_DEV_EGRESS, SENDER_WIPE, device->name);
	marked(b, name);
	unmark(b);
}
