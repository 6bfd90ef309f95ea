/*
 * Claims: Lease objects of coordination.k8s.io, so that two runs on two machines never meet on one
 * target. One for each target, named by the hash of its kind, namespace and name, in its namespace;
 * for nodes in kube-node-lease, for other objects without a namespace in default. Of many targets
 * of one kind in one namespace one Lease for the namespace; who holds one of either sort looks for
 * the other sort too.
 */
#ifndef ORDEAL_INJECTOR_KUBE_CLAIM_H
#define ORDEAL_INJECTOR_KUBE_CLAIM_H

#include <jansson.h>

#include "ordeal/err.h"
#include "ordeal/kube.h"

/* A holder that was killed loses its claims after this; renewed three times in it. */
#define INJ_CLAIM_SECONDS 15

/* [[namespace, name, "Kind", "namespace of the targets", one?]...]; owned, NULL: out of memory. */
json_t *inj_claims_for(const struct ord_cluster_place *p);
/* The claim that covers the object: "namespace/name", in what inj_claims_for made; "" if none. */
void inj_claim_of(const json_t *undo, const struct ord_object *o, char *out, size_t size);
/* The namespace in which an object's claim lies. */
const char *inj_claim_ns(const struct ord_object *o);

/* These read undo's "claims" and "claimant". ORD_GUARD: another holds one; who, and for how long.
 */
int inj_claims_look(const json_t *undo, struct ord_err *err);
int inj_claims_take(const json_t *undo, struct ord_err *err);
/* Within a second: the first that does not answer ends it, ORD_SYS. */
int inj_claims_renew(const json_t *undo, struct ord_err *err);
/* Best effort: what is left runs out. */
void inj_claims_drop(const json_t *undo);

struct kube;
/* Who holds the Lease now (owned by ret, 256 bytes; "" nobody), and for how much longer. -1 where
 * that cannot be known. */
int inj_claim_holder(struct kube *k, const char *ns, const char *name, char ret[256],
		     int64_t *ret_left_ns, struct ord_err *err);

#endif
