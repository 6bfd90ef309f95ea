/* The agenda: what is due, in which order, and what is to be done about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/rng.h"
#include "ordeal/agenda.h"

#define S     ((int64_t)ORD_S)
#define MIN   (60 * S)
#define HOUR  (3600 * S)
#define DAY   (86400 * S)
#define NEVER ORD_NEVER

static int64_t utc(const char *text)
{
	int64_t ns = 0;

	assert_int_equal(ord_parse_utc(text, &ns), 0);
	return ns;
}

static struct ord_schedule every(int64_t ns)
{
	return (struct ord_schedule){.kind = ORD_SCHEDULE_EVERY, .every_ns = (uint64_t)ns};
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

static struct ord_agenda *agenda(void)
{
	struct ord_agenda *a = NULL;

	assert_int_equal(ord_agenda_new(&a, NULL), 0);
	return a;
}

static uint32_t put(struct ord_agenda *a, const char *name, const struct ord_schedule *s,
		    int64_t cursor_ns)
{
	struct ord_agenda_item item = {
		.name = name, .file = name, .schedule = s, .cursor_ns = cursor_ns};
	struct ord_err err;
	uint32_t id = ORD_AGENDA_NONE;

	if (ord_agenda_put(a, &item, &id, &err))
		fail_msg("%s", err.msg);
	return id;
}

/* "start 3 | catch-up 1..2 (2)", in minutes since `base`. */
static const char *told(const struct ord_agenda_due *due, int64_t base, char out[static 256])
{
	size_t n = 0;

	*out = '\0';
	for (size_t i = 0; i < due->n_skipped; i++)
		n += (size_t)snprintf(out + n, 256 - n, "%s%s %lld..%lld (%llu)", n ? " | " : "",
				      ord_skip_name(due->skipped[i].reason),
				      (long long)((due->skipped[i].first_ns - base) / MIN),
				      (long long)((due->skipped[i].last_ns - base) / MIN),
				      (unsigned long long)due->skipped[i].n);
	for (size_t i = 0; i < due->n_start; i++)
		n += (size_t)snprintf(out + n, 256 - n, "%s%s %lld", n ? " | " : "",
				      due->start[i].catch_up ? "catch up" : "start",
				      (long long)((due->start[i].planned_ns - base) / MIN));
	return out;
}

/* What a schedule of every ten minutes does at `now` (minutes) since midnight. */
static void check_policy(enum ord_catch_up catch_up, uint32_t max, int now, bool halted,
			 bool paused, bool skip_next, const char *want)
{
	int64_t base = utc("2026-11-23T00:00:00Z");
	struct ord_schedule s = every(10 * MIN);
	struct ord_agenda *a = agenda();
	struct ord_agenda_due due;
	char text[256] = "nothing";
	uint32_t id;

	s.catch_up = catch_up;
	s.catch_up_max = max;
	id = put(a, "x", &s, base);
	ord_agenda_set(a, id, paused, skip_next);
	if (ord_agenda_look(a, id, base + now * MIN, halted, &due))
		(void)told(&due, base, text);
	assert_string_equal(text, want);
	ord_agenda_free(a);
}

