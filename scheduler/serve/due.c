/*
 * What is due. Claims are written ahead of their instants, many at a time, and are on the disk when
 * these come: what is left to do then is to start a program. The clock is the machine's; a step of
 * it, or a suspend, means that all is looked at again. What was dealt with is known by its planned
 * instant, so that a clock that is put back starts nothing twice.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/units.h"
#include "scheduler/serve/serve.h"

#define AHEAD_NS ((int64_t)(500 * ORD_MS)) /* at the latest a claim is written so long before */
#define BATCH_NS ((int64_t)(250 * ORD_MS)) /* with those that are due so long after it */
#define STEP_NS	 ((int64_t)(100 * ORD_MS)) /* less is the clock's discipline */
/* A clock that was wrong by more than any zone can explain, and is put back, takes with it what it
 * had dealt with by then. */
#define TOO_FAR_NS ((int64_t)(25 * 3600 * ORD_S))
#define TICK_US	   1000000
#define STRIP_US   250000
#define CLAIM_MAX  64 /* in one turn of the loop */
#define BEGIN_MAX  1

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* ---- claims */

static void claim(struct ord_serve *s, const struct ord_agenda_due *due)
{
	const char *name = ord_agenda_name(s->agenda, due->id);

	for (size_t i = 0; i < due->n_skipped; i++) {
		const struct ord_agenda_skip *k = &due->skipped[i];

		serve_skipped(s, name, k->first_ns, k->last_ns, k->n, ord_skip_name(k->reason));
	}
	if (!due->n_start || due->n_skipped)
		(void)state_put(s,
				json_pack("{s:s,s:s,s:I,s:b}", "c", "cursor", "n", name, "cur",
					  (json_int_t)(due->n_start ? due->start[0].planned_ns - 1
								    : due->cursor_ns),
					  "skip", due->skip_next));
	for (size_t i = 0; i < due->n_start; i++) {
		const struct ord_agenda_start *k = &due->start[i];

		(void)run_claim(s, due->id, k->catch_up ? RUN_CATCH_UP : RUN_SCHEDULE,
				k->planned_ns, k->at_ns,
				i + 1 == due->n_start ? due->cursor_ns : k->planned_ns);
	}
	ord_agenda_advance(s->agenda, due);
}

static void claim_all(struct ord_serve *s, int64_t now)
{
	static struct ord_agenda_due due;
	int64_t at, until = now + AHEAD_NS;
	bool any = false;

	for (int n = 0; n < CLAIM_MAX; n++) {
		uint32_t id = ord_agenda_first(s->agenda, &at);

		if (id == ORD_AGENDA_NONE || at > until)
			break;
		until = now + AHEAD_NS + BATCH_NS;
		if (!ord_agenda_look(s->agenda, id, at > now ? at : now, s->halted, &due))
			break;
		claim(s, &due);
		show_changed(s, id);
		any = true;
	}
	if (any)
		journal_sync(s->journal);
}

/* ---- instants */

/* Where more are due than can be started, those that end are to be heard, too. */
static void begin_all(struct ord_serve *s)
{
	unsigned n = 0;

	for (struct run *r = s->first, *next; r; r = next) {
		next = r->next;
		if (r->at_ns > (int64_t)ord_wall_ns())
			break;
		if (r->state != RUN_CLAIMED || !r->mark || r->mark > s->synced)
			continue;
		if (n++ == BEGIN_MAX) {
			due_soon(s);
			break;
		}
		run_begin(s, r);
	}
}

/* The next instant at which there is something to do; those that wait for the disk are told of. */
static int64_t next_instant(const struct ord_serve *s, int64_t now)
{
	int64_t at, next = ORD_NEVER;

	for (const struct run *r = s->first; r; r = r->next) {
		if (r->state == RUN_CLAIMED && r->at_ns > now) {
			next = r->at_ns;
			break;
		}
	}
	if (ord_agenda_first(s->agenda, &at) != ORD_AGENDA_NONE)
		next = least(next, at - AHEAD_NS);
	return next;
}

static void set_timer(struct ord_serve *s)
{
	int64_t now = (int64_t)ord_wall_ns(), at = next_instant(s, now);
	struct itimerspec t = {0};

	/* Never nothing: the kernel tells of a step to who waits for an instant alone. */
	at = least(at, now + 86400 * (int64_t)ORD_S);
	t.it_value = ord_timespec(at > 1 ? (uint64_t)at : 1);
	(void)timerfd_settime(s->timer, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &t, NULL);
}

void due_turn(struct ord_serve *s)
{
	if (s->stopping || !s->ready)
		return;
	begin_all(s);
	claim_all(s, (int64_t)ord_wall_ns());
	if (s->freed)
		runs_queue(s);
	set_timer(s);
}

void due_soon(struct ord_serve *s)
{
	if (s->hurry)
		(void)sd_event_source_set_enabled(s->hurry, SD_EVENT_ONESHOT);
}

