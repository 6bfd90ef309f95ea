/* The one symbol of the module: its calls, in the order of calls.def. */
#ifndef ORDEAL_HISTORY_TABLE_H
#define ORDEAL_HISTORY_TABLE_H

#include "ordeal/history.h"

#define HISTORY_SYMBOL "ordeal_history_calls"

struct history_calls {
	size_t size; /* of this struct, as the module was compiled */
#define ORD_OPENS(name, parameters, arguments) int(*name) parameters;
#define ORD_DROP(name, parameters, arguments)  void(*name) parameters;
#include "history/calls.def"
#undef ORD_OPENS
#undef ORD_DROP
};

extern const struct history_calls ordeal_history_calls;

#endif
