/*
 * The agenda through everything that happens to a machine: clocks are put back and forward by an
 * hour, it sleeps, the daemon is restarted, people pause, skip and halt. A model that knows every
 * instant beforehand says what must come of each: it is started once or skipped once, for the right
 * reason, and never before its time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/rng.h"
#include "ordeal/agenda.h"

#define S	 ((int64_t)ORD_S)
#define MIN	 (60 * S)
#define HOUR	 (60 * MIN)
#define DAY	 (24 * HOUR)
#define ENTRIES	 24
#define INSTANTS 20000
#define DAYS	 8

/* An instant of an entry, and what came of it. */
struct instant {
	struct ord_due due;
	bool done;
};

struct model {
	char name[32];
	struct ord_schedule schedule;
	uint64_t seed;
	struct instant *v; /* owned; every one of the days */
	size_t n, next;	   /* those before `next` were dealt with */
	bool paused, skip_next;
	int64_t cursor_ns; /* as a journal has it */
};

struct world {
	struct ord_rng rng;
	struct ord_agenda *agenda;
	struct model all[ENTRIES];
	int64_t base_ns, end_ns, now_ns,
		latest_ns; /* latest: up to which everything was looked at */
	bool halted;
	size_t n_started, n_skipped, n_caught_up;
};

static uint64_t seed_of_test(void)
{
	const char *given = getenv("ORDEAL_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : ord_now_ns();

	print_message("seed %llu (ORDEAL_TEST_SEED)\n", (unsigned long long)seed);
	return seed;
}

static unsigned draw(struct world *w, unsigned n)
{
	return (unsigned)ord_rng_below(&w->rng, n);
}

static void parse_cron(struct ord_schedule *s, const char *text)
{
	struct ord_err err;
	size_t at;

	s->kind = ORD_SCHEDULE_CRON;
	if (ord_cron_parse(text, &s->cron, &at, &err))
		fail_msg("%s: %s", text, err.msg);
}

static void any_when(struct world *w, struct ord_schedule *s)
{
	static const char *const crons[] = {"*/7 * * * *", "30 2 * * *",
					    "0 * * * *",   "*/10 1-3 * * *",
					    "0 0 2 * * *", "15,45 8-18 * * mon-fri"};

	switch (draw(w, 5)) {
	case 0:
		*s = (struct ord_schedule){.kind = ORD_SCHEDULE_EVERY};
		s->every_ns = (uint64_t)(60 + draw(w, 7200)) * ORD_S;
		break;
	case 1:
		*s = (struct ord_schedule){.kind = ORD_SCHEDULE_RANDOM};
		s->each = (enum ord_period)draw(w, 2);
		s->times = 1 + draw(w, 6);
		break;
	case 2:
		*s = (struct ord_schedule){.kind = ORD_SCHEDULE_AT, .n_at = 5};
		for (size_t i = 0; i < s->n_at; i++)
			s->at[i].s = w->base_ns / S + draw(w, DAYS * 86400);
		return; /* a window would forbid some, which is a mistake */
	default:
		*s = (struct ord_schedule){0};
		parse_cron(s, crons[draw(w, ORD_COUNT(crons))]);
		break;
	}
	if (draw(w, 3) == 0)
		s->windows[s->n_windows++] = (struct ord_window){0x7f, 3600, 23 * 3600};
}

static void any_schedule(struct world *w, struct ord_schedule *s)
{
	static const char *const zones[] = {"UTC", "Europe/Berlin", "America/New_York",
					    "Australia/Lord_Howe"};

	any_when(w, s);
	(void)snprintf(s->zone, sizeof s->zone, "%s", zones[draw(w, ORD_COUNT(zones))]);
	if (s->kind != ORD_SCHEDULE_RANDOM && draw(w, 2))
		s->jitter_ns = (1 + draw(w, 3600)) * ORD_S;
	s->catch_up = (enum ord_catch_up)draw(w, 3);
	s->catch_up_max = 1 + draw(w, 4);
}

static void put(struct world *w, struct model *m)
{
	struct ord_agenda_item item = {
		m->name,     "x.yaml",	   m->schedule.kind ? &m->schedule : NULL,
		m->seed,     m->cursor_ns, m->paused,
		m->skip_next};
	struct ord_err err;
	uint32_t id;

	if (ord_agenda_put(w->agenda, &item, &id, &err))
		fail_msg("%s: %s", m->name, err.msg);
}

static void model_begin(struct world *w, struct model *m, unsigned i)
{
	struct ord_calendar *c = NULL;
	struct ord_due due = {.planned_ns = w->base_ns};

	*m = (struct model){.cursor_ns = w->base_ns, .seed = draw(w, 3)};
	(void)snprintf(m->name, sizeof m->name, "entry-%u", i);
	any_schedule(w, &m->schedule);
	m->v = calloc(INSTANTS, sizeof *m->v);
	assert_non_null(m->v);
	assert_int_equal(ord_calendar_open(&m->schedule, m->name, m->seed, &c, NULL), 0);
	while (ord_calendar_next(c, due.planned_ns, &due) && due.planned_ns < w->end_ns + DAY) {
		assert_true(m->n < INSTANTS);
		/* What "runs keep their order" says. */
		assert_true(due.at_ns >= due.planned_ns);
		if (m->n)
			assert_true(due.planned_ns > m->v[m->n - 1].due.at_ns);
		m->v[m->n++].due = due;
	}
	ord_calendar_close(c);
	put(w, m);
}

static struct model *model_of(struct world *w, uint32_t id)
{
	const char *name = ord_agenda_name(w->agenda, id);

	return &w->all[strtoul(strchr(name, '-') + 1, NULL, 10)];
}

static void deal(struct model *m, int64_t planned_ns)
{
	assert_true(m->next < m->n);
	assert_int_equal(m->v[m->next].due.planned_ns, planned_ns);
	assert_false(m->v[m->next].done);
	m->v[m->next++].done = true;
}

/* Those of a record, one by one. */
static void deal_skipped(struct world *w, struct model *m, const struct ord_agenda_skip *skip,
			 enum ord_skip reason)
{
	assert_int_equal(skip->reason, reason);
	assert_int_equal(m->v[m->next].due.planned_ns, skip->first_ns);
	for (uint64_t i = 0; i < skip->n; i++)
		deal(m, m->v[m->next].due.planned_ns);
	assert_int_equal(m->v[m->next - 1].due.planned_ns, skip->last_ns);
	w->n_skipped += (size_t)skip->n;
}

/* How many of `n`, of which the last is on time or not, are started. */
static size_t wanted(const struct model *m, size_t n, bool on_time)
{
	size_t most = n;

	if (!n)
		return 0;
	if (m->schedule.catch_up == ORD_CATCH_UP_SKIP)
		most = on_time ? 1 : 0;
	if (m->schedule.catch_up == ORD_CATCH_UP_ONCE)
		most = 1;
	if (m->schedule.catch_up == ORD_CATCH_UP_ALL)
		most = m->schedule.catch_up_max + (on_time ? 1 : 0);
	return most < n ? most : n;
}

static void check(struct world *w, struct model *m, const struct ord_agenda_due *due)
{
	size_t n = 0, k = 0, start;
	bool on_time;

	while (m->next + n < m->n && m->v[m->next + n].due.at_ns <= w->now_ns)
		n++;
	assert_true(n > 0);
	assert_int_equal(due->cursor_ns, m->v[m->next + n - 1].due.planned_ns);
	on_time = w->now_ns - m->v[m->next + n - 1].due.at_ns <= MIN;
	if (w->halted || m->paused) {
		assert_int_equal(due->n_skipped, 1);
		assert_int_equal(due->n_start, 0);
		assert_int_equal(due->skipped[0].n, n);
		deal_skipped(w, m, &due->skipped[0], w->halted ? ORD_SKIP_HALTED : ORD_SKIP_PAUSED);
		assert_int_equal(due->skip_next, m->skip_next);
		return;
	}
	if (m->skip_next) {
		assert_int_equal(due->skipped[k].n, 1);
		deal_skipped(w, m, &due->skipped[k++], ORD_SKIP_NEXT);
		n--;
	}
	assert_false(due->skip_next);
	m->skip_next = false;
	start = wanted(m, n, on_time);
	assert_int_equal(due->n_start, start);
	assert_int_equal(due->n_skipped, k + (n > start));
	if (n > start) {
		assert_int_equal(due->skipped[k].n, n - start);
		deal_skipped(w, m, &due->skipped[k], ORD_SKIP_CATCH_UP);
	}
	for (size_t i = 0; i < start; i++) {
		const struct ord_agenda_start *s = &due->start[i];

		assert_int_equal(s->at_ns, m->v[m->next].due.at_ns);
		assert_true(s->at_ns <= w->now_ns);
		assert_int_equal(s->catch_up, i + 1 < start || !on_time);
		w->n_caught_up += s->catch_up;
		deal(m, s->planned_ns);
	}
	w->n_started += start;
}

/* All that is due; `most`: a restart comes after so many, before the last was written down. */
static void look(struct world *w, unsigned most)
{
	struct ord_agenda_due due;
	int64_t at_ns;

	for (unsigned i = 0; i < most; i++) {
		uint32_t id = ord_agenda_first(w->agenda, &at_ns);
		struct model *m;

		if (id == ORD_AGENDA_NONE || at_ns > w->now_ns) {
			if (w->now_ns > w->latest_ns)
				w->latest_ns = w->now_ns;
			return;
		}
		m = model_of(w, id);
		assert_int_equal(m->v[m->next].due.at_ns, at_ns);
		assert_true(ord_agenda_look(w->agenda, id, w->now_ns, w->halted, &due));
		if (i + 1 == most && most != UINT32_MAX)
			return; /* it was not written down, so it did not begin */
		check(w, m, &due);
		m->cursor_ns = due.cursor_ns;
		ord_agenda_advance(w->agenda, &due);
	}
}

static void restart(struct world *w)
{
	struct ord_agenda *a = NULL;

	ord_agenda_free(w->agenda);
	assert_int_equal(ord_agenda_new(&a, NULL), 0);
	w->agenda = a;
	for (size_t i = 0; i < ENTRIES; i++)
		put(w, &w->all[(i * 7 + 3) % ENTRIES]);
}

static void people(struct world *w)
{
	struct model *m = &w->all[draw(w, ENTRIES)];

	if (draw(w, 3) == 0)
		m->paused = !m->paused;
	else
		m->skip_next = true;
	if (draw(w, 20) == 0)
		w->halted = !w->halted;
	ord_agenda_set(w->agenda, ord_agenda_find(w->agenda, m->name), m->paused, m->skip_next);
}

static void turn(struct world *w)
{
	switch (draw(w, 200)) {
	case 0:
		w->now_ns += HOUR; /* the clock is put forward, or it slept */
		break;
	case 1:
		w->now_ns -= HOUR;
		break;
	case 2:
		w->now_ns += draw(w, 10) * HOUR;
		break;
	case 3:
		look(w, 1 + draw(w, 4));
		restart(w);
		break;
	case 4:
		restart(w);
		break;
	case 5:
	case 6:
		people(w);
		break;
	default:
		w->now_ns += (int64_t)draw(w, 120) * S;
		break;
	}
	if (draw(w, 4))
		look(w, UINT32_MAX);
}

/* Returns how many of it were caught up with. */
static size_t live(uint64_t seed, const char *from)
{
	static struct world w;

	w = (struct world){0};
	ord_rng_init(&w.rng, seed);
	assert_int_equal(ord_parse_utc(from, &w.base_ns), 0);
	w.now_ns = w.base_ns;
	w.end_ns = w.base_ns + DAYS * DAY;
	assert_int_equal(ord_agenda_new(&w.agenda, NULL), 0);
	for (unsigned i = 0; i < ENTRIES; i++)
		model_begin(&w, &w.all[i], i);
	while (w.now_ns < w.end_ns)
		turn(&w);
	look(&w, UINT32_MAX);
	/* Nothing was lost, and nothing came before its time. */
	for (size_t i = 0; i < ENTRIES; i++) {
		struct model *m = &w.all[i];

		for (size_t k = 0; k < m->n; k++)
			assert_int_equal(m->v[k].done, m->v[k].due.at_ns <= w.latest_ns);
		free(m->v);
	}
	ord_agenda_free(w.agenda);
	print_message("%s: %zu started, %zu of them late, %zu skipped\n", from, w.n_started,
		      w.n_caught_up, w.n_skipped);
	return w.n_caught_up;
}

/* Weeks in which clocks are changed, in both halves of the world, and one in which none is. */
static void nothing_twice_nothing_lost(void **state)
{
	static const char *const from[] = {"2026-03-05T00:00:00Z", "2026-03-26T00:00:00Z",
					   "2026-04-01T00:00:00Z", "2026-10-01T00:00:00Z",
					   "2026-10-22T00:00:00Z", "2026-07-01T00:00:00Z"};
	uint64_t seed = seed_of_test();
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < 3 * ORD_COUNT(from); i++)
		n += live(seed + i, from[i % ORD_COUNT(from)]);
	assert_true(n > 0); /* of some thousands, whatever a single world was like */
}

