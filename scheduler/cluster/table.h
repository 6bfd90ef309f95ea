/* The one symbol of the module: its calls, in the order of calls.def. */
#ifndef ORDEAL_CLUSTER_TABLE_H
#define ORDEAL_CLUSTER_TABLE_H

#include "ordeal/cluster.h"

#define CLUSTER_SYMBOL "ordeal_cluster_calls"

struct cluster_calls {
	size_t size; /* of this struct, as the module was compiled */
#define ORD_OPENS(name, parameters, arguments)	    int(*name) parameters;
#define ORD_CALL(type, name, parameters, arguments) type(*name) parameters;
#define ORD_DROP(name, parameters, arguments)	    void(*name) parameters;
#include "scheduler/cluster/calls.def"
#undef ORD_OPENS
#undef ORD_CALL
#undef ORD_DROP
};

extern const struct cluster_calls ordeal_cluster_calls;

#endif
