/* Every change of every zone from 2020 to 2040, beside the C library's own reading of the database.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/civil.h"
#include "base/clock.h"
#include "scheduler/calendar/zone.h"

#define DATABASE "/usr/share/zoneinfo"
#define FIRST	 1577836800ll /* 2020-01-01T00:00:00Z */
#define LAST	 2240524800ll /* 2041-01-01T00:00:00Z */
#define STEP	 (24 * 3600)
#define NAMES	 1000

static char *names[NAMES];
static size_t n_names, n_changes;

static int offset_at(int64_t utc_s)
{
	time_t t = (time_t)utc_s;
	struct tm tm;

	assert_non_null(localtime_r(&t, &tm));
	return (int)tm.tm_gmtoff;
}

static int see(const char *path, const struct stat *st, int type, struct FTW *at)
{
	char magic[4] = "";
	FILE *f;

	(void)st;
	(void)at;
	if (type != FTW_F || strstr(path, "/right/") || strstr(path, "/posix/"))
		return 0;
	f = fopen(path, "re");
	assert_non_null(f);
	if (fread(magic, 1, 4, f) == 4 && !memcmp(magic, "TZif", 4) &&
	    ord_zone_named(path + sizeof DATABASE)) {
		assert_true(n_names < NAMES);
		names[n_names] = strdup(path + sizeof DATABASE);
		assert_non_null(names[n_names++]);
	}
	(void)fclose(f);
	return 0;
}

/* The second at which the offset changes, within (from, to]. */
static int64_t bisect(int64_t from, int64_t to)
{
	int before = offset_at(from);

	while (to - from > 1) {
		int64_t mid = (from + to) / 2;

		if (offset_at(mid) == before)
			from = mid;
		else
			to = mid;
	}
	return to;
}

/* The instants that show a local time, as the C library has it, near a change; at most two. */
static size_t instants(int64_t local_s, int before, int after, int64_t ret[2])
{
	int offsets[2] = {before > after ? before : after, before > after ? after : before};
	size_t n = 0;

	for (size_t i = 0; i < 2; i++)
		if (offset_at(local_s - offsets[i]) == offsets[i])
			ret[n++] = local_s - offsets[i];
	return n;
}

/* A schedule at one local time: it runs once, and when. */
static void check_runs(const char *name, int64_t local_s, int64_t want_s)
{
	int64_t day = ord_day_of(local_s), of_day = local_s - day * ORD_DAY_S;
	struct ord_date d = ord_date_of(day);
	struct ord_schedule schedule = {.kind = ORD_SCHEDULE_CRON};
	struct ord_calendar *calendar;
	struct ord_due due;
	struct ord_err err;
	size_t at;

	(void)snprintf(schedule.cron_text, sizeof schedule.cron_text, "%d %d %d %d %d *",
		       (int)(of_day % 60), (int)(of_day / 60 % 60), (int)(of_day / 3600), d.day,
		       d.month);
	(void)snprintf(schedule.zone, sizeof schedule.zone, "%s", name);
	assert_int_equal(ord_cron_parse(schedule.cron_text, &schedule.cron, &at, &err), 0);
	assert_int_equal(ord_calendar_open(&schedule, "x", 1, &calendar, &err), 0);
	assert_true(ord_calendar_next(calendar, (want_s - 100 * ORD_DAY_S) * (int64_t)ORD_S, &due));
	assert_int_equal(due.planned_ns, want_s * (int64_t)ORD_S);
	assert_int_equal(due.at_ns, due.planned_ns);
	if (ord_calendar_next(calendar, due.planned_ns, &due))
		assert_true(due.planned_ns > (want_s + 300 * ORD_DAY_S) * (int64_t)ORD_S);
	ord_calendar_close(calendar);
}

static void check_local(const char *name, const struct ord_zone *zone, int64_t change, int before,
			int after, int64_t local_s)
{
	enum ord_local kind;
	int64_t found[2], utc = ord_zone_utc(zone, local_s, &kind);
	size_t n = instants(local_s, before, after, found);

	assert_int_equal(kind, n == 2	? ORD_LOCAL_TWICE
			       : n == 1 ? ORD_LOCAL_ONCE
					: ORD_LOCAL_NEVER);
	assert_int_equal(utc, n ? found[0] : change);
	check_runs(name, local_s, utc);
}

static void check_change(const char *name, const struct ord_zone *zone, int64_t change)
{
	int before = offset_at(change - 1), after = offset_at(change);
	int lo = before < after ? before : after, hi = before < after ? after : before;

	check_local(name, zone, change, before, after, change + lo - 1);
	check_local(name, zone, change, before, after, change + lo);
	check_local(name, zone, change, before, after, change + (lo + hi) / 2);
	check_local(name, zone, change, before, after, change + hi - 1);
	check_local(name, zone, change, before, after, change + hi);
	/* What has passed at an instant is the last that is not after it. */
	for (int64_t utc = change - 2; utc <= change + (hi - lo) + 1; utc += (hi - lo) / 4 + 1) {
		int64_t passed = ord_zone_passed(zone, utc);

		assert_true(ord_zone_utc(zone, passed, NULL) <= utc);
		assert_true(ord_zone_utc(zone, passed + 1, NULL) > utc);
	}
	n_changes++;
}

static int64_t next_change(const struct ord_zone *zone, int64_t utc_s)
{
	for (size_t i = 0; i < zone->n; i++)
		if (zone->changes[i].utc_s > utc_s)
			return zone->changes[i].utc_s;
	return ORD_NEVER;
}

static void check_zone(const char *name)
{
	struct ord_zone *zone;
	int64_t next, change;
	struct ord_err err;
	int before, after;

	assert_int_equal(setenv("TZ", name, 1), 0);
	tzset();
	assert_int_equal(ord_zone_open(name, &zone, &err), 0);
	next = next_change(zone, FIRST);
	before = offset_at(FIRST);
	for (int64_t t = FIRST; t < LAST; t += STEP, before = after) {
		assert_int_equal(ord_zone_offset(zone, t), before);
		after = offset_at(t + STEP);
		if (after == before)
			continue;
		change = bisect(t, t + STEP);
		assert_int_equal(next, change);
		check_change(name, zone, change);
		next = next_change(zone, change);
	}
	assert_true(next >= LAST);
	ord_zone_close(zone);
}

static void every_change_of_every_zone(void **state)
{
	(void)state;
	assert_int_equal(nftw(DATABASE, see, 16, FTW_PHYS), 0);
	for (size_t i = 0; i < n_names; i++) {
		check_zone(names[i]);
		free(names[i]);
	}
	print_message("%zu zones, %zu changes\n", n_names, n_changes);
	assert_true(n_names > 300);
	assert_true(n_changes > 4000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_change_of_every_zone)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
