/*
 * What is due. Claims are written ahead of their instants, many at a time, and are on the disk when
 * these come; then processes are prepared (warm.c), so that at the instant one is let go. That is
 * done before all else, the rest in small pieces when nothing is due. The clock is the machine's; a
 * step of it, or a suspend, means that all is looked at again. What was dealt with is known by its
 * planned instant, so that a clock that is put back starts nothing twice.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/units.h"
#include "scheduler/serve/serve.h"
#include "scheduler/serve/tenure.h"

#define AHEAD_NS ((int64_t)(500 * ORD_MS)) /* at the latest a claim is written so long before */
#define BATCH_NS ((int64_t)(250 * ORD_MS)) /* with those that are due so long after it */
#define STEP_NS	 ((int64_t)(100 * ORD_MS)) /* less is the clock's discipline */
/* A clock that was wrong by more than any zone can explain, and is put back, takes with it what it
 * had dealt with by then. */
#define TOO_FAR_NS ((int64_t)(25 * 3600 * ORD_S))
#define TICK_US	   1000000
#define STRIP_US   250000
#define CLAIM_MAX  4			   /* in one turn of the loop */
#define SYNC_MAX   64			   /* claims that are on the disk together, at most */
#define BEGIN_NS   ((int64_t)(2 * ORD_MS)) /* the same */

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

/* Of a batch: those that come soon, and some of those after. What is written is synced when it
 * is at its end, and now and then where that is far. */
static void sync_claims(struct ord_serve *s, bool end)
{
	if (s->n_claiming && (end || s->n_claiming >= SYNC_MAX)) {
		journal_sync(s->journal);
		s->n_claiming = 0;
	}
	if (end)
		s->claim_until_ns = 0;
}

/* false: none comes soon. */
static bool claim_some(struct ord_serve *s, int64_t now)
{
	static struct ord_agenda_due due;
	int64_t at;

	for (int n = 0; n < CLAIM_MAX; n++) {
		uint32_t id = ord_agenda_first(s->agenda, &at);

		if (id == ORD_AGENDA_NONE || (at > now + AHEAD_NS && at > s->claim_until_ns) ||
		    !ord_agenda_look(s->agenda, id, at > now ? at : now, s->halted, &due)) {
			sync_claims(s, true);
			return n > 0;
		}
		if (!s->claim_until_ns)
			s->claim_until_ns = now + AHEAD_NS + BATCH_NS;
		claim(s, &due);
		show_changed(s, id);
		s->n_claiming++;
	}
	sync_claims(s, false);
	return true;
}

/* ---- instants */

/* In their order. Where more are due than can be started, those that end are to be heard, too. */
static void begin_all(struct ord_serve *s)
{
	int64_t now = (int64_t)ord_wall_ns(), until = now + BEGIN_NS;

	for (struct run *r = s->soonest, *next; r; r = next) {
		next = r->later;
		if (r->at_ns > now)
			break;
		if (!run_is_synced(s, r))
			continue;
		run_begin(s, r);
		now = (int64_t)ord_wall_ns();
		if (now >= until) {
			due_soon(s);
			break;
		}
	}
}

/* The next that is to begin. Those that wait for the disk are told of; where one is due that does
 * not, another turn comes at once. */
static int64_t next_begin(struct ord_serve *s, int64_t now)
{
	for (const struct run *r = s->soonest; r; r = r->later) {
		if (r->at_ns > now)
			return r->at_ns;
		if (run_is_synced(s, r)) {
			due_soon(s);
			break;
		}
	}
	return ORD_NEVER;
}

/* When there is something to do ahead of its instant. */
static int64_t next_ahead(const struct ord_serve *s, int64_t now)
{
	int64_t at, next = warm_next(s, now);

	if (ord_agenda_first(s->agenda, &at) != ORD_AGENDA_NONE)
		next = least(next, at - AHEAD_NS);
	return next;
}

static void set_timer(struct ord_serve *s)
{
	int64_t now = (int64_t)ord_wall_ns(), at = next_begin(s, now), ahead = next_ahead(s, now);
	struct itimerspec t = {0};

	/* The timer comes before all else: by it, what is not urgent would never be done. */
	if (ahead <= now)
		due_ahead(s);
	else
		at = least(at, ahead);
	/* Never nothing: the kernel tells of a step to who waits for an instant alone. */
	at = least(at, now + 86400 * (int64_t)ORD_S);
	t.it_value = ord_timespec(at > 1 ? (uint64_t)at : 1);
	(void)timerfd_settime(s->timer, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &t, NULL);
}

void due_turn(struct ord_serve *s)
{
	if (s->stopping || !s->ready || !tenure_is_ready(s))
		return;
	begin_all(s);
	if (s->freed)
		runs_queue(s);
	set_timer(s);
	due_ahead(s);
}

void due_soon(struct ord_serve *s)
{
	if (s->hurry)
		(void)sd_event_source_set_enabled(s->hurry, SD_EVENT_ONESHOT);
}

void due_ahead(struct ord_serve *s)
{
	if (s->ahead)
		(void)sd_event_source_set_enabled(s->ahead, SD_EVENT_ONESHOT);
}

/* A little of each. */
static int on_ahead(sd_event_source *source, void *arg)
{
	struct ord_serve *s = arg;
	int64_t now = (int64_t)ord_wall_ns();
	bool more = runs_tell(s);

	(void)source;
	if (!s->stopping && s->ready && tenure_is_ready(s)) {
		more = claim_some(s, now) || more;
		more = warm_one(s, now) || more;
		set_timer(s);
	}
	if (more)
		due_ahead(s);
	return 0;
}

/* ---- the clock */

/* What a clock far in the future had dealt with would not come for as long. */
void due_forget_future(struct ord_serve *s)
{
	int64_t now = (int64_t)ord_wall_ns();

	for (uint32_t id = 0; id < ord_agenda_ids(s->agenda); id++) {
		struct ord_agenda_due due = {.id = id, .cursor_ns = now};
		struct ord_agenda_entry a;

		if (!store_has(s, id))
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

	warm_check(s, (int64_t)ord_wall_ns());
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
	past_retry(s);
	/* How runs ended is on the disk a second later at most. */
	journal_sync(s->journal);
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
	rows_trim(arg);
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
		e = sd_event_source_set_priority(s->timed, SD_EVENT_PRIORITY_IMPORTANT);
	if (e >= 0)
		e = sd_event_add_defer(s->loop, &s->hurry, on_hurry, s);
	if (e >= 0)
		e = sd_event_add_defer(s->loop, &s->ahead, on_ahead, s);
	if (e >= 0)
		e = sd_event_add_time(s->loop, &s->tick, CLOCK_MONOTONIC, now_us + TICK_US, 1000,
				      on_tick, s);
	if (e >= 0)
		e = sd_event_add_time(s->loop, &s->strips, CLOCK_MONOTONIC, now_us + STRIP_US, 1000,
				      on_strips, s);
	if (e >= 0)
		return ord_spawner_new(s->loop, &s->spawner, err);
	errno = -e;
	return ord_fail_sys(err, "event loop");
}

void due_done(struct ord_serve *s)
{
	s->timed = sd_event_source_disable_unref(s->timed);
	s->tick = sd_event_source_disable_unref(s->tick);
	s->strips = sd_event_source_disable_unref(s->strips);
	s->hurry = sd_event_source_disable_unref(s->hurry);
	s->ahead = sd_event_source_disable_unref(s->ahead);
	ord_close(&s->timer);
}
