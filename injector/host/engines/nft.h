/*
 * nftables in a small vocabulary: table, chain, rule, expressions. A batch is built in memory and
 * sent in one call; the kernel takes all of it or nothing. Every table has the owner flag: it goes
 * when the socket that made it closes, and until then nobody else can change it (kernel 5.12).
 *
 * Builders return nothing. What goes wrong (memory) is kept in the batch and raised by nft_send.
 */
#ifndef ORDEAL_ENGINES_NFT_H
#define ORDEAL_ENGINES_NFT_H

#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "ordeal/err.h"
#include "talk.h"

#define NFT_NAME 80 /* our names of tables and chains, with the NUL */

/* Hooks of the netdev family; the second is not in the headers before 5.16. */
enum { NFT_DEV_INGRESS = 0, NFT_DEV_EGRESS = 1 };

/* No device ever has this index: a packet forwarded there is gone, and its sender is told nothing.
 */
#define NFT_NOWHERE (-1)

/* Expressions outside nf_tables itself (net/netfilter/Makefile), in the order of nft_can.c. */
enum {
	NFT_USES_FWD = 1 << 0,
	NFT_USES_NUMGEN = 1 << 1,
	NFT_USES_REJECT = 1 << 2,
};

struct nft_batch {
	uint8_t *data; /* owned */
	size_t len, cap;
	uint32_t seq;
	uint8_t family;
	char table[NFT_NAME];
	struct nl_msg *msg;	/* the rule that is being built, or NULL */
	struct nlattr *exprs;	/* its list */
	unsigned chains, rules; /* of the last table, to be read back */
	unsigned uses;		/* NFT_USES_*: expressions that may be a module's */
	bool failed, ended;
};

void nft_batch_done(struct nft_batch *b);

/* A new table (it must not exist) that the following calls fill; the comment is shown by `nft
 * list`. */
void nft_table(struct nft_batch *b, uint8_t family, const char *name, const char *comment);
/* Names a table that exists, for nft_flush and rules to come. */
void nft_in_table(struct nft_batch *b, uint8_t family, const char *name);
/* A chain at a hook; device for the netdev family, else NULL. */
void nft_base_chain(struct nft_batch *b, const char *name, uint32_t hook, int32_t priority,
		    const char *device);
void nft_chain(struct nft_batch *b, const char *name);
/* Removes all rules of a chain. */
void nft_flush(struct nft_batch *b, const char *chain);

/* Appends a rule; the expressions that follow are its. */
void nft_rule(struct nft_batch *b, const char *chain);

/* Expressions. Loads fill register 1, comparisons and settings use it. Data is in the byte order of
 * the packet. */
void nft_meta(struct nft_batch *b, enum nft_meta_keys key);
void nft_meta_set(struct nft_batch *b, enum nft_meta_keys key, const void *data, size_t size);
void nft_payload(struct nft_batch *b, enum nft_payload_bases base, uint32_t offset, uint32_t size);
void nft_mask(struct nft_batch *b, const void *mask, size_t size);
/* Sets these bits of what was loaded, of 32. */
void nft_or(struct nft_batch *b, uint32_t bits);
/* Sets it to what was loaded. */
void nft_meta_store(struct nft_batch *b, enum nft_meta_keys key);
void nft_compare(struct nft_batch *b, enum nft_cmp_ops op, const void *data, size_t size);
void nft_is(struct nft_batch *b, const void *data, size_t size);
void nft_is_u8(struct nft_batch *b, uint8_t value);
void nft_is_u16(struct nft_batch *b, uint16_t value); /* host order */
/* True for `ppm` of a million packets, at random. */
void nft_chance(struct nft_batch *b, uint32_t ppm);
void nft_counter(struct nft_batch *b);
void nft_fwd(struct nft_batch *b, int ifindex);
void nft_reject(struct nft_batch *b, enum nft_reject_types type, uint8_t code);
/* To a queue, or on if nobody listens there. xtables: by the target of xtables, where nftables has
 * no queue of its own. */
void nft_queue(struct nft_batch *b, uint16_t number, bool xtables);
/* An expression by its name alone: no kernel takes that, but says ENOENT where it has none. */
void nft_bare(struct nft_batch *b, const char *name);
/* True where a socket of this control group (of version 2; its path in that hierarchy) or of one
 * below it sent the packet: at the hooks output and postrouting. By the match of xtables, since
 * nftables' own is not there at the second. */
void nft_cgroup(struct nft_batch *b, const char *path);
void nft_verdict(struct nft_batch *b, int32_t verdict); /* NF_ACCEPT, NF_DROP, NFT_RETURN */
void nft_jump(struct nft_batch *b, const char *chain);
void nft_goto(struct nft_batch *b, const char *chain);

/*
 * Ends the batch; nothing can be added after. nft_send does it where it was not done: call it early
 * where no memory may be asked for later.
 */
int nft_batch_end(struct nft_batch *b, struct ord_err *err);
/* The same of a batch without an end: the kernel reads it, and takes nothing (nft(8), --check). */
int nft_batch_question(struct nft_batch *b, struct ord_err *err);
/* All or nothing. err->sys_errno is the kernel's; the message names the object that it refused. */
int nft_send(struct nft_batch *b, struct nl_talk *t, struct ord_err *err);

/* Called for each answer (NLMSG_ERROR, whose number is its message's); the first -1 is what comes
 * of it. */
typedef int nft_answer(void *arg, struct nlmsghdr *h, struct ord_err *err);
int nft_exchange(const struct nft_batch *b, struct nl_talk *t, nft_answer *each, void *arg,
		 struct ord_err *err);

/* Raises the send buffer to what the batch needs. Needs CAP_NET_ADMIN where that is much. */
int nft_make_room(const struct nft_batch *b, struct nl_talk *t, struct ord_err *err);

#endif
