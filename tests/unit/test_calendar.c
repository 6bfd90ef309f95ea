/* Schedules: what they say, and when they run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "ordeal/calendar.h"

#define S   ((int64_t)ORD_S)
#define DAY (86400 * S)

static int64_t utc(const char *text)
{
	int64_t ns = 0;

	assert_int_equal(ord_parse_utc(text, &ns), 0);
	return ns;
}

static int64_t local(const char *text)
{
	struct ord_time t = {0};
	struct ord_err err;

	assert_int_equal(ord_time_parse(text, &t, &err), 0);
	assert_true(t.is_local);
	return t.s;
}

static struct ord_schedule cron(const char *text, const char *zone)
{
	struct ord_schedule s = {.kind = ORD_SCHEDULE_CRON};
	struct ord_err err;
	size_t at;

	if (ord_cron_parse(text, &s.cron, &at, &err))
		fail_msg("%s: %s", text, err.msg);
	(void)snprintf(s.zone, sizeof s.zone, "%s", zone);
	return s;
}

static void add_window(struct ord_schedule *s, const char *days, int from_h, int to_h)
{
	struct ord_window *w = &s->windows[s->n_windows++];
	struct ord_err err;

	assert_int_equal(ord_weekdays_parse(days, &w->weekdays, &err), 0);
	w->from_s = from_h * 3600;
	w->to_s = to_h * 3600;
}

static void add_pause(struct ord_schedule *s, const char *text)
{
	struct ord_err err;

	if (ord_pause_parse(text, &s->pauses[s->n_pauses++], &err))
		fail_msg("%s: %s", text, err.msg);
}

static struct ord_calendar *open_as(const struct ord_schedule *s, const char *name, uint64_t seed)
{
	struct ord_calendar *c = NULL;
	struct ord_err err;

	if (ord_calendar_open(s, name, seed, &c, &err))
		fail_msg("%s", err.msg);
	return c;
}

/* The instants after `from`, as they follow; "" ends the list, "never" is no other. */
static void check(const struct ord_schedule *s, const char *from, const char *const *want)
{
	struct ord_calendar *c = open_as(s, "x", 1);
	int64_t after = utc(from);
	struct ord_due due;
	char text[32];

	for (; **want; want++) {
		if (!ord_calendar_next(c, after, &due)) {
			assert_string_equal("never", *want);
			break;
		}
		ord_format_utc((uint64_t)due.planned_ns, text);
		text[19] = '\0';
		assert_string_equal(text, *want);
		after = due.planned_ns;
	}
	ord_calendar_close(c);
}
#define CHECK(s, from, ...) check(s, from, (const char *const[]){__VA_ARGS__, ""})

static void check_cron(const char *text, const char *after, const char *want)
{
	struct ord_schedule s = cron(text, "");
	int64_t next = ord_cron_next(&s.cron, local(after));

	if (next != local(want))
		fail_msg("%s after %s: %lld s before %s", text, after,
			 (long long)(local(want) - next), want);
}

