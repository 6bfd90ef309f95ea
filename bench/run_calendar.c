/* run-calendar: CPU time of the next run of schedules, a JSON line each kind. Two microseconds, on
 * average over many schedules and the runs that follow in each, are the aim: exit status 1 beyond.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/rng.h"
#include "ordeal/calendar.h"

enum { SCHEDULES = 2000, RUNS = 500 };

#define AIM_US	2.0
#define FROM_NS 1795219200000000000ll /* 2026-11-21 */

static const char *const zones[] = {"Europe/Berlin", "America/New_York", "UTC", "Asia/Kolkata"};
static const char *const crons[] = {"0 10 * * mon-fri", "*/5 * * * *",	 "30 2 * * *",
				    "0 0 L * *",	"0 9 * * fri#2", "*/10 * * * * *"};
static struct ord_schedule schedules[SCHEDULES];
static struct ord_calendar *calendars[SCHEDULES];

static double cpu_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void fill(enum ord_schedule_kind kind, bool windows, struct ord_rng *rng)
{
	for (size_t i = 0; i < SCHEDULES; i++) {
		struct ord_schedule *s = &schedules[i];
		struct ord_err err;
		size_t at;

		*s = (struct ord_schedule){.kind = kind, .each = ORD_PERIOD_DAY, .times = 1};
		s->every_ns = (60 + ord_rng_below(rng, 86400)) * 1000000000ull;
		(void)ord_cron_parse(crons[ord_rng_below(rng, ORD_COUNT(crons))], &s->cron, &at,
				     &err);
		(void)snprintf(s->zone, sizeof s->zone, "%s",
			       zones[ord_rng_below(rng, ORD_COUNT(zones))]);
		if (windows) {
			s->windows[0] = (struct ord_window){0x3e, 9 * 3600, 17 * 3600};
			s->n_windows = 1;
			(void)ord_pause_parse("12-24..01-02", &s->pauses[0], &err);
			s->n_pauses = 1;
		}
	}
}

/* Each schedule's runs, one after the other; how many there were. */
static size_t walk(void)
{
	struct ord_due due;
	size_t n = 0;

	for (size_t i = 0; i < SCHEDULES; i++) {
		int64_t after = FROM_NS;

		for (size_t k = 0; k < RUNS && ord_calendar_next(calendars[i], after, &due); k++) {
			after = due.planned_ns;
			n++;
		}
	}
	return n;
}

static int measure(const char *name, enum ord_schedule_kind kind, bool windows)
{
	struct ord_err err;
	struct ord_rng rng;
	double us;
	size_t n;

	ord_rng_init(&rng, 1);
	fill(kind, windows, &rng);
	for (size_t i = 0; i < SCHEDULES; i++)
		if (ord_calendar_open(&schedules[i], "x", i, &calendars[i], &err)) {
			(void)fprintf(stderr, "run-calendar: %s\n", err.msg);
			return -1;
		}
	us = cpu_us();
	n = walk();
	us = (cpu_us() - us) / (double)n;
	for (size_t i = 0; i < SCHEDULES; i++)
		ord_calendar_close(calendars[i]);
	(void)printf("{\"name\":\"next/%s\",\"schedules\":%d,\"runs\":%zu,\"cpu_us\":%.3f}\n", name,
		     SCHEDULES, n, us);
	return us > AIM_US;
}

int main(void)
{
	static const struct {
		const char *name;
		enum ord_schedule_kind kind;
		bool windows;
	} of[] = {
		{"cron", ORD_SCHEDULE_CRON, false},
		{"cron-windows", ORD_SCHEDULE_CRON, true},
		{"every", ORD_SCHEDULE_EVERY, false},
		{"every-windows", ORD_SCHEDULE_EVERY, true},
		{"random-windows", ORD_SCHEDULE_RANDOM, true},
	};
	int rc = 0;

	for (size_t i = 0; i < ORD_COUNT(of); i++)
		rc |= measure(of[i].name, of[i].kind, of[i].windows) != 0;
	return rc;
}
