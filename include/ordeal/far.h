/*
 * The same lease through any pipe: an injector of another machine that a command of the user's
 * leads to (`via`, `--via`). What runs there is docs/formats/protocol.md; how its clock stands to
 * ours is found out by round trips, and stays an interval
 * (docs/adr/0057-the-lease-through-any-pipe.md).
 */
#ifndef ORDEAL_FAR_H
#define ORDEAL_FAR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ordeal/err.h"
#include "ordeal/holder.h"
#include "ordeal/target.h"

struct json_t;

/* How much the far CLOCK_MONOTONIC is ahead of ours: between lo and hi, at our instant `at`. */
struct ord_far_clock {
	bool known;
	int64_t lo, hi; /* ns */
	uint64_t at;
};

/* One round trip: asked at `sent` and heard at `heard` by our clock, it answered with `stamp`. */
void ord_far_clock_take(struct ord_far_clock *c, uint64_t sent, uint64_t stamp, uint64_t heard);
/* A far stamp on our clock, as it is known now: not before *ret_lo and not after *ret_hi. */
void ord_far_clock_ours(const struct ord_far_clock *c, uint64_t stamp, uint64_t now,
			uint64_t *ret_lo, uint64_t *ret_hi);

/*
 * Starts the command, without a shell and without a terminal, so that nothing can ask for a
 * password and wait; no word is exchanged yet. ORD_SKIP where there is no such program.
 */
int ord_far_spawn(const struct ord_via *via, struct ord_holder **ret, struct ord_err *err);
/*
 * The same, and it has said that it is an injector of this version within 20 s; its clock is known.
 * Where via->copy asks for it the static injector was put there before, if another or none was
 * there. stop (may be NULL): gives up where that becomes true. ORD_SKIP where it cannot be reached,
 * with the last words of the command; ORD_GUARD where it is another version's.
 */
int ord_far_open(const struct ord_via *via, const atomic_bool *stop, struct ord_holder **ret,
		 struct ord_err *err);
/* Who is behind a target there, as ord_target_resolve() says it of this machine. */
int ord_far_resolve(struct ord_holder *h, const struct ord_target *target, uint64_t seed,
		    struct ord_place *ret, struct ord_err *err);
/* The same, and the addresses of its network namespaces there; of any injector that is reached by a
 * pipe of its own, be it on this machine. */
int ord_far_addresses(struct ord_holder *h, const struct ord_target *target, uint64_t seed,
		      struct ord_place *ret, struct ord_addresses *ret_addresses,
		      struct ord_err *err);
/*
 * What needs no lease - status, halt, resume, rescue, doctor - is asked there (the request is
 * taken), and its answer is owned by the caller; a refusal is the error. The holder can do no more
 * after it.
 */
int ord_far_ask(struct ord_holder *h, struct json_t *request, uint64_t limit_ns,
		struct json_t **ret, struct ord_err *err);

/* Who is behind a target, on this machine or on the one that its command leads to. */
int ord_far_or_here(const struct ord_target *target, uint64_t seed, struct ord_place *ret,
		    struct ord_err *err);

bool ord_far_is(const struct ord_holder *h);
/* A stamp of its on our clock; of an injector of this machine both are the stamp itself. */
void ord_far_instant(const struct ord_holder *h, uint64_t stamp, uint64_t *ret_lo,
		     uint64_t *ret_hi);
/* How wide that is for an instant of now, ns; 0 of an injector of this machine. */
uint64_t ord_far_error_ns(const struct ord_holder *h);
/*
 * To be called now and then while a lease is held: asks for its clock once a second, so that the
 * interval stays narrow. -1, ORD_SYS: it has not answered for 10 s. Of an injector of this machine
 * it does nothing.
 */
int ord_far_beat(struct ord_holder *h, struct ord_err *err);
/* Whether the event is an answer to that, which it takes in. */
bool ord_far_heard(struct ord_holder *h, const struct json_t *event);

#endif