static void cron_next(void **state)
{
	(void)state;
	check_cron("0 10 * * mon-fri", "2026-11-20T10:00", "2026-11-23T10:00");
	check_cron("*/15 * * * *", "2026-11-21T10:07:12", "2026-11-21T10:15");
	check_cron("*/15 * * * *", "2026-11-21T23:45", "2026-11-22T00:00");
	check_cron("30 0 0 * * *", "2026-12-31T23:59:59", "2027-01-01T00:00:30");
	check_cron("59 59 23 31 12 *", "2026-11-21T10:00", "2026-12-31T23:59:59");
	check_cron("0 0 29 2 *", "2026-11-21T10:00", "2028-02-29T00:00");
	check_cron("0 0 29 2 *", "2096-02-29T00:00", "2104-02-29T00:00");
	check_cron("0 0 L * *", "2027-02-01T00:00", "2027-02-28T00:00");
	check_cron("0 0 L * *", "2028-02-01T00:00", "2028-02-29T00:00");
	check_cron("0 0 L-2 * *", "2026-11-21T00:00", "2026-11-28T00:00");
	check_cron("0 0 * * fri#2", "2026-11-21T00:00", "2026-12-11T00:00");
	check_cron("0 0 * * 5L", "2026-11-21T00:00", "2026-11-27T00:00");
	check_cron("0 0 * * monL", "2026-11-21T00:00", "2026-11-30T00:00");
	check_cron("0 0 * * mon#5", "2026-12-01T00:00", "2027-03-29T00:00");
	check_cron("0 0 * * 7", "2026-11-21T00:00", "2026-11-22T00:00");
	check_cron("0 0 * * sat-mon", "2026-11-23T00:00", "2026-11-28T00:00");
	check_cron("0 0 * * sat-mon", "2026-11-22T00:00", "2026-11-23T00:00");
	check_cron("0 0 * JAN Sun", "2026-11-21T00:00", "2027-01-03T00:00");
	check_cron("@monthly", "2026-11-21T00:00", "2026-12-01T00:00");
	/* Both restrict: either is enough. One begins with a star: both must hold. */
	check_cron("0 0 13 * fri", "2026-11-01T00:00", "2026-11-06T00:00");
	check_cron("0 0 13 * fri", "2026-11-07T00:00", "2026-11-13T00:00");
	check_cron("0 0 */2 * fri", "2026-11-01T00:00", "2026-11-13T00:00");
	check_cron("0 0 ? * fri", "2026-11-01T00:00", "2026-11-06T00:00");
}

struct bad {
	const char *text;
	size_t at;
	const char *says;
};

static void cron_wrong(void **state)
{
	static const struct bad of[] = {
		{"", 0, "0 words"},
		{"0 10 * *", 0, "4 words"},
		{"0 0 10 * * mon 2026", 0, "7 words"},
		{"@reboot", 0, "'@reboot' is no time"},
		{"@every 90m", 0, "every: 90m"},
		{"@fortnightly", 0, "@weekly"},
		{"60 * * * *", 0, "60 is not within 0 to 59"},
		{"0 24 * * *", 2, "24 is not within 0 to 23"},
		{"0 0 0 * *", 4, "0 is not within 1 to 31"},
		{"0 0 * 13 *", 6, "13 is not within 1 to 12"},
		{"0 0 * * 8", 8, "8 is not within 0 to 7"},
		{"0 0 * * mon-fry", 12, "'fry' is no number or name"},
		{"0 0 * * monday", 8, "'monday' is no number or name"},
		{"0 22-2 * * *", 5, "say 22-23,0-2"},
		{"5/15 * * * *", 1, "say 5-59/15"},
		{"*/60 * * * *", 1, "a step here is 1 to 59"},
		{"*/0 * * * *", 1, "a step here is 1 to 59"},
		{"1,,2 * * * *", 2, "'' is no number"},
		{"1, * * * *", 2, "'' is no number"},
		{"? * * * *", 0, "'?' is no number"},
		{"0 0 15W * *", 6, "'W' is not understood here"},
		{"0 0 L-31 * *", 4, "1 to 30 days"},
		{"0 0 * * fri#6", 11, "first to the fifth"},
		{"0 0 * * L", 8, "'L' is no number or name"},
		{"0 0 30 2 *", 0, "never comes"},
		{"0 0 31 4,6,9,11 *", 0, "never comes"},
		{"99999999999 * * * *", 0, "is no number"},
		{"-1 * * * *", 0, "'-1' is no number"},
		{"0x1 * * * *", 1, "'x1' is not understood here"},
		{"0 0 * * \xff", 8, "is no number"},
	};
	struct ord_cron c;
	struct ord_err err;
	size_t at;

	(void)state;
	for (size_t i = 0; i < ORD_COUNT(of); i++) {
		if (!ord_cron_parse(of[i].text, &c, &at, &err))
			fail_msg("'%s' is taken", of[i].text);
		if (!strstr(err.msg, of[i].says) || at != of[i].at)
			fail_msg("'%s' says at %zu, not %zu: %s", of[i].text, at, of[i].at,
				 err.msg);
	}
}

