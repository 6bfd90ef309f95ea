/*
 * The calls of ordeal/policy.h in `ordeal`: each goes to the module, which is opened at first use,
 * as scheduler/cluster/loader.c does it.
 */
#include "base/module.h"
#include "scheduler/policy/table.h"

static const struct policy_calls *calls;

static int load(struct ord_err *err)
{
	static const struct ord_module module = {
		.file = "ordeal-policy.so",
		.folder = "scheduler/policy/module",
		.symbol = POLICY_SYMBOL,
		.what = "asking a policy",
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
#include "scheduler/policy/calls.def"
