/* Times, dates and pauses as they are written. */
#include <ctype.h>
#include <string.h>

#include "base/civil.h"
#include "base/clock.h"
#include "ordeal/calendar.h"

#define YEAR_FIRST 1970
#define YEAR_LAST  2200

/* Exactly n digits within [min, max], and what comes after them; '\0' is the end of the text. */
static int digits(const char **p, unsigned n, int min, int max, int *ret)
{
	int v = 0;

	for (; n; n--, (*p)++) {
		if (!isdigit((unsigned char)**p))
			return -1;
		v = v * 10 + (**p - '0');
	}
	*ret = v;
	return v < min || v > max ? -1 : 0;
}

static int sign_of(const char **p, char c)
{
	return *(*p)++ == c ? 0 : -1;
}

/* ".." */
static int dots(const char **p)
{
	if (strncmp(*p, "..", 2) != 0)
		return -1;
	*p += 2;
	return 0;
}

/* "2026-12-01" */
static int date_of(const char **p, struct ord_date *ret)
{
	int year, month, day;

	if (digits(p, 4, YEAR_FIRST, YEAR_LAST, &year) || sign_of(p, '-') ||
	    digits(p, 2, 1, 12, &month) || sign_of(p, '-') || digits(p, 2, 1, 31, &day) ||
	    (unsigned)day > ord_month_days(year, (unsigned)month))
		return -1;
	*ret = (struct ord_date){year, (uint8_t)month, (uint8_t)day};
	return 0;
}

/* "10:00", "10:00:30", "24:00" */
static int clock_of(const char **p, int32_t *ret_s)
{
	int h, m, s = 0;

	if (digits(p, 2, 0, 24, &h) || sign_of(p, ':') || digits(p, 2, 0, 59, &m))
		return -1;
	if (**p == ':' && ((*p)++, digits(p, 2, 0, 59, &s)))
		return -1;
	*ret_s = h * 3600 + m * 60 + s;
	return *ret_s > ORD_DAY_S ? -1 : 0;
}

/* "Z", "+01:00", or nothing, which is local. */
static int offset_of(const char **p, struct ord_time *t)
{
	int h, m, sign = **p == '-' ? -1 : 1;

	if (**p == 'Z' || **p == 'z') {
		(*p)++;
		t->is_local = false;
	} else if (**p == '+' || **p == '-') {
		(*p)++;
		if (digits(p, 2, 0, 23, &h) || sign_of(p, ':') || digits(p, 2, 0, 59, &m))
			return -1;
		t->is_local = false;
		t->s -= sign * (h * 3600 + m * 60);
	}
	return 0;
}

static int time_of(const char **p, struct ord_time *ret)
{
	struct ord_time t = {.is_local = true};
	struct ord_date date;
	int32_t of_day = 0;

	if (date_of(p, &date))
		return -1;
	t.s = ord_days_of(date) * ORD_DAY_S;
	if (**p == 'T' || **p == 't' || (**p == ' ' && isdigit((unsigned char)(*p)[1]))) {
		(*p)++;
		if (clock_of(p, &of_day))
			return -1;
		t.s += of_day;
		if (offset_of(p, &t))
			return -1;
	}
	*ret = t;
	return 0;
}

int ord_time_parse(const char *text, struct ord_time *ret, struct ord_err *err)
{
	const char *p = text;
	struct ord_time t;

	if (time_of(&p, &t) || *p)
		return ord_fail(err, ORD_USAGE,
				"'%.48s' is no time from %d to %d; write it as in "
				"'2026-12-01T10:00' (local) or '2026-12-01T10:00:00Z'",
				text, YEAR_FIRST, YEAR_LAST);
	*ret = t;
	return 0;
}

int ord_day_time_parse(const char *text, int32_t *ret_s, struct ord_err *err)
{
	const char *p = text;
	int32_t s;

	if (clock_of(&p, &s) || *p)
		return ord_fail(err, ORD_USAGE,
				"'%.16s' is no time of a day; write it as in '09:00', to '24:00'",
				text);
	*ret_s = s;
	return 0;
}

/* "12-24" */
static int month_day(const char **p, uint8_t *ret_month, uint8_t *ret_day)
{
	int month, day;

	if (digits(p, 2, 1, 12, &month) || sign_of(p, '-') || digits(p, 2, 1, 31, &day) ||
	    (unsigned)day > ord_month_days(2000, (unsigned)month))
		return -1;
	*ret_month = (uint8_t)month;
	*ret_day = (uint8_t)day;
	return 0;
}

static int yearly_of(const char *p, struct ord_pause *ret)
{
	struct ord_pause r = {.is_yearly = true};

	if (month_day(&p, &r.from_month, &r.from_day))
		return -1;
	r.to_month = r.from_month;
	r.to_day = r.from_day;
	if (*p && (dots(&p) || month_day(&p, &r.to_month, &r.to_day)))
		return -1;
	if (*p)
		return -1;
	*ret = r;
	return 0;
}

/* A date stands for its whole day, as an end too. */
static int dates_of(const char *p, struct ord_pause *ret)
{
	struct ord_time from, to;
	const char *begin = p;
	int64_t whole;

	if (time_of(&p, &from) || !from.is_local)
		return -1;
	to = from;
	whole = p - begin == 10 ? ORD_DAY_S : 0;
	if (*p) {
		if (dots(&p))
			return -1;
		begin = p;
		if (time_of(&p, &to) || !to.is_local || *p)
			return -1;
		whole = p - begin == 10 ? ORD_DAY_S : 0;
	}
	if (to.s + whole <= from.s)
		return -1;
	*ret = (struct ord_pause){.from_s = from.s, .to_s = to.s + whole};
	return 0;
}

int ord_pause_parse(const char *text, struct ord_pause *ret, struct ord_err *err)
{
	bool yearly = strlen(text) > 2 && text[2] == '-';

	if (yearly ? !yearly_of(text, ret) : !dates_of(text, ret))
		return 0;
	return ord_fail(err, ORD_USAGE,
			"'%.48s' is no date or span of dates, in local time and in order; write "
			"it as in '2026-12-24', '2026-12-24..2027-01-02', '12-24..01-02' (each "
			"year) or '2026-12-24T18:00..2026-12-27T06:00'",
			text);
}
