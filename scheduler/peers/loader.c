/* The calls of ordeal/peers.h in `ordeal` that few faults need. */
#include "base/module.h"
#include "scheduler/peers/table.h"

#define ORD_MODULE_TABLE struct peers_calls
#define ORD_MODULE_LIST	 "scheduler/peers/calls.def"
#define ORD_MODULE                                                                             \
	.file = "ordeal-peers.so", .folder = "scheduler/peers/module", .symbol = PEERS_SYMBOL, \
	.what = "looking up a peer"
#include "base/module_loader.def"
