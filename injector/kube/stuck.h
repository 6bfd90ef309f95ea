/*
 * A StatefulSet waits for a broken pod for ever, also after its template was put back
 * (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback): what
 * workload.image left stuck, its revert deletes. Which pods these are follows from the edit alone,
 * so that any machine can do it.
 */
#ifndef ORDEAL_INJECTOR_KUBE_STUCK_H
#define ORDEAL_INJECTOR_KUBE_STUCK_H

#include <jansson.h>

#include "injector/kube/edit_private.h"
#include "ordeal/err.h"

/*
 * Once the fields are back: waits (5 s at most) until the controller has seen that, and deletes, by
 * UID, the pods of the set that run the fault's image and are not ready. Does nothing for other
 * faults and kinds. Idempotent.
 */
int inj_stuck_clear(struct kube *k, const struct inj_edit *e, struct ord_err *err);
/* Appends a text for each that is left. */
int inj_stuck_left(struct kube *k, const struct inj_edit *e, json_t *left, struct ord_err *err);

#endif
