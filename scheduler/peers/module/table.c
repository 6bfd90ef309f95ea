/* What the module offers to the loader. */
#include "scheduler/peers/table.h"

__attribute__((visibility("default"))) const struct peers_calls ordeal_peers_calls = {
	.size = sizeof ordeal_peers_calls,
#define ORD_MODULE_LIST "scheduler/peers/calls.def"
#include "base/module_values.def"
};
