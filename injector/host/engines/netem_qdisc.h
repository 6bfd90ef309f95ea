/* sch_netem at the root of a device, and below it sch_tbf where a burst is asked for: told, and
 * read back. */
#ifndef ORDEAL_ENGINES_NETEM_QDISC_H
#define ORDEAL_ENGINES_NETEM_QDISC_H

#include <stdbool.h>

#include "fate.h"
#include "fate_table.h"
#include "talk.h"

struct netem_ask {
	const struct fate_params *p; /* borrowed */
	uint32_t packets;	     /* that it holds at most */
	uint32_t bytes;		     /* that wait for the bucket at most */
	int64_t deviation_ns;	     /* of FATE_SCALE in the table */
	size_t table_n;
	int16_t table[FATE_TABLE_MAX];
};

/* ORD_USAGE: what sch_netem does not do exactly as asked, and why. */
int netem_can(const struct fate_params *p, struct ord_err *err);
/*
 * The jitter as a table, as far as the kernel has room for it: 16,384 quantiles, so that what is
 * rarer than one in 16,384 is as late as the latest of these. ORD_USAGE: too long.
 */
int netem_table(const struct fate *f, struct netem_ask *ret, struct ord_err *err);

/* ORD_SKIP: this kernel has none. */
int netem_qdisc_add(struct nl_talk *t, const struct netem_ask *a, int index, struct ord_err *err);
/* The device has exactly this one. seeded: the seed must count; ORD_SKIP where it does not. */
int netem_qdisc_prove(struct nl_talk *t, const struct netem_ask *a, int index, bool seeded,
		      struct ord_err *err);
/* Packets that it lost or, with ecn, marked, and those beyond its limits; 0 where it cannot be
 * read. */
uint64_t netem_qdisc_lost(struct nl_talk *t, int index);

/* A message about the qdisc at a place of a device. NULL: out of memory. */
struct nl_msg *netem_qdisc_msg(int type, int flags, int index, uint32_t parent, uint32_t handle,
			       size_t room);

#endif