/* The number, the first and the last of a span, and its last few, against going through it. */
static void check_count(struct world *w, const struct ord_schedule *s, int64_t after_ns,
			int64_t until_ns)
{
	struct ord_calendar *c = NULL;
	struct ord_due due = {.planned_ns = after_ns}, last[5], ring[5] = {0};
	struct ord_count count;
	size_t max = 1 + draw(w, 5), n = 0, found;
	int64_t first_ns = 0;

	assert_int_equal(ord_calendar_open(s, "x", 1, &c, NULL), 0);
	ord_calendar_count(c, after_ns, until_ns, &count);
	found = ord_calendar_last(c, after_ns, until_ns, last, max);
	while (ord_calendar_next(c, due.planned_ns, &due) && due.planned_ns <= until_ns) {
		first_ns = n ? first_ns : due.planned_ns;
		ring[n++ % max] = due;
	}
	if (count.n != n)
		fail_msg("%s from %lld to %lld: %llu, not %zu", s->zone, (long long)after_ns,
			 (long long)until_ns, (unsigned long long)count.n, n);
	assert_int_equal(found, n < max ? n : max);
	if (n) {
		assert_int_equal(count.first_ns, first_ns);
		assert_int_equal(count.last_ns, ring[(n - 1) % max].planned_ns);
	}
	for (size_t i = 0; i < found; i++)
		assert_int_equal(last[found - 1 - i].planned_ns,
				 ring[(n - 1 - i) % max].planned_ns);
	ord_calendar_close(c);
}

