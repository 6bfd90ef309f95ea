/*
 * The calls of ordeal/cluster.h in `ordeal`: each goes to the module, which is opened at first use.
 * libcurl costs 3.6 ms at every start, and most commands never speak to a cluster.
 */
#include <dlfcn.h>

#include "base/module.h"
#include "scheduler/cluster/table.h"

#define FILE_NAME "ordeal-kube.so"

static const struct cluster_calls *calls;

static int load(struct ord_err *err)
{
	const struct cluster_calls *found;
	char path[PATH_MAX];
	void *module;

	if (calls)
		return 0;
	if (ord_module_find(FILE_NAME, "scheduler/cluster/module", ORDEAL_MODULE_DIR, path))
		return ord_fail(err, ORD_SKIP, "a cluster needs " FILE_NAME ", which is not in %s",
				ORDEAL_MODULE_DIR);
	module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!module)
		return ord_fail(err, ORD_SKIP, "a cluster needs its module: %.300s", dlerror());
	found = dlsym(module, CLUSTER_SYMBOL);
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
#include "scheduler/cluster/calls.def"
