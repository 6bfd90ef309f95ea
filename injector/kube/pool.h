/*
 * The pods that match a selection, kept up to date by a watch: who is ready, who is ending, who
 * comes. Needed by what chooses again, counts who is ready, or follows. A list of 50,000 pods takes
 * seconds: so it is read once, and nothing here waits but for an owner or a node that is new.
 */
#ifndef ORDEAL_KUBE_POOL_H
#define ORDEAL_KUBE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kube/kube.h"
#include "ordeal/kube.h"

struct inj_pool;

struct inj_pool_how {
	struct ord_kube_target *selection; /* borrowed */
	bool ready;			   /* who is ready is wanted */
	/* Told of each pod that comes to match after the start, once; not of those that are ending.
	 * May call all of these but inj_pool_free. NULL: nobody wants to know. */
	void (*came)(void *arg, const struct ord_object *pod);
	void *arg;
};

/* Reads what matching must know of nodes, namespaces and owners; that takes a while. */
int inj_pool_new(struct kube *k, const struct inj_pool_how *how, struct inj_pool **ret,
		 struct ord_err *err);
void inj_pool_free(struct inj_pool *p); /* NULL is fine; before kube_close */
/* Begins to watch. */
int inj_pool_start(struct inj_pool *p, struct ord_err *err);
/* After kube_drive: matches what had to wait for something else. */
void inj_pool_tick(struct inj_pool *p);
/* When that is due (CLOCK_MONOTONIC): somebody comes of age. UINT64_MAX: never. */
uint64_t inj_pool_due(const struct inj_pool *p);

/* All that was there at the start is known. */
bool inj_pool_synced(const struct inj_pool *p);
/* ...and what changes is told at once: the streams stand. */
bool inj_pool_live(const struct inj_pool *p);
/* Why it does not, in the API server's words; "". */
const char *inj_pool_trouble(const struct inj_pool *p);

/* Ready, not ending, and not taken. */
size_t inj_pool_ready(const struct inj_pool *p);
bool inj_pool_is_ready(const struct inj_pool *p, const char *uid);
bool inj_pool_is_ending(const struct inj_pool *p, const char *uid);
/* Taken: about to be hit, so that it counts no longer and is not drawn. A pod that is not here is
 * fine. */
void inj_pool_take(struct inj_pool *p, const char *uid, bool taken);
/* At most n of those that are neither ending nor taken, by the seed and the selection's spread.
 * Returns how many. */
size_t inj_pool_draw(const struct inj_pool *p, size_t n, uint64_t seed, struct ord_object *ret);

#endif