/* ---- the clock */

/* What a clock far in the future had dealt with would not come for as long. */
void due_forget_future(struct ord_serve *s)
{
	int64_t now = (int64_t)ord_wall_ns();

	for (uint32_t id = 0; id < ord_agenda_ids(s->agenda); id++) {
		struct ord_agenda_due due = {.id = id, .cursor_ns = now};
		struct ord_agenda_entry a;

		if (!store_entry(s, id))
			continue;
		ord_agenda_entry(s->agenda, id, &a);
		if (a.cursor_ns <= now + TOO_FAR_NS)
			continue;
		due.skip_next = a.skip_next;
		ord_agenda_advance(s->agenda, &due);
		(void)state_put(s, json_pack("{s:s,s:s,s:I,s:b}", "c", "cursor", "n",
					     ord_agenda_name(s->agenda, id), "cur", (json_int_t)now,
					     "back", 1));
	}
}

/* How far the clocks are apart, as far as nobody took the CPU away while they were read. */
static void compare_clocks(int64_t *ret_wall_less_boot, uint64_t *ret_boot_less_mono)
{
	for (int i = 0; i < 10; i++) {
		uint64_t mono = ord_now_ns(), boot = ord_boot_ns(), wall = ord_wall_ns();

		*ret_wall_less_boot = (int64_t)(wall - boot);
		*ret_boot_less_mono = boot - mono;
		if (ord_now_ns() - mono < ORD_MS)
			return;
	}
}

static void check_clock(struct ord_serve *s)
{
	int64_t less, step, slept;
	uint64_t ahead;
	char text[32];

	compare_clocks(&less, &ahead);
	step = less - s->wall_less_boot_ns;
	slept = (int64_t)(ahead - s->boot_less_mono_ns);
	s->wall_less_boot_ns = less;
	s->boot_less_mono_ns = ahead;
	if (slept > STEP_NS)
		serve_say(s, "the machine slept for %s", ord_human_duration(slept, text));
	if (step > -STEP_NS && step < STEP_NS)
		return;
	s->n_steps++;
	s->last_step_ns = step;
	serve_say(s, "the clock was put %s by %s", step < 0 ? "back" : "forward",
		  ord_human_duration(step < 0 ? -step : step, text));
	serve_emit(s, "clock", json_pack("{s:I}", "step_ns", (json_int_t)step));
	due_forget_future(s);
}

static int on_timer(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct ord_serve *s = arg;
	uint64_t n;

	(void)source;
	(void)events;
	if (read(fd, &n, sizeof n) < 0 && errno == ECANCELED)
		check_clock(s);
	due_turn(s);
	return 0;
}

static int on_hurry(sd_event_source *source, void *arg)
{
	(void)source;
	due_turn(arg);
	return 0;
}

static int on_tick(sd_event_source *source, uint64_t at, void *arg)
{
	struct ord_serve *s = arg;
	struct ord_err err;

	check_clock(s);
	watch_check(s->watch);
	runs_check(s);
	if (journal_failing(s->journal) || journal_long(s->journal))
		(void)state_renew(s, &err);
	due_turn(s);
	(void)sd_event_source_set_time(source, at + TICK_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int on_strips(sd_event_source *source, uint64_t at, void *arg)
{
	(void)at;
	halt_check(arg);
	runs_strips(arg);
	(void)sd_event_source_set_time(source, ord_now_ns() / ORD_US + STRIP_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int due_open(struct ord_serve *s, struct ord_err *err)
{
	uint64_t now_us = ord_now_ns() / ORD_US;
	int e;

	compare_clocks(&s->wall_less_boot_ns, &s->boot_less_mono_ns);
	s->timer = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (s->timer < 0)
		return ord_fail_sys(err, "timerfd");
	e = sd_event_add_io(s->loop, &s->timed, s->timer, EPOLLIN, on_timer, s);
	if (e >= 0)
		e = sd_event_add_defer(s->loop, &s->hurry, on_hurry, s);
	if (e >= 0)
		e = sd_event_add_time(s->loop, &s->tick, CLOCK_MONOTONIC, now_us + TICK_US, 1000,
				      on_tick, s);
	if (e >= 0)
		e = sd_event_add_time(s->loop, &s->strips, CLOCK_MONOTONIC, now_us + STRIP_US, 1000,
				      on_strips, s);
	if (e >= 0)
		return 0;
	errno = -e;
	return ord_fail_sys(err, "event loop");
}

void due_done(struct ord_serve *s)
{
	s->timed = sd_event_source_disable_unref(s->timed);
	s->tick = sd_event_source_disable_unref(s->tick);
	s->strips = sd_event_source_disable_unref(s->strips);
	s->hurry = sd_event_source_disable_unref(s->hurry);
	ord_close(&s->timer);
}
