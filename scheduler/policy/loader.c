/* The calls of ordeal/policy.h in `ordeal`. */
#include "base/module.h"
#include "scheduler/policy/table.h"

#define ORD_MODULE_TABLE struct policy_calls
#define ORD_MODULE_LIST	 "scheduler/policy/calls.def"
#define ORD_MODULE                                                                                \
	.file = "ordeal-policy.so", .folder = "scheduler/policy/module", .symbol = POLICY_SYMBOL, \
	.what = "asking a policy"
#include "base/module_loader.def"
