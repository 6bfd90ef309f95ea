/* What the files of net.delay share: what it will take (check), taking it, what this machine can.
 */
#ifndef ORDEAL_HOST_NET_DELAY_H
#define ORDEAL_HOST_NET_DELAY_H

#include "engines/delay.h"
#include "engines/detour.h"
#include "net.h"

#define NET_DELAY_TABLES (3 * LINKS_MAX)
#define QUEUE_LOW	 0x4000u /* numbers below are what people write by hand */

struct net_delay_table {
	struct nft_batch batch;
	uint8_t family;
	char name[NFT_NAME];
};

struct net_delay {
	struct nl_talk nft, route;
	struct delay delay;
	struct links out, in; /* with a detour each; with a queue each */
	struct net_delay_table tables[NET_DELAY_TABLES];
	unsigned n_tables;
	uint32_t mark;
	bool xtables; /* nftables has no queue of its own here */
	char comment[128];
};

/* Opens all that inject needs, and tells what it will do. */
int net_delay_prepare(struct inj_step *step, struct net_delay *s, json_t *undo, json_t *report,
		      struct ord_err *err);
/* The tables; again where the queue's number or kind turns out to be another. */
void net_delay_build(const struct inj_step *step, struct net_delay *s);
int net_delay_held_by_another(struct net_delay *s, const struct net_delay_table *t,
			      struct ord_err *err);
void net_delay_draw_queue(struct net_delay *s, uint16_t draw);

/* What the kernel lacks, in words. */
int net_delay_no_queue(struct ord_err *err);
int net_delay_no_egress(struct ord_err *err);
int net_delay_available(const char **ret_engine, struct ord_err *err);

#endif
