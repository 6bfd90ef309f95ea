/*
 * The calls of ordeal/monitor.h in `ordeal`: each goes to the module, which is opened at first use,
 * as scheduler/cluster/loader.c does it.
 */
#include "base/module.h"
#include "scheduler/monitor/table.h"

static const struct monitor_calls *calls;

static int load(struct ord_err *err)
{
	static const struct ord_module module = {
		.file = "ordeal-monitor.so",
		.folder = "scheduler/monitor/module",
		.symbol = MONITOR_SYMBOL,
		.what = "asking Prometheus or Alertmanager",
		.size = sizeof *calls,
	};
	void *found;

	if (calls)
		return 0;
	if (ord_module_open(&module, &found, err))
		return -1;
	calls = found;
	return 0;
}

#define ORD_OPENS(name, parameters, arguments)                 \
	int name parameters                                    \
	{                                                      \
		return load(err) ? -1 : calls->name arguments; \
	}
#define ORD_CALL(type, name, parameters, arguments) \
	type name parameters                        \
	{                                           \
		return calls->name arguments;       \
	}
#define ORD_DROP(name, parameters, arguments)  \
	void name parameters                   \
	{                                      \
		if (calls)                     \
			calls->name arguments; \
	}
#include "scheduler/monitor/calls.def"
