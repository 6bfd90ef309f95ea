/*
 * While a fault is held: Lease objects (coordination.k8s.io), so that two runs on two machines
 * never meet on one target, renewed until the end; and a watch on the objects that edit.h changed,
 * so that the hold ends there and then when somebody takes a field back.
 */
#ifndef ORDEAL_INJECTOR_KUBE_HOLD_H
#define ORDEAL_INJECTOR_KUBE_HOLD_H

#include <jansson.h>
#include <poll.h>

#include "injector/lease/injector.h"
#include "ordeal/err.h"

/* Takes the Leases of the targets. The first thing in inject (inj_edit_inject does it itself).
 * ORD_GUARD where another holds one: who, and for how long. */
int inj_hold_begin(struct inj_step *step, struct ord_err *err);
/* Verbs: polls the client, drives it (callbacks of a fault's own watches and calls run here too),
 * renews the Leases, ends the hold as taken-back or target-gone. */
unsigned inj_hold_wait(struct inj_step *step, struct pollfd *fds, unsigned max, uint64_t *due_ns);
int inj_hold_wake(struct inj_step *step, const struct pollfd *fds, unsigned n, bool *ret_over,
		  struct ord_err *err);
/* Ends watches, and gives the Leases of a fault without revert (class none) back; with one,
 * inj_edit_revert does, after the objects. */
int inj_hold_end(struct inj_step *step, struct ord_err *err);
/* From the record: gives the Leases back. */
int inj_hold_release(const json_t *undo, struct ord_err *err);

#endif
