/*
 * A run begins: at its instant, or when those before it have ended. It is written down first; then
 * the process that was prepared for it is let go, or one is started that waits for nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/halt.h"
#include "scheduler/serve/serve.h"
#include "scheduler/serve/tenure.h"

/* What keeps it from beginning now; false: nothing does. */
static bool must_wait(struct ord_serve *s, struct run *r)
{
	const struct entry *e = store_entry(s, r->id);

	run_want_targets(s, r);
	if (!r->held)
		(void)ord_locks_why(s->locks, r->key, r->waits_for);
	else if (e->running)
		(void)snprintf(r->waits_for, sizeof r->waits_for, "%s runs", r->name);
	else if (s->clearing)
		(void)snprintf(r->waits_for, sizeof r->waits_for, "the machine is being resumed");
	else if (journal_failing(s->journal))
		(void)snprintf(r->waits_for, sizeof r->waits_for, "the journal cannot be written");
	else if (s->n_running >= s->options.max_runs)
		(void)snprintf(r->waits_for, sizeof r->waits_for, "%zu run, which is the limit",
			       s->n_running);
	else
		return false;
	return true;
}

static void queue(struct ord_serve *s, struct run *r)
{
	run_awaits_no_longer(s, r);
	r->state = RUN_QUEUED;
	warm_drop(s, r);
	run_counted(s, r, 0, 1);
	(void)state_put(s, run_record(r, "queued"));
	serve_say(s, "%s: waits: %s", r->name, r->waits_for);
	serve_emit(s, "queued", show_run(s, r));
	show_changed(s, r->id);
}

static void tell_later(struct ord_serve *s, struct run *r)
{
	r->untold = true;
	if (s->untold)
		s->last_untold->next_untold = r;
	else
		s->untold = r;
	s->last_untold = r;
	due_ahead(s);
}

bool runs_tell(struct ord_serve *s)
{
	struct run *r = s->untold;

	if (!r)
		return false;
	s->untold = r->next_untold;
	r->untold = false;
	serve_say(s, "%s: begun (%s, d%" PRIu64 ")", r->name, run_reason_name(r->reason), r->key);
	serve_emit(s, "dispatched", show_run(s, r));
	show_changed(s, r->id);
	return true;
}

/* Its process is there, and may go on. */
static void started(struct ord_serve *s, struct run *r)
{
	int64_t late;

	r->since_ns = r->phase_since_ns = (int64_t)ord_wall_ns();
	late = r->since_ns - r->at_ns;
	if (r->reason == RUN_SCHEDULE && !r->queued)
		late_add(&s->late, late > 0 ? (uint64_t)late : 0);
	tell_later(s, r);
}

static void on_start(void *arg, struct ord_child *c)
{
	struct run *r = arg;

	warm_started(r->serve, r);
	if (c != r->child)
		return;
	(void)state_put(r->serve, run_record(r, "started"));
	started(r->serve, r);
}

int run_prepare(struct run *r, struct ord_child **ret, struct ord_err *err)
{
	static const struct ord_child_calls calls = {
		.on_start = on_start, .on_line = run_line, .on_end = run_end};
	const struct ord_serve *s = r->serve;
	const struct entry *e = run_entry(s, r);
	char dispatch[48];
	const struct ord_child_options options = {
		.text = e->text,
		.size = e->size,
		.name = e->file,
		.output = s->runs_dir,
		.dispatch = dispatch,
		.extra = s->options.extra,
		.program = s->options.program,
		.spawner = s->spawner,
	};

	(void)snprintf(dispatch, sizeof dispatch, "%s/d%" PRIu64, s->id, r->key);
	return ord_child_start(s->loop, &options, &calls, r, ret, err);
}

/* The process that waits for it, or one that does not wait for long. */
static int let_go(struct ord_serve *s, struct run *r, struct ord_err *err)
{
	if (r->warm) {
		r->child = warm_take(s, r);
		if (ord_child_begin(r->child) == 0)
			return 0;
		ord_child_abandon(r->child);
		r->child = NULL;
	}
	warm_make_room(s);
	return run_prepare(r, &r->child, err) < 0 ? -1 : ord_child_begin(r->child);
}

