/*
 * The calls of ordeal/cluster.h in `ordeal`.
 * libcurl costs 3.6 ms at every start, and most commands never speak to a cluster.
 */
#include "base/module.h"
#include "scheduler/cluster/table.h"

#define ORD_MODULE_TABLE struct cluster_calls
#define ORD_MODULE_LIST	 "scheduler/cluster/calls.def"
#define ORD_MODULE                                                                                \
	.file = "ordeal-kube.so", .folder = "scheduler/cluster/module", .symbol = CLUSTER_SYMBOL, \
	.what = "a cluster"
#include "base/module_loader.def"
