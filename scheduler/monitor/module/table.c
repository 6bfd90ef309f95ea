/* What the module offers to the loader. */
#include "scheduler/monitor/table.h"

__attribute__((visibility("default"))) const struct monitor_calls ordeal_monitor_calls = {
	.size = sizeof ordeal_monitor_calls,
#define ORD_MODULE_LIST "scheduler/monitor/calls.def"
#include "base/module_values.def"
};
