/* What the module offers to the loader. */
#include "scheduler/cluster/table.h"

__attribute__((visibility("default"))) const struct cluster_calls ordeal_cluster_calls = {
	.size = sizeof ordeal_cluster_calls,
#define ORD_OPENS(name, parameters, arguments)	    .name = name,
#define ORD_CALL(type, name, parameters, arguments) .name = name,
#define ORD_DROP(name, parameters, arguments)	    .name = name,
#include "scheduler/cluster/calls.def"
};
