/*
 * The calls of ordeal/monitor.h in `ordeal`: each goes to the module, which is opened at first use,
 * as scheduler/cluster/loader.c does it.
 */
#include <dlfcn.h>

#include "base/module.h"
#include "scheduler/monitor/table.h"

#define FILE_NAME "ordeal-monitor.so"

static const struct monitor_calls *calls;

static int load(struct ord_err *err)
{
	const struct monitor_calls *found;
	char path[PATH_MAX];
	void *module;

	if (calls)
		return 0;
	if (ord_module_find(FILE_NAME, "scheduler/monitor/module", ORDEAL_MODULE_DIR, path))
		return ord_fail(err, ORD_SKIP,
				"asking Prometheus or Alertmanager needs " FILE_NAME
				", which is not in %s",
				ORDEAL_MODULE_DIR);
	module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!module)
		return ord_fail(err, ORD_SKIP,
				"asking Prometheus or Alertmanager needs its module: %.300s",
				dlerror());
	found = dlsym(module, MONITOR_SYMBOL);
	if (!found || found->size != sizeof *found)
		return ord_fail(err, ORD_SYS, "%s is not the module of this version", path);
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
