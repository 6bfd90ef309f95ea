/* The one symbol of the module: its calls, in the order of calls.def. */
#ifndef ORDEAL_MONITOR_TABLE_H
#define ORDEAL_MONITOR_TABLE_H

#include "ordeal/monitor.h"

#define MONITOR_SYMBOL "ordeal_monitor_calls"

struct monitor_calls {
	size_t size; /* of this struct, as the module was compiled */
#define ORD_MODULE_LIST "scheduler/monitor/calls.def"
#include "base/module_fields.def"
};

extern const struct monitor_calls ordeal_monitor_calls;

#endif
