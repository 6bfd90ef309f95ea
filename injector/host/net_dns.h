/* What the files of net.dns share: what it will do (check), doing it, what this machine can. */
#ifndef ORDEAL_HOST_NET_DNS_H
#define ORDEAL_HOST_NET_DNS_H

#include "engines/dns_flow.h"
#include "engines/dns_table.h"
#include "engines/late.h"
#include "engines/queue.h"
#include "net.h"

#define NET_DNS_FAMILIES 2
#define NET_DNS_LATE	 16384u /* answers that are held at most */
#define NET_DNS_BUF	 (65536 + 1024)
#define NET_DNS_QUEUE	 0x4000u /* numbers below are what people write by hand */

/* What our own packet says, and what it says once it was in the queue. */
#define NET_DNS_ASKS "ordeal asks"
#define NET_DNS_TOLD "ordeal told"

/* A packet of ours on loopback, by which the path to the queue and back is proved. */
struct net_dns_probe {
	int from, to; /* sockets; -1: this family has no loopback here */
	uint16_t from_port, to_port;
};

struct net_dns {
	struct nl_talk nft;
	struct queue queue;
	struct dns dns;
	uint64_t delay_ns;
	unsigned clients;
	char table[NFT_NAME], comment[128];
	struct nft_batch batch[NET_DNS_FAMILIES];
	bool xtables; /* nftables has no queue of its own here */
	struct net_dns_probe probe[NET_DNS_FAMILIES];
	bool proving;

	/* All are held equally long: who came first leaves first. */
	struct {
		uint64_t due_ns;
		uint32_t id;
	} * held; /* owned: a ring */
	uint32_t first, n_held;
	struct late late;
	uint64_t overflow, refused; /* beyond the ring; not taken back by the kernel */

	uint8_t *buf, *reply; /* owned: a packet as it came, a packet as it goes on */
};

extern const uint8_t net_dns_families[NET_DNS_FAMILIES];

/* The arguments. ORD_USAGE where they contradict each other. */
int net_dns_rule(const struct inj_step *step, struct dns_rule *ret, struct ord_err *err);

/* Both tables; again where the queue's number turns out to be another. */
void net_dns_build(const struct inj_step *step, struct net_dns *s);
void net_dns_draw_queue(struct net_dns *s, uint16_t draw);

/* Sockets for the proof, in check. A family without loopback is passed over. */
void net_dns_probe_open(struct net_dns *s);
void net_dns_probe_close(struct net_dns *s);
/* Sends a packet through the queue in both families. ORD_SYS where one does not come back changed.
 */
int net_dns_prove(struct net_dns *s, struct ord_err *err);

/* Takes what has come, lets go what is due; all: everything that is held. */
int net_dns_turn(struct net_dns *s, bool all, struct ord_err *err);

int net_dns_available(const char **ret_engine, struct ord_err *err);

#endif
