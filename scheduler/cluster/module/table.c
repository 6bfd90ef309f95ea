/* What the module offers to the loader. */
#include "scheduler/cluster/table.h"

__attribute__((visibility("default"))) const struct cluster_calls ordeal_cluster_calls = {
	.size = sizeof ordeal_cluster_calls,
#define ORD_MODULE_LIST "scheduler/cluster/calls.def"
#include "base/module_values.def"
};
