/* What the module offers to the loader. */
#include "scheduler/monitor/table.h"

__attribute__((visibility("default"))) const struct monitor_calls ordeal_monitor_calls = {
	.size = sizeof ordeal_monitor_calls,
#define ORD_OPENS(name, parameters, arguments)	    .name = name,
#define ORD_CALL(type, name, parameters, arguments) .name = name,
#define ORD_DROP(name, parameters, arguments)	    .name = name,
#include "scheduler/monitor/calls.def"
};
