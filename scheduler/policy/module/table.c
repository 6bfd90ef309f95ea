/* What the module offers to the loader. */
#include "scheduler/policy/table.h"

__attribute__((visibility("default"))) const struct policy_calls ordeal_policy_calls = {
	.size = sizeof ordeal_policy_calls,
#define ORD_OPENS(name, parameters, arguments)	    .name = name,
#define ORD_CALL(type, name, parameters, arguments) .name = name,
#define ORD_DROP(name, parameters, arguments)	    .name = name,
#include "scheduler/policy/calls.def"
};
