/*
 * The holder of the faults whose packets pass through this process: what it will take (check),
 * taking it, what this machine can.
 */
#ifndef ORDEAL_HOST_NET_EMULATE_H
#define ORDEAL_HOST_NET_EMULATE_H

#include "engines/emulate.h"
#include "engines/detour.h"
#include "engines/lanes.h"
#include "engines/netem.h"
#include "net.h"
#include "net_effects.h"

#define NET_EMULATE_TABLES (LINKS_MAX + 3)
#define QUEUE_LOW	   0x4000u /* numbers below are what people write by hand */

struct net_emulate_table {
	struct nft_batch batch;
	uint8_t family;
	char name[NFT_NAME];
};

struct net_emulate {
	struct nl_talk nft, route;
	struct hold_room room;
	struct emulate emulate;
	struct lanes lanes; /* beside it */
	struct netem netem; /* instead of this process, where `by_netem` */
	bool by_netem;	    /* the TAPs of the emulator are near ends then, which it does not see */
	struct links out, in; /* with a detour each; with a queue for all */
	struct detour detours[LINKS_MAX];
	struct sender sender; /* whose packets, where that is asked for: a table more, the last */
	bool inbound[LINKS_MAX]; /* of `out`, by netem: the detour is where packets come in */
	struct net_emulate_table tables[NET_EMULATE_TABLES];
	unsigned n_tables;
	bool xtables; /* nftables has no queue of its own here */
	int16_t table[FATE_TABLE_MAX], slot_table[FATE_TABLE_MAX];
	char comment[128];
};

/* The verbs, for the struct at the bottom of each such fault's file. */
extern const int net_emulate_syscalls[];
/* The seed and the tables of distributions come from the step. */
int net_emulate_check(struct inj_step *step, const struct fate_params *fate, json_t *undo,
		      json_t *report, struct ord_err *err);
int net_emulate_begin(struct inj_step *step, struct ord_err *err);
int net_emulate_inject(struct inj_step *step, struct ord_err *err);
unsigned net_emulate_wait(struct inj_step *step, struct pollfd *fds, unsigned max,
			  uint64_t *due_ns);
int net_emulate_wake(struct inj_step *step, const struct pollfd *fds, unsigned n, bool *ret_over,
		     struct ord_err *err);
int net_emulate_change(struct inj_step *step, struct ord_err *err);
void net_emulate_figures(struct inj_step *step, json_t *out);
int net_emulate_end(struct inj_step *step, struct ord_err *err);
void net_emulate_done(struct inj_step *step);
int net_emulate_available(const char **ret_engine, struct ord_err *err);

/* Without netem, which not every fault takes. */
int net_emulate_ways(const char **ret_engine, struct ord_err *err);

/* All but the name and check; and of those that netem does not take. */
#define NET_EMULATE_VERBS NET_EMULATE_LIFE, .available = net_emulate_available
#define NET_EMULATE_LIFE                                                                        \
	.syscalls = net_emulate_syscalls, .revert_syscalls = net_residue_syscalls,              \
	.begin = net_emulate_begin, .inject = net_emulate_inject, .change = net_emulate_change, \
	.wait = net_emulate_wait, .wake = net_emulate_wake, .figures = net_emulate_figures,     \
	.end = net_emulate_end, .residue = net_residue, .validate = net_validate,               \
	.done = net_emulate_done

/* Opens all that inject needs, and tells what it will do. */
int net_emulate_prepare(struct inj_step *step, struct net_emulate *s,
			const struct fate_params *fate, json_t *undo, json_t *report,
			struct ord_err *err);
/* The tables; again where the queue's number turns out to be another. */
void net_emulate_build(const struct inj_step *step, struct net_emulate *s);
void net_emulate_draw_queue(struct net_emulate *s, uint16_t draw);

/* Refuses what sch_netem does not do as asked; makes the namespace where it stands. */
int net_emulate_open_netem(const struct inj_step *step, struct net_emulate *s, json_t *report,
			   struct ord_err *err);
/* The devices whose incoming packets pass a netem: they are among `out`. */
int net_emulate_choose_in_netem(struct inj_step *step, struct net_emulate *s, json_t *report,
				struct ord_err *err);
int net_emulate_create_netem(struct net_emulate *s, struct ord_err *err);
/* ORD_SKIP: what is missing here. In a network namespace of its own. */
int net_emulate_try_netem(struct ord_err *err);
void net_emulate_netem_figures(struct net_emulate *s, json_t *out);

/* What the kernel lacks, in words. */
int net_emulate_no_egress(struct ord_err *err);

#endif
