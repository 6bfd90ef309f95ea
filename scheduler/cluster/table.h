/* The one symbol of the module: its calls, in the order of calls.def. */
#ifndef ORDEAL_CLUSTER_TABLE_H
#define ORDEAL_CLUSTER_TABLE_H

#include "ordeal/cluster.h"
#include "ordeal/tenure.h"

#define CLUSTER_SYMBOL "ordeal_cluster_calls"

struct cluster_calls {
	size_t size; /* of this struct, as the module was compiled */
#define ORD_MODULE_LIST "scheduler/cluster/calls.def"
#include "base/module_fields.def"
};

extern const struct cluster_calls ordeal_cluster_calls;

#endif
