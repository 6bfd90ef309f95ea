/*
 * Endpoints as rules. Two regular chains, "to" and "from", decide whether a packet on its way to a
 * peer, or one that comes from it, is meant; those that are go on to the chain "hit", where the
 * fault's action stands.
 */
#ifndef ORDEAL_ENGINES_MATCH_H
#define ORDEAL_ENGINES_MATCH_H

#include "nft.h"
#include "ordeal/endpoint.h"

#define MATCH_TO   "to"
#define MATCH_FROM "from"
#define MATCH_HIT  "hit"

enum match_direction {
	MATCH_EGRESS, /* in the order of the choices of `direction` in list.def */
	MATCH_INGRESS,
	MATCH_BOTH,
};

/*
 * Of TCP, without connection tracking, which the hooks at devices do not have: exactly the packets
 * that set a connection up (SYN, SYN and ACK), or exactly the others. Other protocols have no
 * state.
 */
enum match_state { MATCH_ANY, MATCH_NEW, MATCH_ESTABLISHED }; /* in the order of list.def */

struct match {
	const struct ord_endpoints *to;	     /* none: every IPv4 and IPv6 packet */
	const struct ord_endpoints *exclude; /* come first */
	enum match_direction direction;
	enum match_state state;
	/* Not 0: what bears this mark, within the mask, was found to be meant before (sender.h),
	   and nothing else is asked. */
	uint32_t mark, mask;
};

static inline bool match_egress(const struct match *m)
{
	return m->direction != MATCH_INGRESS;
}

static inline bool match_ingress(const struct match *m)
{
	return m->direction != MATCH_EGRESS;
}

/* Adds the chains "hit" (empty), and "to" and "from" as the direction asks, to the batch's table.
 */
void match_chains(struct nft_batch *b, const struct match *m);
/* Other endpoints and the same direction in chains that are there: all at once, as the batch is. */
void match_change(struct nft_batch *b, const struct match *m);

#endif
