/* The calls of ordeal/far.h in `ordeal` that few runs need. */
#include "base/module.h"
#include "scheduler/far/table.h"

#define ORD_MODULE_TABLE struct far_calls
#define ORD_MODULE_LIST	 "scheduler/far/calls.def"
#define ORD_MODULE                                                                       \
	.file = "ordeal-far.so", .folder = "scheduler/far/module", .symbol = FAR_SYMBOL, \
	.what = "a target on another machine"
#include "base/module_loader.def"
