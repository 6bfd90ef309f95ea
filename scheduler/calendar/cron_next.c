/* When a cron expression comes next, and how often it comes. */
#include "base/civil.h"
#include "ordeal/calendar.h"
#include "scheduler/calendar/cron.h"

#define YEARS 400 /* after which dates and weekdays repeat */

/* The first bit from `from` on; 64: none. */
static unsigned next_bit(uint64_t bits, unsigned from)
{
	bits = from < 64 ? bits >> from << from : 0;
	return bits ? (unsigned)__builtin_ctzll(bits) : 64;
}

/* Bit d: the day d of a month whose days and first weekday are these is meant by the weekdays. */
static uint32_t days_by_weekday(const struct ord_cron *c, unsigned n_days, unsigned first)
{
	uint32_t days = 0;

	for (unsigned d = 1; d <= n_days; d++) {
		unsigned bit = 1u << (first + d - 1) % 7, nth = (d - 1) / 7 + 1;

		if ((c->weekdays | c->nth[nth] | (d + 7 > n_days ? c->nth[0] : 0)) & bit)
			days |= 1u << d;
	}
	return days;
}

/*
 * The days of a month. As crontab(5) has it: where both fields restrict, either is enough; where
 * one begins with a star, both must hold.
 */
static uint32_t days_of_month(const struct ord_cron *c, int32_t year, unsigned month)
{
	unsigned n_days = ord_month_days(year, month);
	int64_t first = ord_days_of((struct ord_date){year, (uint8_t)month, 1});
	uint32_t whole = (uint32_t)((2ull << n_days) - 2), by_date = c->days, by_weekday;

	for (unsigned n = 0; n < n_days; n++)
		if (c->last_days >> n & 1)
			by_date |= 1u << (n_days - n);
	by_weekday = days_by_weekday(c, n_days, ord_weekday(first));
	return whole & (c->any_day || c->any_weekday ? by_date & by_weekday : by_date | by_weekday);
}

/* The first time of day from `from` on, in seconds; -1: none that day. */
static int32_t next_time(const struct ord_cron *c, uint32_t from)
{
	unsigned h = from / 3600, m = from / 60 % 60, s = next_bit(c->seconds, from % 60);

	if (!(c->hours >> h & 1) || !(c->minutes >> m & 1) || s > 59) {
		m = c->hours >> h & 1 ? next_bit(c->minutes, m + (c->minutes >> m & 1)) : 64;
		if (m > 59) {
			h = next_bit(c->hours, h + 1);
			m = next_bit(c->minutes, 0);
		}
		s = next_bit(c->seconds, 0);
	}
	return h > 23 ? -1 : (int32_t)(h * 3600 + m * 60 + s);
}

/* The first day from the date on, in days since 1970; ORD_NEVER: none. */
static int64_t next_day(const struct ord_cron *c, int64_t from)
{
	struct ord_date date = ord_date_of(from);
	int32_t last = date.year + YEARS;
	unsigned day = date.day, month = date.month;

	for (int32_t year = date.year; year <= last; year++, month = 1)
		for (; month <= 12; month++, day = 0) {
			uint32_t days = c->months >> month & 1 ? days_of_month(c, year, month) : 0;
			unsigned d = next_bit(days, day);

			if (d < 32)
				return ord_days_of(
					(struct ord_date){year, (uint8_t)month, (uint8_t)d});
		}
	return ORD_NEVER;
}

bool cron_on(const struct ord_cron *cron, int64_t day)
{
	struct ord_date date = ord_date_of(day);

	return cron->months >> date.month & 1 &&
	       days_of_month(cron, date.year, date.month) >> date.day & 1;
}

uint64_t cron_days_count(const struct ord_cron *cron, int64_t from, int64_t to)
{
	uint64_t n = 0;

	while (from < to) {
		struct ord_date date = ord_date_of(from);
		unsigned n_days = ord_month_days(date.year, date.month);
		int64_t next = from + n_days - date.day + 1;
		uint32_t days = 0;

		if (cron->months >> date.month & 1)
			days = days_of_month(cron, date.year, date.month) >> date.day << date.day;
		if (next > to) { /* without the days from `to` on */
			days &= (1u << (date.day + to - from)) - 1;
			next = to;
		}
		n += (uint64_t)__builtin_popcount(days);
		from = next;
	}
	return n;
}

/* Bits below the n-th. */
static uint64_t count_below(uint64_t bits, unsigned n)
{
	return (uint64_t)__builtin_popcountll(bits & ((1ull << n) - 1));
}

uint64_t cron_times(const struct ord_cron *cron, uint32_t seconds)
{
	unsigned h = seconds / 3600, m = seconds / 60 % 60, s = seconds % 60;
	uint64_t a_minute = count_below(cron->seconds, 60),
		 an_hour = count_below(cron->minutes, 60) * a_minute,
		 n = count_below(cron->hours, h) * an_hour;

	if (cron->hours >> h & 1) {
		n += count_below(cron->minutes, m) * a_minute;
		if (cron->minutes >> m & 1)
			n += count_below(cron->seconds, s);
	}
	return n;
}

int64_t ord_cron_next(const struct ord_cron *cron, int64_t local_s)
{
	int64_t day = ord_day_of(local_s + 1), found = next_day(cron, day);
	int32_t time = 0;

	if (found == day)
		time = next_time(cron, (uint32_t)(local_s + 1 - day * ORD_DAY_S));
	if (found == day && time < 0)
		found = next_day(cron, day + 1);
	if (found == ORD_NEVER)
		return ORD_NEVER;
	if (found != day || time < 0)
		time = next_time(cron, 0);
	return found * ORD_DAY_S + time;
}
