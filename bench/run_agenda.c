/*
 * run-agenda: a million schedules, as a folder of a large company might have them, and as many that
 * have hardly an expression in common, which may take twice the memory. A JSON line each: the
 * largest resident set of the process that holds them (100 MB are the aim), the time to put them
 * there, that of taking one that is due, deciding what is to be done and computing its next run (2
 * us of the CPU), and that of the same after a year off. Exit status 1 beyond.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/rng.h"
#include "ordeal/agenda.h"

enum { SCHEDULES = 1000000, TURNS = 2000000, OFF = 20000 };

#define AIM_KB	97656 /* 100 MB */
#define AIM_US	2.0
#define FROM_NS 1795219200000000000ll /* 2026-11-21 */
#define YEAR_NS (366ll * 86400 * 1000000000)

static const char *const zones[] = {"Europe/Berlin",  "America/New_York", "UTC",
				    "Asia/Kolkata",   "Europe/London",	  "America/Los_Angeles",
				    "Asia/Singapore", "Australia/Sydney"};
static const char *const things[] = {"slow-store", "lost-pod", "full-disk", "checkout-latency",
				     "broken-dns", "cpu-burn", "partition", "memory-pressure"};

static double cpu_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void cron(struct ord_schedule *s, const char *text)
{
	struct ord_err err;
	size_t at;

	s->kind = ORD_SCHEDULE_CRON;
	if (ord_cron_parse(text, &s->cron, &at, &err))
		(void)fprintf(stderr, "run-agenda: %s: %s\n", text, err.msg);
}

/* Most say a time of the day and some weekdays, within working hours, in one of a few zones. */
static void usual(struct ord_schedule *s, struct ord_rng *rng)
{
	static const char *const days[] = {"*", "mon-fri", "mon", "tue,thu", "fri#2"};
	char text[64];

	*s = (struct ord_schedule){.kind = ORD_SCHEDULE_EVERY};
	(void)snprintf(s->zone, sizeof s->zone, "%s", zones[ord_rng_below(rng, ORD_COUNT(zones))]);
	s->every_ns = (5 + 5 * ord_rng_below(rng, 300)) * 60 * 1000000000ull;
	(void)snprintf(text, sizeof text, "%u %u * * %s", 5 * (unsigned)ord_rng_below(rng, 12),
		       (unsigned)ord_rng_below(rng, 24), days[ord_rng_below(rng, ORD_COUNT(days))]);
	if (ord_rng_below(rng, 10) < 7)
		cron(s, text);
	if (ord_rng_below(rng, 4) == 0)
		s->jitter_ns = 600 * 1000000000ull;
	if (ord_rng_below(rng, 4) == 0 && s->kind == ORD_SCHEDULE_EVERY) {
		s->windows[0] = (struct ord_window){0x3e, 9 * 3600, 17 * 3600};
		s->n_windows = 1;
		(void)ord_pause_parse("12-24..01-02", &s->pauses[0], NULL);
		s->n_pauses = 1;
	}
}

/* Every one another, to the second. */
static void unusual(struct ord_schedule *s, struct ord_rng *rng)
{
	char text[64];

	*s = (struct ord_schedule){.zone = "UTC"};
	(void)snprintf(text, sizeof text, "%u %u %u %u * %u", (unsigned)ord_rng_below(rng, 60),
		       (unsigned)ord_rng_below(rng, 60), (unsigned)ord_rng_below(rng, 24),
		       1 + (unsigned)ord_rng_below(rng, 28), (unsigned)ord_rng_below(rng, 7));
	cron(s, text);
}

static int fill(struct ord_agenda *a, void (*make)(struct ord_schedule *, struct ord_rng *))
{
	static struct ord_schedule s;
	char name[64], file[96];
	struct ord_rng rng;
	struct ord_err err;
	uint32_t id;

	ord_rng_init(&rng, 1);
	for (unsigned i = 0; i < SCHEDULES; i++) {
		struct ord_agenda_item item = {
			.name = name, .file = file, .schedule = &s, .cursor_ns = FROM_NS};

		(void)snprintf(name, sizeof name, "%s-%06u", things[i % ORD_COUNT(things)], i);
		(void)snprintf(file, sizeof file, "team-%03u/%s.yaml", i % 1000, name);
		make(&s, &rng);
		if (ord_agenda_put(a, &item, &id, &err)) {
			(void)fprintf(stderr, "run-agenda: %s\n", err.msg);
			return -1;
		}
	}
	return 0;
}

/* The first that is due, each at its time. */
static double turn(struct ord_agenda *a)
{
	static struct ord_agenda_due due;
	double us = cpu_us();
	int64_t at_ns;

	for (unsigned i = 0; i < TURNS; i++) {
		uint32_t id = ord_agenda_first(a, &at_ns);

		if (id == ORD_AGENDA_NONE || !ord_agenda_look(a, id, at_ns, false, &due))
			return -1;
		ord_agenda_advance(a, &due);
	}
	return (cpu_us() - us) / TURNS;
}

/* What is due of each after a year in which nobody looked. */
static double year_off(struct ord_agenda *a)
{
	static struct ord_agenda_due due;
	double us = cpu_us();

	for (uint32_t id = 0; id < OFF; id++)
		if (ord_agenda_look(a, id, FROM_NS + YEAR_NS, false, &due))
			ord_agenda_advance(a, &due);
	return (cpu_us() - us) / OFF;
}

/* In a process of its own, whose memory is that of these schedules alone. */
static int measure(const char *name, void (*make)(struct ord_schedule *, struct ord_rng *),
		   long aim_kb)
{
	struct ord_agenda *a = NULL;
	struct rusage used;
	double load_us, turn_us, off_us;

	if (ord_agenda_new(&a, NULL))
		return -1;
	load_us = cpu_us();
	if (fill(a, make))
		return -1;
	load_us = cpu_us() - load_us;
	(void)getrusage(RUSAGE_SELF, &used);
	turn_us = turn(a);
	off_us = year_off(a);
	(void)printf("{\"name\":\"agenda/%s\",\"schedules\":%d,\"rss_kb_max\":%ld,"
		     "\"load_cpu_ms\":%.0f,\"turns\":%d,\"turn_cpu_us\":%.3f,"
		     "\"year_off_cpu_us\":%.1f}\n",
		     name, SCHEDULES, used.ru_maxrss, load_us / 1e3, TURNS, turn_us, off_us);
	ord_agenda_free(a);
	return turn_us < 0 || turn_us > AIM_US || used.ru_maxrss > aim_kb;
}

static int apart(const char *name, void (*make)(struct ord_schedule *, struct ord_rng *),
		 long aim_kb)
{
	int status = 0;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (!pid) {
		int rc = measure(name, make, aim_kb);

		(void)fflush(stdout);
		_exit(rc ? 1 : 0);
	}
	return pid < 0 || waitpid(pid, &status, 0) != pid || status != 0;
}

int main(void)
{
	int rc = apart("usual", usual, AIM_KB);

	rc |= apart("all-different", unusual, 2 * AIM_KB);
	return rc;
}
