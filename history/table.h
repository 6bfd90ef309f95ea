/* The one symbol of the module: its calls, in the order of calls.def. */
#ifndef ORDEAL_HISTORY_TABLE_H
#define ORDEAL_HISTORY_TABLE_H

#include "ordeal/history.h"

#define HISTORY_SYMBOL "ordeal_history_calls"

struct history_calls {
	size_t size; /* of this struct, as the module was compiled */
#define ORD_MODULE_LIST "history/calls.def"
#include "base/module_fields.def"
};

extern const struct history_calls ordeal_history_calls;

#endif
