/* What the module offers to the loader. */
#include "scheduler/far/table.h"

__attribute__((visibility("default"))) const struct far_calls ordeal_far_calls = {
	.size = sizeof ordeal_far_calls,
#define ORD_MODULE_LIST "scheduler/far/calls.def"
#include "base/module_values.def"
};
