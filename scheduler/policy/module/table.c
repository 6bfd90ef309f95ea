/* What the module offers to the loader. */
#include "scheduler/policy/table.h"

__attribute__((visibility("default"))) const struct policy_calls ordeal_policy_calls = {
	.size = sizeof ordeal_policy_calls,
#define ORD_MODULE_LIST "scheduler/policy/calls.def"
#include "base/module_values.def"
};
