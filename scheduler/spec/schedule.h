/* spec.schedule: when `ordeal serve` runs the experiment. */
#ifndef ORDEAL_SPEC_SCHEDULE_H
#define ORDEAL_SPEC_SCHEDULE_H

#include "scheduler/spec/table.h"

extern const struct table table_schedule, table_random, table_window;

#endif