/* Clocks in Berlin: put forward on 28 March 2027 at 01:00Z, back on 31 October at 01:00Z. */
static void clocks_are_changed(void **state)
{
	struct ord_schedule s = cron("30 2 * * *", "Europe/Berlin");
	struct ord_calendar *c;
	struct ord_due due;

	(void)state;
	CHECK(&s, "2027-03-27T12:00:00Z", "2027-03-28T01:00:00", "2027-03-29T00:30:00");
	CHECK(&s, "2027-10-30T12:00:00Z", "2027-10-31T00:30:00", "2027-11-01T01:30:00");
	/* Between the first half past two and the second. */
	CHECK(&s, "2027-10-31T01:15:00Z", "2027-11-01T01:30:00");
	c = open_as(&s, "x", 1);
	assert_true(ord_calendar_next(c, utc("2027-03-27T12:00:00Z"), &due));
	assert_int_equal(due.missing_local_s, local("2027-03-28T02:30"));
	assert_true(ord_calendar_next(c, due.planned_ns, &due));
	assert_int_equal(due.missing_local_s, ORD_NEVER);
	ord_calendar_close(c);
	/* All that is meant within the hour that is left out, and the hour after, is one run. */
	s = cron("*/20 2,3 * * *", "Europe/Berlin");
	CHECK(&s, "2027-03-28T00:59:00Z", "2027-03-28T01:00:00", "2027-03-28T01:20:00");
	/* A whole day was left out: Samoa, 30 December 2011. */
	s = cron("0 12 30 12 *", "Pacific/Apia");
	CHECK(&s, "2011-12-01T00:00:00Z", "2011-12-30T10:00:00", "2012-12-29T22:00:00");
	/* Half an hour: Lord Howe. */
	s = cron("15 2 * * *", "Australia/Lord_Howe");
	CHECK(&s, "2026-10-03T12:00:00Z", "2026-10-03T15:30:00", "2026-10-04T15:15:00");
}

static void windows_and_pauses(void **state)
{
	struct ord_schedule s = cron("0 * * * *", "UTC");

	(void)state;
	add_window(&s, "mon-fri", 9, 11);
	add_window(&s, "fri", 22, 26);
	CHECK(&s, "2026-11-20T10:00:00Z", "2026-11-20T22:00:00", "2026-11-20T23:00:00",
	      "2026-11-21T00:00:00", "2026-11-21T01:00:00", "2026-11-23T09:00:00",
	      "2026-11-23T10:00:00", "2026-11-24T09:00:00");
	add_pause(&s, "2026-11-23");
	add_pause(&s, "2026-11-24T09:30..2026-11-26T10:00");
	CHECK(&s, "2026-11-21T01:00:00Z", "2026-11-24T09:00:00", "2026-11-26T10:00:00");
	s = cron("0 12 * * *", "UTC");
	add_pause(&s, "12-24..01-02");
	add_pause(&s, "02-29");
	CHECK(&s, "2026-12-22T12:00:00Z", "2026-12-23T12:00:00", "2027-01-03T12:00:00");
	CHECK(&s, "2027-01-01T00:00:00Z", "2027-01-03T12:00:00");
	CHECK(&s, "2027-02-27T12:00:00Z", "2027-02-28T12:00:00", "2027-03-01T12:00:00");
	CHECK(&s, "2028-02-28T12:00:00Z", "2028-03-01T12:00:00");
	/* No window is ever open at that hour. */
	s = cron("0 12 * * *", "UTC");
	add_window(&s, "mon-sun", 1, 2);
	CHECK(&s, "2026-11-21T00:00:00Z", "never");
}

