/* The tables of a schedule that draws experiments, for the manual. */
#ifndef ORDEAL_SPEC_PICK_H
#define ORDEAL_SPEC_PICK_H

#include "scheduler/spec/table.h"

/* Every table but those of spec.schedule, in the order of the manual. */
extern const struct table *const pick_tables[];
extern const size_t n_pick_tables;

#endif
