/* spec.schedule: when an experiment is due. */
#ifndef ORDEAL_SPEC_SCHEDULE_H
#define ORDEAL_SPEC_SCHEDULE_H

#include "scheduler/spec/table.h"

extern const struct table table_schedule, table_random, table_window;
/* What other calendars are made of too: a time zone, windows, and dates on which nothing runs. */
extern const struct type type_zone;
extern const struct key window_item, pause_item;
#define KEY_ZONE(h)                                                                           \
	{                                                                                     \
		.name = "timezone", .type = &type_zone, AT(ord_schedule, zone), .def = "UTC", \
		.max = ORD_ZONE_MAX - 1, .help = (h),                                         \
	}
#define KEY_WINDOWS(h)                                                                      \
	{                                                                                   \
		.name = "windows", .type = &type_list, AT(ord_schedule, windows),           \
		.n_offset = offsetof(struct ord_schedule, n_windows), .item = &window_item, \
		.item_size = sizeof(struct ord_window), .min = 1, .max = ORD_WINDOWS_MAX,   \
		.help = (h),                                                                \
	}
#define KEY_EXCEPT(h)                                                                     \
	{                                                                                 \
		.name = "except", .type = &type_list, AT(ord_schedule, pauses),           \
		.n_offset = offsetof(struct ord_schedule, n_pauses), .item = &pause_item, \
		.item_size = sizeof(struct ord_pause), .min = 1, .max = ORD_PAUSES_MAX,   \
		.help = (h),                                                              \
	}

#endif
