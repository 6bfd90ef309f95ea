/* When a schedule's windows are open and nothing pauses it. */
#ifndef ORDEAL_CALENDAR_OPEN_H
#define ORDEAL_CALENDAR_OPEN_H

#include "ordeal/calendar.h"

struct span {
	int64_t begin, end; /* [begin, end), UTC seconds */
};

/* The first time that is open and ends after the instant; false: none within ten years. */
bool open_span(const struct ord_schedule *schedule, const struct ord_zone *zone, int64_t utc_s,
	       struct span *ret);

#endif
