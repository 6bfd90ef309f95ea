/* What the module offers to the loader. */
#include "history/table.h"

__attribute__((visibility("default"))) const struct history_calls ordeal_history_calls = {
	.size = sizeof ordeal_history_calls,
#define ORD_OPENS(name, parameters, arguments) .name = name,
#define ORD_DROP(name, parameters, arguments)  .name = name,
#include "history/calls.def"
};
