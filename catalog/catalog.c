#include <assert.h>
#include <string.h>

#include "base/auto.h"
#include "ordeal/fault.h"

/*
 * Each list.def is read twice: for the parameters, then for the faults. The last, empty argument
 * that ORD_FAULT adds lets the parameters be none at all; the entry that ends each list takes the
 * comma before it.
 */
#define ORD_FAULT(...) PARAMS(__VA_ARGS__, )
#define PARAMS(symbol, name_, summary_, guarantee_, targets_, caps_, engines_, blast_, objects_, \
	       ...)                                                                              \
	static const struct ord_param symbol##_params[] = {__VA_ARGS__{.name = NULL}};           \
	static_assert(ORD_COUNT(symbol##_params) - 1 <= ORD_PARAMS_MAX,                          \
		      "too many parameters: " name_);
#include "injector/host/list.def"
#include "injector/kube/list.def"
#undef PARAMS
#define PARAMS(symbol, name_, summary_, guarantee_, targets_, caps_, engines_, blast_, objects_, \
	       ...)                                                                              \
	{.name = name_,                                                                          \
	 .summary = summary_,                                                                    \
	 .guarantee = guarantee_,                                                                \
	 .targets = targets_,                                                                    \
	 .program = (targets_) & (ORD_ON_HOST | ORD_ON_NET | ORD_ON_PROCESS | ORD_ON_CGROUP)     \
			    ? ORD_PROGRAM_HOST                                                   \
			    : ORD_PROGRAM_KUBE,                                                  \
	 .caps = caps_,                                                                          \
	 .engines = engines_,                                                                    \
	 .blast = blast_,                                                                        \
	 .objects = objects_,                                                                    \
	 .params = symbol##_params,                                                              \
	 .n_params = ORD_COUNT(symbol##_params) - 1},

const struct ord_fault ord_faults[] = {
#undef ORD_NET_FILTER
#include "injector/host/list.def"
#undef ORD_EVERY
#include "injector/kube/list.def"
};
const size_t ord_n_faults = ORD_COUNT(ord_faults);

const struct ord_fault *ord_fault_find(const char *name)
{
	for (size_t i = 0; i < ord_n_faults; i++)
		if (!strcmp(ord_faults[i].name, name))
			return &ord_faults[i];
	return NULL;
}

const char *ord_guarantee_name(enum ord_guarantee g)
{
	static const char *const names[] = {
		[ORD_GUARANTEE_KERNEL] = "kernel",
		[ORD_GUARANTEE_GUARDIAN] = "guardian",
		[ORD_GUARANTEE_JOURNAL] = "journal",
		[ORD_GUARANTEE_NONE] = "none",
	};

	return names[g];
}