static void start(struct ord_serve *s, struct run *r)
{
	const struct entry *e = run_entry(s, r);
	struct ord_err err = {.msg = "out of memory"};

	warm_is_of(s, r, e->version);
	/* Before it is so: what has no such line was not begun. */
	if (!state_put(s, run_record(r, "begin"))) {
		if (r->state != RUN_QUEUED)
			queue(s, r);
		return;
	}
	r->look = calloc(1, sizeof *r->look);
	if (!r->look || let_go(s, r, &err) < 0) {
		run_leave_queue(s, r);
		run_ended(s, r, 6, "", err.msg);
		return;
	}
	r->queued |= r->state == RUN_QUEUED;
	run_leave_queue(s, r);
	run_awaits_no_longer(s, r);
	r->state = RUN_RUNNING;
	r->ends_boot_ns = ord_boot_ns() + e->patience_ns;
	run_counted(s, r, 1, 0);
	ord_child_look(r->child, r->look);
	if (ord_child_ticks(r->child))
		started(s, r);
}

static void abort_those_of(struct ord_serve *s, uint32_t id)
{
	for (struct run *r = s->first; r; r = r->next)
		if (r->id == id && r->state == RUN_RUNNING)
			run_abort(s, r);
}

bool run_is_missed(int64_t at_ns, enum ord_catch_up catch_up, enum run_reason *reason)
{
	if ((int64_t)ord_wall_ns() - at_ns <= ORD_AGENDA_LATE_NS)
		return false;
	if (*reason == RUN_SCHEDULE)
		*reason = RUN_CATCH_UP;
	return catch_up == ORD_CATCH_UP_SKIP;
}

/* A machine that slept, or whose clock was put forward, finds that what it had claimed is long
 * past. What was prepared for it looked at the targets as they were then. */
static bool is_left_out(struct ord_serve *s, struct run *r, enum ord_catch_up catch_up)
{
	enum run_reason was = r->reason;

	if (!r->queued && run_is_missed(r->at_ns, catch_up, &r->reason))
		return true;
	if (r->reason != was)
		warm_drop(s, r);
	return false;
}

void run_begin(struct ord_serve *s, struct run *r)
{
	const struct entry *e = store_entry(s, r->id);
	struct ord_agenda_entry a;
	enum ord_skip reason;
	bool halted;

	if (!run_entry(s, r)) {
		run_skip(s, r, "removed");
		return;
	}
	ord_agenda_entry(s->agenda, r->id, &a);
	if (!tenure_is_ready(s)) {
		run_skip(s, r, "standby");
		return;
	}
	/* One that was not heard of yet counts: the run would be refused. */
	halted = s->halted || (!s->clearing && ord_halted());
	if (halted || (a.paused && r->reason != RUN_NOW)) {
		run_skip(s, r, halted ? "halted" : "paused");
		return;
	}
	if (is_left_out(s, r, a.catch_up)) {
		run_skip(s, r, ord_skip_name(ORD_SKIP_CATCH_UP));
		return;
	}
	switch (ord_agenda_admit(a.concurrency, e->running, e->waiting, &reason)) {
	case ORD_ADMIT_SKIP:
		run_skip(s, r, ord_skip_name(reason));
		return;
	case ORD_ADMIT_REPLACE:
		abort_those_of(s, r->id);
		break;
	case ORD_ADMIT_START:
	case ORD_ADMIT_QUEUE:
		break;
	}
	if (must_wait(s, r))
		queue(s, r);
	else
		start(s, r);
}

/* A later one of it waits, and takes its place. */
static bool is_replaced(const struct ord_serve *s, const struct run *r)
{
	struct ord_agenda_entry a;

	ord_agenda_entry(s->agenda, r->id, &a);
	if (a.concurrency != ORD_CONCURRENCY_REPLACE)
		return false;
	for (const struct run *other = s->first; other; other = other->next)
		if (other->id == r->id && other->state == RUN_QUEUED && other->key > r->key)
			return true;
	return false;
}

void runs_queue(struct ord_serve *s)
{
	s->freed = false;
	for (struct run *r = s->first, *next; r && !s->stopping && !s->halted && tenure_is_ready(s);
	     r = next) {
		if (!s->n_queued || s->n_running >= s->options.max_runs)
			return;
		next = r->next;
		if (r->state != RUN_QUEUED)
			continue;
		if (!run_entry(s, r))
			run_skip(s, r, "removed");
		else if (is_replaced(s, r))
			run_skip(s, r, ord_skip_name(ORD_SKIP_REPLACED));
		else if (!must_wait(s, r))
			start(s, r);
	}
}
