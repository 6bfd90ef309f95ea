#include <stdio.h>
#include <string.h>

#include "injector/door/policy.h"

#define DAY_MINUTES (24 * 60)

static const char *const days[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

/* One name of a day; its number, or -1. */
static int day_take(const char **at)
{
	for (int d = 0; d < 7; d++) {
		if (strncmp(*at, days[d], 3) != 0)
			continue;
		*at += 3;
		return d;
	}
	return -1;
}

/* "mon-fri", "mon,wed", "fri-mon". */
static int days_take(const char **at, uint8_t *ret)
{
	uint8_t bits = 0;

	for (;; (*at)++) {
		int first = day_take(at), last = first;

		if (first >= 0 && **at == '-') {
			(*at)++;
			last = day_take(at);
		}
		if (first < 0 || last < 0)
			return -1;
		for (int d = first;; d = (d + 1) % 7) {
			bits |= (uint8_t)(1u << d);
			if (d == last)
				break;
		}
		if (**at != ',')
			break;
	}
	*ret = bits;
	return 0;
}

static int digits_take(const char **at)
{
	const char *p = *at;

	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return -1;
	*at += 2;
	return (p[0] - '0') * 10 + p[1] - '0';
}

/* "09:00", "24:00": minutes. */
static int time_take(const char **at)
{
	int hour = digits_take(at), minute;

	if (hour < 0 || **at != ':')
		return -1;
	(*at)++;
	minute = digits_take(at);
	if (minute < 0 || minute > 59 || hour * 60 + minute > DAY_MINUTES)
		return -1;
	return hour * 60 + minute;
}

int door_hours_parse(const char *text, struct door_hours *ret, struct ord_err *err)
{
	struct door_hours h = {.weekdays = 0x7f, .from = -1, .to = -1};
	const char *at = text;
	bool good = true;

	if (*at < '0' || *at > '9') {
		good = days_take(&at, &h.weekdays) == 0 && *at == ' ';
		at += good;
	}
	if (good)
		h.from = time_take(&at);
	if (h.from >= 0 && *at == '-') {
		at++;
		h.to = time_take(&at);
	}
	if (h.from < 0 || h.from == DAY_MINUTES || h.to < 0 || h.to == h.from || *at)
		return ord_fail(err, ORD_USAGE,
				"'%.64s' is not written as in 'mon-fri 09:00-17:00', 'sat,sun "
				"22:00-06:00' or '09:00-17:00'",
				text);
	if (h.to < h.from)
		h.to += DAY_MINUTES;
	*ret = h;
	return 0;
}

/* The window that begins on the local day of `day`, moved by so many days, as instants. Clocks that
 * are put forward or back on it are the C library's to know. */
static time_t instant(const struct tm *day, int shift, int minute)
{
	struct tm t = {.tm_year = day->tm_year,
		       .tm_mon = day->tm_mon,
		       .tm_mday = day->tm_mday + shift + minute / DAY_MINUTES,
		       .tm_hour = minute % DAY_MINUTES / 60,
		       .tm_min = minute % 60,
		       .tm_isdst = -1};

	return mktime(&t);
}

bool door_hours_hold(const struct door_hours *h, time_t now, int64_t seconds)
{
	struct tm local;

	if (!localtime_r(&now, &local))
		return false;
	/* It began today, or yesterday and goes beyond midnight. */
	for (int shift = -1; shift <= 0; shift++) {
		time_t from = instant(&local, shift, h->from), to = instant(&local, shift, h->to);
		int weekday = (local.tm_wday + 7 + shift) % 7;

		if (from == (time_t)-1 || to == (time_t)-1 || !(h->weekdays >> weekday & 1))
			continue;
		if (now >= from && seconds <= to - now)
			return true;
	}
	return false;
}
