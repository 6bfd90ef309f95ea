/* The one symbol of the module. */
#ifndef ORDEAL_SCHEDULER_GAMEDAY_TABLE_H
#define ORDEAL_SCHEDULER_GAMEDAY_TABLE_H

#include "ordeal/gameday.h"

#define GAMEDAY_SYMBOL "ordeal_gameday_calls"

struct gameday_calls {
	size_t size; /* of this struct, as the module was compiled */
	int (*work)(const struct ord_gameday_order *order, int *ret_exit, struct ord_err *err);
};

extern const struct gameday_calls ordeal_gameday_calls;

#endif
