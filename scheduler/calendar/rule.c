/* What a zone does for ever after: the TZ string of POSIX, with the wider times of RFC 9636. */
#include <ctype.h>
#include <string.h>

#include "base/auto.h"
#include "base/civil.h"
#include "scheduler/calendar/zone.h"

/* The day of a year on which clocks change, and when. */
struct change_day {
	enum { BY_JULIAN, BY_DAY, BY_WEEKDAY } by;
	int month, week, day; /* day: 1..365 without 29 February; 0..365; 0..6 */
	int32_t at_s;	      /* of local time as it is until then */
};

struct rule {
	int32_t standard_s, summer_s; /* ahead of UTC */
	bool has_summer;
	struct change_day begin, end; /* of summer time */
};

static int number_of(const char **p, int min, int max, int *ret)
{
	int v = 0, n = 0;

	for (; isdigit((unsigned char)**p) && n < 4; n++)
		v = v * 10 + (*(*p)++ - '0');
	if (!n || v < min || v > max)
		return -1;
	*ret = v;
	return 0;
}

static int name_skip(const char **p)
{
	const char *begin = *p;

	if (**p == '<') {
		*p = strchr(*p, '>');
		return *p ? (++*p, 0) : (*p = begin, -1);
	}
	while (isalpha((unsigned char)**p))
		(*p)++;
	return *p - begin >= 3 ? 0 : -1;
}

/* "[+-]h[:m[:s]]" in seconds. */
static int time_of(const char **p, int hours_max, int32_t *ret)
{
	int h, m = 0, s = 0, sign = **p == '-' ? -1 : 1;

	if (**p == '-' || **p == '+')
		(*p)++;
	if (number_of(p, 0, hours_max, &h))
		return -1;
	if (**p == ':' && ((*p)++, number_of(p, 0, 59, &m)))
		return -1;
	if (**p == ':' && ((*p)++, number_of(p, 0, 59, &s)))
		return -1;
	*ret = sign * (h * 3600 + m * 60 + s);
	return 0;
}

/* ",M3.5.0/2", ",J60", ",59". */
static int change_of(const char **p, struct change_day *ret)
{
	struct change_day c = {.at_s = 2 * 3600};
	bool good;

	if (*(*p)++ != ',')
		return -1;
	if (**p == 'M') {
		c.by = BY_WEEKDAY;
		(*p)++;
		good = !number_of(p, 1, 12, &c.month) && *(*p)++ == '.' &&
		       !number_of(p, 1, 5, &c.week) && *(*p)++ == '.' &&
		       !number_of(p, 0, 6, &c.day);
	} else if (**p == 'J') {
		c.by = BY_JULIAN;
		(*p)++;
		good = !number_of(p, 1, 365, &c.day);
	} else {
		c.by = BY_DAY;
		good = !number_of(p, 0, 365, &c.day);
	}
	if (!good || (**p == '/' && ((*p)++, time_of(p, 167, &c.at_s))))
		return -1;
	*ret = c;
	return 0;
}

static int rule_read(const char *p, struct rule *ret)
{
	int32_t standard, summer; /* seconds to the west, as POSIX counts */
	struct rule r = {0};

	if (name_skip(&p) || time_of(&p, 24, &standard))
		return -1;
	summer = standard - 3600;
	if (*p) {
		r.has_summer = true;
		if (name_skip(&p) || (*p != ',' && time_of(&p, 24, &summer)) ||
		    change_of(&p, &r.begin) || change_of(&p, &r.end) || *p)
			return -1;
	}
	r.standard_s = -standard;
	r.summer_s = -summer;
	*ret = r;
	return 0;
}

/* The local second of the change in a year. */
static int64_t change_in(const struct change_day *c, int32_t year)
{
	struct ord_date date = {year, 1, 1};
	int64_t day, next;

	if (c->by == BY_WEEKDAY)
		date.month = (uint8_t)c->month;
	day = ord_days_of(date);
	if (c->by == BY_DAY) {
		day += c->day;
	} else if (c->by == BY_JULIAN) {
		day += c->day - 1 + (c->day > 59 && ord_month_days(year, 2) == 29);
	} else {
		next = day + ord_month_days(year, date.month);
		day += (c->day + 7 - (int)ord_weekday(day)) % 7 + 7 * (c->week - 1);
		if (day >= next) /* the fifth is the last */
			day -= 7;
	}
	return day * ORD_DAY_S + c->at_s;
}

/* Adds a change of the rule where it is after all that the table told. */
static int change_add(struct ord_zone *zone, int64_t told_s, int64_t utc_s, int32_t offset_s,
		      struct ord_err *err)
{
	return utc_s > told_s ? zone_add(zone, utc_s, offset_s, err) : 0;
}

int rule_extend(const char *text, struct ord_zone *zone, struct ord_err *err)
{
	int64_t told_s = zone->n ? zone->changes[zone->n - 1].utc_s : INT64_MIN, begin, end;
	int64_t last_s = ord_days_of((struct ord_date){ZONE_YEAR_LAST, 12, 31}) * ORD_DAY_S;
	int32_t year = ZONE_YEAR_FIRST;
	struct rule r;

	if (rule_read(text, &r))
		return ord_fail(err, ORD_USAGE, "its rule '%s' is damaged", text);
	if (!r.has_summer && !zone->n)
		zone->first_s = r.standard_s;
	/* A table may end billions of years from here, on either side. */
	if (told_s > last_s)
		return 0;
	if (told_s > 0)
		year = ord_date_of(ord_day_of(told_s)).year;
	for (; r.has_summer && year <= ZONE_YEAR_LAST; year++) {
		begin = change_in(&r.begin, year) - r.standard_s;
		end = change_in(&r.end, year) - r.summer_s;
		if (end < begin && change_add(zone, told_s, end, r.standard_s, err))
			return -1;
		if (change_add(zone, told_s, begin, r.summer_s, err))
			return -1;
		/* Summer time that ends as the next begins lasts for ever. */
		if (end >= begin && end != change_in(&r.begin, year + 1) - r.standard_s &&
		    change_add(zone, told_s, end, r.standard_s, err))
			return -1;
	}
	return 0;
}
