/* spec.schedule: when an experiment is due. */
#ifndef ORDEAL_SPEC_SCHEDULE_H
#define ORDEAL_SPEC_SCHEDULE_H

#include "scheduler/spec/table.h"

extern const struct table table_schedule, table_random, table_window;
/* What other calendars are made of too: a time zone, windows, and dates on which nothing runs. */
extern const struct type type_zone;
extern const struct key window_item, pause_item;

#endif
