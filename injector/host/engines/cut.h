/* Tables that lose packets: at the devices themselves, or at the host's own hooks. */
#ifndef ORDEAL_ENGINES_CUT_H
#define ORDEAL_ENGINES_CUT_H

#include "link.h"
#include "match.h"

enum cut_way {
	/*
	 * netdev family: egress and ingress of each device. What is lost on its way out is
	 * forwarded to no device: a drop there would be told to the sender (NET_XMIT_DROP: TCP
	 * takes it for a full queue of its own and tries again at once), and no network does that.
	 * Loopback is handled where it comes in, both ends being here.
	 */
	CUT_NETDEV,
	/* inet family: output, forward and input. A local sender gets EPERM: second choice, for
	   kernels before 5.16. */
	CUT_INET,
	/* inet family: a TCP reset, or ICMP "administratively prohibited". */
	CUT_REJECT,
};

struct cut {
	enum cut_way way;
	uint32_t ppm; /* share that is lost; 1,000,000: all */
	const char *table, *comment;
	const struct match *match;
	const struct links *links;
	const char *group; /* inet: only what its sockets send; NULL: all. netdev: match->mark */
};

/* The counters of the chain MATCH_HIT: what met the filter, and what of it was lost. */
enum { CUT_MATCHED, CUT_LOST, CUT_COUNTERS };

static inline uint8_t cut_family(enum cut_way way)
{
	return way == CUT_NETDEV ? NFPROTO_NETDEV : NFPROTO_INET;
}

void cut_build(struct nft_batch *b, const struct cut *cut);

#endif
