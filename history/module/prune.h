/* What a retention lets go, of runs that have been measured. */
#ifndef ORDEAL_HISTORY_PRUNE_H
#define ORDEAL_HISTORY_PRUNE_H

#include "ordeal/history.h"

/* As ord_history_choose(), of runs that have `bytes` and `lasting` (pure). Returns the bytes that
 * stay. */
int64_t prune_choose(json_t *runs, const struct ord_history_rules *rules);

#endif
