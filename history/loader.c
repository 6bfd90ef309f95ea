/* The calls of ordeal/history.h in `ordeal`. */
#include "base/module.h"
#include "history/table.h"

#define ORD_MODULE_TABLE struct history_calls
#define ORD_MODULE_LIST	 "history/calls.def"
#define ORD_MODULE                                                                         \
	.file = "ordeal-history.so", .folder = "history/module", .symbol = HISTORY_SYMBOL, \
	.what = "the history"
#include "base/module_loader.def"
