/* The one symbol of the module: its calls, in the order of calls.def. */
#ifndef ORDEAL_MONITOR_TABLE_H
#define ORDEAL_MONITOR_TABLE_H

#include "ordeal/monitor.h"

#define MONITOR_SYMBOL "ordeal_monitor_calls"

struct monitor_calls {
	size_t size; /* of this struct, as the module was compiled */
#define ORD_OPENS(name, parameters, arguments)	    int(*name) parameters;
#define ORD_CALL(type, name, parameters, arguments) type(*name) parameters;
#define ORD_DROP(name, parameters, arguments)	    void(*name) parameters;
#include "scheduler/monitor/calls.def"
#undef ORD_OPENS
#undef ORD_CALL
#undef ORD_DROP
};

extern const struct monitor_calls ordeal_monitor_calls;

#endif
