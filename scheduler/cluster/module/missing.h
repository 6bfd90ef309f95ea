/* Why nothing matches, where it is a name that leads nowhere. */
#ifndef ORDEAL_CLUSTER_MISSING_H
#define ORDEAL_CLUSTER_MISSING_H

#include "scheduler/cluster/module/cluster.h"

struct missing {
	struct kube *kube;
	const struct ord_kube_filter *f;
	const struct ord_object *kinds; /* of the target */
	size_t n_kinds;
	const char *what; /* "pod" */
	uint64_t deadline_ns;
};

/* True: err says "no pod matches: there is no namespace 'shpo'; did you mean 'shop'?". What may not
 * be asked is not said. */
bool missing_tell(const struct missing *m, struct ord_err *err);

#endif