static void every_and_at(void **state)
{
	struct ord_schedule s = {.kind = ORD_SCHEDULE_EVERY, .every_ns = 5400 * ORD_S};
	struct ord_calendar *c;
	struct ord_err err;

	(void)state;
	CHECK(&s, "2026-11-21T00:10:00Z", "2026-11-21T01:30:00", "2026-11-21T03:00:00");
	s.from = (struct ord_time){utc("2026-11-22T00:10:00Z") / S, false};
	CHECK(&s, "2026-11-21T00:10:00Z", "2026-11-22T00:10:00", "2026-11-22T01:40:00");
	add_window(&s, "mon", 9, 10);
	CHECK(&s, "2026-11-21T00:10:00Z", "2026-11-23T09:10:00", "2026-11-30T09:10:00");
	s = (struct ord_schedule){.kind = ORD_SCHEDULE_AT, .zone = "Europe/Berlin", .n_at = 2};
	s.at[0] = (struct ord_time){local("2026-12-01T10:00"), true};
	s.at[1] = (struct ord_time){utc("2026-11-30T10:00:00Z") / S, false};
	CHECK(&s, "2026-11-21T00:00:00Z", "2026-11-30T10:00:00", "2026-12-01T09:00:00", "never");
	add_window(&s, "mon", 0, 24);
	assert_int_equal(ord_calendar_open(&s, "x", 1, &c, &err), -1);
	assert_non_null(
		strstr(err.msg, "2026-12-01T09:00:00.000Z of 'at' is not within 'windows'"));
}

/* A hundred weeks: so many in each period, all within the windows, spread over them. */
static void random_instants(void **state)
{
	struct ord_schedule s = {.kind = ORD_SCHEDULE_RANDOM,
				 .zone = "Europe/Berlin",
				 .each = ORD_PERIOD_DAY,
				 .times = 2};
	struct ord_calendar *c, *again, *other;
	int64_t after = utc("2026-11-23T00:00:00Z"), end = after + 700 * DAY, day = 0;
	unsigned n = 0, same_day = 0, of_hour[24] = {0}, differ = 0;
	struct ord_due due, b;

	(void)state;
	add_window(&s, "mon-fri", 9, 12);
	add_window(&s, "mon-fri", 14, 15);
	c = open_as(&s, "x", 1);
	again = open_as(&s, "x", 1);
	other = open_as(&s, "y", 1);
	while (ord_calendar_next(c, after, &due) && due.planned_ns < end) {
		int64_t shown = due.planned_ns / S +
				ord_zone_offset(ord_calendar_zone(c), due.planned_ns / S);

		assert_true(due.planned_ns > after);
		assert_int_equal(due.at_ns, due.planned_ns);
		same_day = shown / 86400 == day ? same_day + 1 : 1;
		assert_true(same_day <= 2);
		day = shown / 86400;
		assert_in_range((day + 4) % 7, 1, 5);
		of_hour[shown / 3600 % 24]++;
		assert_true(ord_calendar_next(again, after, &b) && b.planned_ns == due.planned_ns);
		differ += ord_calendar_next(other, after, &b) && b.planned_ns != due.planned_ns;
		after = due.planned_ns;
		n++;
	}
	assert_int_equal(n, 1000);
	assert_int_equal(of_hour[9] + of_hour[10] + of_hour[11] + of_hour[14], 1000);
	/* 250 each, and 1.6e-6 for being off by 68 or more (binomial). */
	for (int h = 9; h < 15; h++)
		if (h < 12 || h == 14)
			assert_in_range(of_hour[h], 183, 317);
	assert_true(differ > 990);
	ord_calendar_close(c);
	ord_calendar_close(again);
	ord_calendar_close(other);
}

