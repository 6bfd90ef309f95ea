/* What nftables holds, read back: to prove that a table is in force, to count what it met, to find
 * what is left. */
#ifndef ORDEAL_ENGINES_NFT_READ_H
#define ORDEAL_ENGINES_NFT_READ_H

#include <stdbool.h>

#include "nft.h"

#define NFT_COMMENT 128

struct nft_seen {
	bool found;
	uint32_t flags, owner; /* owner: the address of the netlink socket that holds it */
	uint32_t chains;
	char comment[NFT_COMMENT];
};

/* A table that is not there is no error: found is false. */
int nft_read_table(struct nl_talk *t, uint8_t family, const char *name, struct nft_seen *ret,
		   struct ord_err *err);

/* Is the table there, ours, and whole (as many chains and rules as the batch's last table)? ORD_SYS
 * says what differs. */
int nft_prove(struct nl_talk *t, const struct nft_batch *b, struct ord_err *err);

struct nft_count {
	uint64_t packets, bytes;
};

/* The counters of a chain in the order of its rules, at most max; returns how many, or -1. */
int nft_read_counters(struct nl_talk *t, uint8_t family, const char *table, const char *chain,
		      struct nft_count *ret, size_t max, struct ord_err *err);

/* Calls back with family, name and comment of every table in the namespace; with anew before it
 * begins anew, where others changed them meanwhile. */
typedef int nft_each_table(void *arg, uint8_t family, const char *name, const char *comment,
			   struct ord_err *err);
int nft_read_tables(struct nl_talk *t, nft_each_table *each, talk_anew *anew, void *arg,
		    struct ord_err *err);

#endif
