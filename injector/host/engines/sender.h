/*
 * Whose packets: those that sockets of one control group send, and of the groups below it.
 *
 * Where a packet leaves the host (postrouting, after everybody else) its socket can be asked, at a
 * device it cannot. So a table marks there what the whole filter means, a bit a fault, and what
 * stands at the device or at loopback's end asks for that bit alone. Before anybody else at the
 * device sees the packet the mark is wiped. What is not meant keeps the mark that it has.
 *
 * What another emulator has given back has no socket any more, so who asks for the sender comes
 * first at each device.
 */
#ifndef ORDEAL_ENGINES_SENDER_H
#define ORDEAL_ENGINES_SENDER_H

#include <stdbool.h>

#include "link.h"
#include "match.h"

#define SENDER_FIRST (-522) /* at a device: before all detours */
#define SENDER_WIPE  (-319) /* after them, and before everybody else */

#define SENDER_PATH 256

struct sender {
	int seat;   /* holds the bit in the network namespace; -1: none */
	int events; /* a file of the group that cannot be read when that is gone; -1: all are meant
		     */
	uint32_t bit;		/* of the mark; 0 until sender_sit */
	char path[SENDER_PATH]; /* of the group in the hierarchy of version 2 */
};

static inline bool sender_asked(const struct sender *s)
{
	return s->events >= 0;
}

/* Is the group gone? One that is made in its place, of the same name, is another. */
bool sender_gone(const struct sender *s);

/*
 * Takes a bit in the network namespace of the caller: a seat, as a detour's. ORD_GUARD where all
 * are taken. Needs no privilege.
 */
int sender_sit(struct sender *s, struct ord_err *err);
/* Closes all; fine where nothing is open. */
void sender_close(struct sender *s);

/* The filter of what stands at the device: the mark alone. */
struct match sender_match(const struct match *m, const struct sender *s);

/* inet: the table that marks, for no device yet. m: the filter as it was asked for. */
void sender_build(struct nft_batch *b, const char *table, const char *comment,
		  const struct sender *s, const struct match *m);
/* And for this device, where the host sends by it; on loopback wiped where packets are delivered.
 */
void sender_at(struct nft_batch *b, const struct sender *s, const struct link *device);
/* netdev: nobody after the detours sees the mark; on loopback sender_at does that. */
void sender_wipe(struct nft_batch *b, const struct link *device);

#endif
