/* Cron expressions as they are read: crontab(5) of Vixie's cron, seconds, and the last and the nth
 * day. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "ordeal/calendar.h"
#include "scheduler/calendar/cron.h"

static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul",
					  "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const weekday_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};

struct field {
	const char *name;
	unsigned min, max;
	const char *const *names; /* of min and those that follow */
	const char *example;
};

enum { SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY, FIELDS };

static const struct field fields[FIELDS] = {
	[SECOND] = {"second", 0, 59, NULL, "0 or 0,30 or */10"},
	[MINUTE] = {"minute", 0, 59, NULL, "0 or 0,30 or */10"},
	[HOUR] = {"hour", 0, 23, NULL, "10 or 9-17 or */2"},
	[DAY] = {"day of the month", 1, 31, NULL, "1 or 1,15 or L (the last) or L-2"},
	[MONTH] = {"month", 1, 12, month_names, "1 or jan or mar-oct"},
	/* Seven is Sunday, too. */
	[WEEKDAY] = {"weekday", 0, 7, weekday_names,
		     "mon-fri or 1-5 or fri#2 (the second) or friL (the last)"},
};

/* One field as it is read. */
struct scan {
	const char *text, *p;
	const struct field *field;
	struct ord_cron *cron;
	size_t *ret_at;
	struct ord_err *err;
};

static int wrong(const struct scan *s, const char *at, const char *what)
{
	*s->ret_at = (size_t)(at - s->text);
	return ord_fail(s->err, ORD_USAGE, "%s: %s; write it as in %s", s->field->name, what,
			s->field->example);
}

/* What is left of the word. */
static int not_understood(const struct scan *s)
{
	char what[96];

	(void)snprintf(what, sizeof what, "'%.*s' is not understood here",
		       (int)strcspn(s->p, " \t,"), s->p);
	return wrong(s, s->p, what);
}

static int number_of(struct scan *s, unsigned *ret)
{
	const char *begin = s->p;
	unsigned v = 0;

	while (isdigit((unsigned char)*s->p) && s->p - begin < 4)
		v = v * 10 + (unsigned)(*s->p++ - '0');
	if (s->p == begin || isdigit((unsigned char)*s->p))
		return -1;
	*ret = v;
	return 0;
}

/* Names have three letters; after a weekday's may stand an L. */
static bool name_ends(const char *p, const struct field *f)
{
	if (f == &fields[WEEKDAY] && (*p == 'L' || *p == 'l'))
		p++;
	return !isalpha((unsigned char)*p);
}

/* A number or a name. */
static int value_of(struct scan *s, unsigned *ret)
{
	const struct field *f = s->field;
	const char *begin = s->p;
	char what[96];

	for (unsigned i = 0; f->names && f->names[i]; i++)
		if (!strncasecmp(s->p, f->names[i], 3) && name_ends(s->p + 3, f)) {
			s->p += 3;
			*ret = f->min + i;
			return 0;
		}
	if (number_of(s, ret)) {
		(void)snprintf(what, sizeof what, "'%.*s' is no number%s",
			       (int)strcspn(begin, " \t,"), begin, f->names ? " or name" : "");
		return wrong(s, begin, what);
	}
	if (*ret < f->min || *ret > f->max) {
		(void)snprintf(what, sizeof what, "%u is not within %u to %u", *ret, f->min,
			       f->max);
		return wrong(s, begin, what);
	}
	return 0;
}

/* After "lo-": only weekdays go round. */
static int range_end(struct scan *s, unsigned lo, unsigned *ret_hi)
{
	const char *begin = s->p;
	char what[96];
	unsigned hi;

	if (value_of(s, &hi))
		return -1;
	if (hi < lo && s->field == &fields[WEEKDAY])
		hi += 7;
	if (hi < lo) {
		(void)snprintf(what, sizeof what, "the range %u-%u runs backwards; say %u-%u,%u-%u",
			       lo, hi, lo, s->field->max, s->field->min, hi);
		return wrong(s, begin, what);
	}
	*ret_hi = hi;
	return 0;
}

