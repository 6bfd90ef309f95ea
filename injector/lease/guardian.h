/*
 * The guardian: a twin of the holder, forked before the change. It holds the undo record, a pidfd
 * of the holder, one end of a socket for the beats and a deadline of its own, and no other
 * descriptor but standard error where that is a memfd. When the holder dies, overruns or falls
 * silent, it says why it acts, kills what is left of it and reverts.
 */
#ifndef ORDEAL_LEASE_GUARDIAN_H
#define ORDEAL_LEASE_GUARDIAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "injector/lease/injector.h"
#include "injector/lease/undo.h"
#include "ordeal/err.h"

#define INJ_BEAT_NS    (100 * 1000 * 1000ull)
#define INJ_SILENCE_NS (1000 * 1000 * 1000ull)
/* The guardian may be late on a machine under pressure; while it is, the holder is there to revert.
 */
#define INJ_GUARDIAN_SILENCE_NS (3 * INJ_SILENCE_NS)
/* What the holder gets for an orderly end, beyond its deadline and without a beat; each
 * INJ_WORD_REVERT begins it anew, since an API server may be away for long. */
#define INJ_REVERT_NS (5 * INJ_SILENCE_NS)
/* The guardian's deadline is the holder's and this. */
#define INJ_OVERRUN_NS (500 * 1000 * 1000ull)

/* The holder's view. */
struct inj_guardian {
	int pidfd;
	int beat; /* nonblocking, SOCK_SEQPACKET */
	struct ord_proc proc;
};

/* Forks it. deadline: CLOCK_BOOTTIME. */
int inj_guardian_start(struct inj_guardian *ret, const struct ord_injector *inj,
		       const struct inj_undo *record, const json_t *undo, uint64_t deadline_boot_ns,
		       struct ord_err *err);

/* Waits until it says that it has dropped all and is armed: nothing may be changed before. ORD_SYS
 * where it died, or is too slow. */
int inj_guardian_armed(const struct inj_guardian *g, struct ord_err *err);

enum inj_word {
	INJ_WORD_BEAT = 'b',
	INJ_WORD_DEADLINE = 'd', /* value: CLOCK_BOOTTIME ns */
	INJ_WORD_REVERT = 'r',	 /* an orderly end begins */
	INJ_WORD_ENDED = 'e',	 /* reverted and the record removed: nothing left to do */
};
void inj_guardian_tell(const struct inj_guardian *g, enum inj_word word, uint64_t value);
/* Empties the socket; true when the guardian said something. */
bool inj_guardian_heard(const struct inj_guardian *g);
/* Sees it out: waits a little, else kills it; reaps it. */
void inj_guardian_end(struct inj_guardian *g);

#endif