static void policies(void **state)
{
	(void)state;
	check_policy(ORD_CATCH_UP_SKIP, 0, 9, false, false, false, "nothing");
	check_policy(ORD_CATCH_UP_SKIP, 0, 10, false, false, false, "start 10");
	check_policy(ORD_CATCH_UP_SKIP, 0, 11, false, false, false, "start 10");
	check_policy(ORD_CATCH_UP_SKIP, 0, 12, false, false, false, "catch-up 10..10 (1)");
	check_policy(ORD_CATCH_UP_SKIP, 0, 45, false, false, false, "catch-up 10..40 (4)");
	check_policy(ORD_CATCH_UP_SKIP, 0, 41, false, false, false,
		     "catch-up 10..30 (3) | start 40");
	check_policy(ORD_CATCH_UP_ONCE, 0, 12, false, false, false, "catch up 10");
	check_policy(ORD_CATCH_UP_ONCE, 0, 45, false, false, false,
		     "catch-up 10..30 (3) | catch up 40");
	check_policy(ORD_CATCH_UP_ONCE, 0, 40, false, false, false,
		     "catch-up 10..30 (3) | start 40");
	check_policy(ORD_CATCH_UP_ALL, 2, 45, false, false, false,
		     "catch-up 10..20 (2) | catch up 30 | catch up 40");
	check_policy(ORD_CATCH_UP_ALL, 2, 40, false, false, false,
		     "catch-up 10..10 (1) | catch up 20 | catch up 30 | start 40");
	check_policy(ORD_CATCH_UP_ALL, 9, 25, false, false, false, "catch up 10 | catch up 20");
	check_policy(ORD_CATCH_UP_ONCE, 0, 45, true, true, true, "halted 10..40 (4)");
	check_policy(ORD_CATCH_UP_ONCE, 0, 45, false, true, true, "paused 10..40 (4)");
	check_policy(ORD_CATCH_UP_SKIP, 0, 10, false, false, true, "skip-next 10..10 (1)");
	check_policy(ORD_CATCH_UP_SKIP, 0, 41, false, false, true,
		     "skip-next 10..10 (1) | catch-up 20..30 (2) | start 40");
	check_policy(ORD_CATCH_UP_ALL, 5, 25, false, false, true,
		     "skip-next 10..10 (1) | catch up 20");
}

/* The flag is spent with the instant, and not while it is paused anyway. */
static void skip_next(void **state)
{
	int64_t base = utc("2026-11-23T00:00:00Z");
	struct ord_schedule s = every(10 * MIN);
	struct ord_agenda *a = agenda();
	struct ord_agenda_entry entry;
	struct ord_agenda_due due;
	uint32_t id = put(a, "x", &s, base);

	(void)state;
	ord_agenda_set(a, id, true, true);
	assert_true(ord_agenda_look(a, id, base + 10 * MIN, false, &due));
	ord_agenda_advance(a, &due);
	ord_agenda_set(a, id, false, due.skip_next);
	ord_agenda_entry(a, id, &entry);
	assert_true(entry.skip_next);
	assert_int_equal(entry.planned_ns, base + 20 * MIN);
	assert_true(ord_agenda_look(a, id, base + 20 * MIN, false, &due));
	assert_int_equal(due.n_start, 0);
	ord_agenda_advance(a, &due);
	assert_true(ord_agenda_look(a, id, base + 30 * MIN, false, &due));
	assert_int_equal(due.n_start, 1);
	assert_int_equal(due.n_skipped, 0);
	ord_agenda_free(a);
}

/* A year off, every second: one number, and no time. */
static void a_year_off(void **state)
{
	int64_t from = utc("2026-01-01T00:00:00Z"), now = utc("2027-01-01T00:00:30Z");
	struct ord_schedule s = cron("* * * * * *", "Europe/Berlin");
	struct ord_agenda *a = agenda();
	struct ord_agenda_due due;
	uint32_t id;
	double cpu;

	(void)state;
	s.catch_up = ORD_CATCH_UP_ALL;
	s.catch_up_max = ORD_CATCH_UP_MAX;
	s.n_windows = 1;
	s.windows[0] = (struct ord_window){0x3e, 9 * 3600, 17 * 3600};
	id = put(a, "x", &s, from - 1);
	cpu = (double)clock() / CLOCKS_PER_SEC;
	assert_true(ord_agenda_look(a, id, now, false, &due));
	cpu = (double)clock() / CLOCKS_PER_SEC - cpu;
	/* 261 weekdays of eight hours; the last 100 seconds of 31 December are caught up with. */
	assert_int_equal(due.skipped[0].n, 261ull * 8 * 3600 - 100);
	assert_int_equal(due.skipped[0].first_ns, utc("2026-01-01T08:00:00Z"));
	assert_int_equal(due.skipped[0].last_ns, utc("2026-12-31T15:58:19Z"));
	assert_int_equal(due.n_start, 100);
	assert_int_equal(due.start[0].planned_ns, utc("2026-12-31T15:58:20Z"));
	assert_int_equal(due.start[99].planned_ns, utc("2026-12-31T15:59:59Z"));
	assert_int_equal(due.cursor_ns, utc("2026-12-31T15:59:59Z"));
	assert_true(cpu < 0.5);
	ord_agenda_free(a);
}