static int step_of(struct scan *s, bool is_range, unsigned lo, unsigned hi, unsigned *ret)
{
	const char *begin = s->p;
	char what[96];

	*ret = 1;
	if (*s->p != '/')
		return 0;
	if (!is_range) {
		(void)snprintf(what, sizeof what, "a step needs a range before it; say %u-%u%.*s",
			       lo, s->field->max, (int)strcspn(begin, " \t,"), begin);
		return wrong(s, begin, what);
	}
	s->p++;
	if (lo == hi)
		return wrong(s, begin, "a range of one value takes no step");
	if (number_of(s, ret) || !*ret || *ret > hi - lo) {
		(void)snprintf(what, sizeof what, "a step here is 1 to %u", hi - lo);
		return wrong(s, begin, what);
	}
	return 0;
}

/* "L", "L-2": true where it was one, with its result. */
static bool last_day(struct scan *s, int *ret)
{
	const char *begin = s->p;
	unsigned before = 0;

	if (s->field != &fields[DAY] || (*s->p != 'L' && *s->p != 'l'))
		return false;
	s->p++;
	*ret = 0;
	if (*s->p == '-') {
		s->p++;
		if (number_of(s, &before) || before > 30)
			*ret = wrong(s, begin, "L- takes 1 to 30 days before the last");
	}
	if (!*ret)
		s->cron->last_days |= 1u << before;
	return true;
}

/* "fri#2", "friL", after the weekday. */
static bool nth_weekday(struct scan *s, unsigned weekday, int *ret)
{
	uint8_t bit = (uint8_t)(1u << weekday % 7);
	const char *begin = s->p;
	unsigned n = 0;

	if (s->field != &fields[WEEKDAY] || (*s->p != '#' && *s->p != 'L' && *s->p != 'l'))
		return false;
	*ret = 0;
	if (*s->p++ == '#' && (number_of(s, &n) || n < 1 || n > 5))
		*ret = wrong(s, begin, "# takes the first to the fifth of a month, 1 to 5");
	else
		s->cron->nth[n] |= bit;
	return true;
}

/* One item between commas: its bits are added. */
static int item_of(struct scan *s, uint64_t *bits)
{
	const struct field *f = s->field;
	unsigned lo = f->min, hi = f == &fields[WEEKDAY] ? 6 : f->max, step;
	bool range = true;
	int done;

	if (last_day(s, &done))
		return done;
	if (*s->p == '*') {
		s->p++;
	} else {
		if (value_of(s, &lo))
			return -1;
		if (nth_weekday(s, lo, &done))
			return done;
		hi = lo;
		range = *s->p == '-';
		if (range) {
			s->p++;
			if (range_end(s, lo, &hi))
				return -1;
		}
	}
	if (step_of(s, range, lo, hi, &step))
		return -1;
	for (unsigned v = lo; v <= hi; v += step)
		*bits |= 1ull << (f == &fields[WEEKDAY] ? v % 7 : v);
	return 0;
}

static int field_of(struct scan *s, uint64_t *ret_bits)
{
	bool day = s->field == &fields[DAY] || s->field == &fields[WEEKDAY];
	uint64_t bits = 0;

	if (*s->p == '?' && day) {
		s->p++;
		bits = ~0ull;
	} else {
		do {
			s->p += *s->p == ',';
			if (item_of(s, &bits))
				return -1;
		} while (*s->p == ',');
	}
	if (*s->p && !isblank((unsigned char)*s->p))
		return not_understood(s);
	*ret_bits = bits;
	return 0;
}

