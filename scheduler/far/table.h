/* The one symbol of the module: its calls, in the order of calls.def. */
#ifndef ORDEAL_FAR_TABLE_H
#define ORDEAL_FAR_TABLE_H

#include <stddef.h>

#include "ordeal/far.h"

#define FAR_SYMBOL "ordeal_far_calls"

struct far_calls {
	size_t size; /* of this struct, as the module was compiled */
#define ORD_MODULE_LIST "scheduler/far/calls.def"
#include "base/module_fields.def"
};

extern const struct far_calls ordeal_far_calls;

#endif