/* As many as asked for in each hour that is open, and none while it is paused. */
static void random_in_periods_and_pauses(void **state)
{
	struct ord_schedule s = {
		.kind = ORD_SCHEDULE_RANDOM, .each = ORD_PERIOD_HOUR, .times = ORD_DRAWS_MAX};
	int64_t after = utc("2026-11-23T00:00:00Z"), begin = after;
	unsigned of_hour[24] = {0};
	struct ord_calendar *c;
	struct ord_due due;

	(void)state;
	add_window(&s, "mon", 9, 12);
	add_pause(&s, "2026-11-23T10:00..2026-11-23T10:50");
	c = open_as(&s, "x", 1);
	for (unsigned i = 0; i < 3 * ORD_DRAWS_MAX; i++, after = due.planned_ns) {
		assert_true(ord_calendar_next(c, after, &due));
		of_hour[(due.planned_ns - begin) / (3600 * S) % 24]++;
		assert_false(due.planned_ns >= begin + 36000 * S &&
			     due.planned_ns < begin + 39000 * S);
	}
	for (int h = 9; h < 12; h++)
		assert_int_equal(of_hour[h], ORD_DRAWS_MAX);
	assert_true(ord_calendar_next(c, after, &due) && due.planned_ns > begin + 7 * DAY);
	ord_calendar_close(c);
}

static void jitter_stays_in_its_window(void **state)
{
	struct ord_schedule s = cron("50 9 * * *", "UTC");
	struct ord_calendar *c;
	int64_t after = utc("2026-11-21T00:00:00Z"), latest = 0;
	struct ord_due due;

	(void)state;
	s.jitter_ns = 3600 * ORD_S;
	add_window(&s, "mon-sun", 9, 10);
	c = open_as(&s, "x", 7);
	for (unsigned i = 0; i < 500; i++, after = due.planned_ns) {
		assert_true(ord_calendar_next(c, after, &due));
		assert_in_range(due.at_ns - due.planned_ns, 0, 600 * S - 1);
		latest = due.at_ns - due.planned_ns > latest ? due.at_ns - due.planned_ns : latest;
	}
	assert_true(latest > 580 * S); /* 5e-8 for none of 500 in the last thirtieth */
	ord_calendar_close(c);
}

static void zones_wrong(void **state)
{
	static const char *const names[] = {
		"Mars/Olympus", "../etc/passwd", "/etc/localtime", "Europe", "", "Europe/Berlin/x"};
	struct ord_zone *zone = NULL;
	struct ord_err err;

	(void)state;
	for (size_t i = 0; i < ORD_COUNT(names); i++) {
		assert_int_equal(ord_zone_open(names[i], &zone, &err), -1);
		assert_null(zone);
	}
	assert_int_equal(ord_zone_open("UTC", &zone, &err), 0);
	assert_int_equal(ord_zone_offset(zone, 0), 0);
	ord_zone_close(zone);
}

static void times_wrong(void **state)
{
	static const char *const times[] = {
		"2026-12-01 ", "2026-13-01",	     "2027-02-29",
		"10:00",       "2026-12-01T10",	     "2026-12-01T24:01",
		"1969-12-31",  "2026-12-01T10:00+1", "2026-12-01T10:00:61"};
	static const char *const pauses[] = {"2026-12-24..2026-12-23",
					     "12-32",
					     "02-30",
					     "24.12.",
					     "2026-12-24T10:00",
					     "2026-12-24Z..2026-12-25",
					     "12-24..2027-01-02",
					     "2026-12-24T10:00..2026-12-24T10:00"};
	struct ord_pause pause;
	struct ord_time time;
	struct ord_err err;

	(void)state;
	for (size_t i = 0; i < ORD_COUNT(times); i++)
		if (!ord_time_parse(times[i], &time, &err))
			fail_msg("'%s' is taken", times[i]);
	for (size_t i = 0; i < ORD_COUNT(pauses); i++)
		if (!ord_pause_parse(pauses[i], &pause, &err))
			fail_msg("'%s' is taken", pauses[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cron_next),
		cmocka_unit_test(cron_wrong),
		cmocka_unit_test(clocks_are_changed),
		cmocka_unit_test(windows_and_pauses),
		cmocka_unit_test(every_and_at),
		cmocka_unit_test(random_instants),
		cmocka_unit_test(random_in_periods_and_pauses),
		cmocka_unit_test(jitter_stays_in_its_window),
		cmocka_unit_test(zones_wrong),
		cmocka_unit_test(times_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
