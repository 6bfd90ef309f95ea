/*
 * The calls of ordeal/history.h in `ordeal`: each goes to the module, which is opened at first use,
 * as scheduler/cluster/loader.c does it.
 */
#include "base/module.h"
#include "history/table.h"

static const struct history_calls *calls;

static int load(struct ord_err *err)
{
	static const struct ord_module module = {
		.file = "ordeal-history.so",
		.folder = "history/module",
		.symbol = HISTORY_SYMBOL,
		.what = "the history",
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
#define ORD_DROP(name, parameters, arguments)  \
	void name parameters                   \
	{                                      \
		if (calls)                     \
			calls->name arguments; \
	}
#include "history/calls.def"
