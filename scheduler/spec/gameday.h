/* What the tables of a game day are made of. */
#ifndef ORDEAL_SPEC_GAMEDAY_H
#define ORDEAL_SPEC_GAMEDAY_H

#include "scheduler/spec/table.h"

/* In the order of enum ord_gameday_check. */
#define GAMEDAY_CHECKS "steady-state|alerts|rollback|clock|disk"

extern const struct table table_gameday;
/* Every table, in the order of the manual. */
extern const struct table *const gameday_tables[];
extern const size_t n_gameday_tables;

/* gameday_types.c */
extern const struct type type_experiment, type_checks;
/* What only the whole of it can tell: names that come twice, and who decides. */
void gameday_finish(struct reader *r, const struct node *map, void *base);

#endif
