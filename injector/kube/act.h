/*
 * Many pods at once: deletes or evictions over one connection, a bounded number in flight, each
 * with the pod's UID as precondition and each read back. Nothing here waits, but inj_act_settle.
 *
 * A pod that is asked for goes through: queued -> asked -> (looked at) -> told. What the API
 * server's answer proves by itself (a DELETE answers with the object as it is stored) needs no
 * second look.
 */
#ifndef ORDEAL_KUBE_ACT_H
#define ORDEAL_KUBE_ACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kube/kube.h"
#include "ordeal/kube.h"

enum inj_act_verb { INJ_DELETE, INJ_EVICT };

enum inj_outcome {
	INJ_HIT,     /* accepted, and the pod carries a deletionTimestamp or is gone */
	INJ_GONE,    /* it was gone before, or another pod has its name now */
	INJ_BUDGET,  /* a PodDisruptionBudget forbids it; the detail is the budget's text */
	INJ_REFUSED, /* the API server said no; the detail is what it said */
	INJ_LOST,    /* nobody answered in time: it may have happened or not */
};

struct inj_act_how {
	enum inj_act_verb verb;
	int64_t grace_s; /* -1: the pod's own */
	unsigned width;	 /* requests in flight at most */
};

/* before: how often this pod has been told of before. Returns after how many ns it is to be asked
 * for again; 0: that was its end. */
typedef uint64_t inj_act_told(void *arg, const struct ord_object *pod, enum inj_outcome outcome,
			      const char *detail, unsigned before);

struct inj_act;

/* k is borrowed, and must not be driven any more when the act is freed: its requests are the
 * act's. */
int inj_act_open(struct kube *k, const struct inj_act_how *how, inj_act_told *told, void *arg,
		 struct inj_act **ret, struct ord_err *err);
void inj_act_free(struct inj_act *a); /* NULL is fine */
/* Copies the object. Starts nothing yet. */
int inj_act_add(struct inj_act *a, const struct ord_object *pod, struct ord_err *err);
/* Starts what is due and has room. To be called after kube_drive and after inj_act_add. */
void inj_act_pump(struct inj_act *a);
/* When the next has waited long enough; UINT64_MAX: none waits. */
uint64_t inj_act_due(const struct inj_act *a);
/* Those that were added and never told of. */
size_t inj_act_untold(const struct inj_act *a);
/* Those that were added and have not come to their end. */
size_t inj_act_pending(const struct inj_act *a);
/* Starts nothing more and waits for what is in flight, at most so long; what has no answer by then
 * is told as lost. */
void inj_act_settle(struct inj_act *a, uint64_t for_ns);

#endif