static void counts(void **state)
{
	static const char *const crons[] = {"* * * * *",   "*/30 * * * * *",
					    "* 2 * * *",   "0,30 1-3 * * *",
					    "0 0 L * mon", "15 9-17/2 13 * fri"};
	static const char *const zones[] = {"Europe/Berlin", "America/New_York",
					    "Australia/Lord_Howe", "Africa/Casablanca"};
	static struct world w;
	struct ord_schedule s;

	(void)state;
	ord_rng_init(&w.rng, seed_of_test());
	assert_int_equal(ord_parse_utc("2026-01-01T00:00:00Z", &w.base_ns), 0);
	for (unsigned i = 0; i < 150; i++) {
		int64_t after = w.base_ns + (int64_t)draw(&w, 360 * 86400) * S + draw(&w, 2);
		int64_t until = after + (int64_t)draw(&w, 15 * 86400) * S + draw(&w, 2);

		s = (struct ord_schedule){.kind = ORD_SCHEDULE_EVERY};
		s.every_ns = (1 + draw(&w, 5000)) * ORD_S + (draw(&w, 2) ? 500000000ull : 0);
		s.from = (struct ord_time){w.base_ns / S + draw(&w, 200 * 86400), draw(&w, 2)};
		if (i % 4)
			parse_cron(&s, crons[draw(&w, ORD_COUNT(crons))]);
		else if (i % 8 == 0)
			s = (struct ord_schedule){
				.kind = ORD_SCHEDULE_RANDOM, .each = ORD_PERIOD_DAY, .times = 3};
		(void)snprintf(s.zone, sizeof s.zone, "%s", zones[draw(&w, ORD_COUNT(zones))]);
		if (draw(&w, 2))
			s.windows[s.n_windows++] = (struct ord_window){0x3e, 2 * 3600, 26 * 3600};
		if (draw(&w, 3) == 0)
			assert_int_equal(
				ord_pause_parse("03-20..04-10", &s.pauses[s.n_pauses++], NULL), 0);
		check_count(&w, &s, after, until);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_twice_nothing_lost),
		cmocka_unit_test(counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
