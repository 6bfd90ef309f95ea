/* The one symbol of the module: its calls, in the order of calls.def. */
#ifndef ORDEAL_PEERS_TABLE_H
#define ORDEAL_PEERS_TABLE_H

#include <stddef.h>

#include "ordeal/peers.h"

#define PEERS_SYMBOL "ordeal_peers_calls"

struct peers_calls {
	size_t size; /* of this struct, as the module was compiled */
#define ORD_MODULE_LIST "scheduler/peers/calls.def"
#include "base/module_fields.def"
};

extern const struct peers_calls ordeal_peers_calls;

#endif