/* A local time that clocks show twice is run once; and an hour later the clock, put back by hand,
 * shows it a third time. */
static void twice_is_once(void **state)
{
	struct ord_schedule s = cron("30 2 * * *", "Europe/Berlin");
	struct ord_agenda *a = agenda();
	struct ord_agenda_due due;
	uint32_t id = put(a, "x", &s, utc("2026-10-24T12:00:00Z"));
	unsigned n = 0;

	(void)state;
	for (int turn = 0; turn < 2; turn++)
		for (int64_t now = utc("2026-10-24T23:00:00Z"); now < utc("2026-10-26T01:30:00Z");
		     now += MIN)
			if (ord_agenda_look(a, id, now, false, &due)) {
				assert_int_equal(due.n_start, 1);
				assert_int_equal(due.start[0].planned_ns,
						 utc("2026-10-25T00:30:00Z"));
				ord_agenda_advance(a, &due);
				n++;
			}
	assert_int_equal(n, 1);
	assert_true(ord_agenda_look(a, id, utc("2026-10-26T01:30:00Z"), false, &due));
	ord_agenda_free(a);
}

/* In the order of their instants, after any puts, replacements and removals. */
static void order(void **state)
{
	enum { N = 2000 };
	int64_t base = utc("2026-11-23T00:00:00Z"), before = base, at;
	static int64_t want[N]; /* 0: there is no such entry */
	struct ord_agenda *a = agenda();
	struct ord_rng rng;
	char name[32];
	size_t n = 0;
	uint32_t id;

	(void)state;
	ord_rng_init(&rng, 7);
	for (unsigned turn = 0; turn < 5 * N; turn++) {
		unsigned i = (unsigned)ord_rng_below(&rng, N);
		int64_t ns = (int64_t)(1 + ord_rng_below(&rng, 100000)) * S;
		struct ord_schedule s = every(ns);

		(void)snprintf(name, sizeof name, "entry-%u", i);
		if (want[i] && ord_rng_below(&rng, 3) == 0) {
			ord_agenda_remove(a, ord_agenda_find(a, name));
			want[i] = 0;
			continue;
		}
		(void)put(a, name, &s, base);
		want[i] = (base / ns + 1) * ns;
	}
	for (unsigned i = 0; i < N; i++) {
		(void)snprintf(name, sizeof name, "entry-%u", i);
		id = ord_agenda_find(a, name);
		assert_int_equal(id != ORD_AGENDA_NONE, want[i] != 0);
		if (want[i])
			assert_string_equal(ord_agenda_name(a, id), name);
		n += want[i] != 0;
	}
	assert_int_equal(ord_agenda_count(a), n);
	for (; (id = ord_agenda_first(a, &at)) != ORD_AGENDA_NONE; n--) {
		unsigned i = (unsigned)strtoul(strchr(ord_agenda_name(a, id), '-') + 1, NULL, 10);

		assert_true(at >= before);
		assert_int_equal(at, want[i]);
		before = at;
		ord_agenda_remove(a, id);
	}
	assert_int_equal(n, 0);
	assert_int_equal(ord_agenda_count(a), 0);
	ord_agenda_free(a);
}

static void check_file(const char *name, const char *file, uint64_t seed)
{
	struct ord_agenda *a = agenda();
	struct ord_agenda_item item = {.name = name, .file = file, .seed = seed};
	struct ord_agenda_entry entry;
	char path[128];
	uint32_t id;

	assert_int_equal(ord_agenda_put(a, &item, &id, NULL), 0);
	assert_int_equal(ord_agenda_file(a, id, path, sizeof path), strlen(file));
	assert_string_equal(path, file);
	ord_agenda_entry(a, id, &entry);
	assert_false(entry.scheduled);
	assert_null(ord_agenda_zone(a, id, NULL));
	assert_true(entry.at_ns == NEVER);
	ord_agenda_free(a);
}

static void files(void **state)
{
	(void)state;
	check_file("orders", "orders.yaml", 0);
	check_file("orders", "./shop/orders.yml", 1);
	check_file("orders", "/etc/ordeal/orders-2.yaml", 1ull << 52);
	check_file("orders", "shop/Orders", 0);
	check_file("orders", "orders", 3);
}

