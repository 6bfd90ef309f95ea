/*
 * The calls of ordeal/cluster.h in `ordeal`: each goes to the module, which is opened at first use.
 * libcurl costs 3.6 ms at every start, and most commands never speak to a cluster.
 */
#include "base/module.h"
#include "scheduler/cluster/table.h"

static const struct cluster_calls *calls;

static int load(struct ord_err *err)
{
	static const struct ord_module module = {
		.file = "ordeal-kube.so",
		.folder = "scheduler/cluster/module",
		.symbol = CLUSTER_SYMBOL,
		.what = "a cluster",
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
#include "scheduler/cluster/calls.def"