static const char *nickname(const char *text)
{
	static const struct {
		const char *name, *means;
	} of[] = {
		{"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
		{"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
		{"@hourly", "0 * * * *"},
	};

	for (size_t i = 0; i < ORD_COUNT(of); i++)
		if (!strcasecmp(text, of[i].name))
			return of[i].means;
	return NULL;
}

static size_t count_words(const char *text)
{
	size_t n = 0;

	for (const char *p = text; *(p += strspn(p, " \t")); n++)
		p += strcspn(p, " \t");
	return n;
}

static int words_wrong(const char *text, size_t n, struct ord_err *err)
{
	if (!strcasecmp(text, "@reboot"))
		return ord_fail(err, ORD_USAGE,
				"'@reboot' is no time; a schedule says when, as in '@daily'");
	if (!strncasecmp(text, "@every", 6))
		return ord_fail(err, ORD_USAGE, "an interval is 'every:%s' in place of 'cron:'",
				text[6] ? text + 6 : " 90m");
	if (*text == '@')
		return ord_fail(err, ORD_USAGE,
				"'%.32s' is not known; there are @yearly, @monthly, @weekly, "
				"@daily and @hourly",
				text);
	return ord_fail(err, ORD_USAGE,
			"%zu words where five are taken, minute, hour, day of the month, month "
			"and weekday, or six, the second before them; as in '0 10 * * mon-fri'",
			n);
}

static bool is_any(const char *word)
{
	return *word == '*' || *word == '?';
}

static int parse_fields(const char *text, size_t n, struct ord_cron *ret, size_t *ret_at,
			struct ord_err *err)
{
	uint64_t bits[FIELDS] = {[SECOND] = 1};
	struct ord_cron c = {0};
	struct scan s = {.text = text, .p = text, .cron = &c, .ret_at = ret_at, .err = err};

	for (size_t i = FIELDS - n; i < FIELDS; i++) {
		s.field = &fields[i];
		s.p += strspn(s.p, " \t");
		if (i == DAY)
			c.any_day = is_any(s.p);
		if (i == WEEKDAY)
			c.any_weekday = is_any(s.p);
		if (field_of(&s, &bits[i]))
			return -1;
	}
	c.seconds = bits[SECOND];
	c.minutes = bits[MINUTE];
	c.hours = (uint32_t)bits[HOUR];
	c.days = (uint32_t)bits[DAY];
	c.months = (uint16_t)bits[MONTH];
	c.weekdays = (uint8_t)(bits[WEEKDAY] & 0x7f);
	*ret = c;
	return 0;
}

int ord_cron_parse(const char *text, struct ord_cron *ret, size_t *ret_at, struct ord_err *err)
{
	const char *means = nickname(text);
	struct ord_cron c;
	size_t n;

	if (means)
		text = means;
	n = count_words(text);
	*ret_at = 0;
	if (*text == '@' || (n != 5 && n != 6))
		return words_wrong(text, n, err);
	if (parse_fields(text, n, &c, ret_at, err))
		return -1;
	if (ord_cron_next(&c, 0) == ORD_NEVER && c.weekdays != 0x7f)
		return ord_fail(err, ORD_USAGE,
				"no day is both that day of the month and that weekday, so it "
				"never comes; both must hold where one of them begins with '*'");
	if (ord_cron_next(&c, 0) == ORD_NEVER)
		return ord_fail(err, ORD_USAGE,
				"no month has such a day, so it never comes; the 31st is in "
				"1,3,5,7,8,10 and 12, the last day of each month is L");
	*ret = c;
	return 0;
}

int ord_weekdays_parse(const char *text, uint8_t *ret, struct ord_err *err)
{
	struct ord_cron c = {0};
	uint64_t bits;
	size_t at;
	struct scan s = {.text = text,
			 .p = text,
			 .field = &fields[WEEKDAY],
			 .cron = &c,
			 .ret_at = &at,
			 .err = err};

	if (field_of(&s, &bits))
		return -1;
	for (size_t i = 0; i < ORD_COUNT(c.nth); i++)
		if (c.nth[i])
			return wrong(&s, text, "a window is on a weekday of every week");
	if (*s.p)
		return not_understood(&s);
	*ret = (uint8_t)(bits & 0x7f);
	return 0;
}