/* The same instants as a calendar of its own, whatever else is on the agenda. */
static void as_the_calendar(void **state)
{
	int64_t base = utc("2026-03-01T00:00:00Z");
	struct ord_schedule all[6];
	struct ord_agenda *a = agenda();
	char name[16];

	(void)state;
	all[0] = cron("*/7 2 * * *", "Europe/Berlin");
	all[1] = cron("30 2 * * *", "Europe/Berlin");
	all[1].jitter_ns = 3600 * ORD_S;
	all[2] = every(97 * MIN);
	all[2].jitter_ns = 600 * ORD_S;
	all[3] = (struct ord_schedule){.kind = ORD_SCHEDULE_RANDOM, .each = ORD_PERIOD_DAY};
	all[3].times = 3;
	all[4] = (struct ord_schedule){.kind = ORD_SCHEDULE_AT, .n_at = 2};
	all[4].at[0].s = base / S + 99;
	all[4].at[1].s = base / S + 9999;
	all[5] = every(5 * S);
	all[5].jitter_ns = 60 * ORD_S;
	for (size_t i = 0; i < ORD_COUNT(all); i++) {
		(void)snprintf(name, sizeof name, "x%zu", i);
		(void)put(a, name, &all[i], base);
	}
	for (size_t i = 0; i < ORD_COUNT(all); i++) {
		struct ord_calendar *c = NULL;
		struct ord_due due = {.planned_ns = base};
		struct ord_agenda_entry entry;
		struct ord_agenda_due look;
		uint32_t id;

		(void)snprintf(name, sizeof name, "x%zu", i);
		id = ord_agenda_find(a, name);
		assert_string_equal(ord_agenda_zone(a, id, NULL), i < 2 ? "Europe/Berlin" : "UTC");
		assert_int_equal(ord_calendar_open(&all[i], name, 0, &c, NULL), 0);
		for (unsigned k = 0; k < 200; k++) {
			ord_agenda_entry(a, id, &entry);
			if (!ord_calendar_next(c, due.planned_ns, &due)) {
				assert_true(entry.planned_ns == NEVER);
				break;
			}
			assert_int_equal(entry.planned_ns, due.planned_ns);
			assert_int_equal(entry.at_ns, due.at_ns);
			assert_false(ord_agenda_look(a, id, due.at_ns - 1, false, &look));
			assert_true(ord_agenda_look(a, id, due.at_ns, false, &look));
			assert_int_equal(look.n_start, 1);
			assert_int_equal(look.start[0].at_ns, due.at_ns);
			ord_agenda_advance(a, &look);
		}
		ord_calendar_close(c);
	}
	ord_agenda_free(a);
}

/* A zone that is not there leaves what was on the agenda. */
static void put_refused(void **state)
{
	int64_t base = utc("2026-11-23T00:00:00Z");
	struct ord_schedule good = every(HOUR), bad = cron("@daily", "Europe/Berln");
	struct ord_agenda *a = agenda();
	struct ord_agenda_item item = {
		.name = "x", .file = "x.yaml", .schedule = &bad, .cursor_ns = base};
	uint32_t id = put(a, "x", &good, base), other = 7;
	struct ord_agenda_entry entry;
	struct ord_err err;

	(void)state;
	assert_int_equal(ord_agenda_put(a, &item, &other, &err), -1);
	assert_int_equal(err.code, ORD_USAGE);
	assert_int_equal(other, 7);
	item.name = "y";
	assert_int_equal(ord_agenda_put(a, &item, &other, &err), -1);
	assert_int_equal(ord_agenda_count(a), 1);
	ord_agenda_entry(a, id, &entry);
	assert_int_equal(entry.planned_ns, base + HOUR);
	ord_agenda_free(a);
}

static int by_time(const void *x, const void *y)
{
	const struct ord_agenda_run *a = x, *b = y;

	if (a->due.at_ns != b->due.at_ns)
		return a->due.at_ns < b->due.at_ns ? -1 : 1;
	return (a->id > b->id) - (a->id < b->id);
}

