/*
 * What becomes of packets: lost, marked, corrupted, duplicated, reordered, and when they are due.
 * Pure: no clock, no input or output, no memory of its own. All randomness is counted: packet k's
 * fate depends on (seed, stream, k) and the parameters of the effect alone, so the same packets
 * have the same fate in every engine, and an effect that is switched on changes no other's.
 *
 * The words are those of tc-netem(8); where netem does not do what they say, this does
 * (docs/adr/0052-the-fate-of-packets.md).
 */
#ifndef ORDEAL_ENGINES_FATE_H
#define ORDEAL_ENGINES_FATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

#define FATE_SCALE    8192 /* a deviation of one jitter in a table, as in tc's *.dist files */
#define FATE_SIZE_MAX 8589934592ull /* bytes of a burst */

enum fate_distribution {
	FATE_UNIFORM,	   /* within delay +- jitter */
	FATE_NORMAL,	   /* the others: mean `delay`, standard deviation `jitter` */
	FATE_PARETO,	   /* shape 3 */
	FATE_PARETONORMAL, /* a quarter normal, three quarters Pareto, at the same quantile */
	FATE_TABLE,	   /* as the table has it: delay + jitter * entry / FATE_SCALE */
};

enum fate_loss { FATE_LOSS_NONE, FATE_LOSS_RANDOM, FATE_LOSS_MARKOV, FATE_LOSS_GILBERT };

/* Of all packets this share; the correlation is that of neighbours, and leaves the share alone. */
struct fate_share {
	uint32_t ppm, correlation_ppm;
};

struct fate_params {
	uint64_t seed;

	uint64_t delay_ns, jitter_ns;	/* jitter <= delay; what comes out below 0 is 0 */
	uint32_t delay_correlation_ppm; /* of the delays of neighbours */
	enum fate_distribution distribution;
	const int16_t *table; /* borrowed, ascending */
	size_t table_n;

	/* Packets leave at instants only: each so long after what opened it, between min and max or
	 * as delay and jitter have it; 0 packets or bytes: no bound. Neither max nor delay: no
	 * slots. */
	uint64_t slot_min_ns, slot_max_ns;
	uint64_t slot_delay_ns, slot_jitter_ns;
	enum fate_distribution slot_distribution;
	const int16_t *slot_table; /* borrowed, ascending */
	size_t slot_table_n;
	uint32_t slot_packets, slot_bytes;

	enum fate_loss loss;
	struct fate_share random_loss;
	uint32_t p13, p31, p32, p23, p14;	 /* ppm: the four states of tc-netem(8) */
	uint32_t p, r, one_minus_h, one_minus_k; /* ppm: Gilbert-Elliott of tc-netem(8) */
	bool ecn; /* a loss becomes a mark where the packet can carry one */

	struct fate_share duplicate, corrupt, reorder;
	uint32_t reorder_gap; /* of so many in a row one at most is reordered; 0, 1: any */

	uint64_t rate;		 /* bytes per second, 0: no bound */
	int32_t packet_overhead; /* bytes, may be less than none */
	uint32_t cell_size;	 /* bytes; 0: no cells */
	int32_t cell_overhead;
	uint64_t burst; /* bytes of a token bucket; 0: a link, where each packet takes its time */
};

/* What becomes of one packet. Who is lost has no other fate. */
struct fate_of {
	uint64_t k; /* its number, from 0 */
	bool lost, marked, corrupted, duplicated, reordered;
	uint32_t corrupt_draw; /* for frame_corrupt() */
	int64_t jitter_ns;
	uint64_t due_ns, copy_due_ns; /* of fate_next(): the copy of one that is duplicated */
};

enum fate_effect {
	FATE_BY_LOSS,
	FATE_BY_STATE,
	FATE_BY_DUPLICATE,
	FATE_BY_CORRUPT,
	FATE_BY_BIT,
	FATE_BY_REORDER,
	FATE_BY_JITTER,
	FATE_BY_ANGLE,
	FATE_BY_SLOT,
	FATE_BY_SLOT_ANGLE,
	FATE_EFFECTS
};

/* One for each source. Its fields are its own. */
struct fate {
	struct fate_params p;
	uint64_t key[FATE_EFFECTS];
	uint64_t k;				   /* packets so far */
	uint8_t lost, duplicate, corrupt, reorder; /* states of their chains */
	uint8_t state;				   /* of the model of losses */
	uint32_t in_order;			   /* packets since one was reordered */
	double rho, last;			   /* of the normal variable behind the jitter */
	double scale;				   /* of paretonormal */
	uint64_t free_ns, rest;			   /* of the link, or when the bucket is full */
	uint64_t slot_ns, slot_bytes;
	uint32_t slot_packets;
};

static inline bool fate_has_slots(const struct fate_params *p)
{
	return p->slot_max_ns || p->slot_delay_ns;
}

/* Sources are counted from 0: device and queue alone have the same fate. p is copied, its table
 * borrowed. ORD_USAGE: the parameters contradict each other, or one is out of its range. */
int fate_init(struct fate *f, const struct fate_params *p, uint32_t stream, struct ord_err *err);

/* The same for another source, without computing what distributions and correlations need again. Of
 * one that has not seen a packet. */
void fate_for(const struct fate *first, uint32_t stream, struct fate *ret);

/* The next packet's fate, without its time: takes no clock. ecn: it can carry a mark. */
void fate_draw(struct fate *f, bool ecn, struct fate_of *ret);
/* When that packet leaves; len: its bytes on the wire from the Ethernet header on, now: its
 * arrival, never before the one ahead of it. Once for each copy that goes: it takes its time on the
 * link. Not for one that is lost or for which there is no room. */
uint64_t fate_due(struct fate *f, const struct fate_of *of, uint64_t now_ns, uint32_t len);
/* Both at once. */
void fate_next(struct fate *f, uint64_t now_ns, uint32_t len, bool ecn, struct fate_of *ret);

/* A GSO frame has to be looked at packet by packet: anything but a delay that is the same for all.
 */
bool fate_by_packet(const struct fate *f);

#endif
