/* The observer of a run: watches, and what they tell as lines of the timeline. */
#ifndef ORDEAL_CLUSTER_OBSERVE_H
#define ORDEAL_CLUSTER_OBSERVE_H

#include "kube/kube.h"
#include "ordeal/cluster.h"

/* ord_cluster_observe() on a client; k is driven by its owner. */
int observe_open(struct kube *k, const struct ord_plan *plan,
		 void (*on_line)(void *arg, struct json_t *line, uint64_t at_ns), void *arg,
		 struct ord_observer **ret, struct ord_err *err);
int observe_targets(struct ord_observer *o, const struct ord_place *const *places, size_t n,
		    struct ord_err *err);
void observe_close(struct ord_observer *o);

#endif
