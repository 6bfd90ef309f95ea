/* Dates of the Gregorian calendar, as plain numbers: no zone, no locale, no table. */
#ifndef ORDEAL_BASE_CIVIL_H
#define ORDEAL_BASE_CIVIL_H

#include <stdint.h>

#define ORD_DAY_S 86400

struct ord_date {
	int32_t year;
	uint8_t month, day; /* from 1 */
};

/* Days since 1970-01-01; the date must be one (ord_month_days). */
int64_t ord_days_of(struct ord_date date);
struct ord_date ord_date_of(int64_t days);
/* How many days a month has: 28 to 31. */
unsigned ord_month_days(int32_t year, unsigned month);
/* 0 Sunday ... 6 Saturday, of days since 1970-01-01. */
static inline unsigned ord_weekday(int64_t days)
{
	int64_t of_week = (days + 4) % 7;

	return (unsigned)(of_week < 0 ? of_week + 7 : of_week);
}

/* Floor division: days of seconds, also before 1970. */
static inline int64_t ord_day_of(int64_t seconds)
{
	return seconds / ORD_DAY_S - (seconds % ORD_DAY_S < 0);
}

#endif
