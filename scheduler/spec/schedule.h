/* spec.schedule: when an experiment is due. */
#ifndef ORDEAL_SPEC_SCHEDULE_H
#define ORDEAL_SPEC_SCHEDULE_H

#include "scheduler/spec/table.h"

extern const struct table table_schedule, table_random, table_window;

#endif
