/*
 * Which experiments may run at the same time: those whose targets are surely not the same, and
 * those that both say `shareTargets: true`. Pure, and so careful: who is behind a name is known
 * only when a run begins, so that whatever may overlap waits.
 */
#ifndef ORDEAL_LOCKS_H
#define ORDEAL_LOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/spec.h"

#define ORD_CLAIM_TEXT 400

/* One target, and whether what is done to it goes through its network namespace. */
struct ord_claim {
	struct ord_target target; /* owned */
	bool net;
};

/* What an experiment takes: all of it at once, or nothing yet. */
struct ord_claims {
	struct ord_claim v[ORD_FAULTS_MAX];
	size_t n;
	bool share;
};

int ord_claims_of(const struct ord_spec *spec, struct ord_claims *ret, struct ord_err *err);
/* Frees what it owns and zeroes it; fine on a zeroed struct. */
void ord_claims_done(struct ord_claims *claims);
/* Whether they cannot be held at once; *ret_which (may be NULL) is which of b is in the way. */
bool ord_claims_clash(const struct ord_claims *a, const struct ord_claims *b, size_t *ret_which);
/* "process orders", "pod orders-* in shop". Returns out. */
char *ord_claim_text(const struct ord_claim *claim, char out[static ORD_CLAIM_TEXT]);

/*
 * Who holds what, and who waits. First come, first served among those that are in each other's
 * way, so that nobody waits for ever; others pass. Nobody holds a part of what it wants, so that
 * no two wait for each other.
 */
struct ord_locks;
int ord_locks_new(struct ord_locks **ret, struct ord_err *err);
void ord_locks_free(struct ord_locks *locks); /* NULL is fine */
/* `owner` is unique; `name` is for people. Takes the claims, which are zeroed, unless it fails. */
int ord_locks_want(struct ord_locks *locks, uint64_t owner, const char *name,
		   struct ord_claims *claims, bool *ret_held, struct ord_err *err);
/* Who held it, or waited, does so no more; an owner that is not known is fine. */
void ord_locks_release(struct ord_locks *locks, uint64_t owner);
/* After a release, until it says no: the next of those that waited and hold it now. */
bool ord_locks_granted(struct ord_locks *locks, uint64_t *ret_owner);
/* Why it waits: "slow-store holds process store"; "" where it does not. Returns out. */
char *ord_locks_why(const struct ord_locks *locks, uint64_t owner,
		    char out[static ORD_NAME_MAX + ORD_CLAIM_TEXT + 32]);

#endif