/* The first runs of all entries from a time on, against every entry's own calendar. */
static void calendar(void **state)
{
	enum { N = 60, MAX = 5000 };
	int64_t base = utc("2026-11-23T00:00:00Z");
	static struct ord_agenda_run want[MAX], got[MAX];
	struct ord_agenda *a = agenda();
	struct ord_schedule all[N];
	bool more;

	(void)state;
	for (unsigned i = 0; i < N; i++) {
		char name[16];

		all[i] = every((41 + 13 * i) * MIN);
		all[i].jitter_ns = i % 3 ? 0 : 30 * 60 * ORD_S;
		(void)snprintf(name, sizeof name, "x%u", i);
		(void)put(a, name, &all[i], base);
	}
	for (unsigned turn = 0; turn < 20; turn++) {
		int64_t from = base + turn * 5 * HOUR + turn * 77 * S, to = from + DAY;
		size_t n = 0, found;

		for (unsigned i = 0; i < N; i++) {
			struct ord_calendar *c = NULL;
			struct ord_due due = {.planned_ns = base};
			char name[16];

			(void)snprintf(name, sizeof name, "x%u", i);
			assert_int_equal(ord_calendar_open(&all[i], name, 0, &c, NULL), 0);
			while (ord_calendar_next(c, due.planned_ns, &due) && due.planned_ns < to)
				if (due.at_ns >= from && due.at_ns < to)
					want[n++] = (struct ord_agenda_run){
						ord_agenda_find(a, name), due};
			ord_calendar_close(c);
		}
		qsort(want, n, sizeof *want, by_time);
		found = ord_agenda_calendar(a, from, to, got, MAX, &more);
		assert_int_equal(found, n);
		assert_false(more);
		qsort(got, found, sizeof *got, by_time);
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(got[i].id, want[i].id);
			assert_int_equal(got[i].due.planned_ns, want[i].due.planned_ns);
		}
		found = ord_agenda_calendar(a, from, to, got, 10, &more);
		assert_int_equal(found, 10);
		assert_true(more);
		for (size_t i = 0; i < found; i++)
			assert_int_equal(got[i].due.at_ns, want[i].due.at_ns);
	}
	ord_agenda_free(a);
}

static void admission(void **state)
{
	enum ord_skip why = ORD_SKIP_NEXT;

	(void)state;
	assert_int_equal(ord_agenda_admit(ORD_CONCURRENCY_FORBID, 0, 0, &why), ORD_ADMIT_START);
	assert_int_equal(ord_agenda_admit(ORD_CONCURRENCY_FORBID, 1, 0, &why), ORD_ADMIT_SKIP);
	assert_int_equal(why, ORD_SKIP_FORBID);
	/* One that waits for a target counts as one that runs. */
	assert_int_equal(ord_agenda_admit(ORD_CONCURRENCY_FORBID, 0, 1, &why), ORD_ADMIT_SKIP);
	assert_int_equal(ord_agenda_admit(ORD_CONCURRENCY_QUEUE, 0, 0, &why), ORD_ADMIT_START);
	assert_int_equal(ord_agenda_admit(ORD_CONCURRENCY_QUEUE, 1, ORD_QUEUE_MAX - 1, &why),
			 ORD_ADMIT_QUEUE);
	assert_int_equal(ord_agenda_admit(ORD_CONCURRENCY_QUEUE, 1, ORD_QUEUE_MAX, &why),
			 ORD_ADMIT_SKIP);
	assert_int_equal(why, ORD_SKIP_QUEUE);
	assert_int_equal(ord_agenda_admit(ORD_CONCURRENCY_REPLACE, 1, 0, &why), ORD_ADMIT_REPLACE);
	assert_int_equal(ord_agenda_admit(ORD_CONCURRENCY_REPLACE, 0, 1, &why), ORD_ADMIT_REPLACE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policies),	   cmocka_unit_test(skip_next),
		cmocka_unit_test(a_year_off),	   cmocka_unit_test(twice_is_once),
		cmocka_unit_test(order),	   cmocka_unit_test(files),
		cmocka_unit_test(as_the_calendar), cmocka_unit_test(put_refused),
		cmocka_unit_test(calendar),	   cmocka_unit_test(admission),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
