/* The calls of ordeal/monitor.h in `ordeal`. */
#include "base/module.h"
#include "scheduler/monitor/table.h"

#define ORD_MODULE_TABLE struct monitor_calls
#define ORD_MODULE_LIST	 "scheduler/monitor/calls.def"
#define ORD_MODULE                                                         \
	.file = "ordeal-monitor.so", .folder = "scheduler/monitor/module", \
	.symbol = MONITOR_SYMBOL, .what = "asking Prometheus or Alertmanager"
#include "base/module_loader.def"
