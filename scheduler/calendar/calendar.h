/* A calendar inside: a schedule, its zone, and what of it is computed once. */
#ifndef ORDEAL_CALENDAR_CALENDAR_H
#define ORDEAL_CALENDAR_CALENDAR_H

#include "ordeal/calendar.h"

struct ord_calendar {
	const struct ord_schedule *schedule; /* borrowed */
	const struct ord_zone *zone;	     /* borrowed */
	struct ord_zone *own;		     /* the same, where it is the calendar's */
	uint64_t seed;			     /* of the schedule's name */
	int64_t from_ns;
	int64_t at_s[ORD_APPOINTMENTS_MAX]; /* ascending */
};

/* Borrows both. -1: an appointment is outside of the windows. */
int calendar_begin(struct ord_calendar *c, const struct ord_schedule *schedule,
		   const struct ord_zone *zone, struct ord_err *err);

/* The floor of a division, and of an instant in seconds. */
static inline int64_t div_floor(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

#endif
