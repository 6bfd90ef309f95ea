/* The one symbol of the module: its calls, in the order of calls.def. */
#ifndef ORDEAL_POLICY_TABLE_H
#define ORDEAL_POLICY_TABLE_H

#include "ordeal/policy.h"

#define POLICY_SYMBOL "ordeal_policy_calls"

struct policy_calls {
	size_t size; /* of this struct, as the module was compiled */
#define ORD_MODULE_LIST "scheduler/policy/calls.def"
#include "base/module_fields.def"
};

extern const struct policy_calls ordeal_policy_calls;

#endif
