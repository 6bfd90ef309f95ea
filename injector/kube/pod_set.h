/* The pods behind a pod, a workload or a service. */
#ifndef ORDEAL_INJECTOR_KUBE_POD_SET_H
#define ORDEAL_INJECTOR_KUBE_POD_SET_H

#include <jansson.h>
#include <stdbool.h>

#include "kube/kube.h"
#include "ordeal/err.h"
#include "ordeal/kube.h"

/*
 * The selector by which a workload or a service chooses its pods, in kubectl's language. Owned in
 * *ret; ORD_USAGE where it has none.
 */
int inj_pod_selector(const struct ord_object *o, const json_t *object, char **ret,
		     struct ord_err *err);
/*
 * Calls each() for every pod (its whole object, borrowed) behind the target o, those that are
 * ending or have ended left out. each() calls no API. object: the target as read.
 */
int inj_pod_set(struct kube *k, const struct ord_object *o, const json_t *object,
		int (*each)(void *arg, const json_t *pod, struct ord_err *err), void *arg,
		struct ord_err *err);
/* The object of a pod as listed. */
void inj_pod_object(const json_t *pod, struct ord_object *ret);

#endif
