/* What the module offers to the loader. */
#include "history/table.h"

__attribute__((visibility("default"))) const struct history_calls ordeal_history_calls = {
	.size = sizeof ordeal_history_calls,
#define ORD_MODULE_LIST "history/calls.def"
#include "base/module_values.def"
};
