/* Dispatches: claimed, begun at their instant or when those before them have ended, and ended. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/proc.h"
#include "scheduler/serve/serve.h"

/* From being asked to end until it is killed: an API server may be waited for. */
#define ENDING_NS (60 * ORD_S)

const char *run_reason_name(enum run_reason reason)
{
	static const char *const names[] = {
		[RUN_SCHEDULE] = "schedule", [RUN_CATCH_UP] = "catch-up", [RUN_NOW] = "run-now"};

	return names[reason];
}

/* ---- the list, and the journal */

void run_insert(struct ord_serve *s, struct run *r)
{
	struct run *at = s->last;
	struct entry *e = store_entry(s, r->id);

	if (e)
		e->runs++;
	while (at && at->at_ns > r->at_ns)
		at = at->before;
	r->before = at;
	r->next = at ? at->next : s->first;
	if (r->next)
		r->next->before = r;
	else
		s->last = r;
	if (at)
		at->next = r;
	else
		s->first = r;
}

/* Those that have the targets now for which they waited. */
static void let_others(struct ord_serve *s)
{
	uint64_t owner;

	while (ord_locks_granted(s->locks, &owner))
		for (struct run *r = s->first; r; r = r->next)
			if (r->key == owner)
				r->held = s->freed = true;
}

static void drop_claims(struct run *r)
{
	if (r->claims)
		ord_claims_done(r->claims);
	free(r->claims);
	r->claims = NULL;
}

struct entry *run_entry(const struct ord_serve *s, const struct run *r)
{
	return entry_drawn(s, store_entry(s, r->id), r->planned_ns);
}

/* What it will do, and to what, is known from its text: read when it is claimed, since that takes
 * longer than a start may, and again where the text is another by then. */
static void read_claims(struct ord_serve *s, struct run *r)
{
	const struct entry *e = run_entry(s, r);
	struct ord_err err = {.msg = "out of memory"};

	if (!e || r->version == e->version)
		return;
	if (r->wanted)
		ord_locks_release(s->locks, r->key);
	drop_claims(r);
	r->version = e->version;
	r->wanted = r->held = false;
	r->claims = calloc(1, sizeof *r->claims);
	if (!r->claims || entry_claims(e, r->claims, &err) < 0)
		serve_say(s, "%s: %s", r->name, err.msg);
}

static void want_targets(struct ord_serve *s, struct run *r)
{
	struct ord_err err;

	read_claims(s, r);
	if (r->wanted || !r->claims)
		return;
	if (ord_locks_want(s->locks, r->key, r->name, r->claims, &r->held, &err) < 0)
		serve_say(s, "%s: %s", r->name, err.msg);
	else
		r->wanted = true;
	if (r->wanted)
		drop_claims(r);
	let_others(s);
}

static void run_free(struct ord_serve *s, struct run *r)
{
	struct entry *e = store_entry(s, r->id);

	if (e)
		e->runs--;
	if (s->locks) {
		ord_locks_release(s->locks, r->key);
		let_others(s);
	}
	if (r->before)
		r->before->next = r->next;
	else
		s->first = r->next;
	if (r->next)
		r->next->before = r->before;
	else
		s->last = r->before;
	ord_child_free(r->child);
	drop_claims(r);
	free(r->look);
	free(r);
}

json_t *run_claim_record(const struct run *r)
{
	return json_pack("{s:s,s:I,s:s,s:I,s:I,s:s}", "c", "claim", "k", (json_int_t)r->key, "n",
			 r->name, "p", (json_int_t)r->planned_ns, "a", (json_int_t)r->at_ns, "r",
			 run_reason_name(r->reason));
}

/* The pid alone may be another's by the time it is read. */
static uint64_t start_of(pid_t pid)
{
	ord_autoclose int dir = ord_proc_open(pid);
	struct ord_proc_stat st;

	return dir >= 0 && ord_proc_stat(dir, &st) == 0 ? st.start : 0;
}

json_t *run_record(const struct run *r, const char *what)
{
	json_t *record = json_pack("{s:s,s:I}", "c", what, "k", (json_int_t)r->key);

	if (!strcmp(what, "started")) {
		(void)json_object_set_new(record, "pid", json_integer(ord_child_pid(r->child)));
		(void)json_object_set_new(
			record, "st", json_integer((json_int_t)start_of(ord_child_pid(r->child))));
	}
	if (!strcmp(what, "run"))
		(void)json_object_set_new(record, "dir", json_string(r->dir));
	return record;
}

struct run *run_claim(struct ord_serve *s, uint32_t id, enum run_reason reason, int64_t planned_ns,
		      int64_t at_ns, int64_t cursor_ns)
{
	struct run *r = calloc(1, sizeof *r);
	json_t *record;

	if (!r)
		return NULL;
	*r = (struct run){.key = s->next_key++,
			  .id = id,
			  .reason = reason,
			  .planned_ns = planned_ns,
			  .at_ns = at_ns};
	(void)snprintf(r->name, sizeof r->name, "%s", ord_agenda_name(s->agenda, id));
	record = run_claim_record(r);
	if (record && cursor_ns != ORD_NEVER)
		(void)json_object_set_new(record, "cur", json_integer(cursor_ns));
	r->mark = state_put(s, record);
	run_insert(s, r);
	read_claims(s, r);
	return r;
}

/* ---- ending */

static void set_last(struct ord_serve *s, const struct run *r, json_t *last)
{
	struct entry *e = store_entry(s, r->id);

	if (e) {
		json_decref(e->last);
		e->last = json_incref(last);
	}
}

static void counted(struct ord_serve *s, const struct run *r, int running, int waiting)
{
	struct entry *e = store_entry(s, r->id);

	s->n_running += (size_t)running;
	s->n_queued += (size_t)waiting;
	if (e) {
		e->running += (uint32_t)running;
		e->waiting += (uint32_t)waiting;
	}
}

static void leave_queue(struct ord_serve *s, struct run *r)
{
	if (r->state == RUN_QUEUED)
		counted(s, r, 0, -1);
	r->waits_for[0] = '\0';
}

void run_skip(struct ord_serve *s, struct run *r, const char *reason)
{
	uint32_t id = r->id;

	leave_queue(s, r);
	(void)state_put(s, json_pack("{s:s,s:I,s:s}", "c", "end", "k", (json_int_t)r->key,
				     "skipped", reason));
	serve_skipped(s, r->name, r->planned_ns, r->planned_ns, 1, reason);
	run_free(s, r);
	show_changed(s, id);
}

/* The line that says why: warnings come before it. */
static const char *reason_of(const char *said)
{
	for (const char *line = said; *line; line += strspn(line, "\n")) {
		size_t n = strcspn(line, "\n");

		if (!memmem(line, n, ": warning: ", 11))
			return line;
		line += n;
	}
	return said;
}

static void say_end(struct ord_serve *s, const struct run *r, int code, const char *verdict,
		    const char *said)
{
	const char *why = reason_of(said);

	if (code < 0)
		serve_say(s, "%s: killed by SIG%s; its guardian reverts %s", r->name,
			  sigabbrev_np(-code) ? sigabbrev_np(-code) : "?", r->dir);
	else if (*verdict)
		serve_say(s, "%s: %s (exit %d) %s", r->name, verdict, code, r->dir);
	else
		serve_say(s, "%s: it did not run (exit %d): %.*s", r->name, code,
			  (int)strcspn(why, "\n"), why);
}

static void ended(struct ord_serve *s, struct run *r, int code, const char *verdict,
		  const char *said)
{
	const char *slash = strrchr(r->dir, '/');
	uint32_t id = r->id;
	json_t *last, *event;

	last = json_pack("{s:s,s:s?,s:i,s:o}", "run", slash ? slash + 1 : "", "verdict",
			 *verdict ? verdict : NULL, "exit", code, "at",
			 show_time((int64_t)ord_wall_ns()));
	(void)state_put(
		s, json_pack("{s:s,s:I,s:O*}", "c", "end", "k", (json_int_t)r->key, "last", last));
	set_last(s, r, last);
	say_end(s, r, code, verdict, said);
	event = show_run(s, r);
	if (event) {
		(void)json_object_set(event, "verdict", json_object_get(last, "verdict"));
		(void)json_object_set(event, "exit", json_object_get(last, "exit"));
		if (!*verdict)
			(void)json_object_set_new(event, "message", json_string(said));
	}
	serve_emit(s, "ended", event);
	json_decref(last);
	run_free(s, r);
	show_changed(s, id);
	if (s->stopping && !s->n_running)
		(void)sd_event_exit(s->loop, 0);
	s->freed = true;
	due_soon(s);
}

static void on_end(void *arg, struct ord_child *c, int code, const char *dir, const char *verdict,
		   const char *said)
{
	struct ord_serve *s = arg;

	for (struct run *r = s->first; r; r = r->next)
		if (r->child == c) {
			(void)snprintf(r->dir, sizeof r->dir, "%s", dir);
			counted(s, r, -1, 0);
			ended(s, r, code, verdict, said);
			return;
		}
}

/* ---- beginning */

/* What keeps it from beginning now; false: nothing does. */
static bool must_wait(struct ord_serve *s, struct run *r)
{
	const struct entry *e = store_entry(s, r->id);

	want_targets(s, r);
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
	r->state = RUN_QUEUED;
	counted(s, r, 0, 1);
	(void)state_put(s, run_record(r, "queued"));
	serve_say(s, "%s: waits: %s", r->name, r->waits_for);
	serve_emit(s, "queued", show_run(s, r));
	show_changed(s, r->id);
}

static void start(struct ord_serve *s, struct run *r)
{
	static const struct ord_child_calls calls = {.on_line = run_line, .on_end = on_end};
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
	};
	bool queued = r->state == RUN_QUEUED;
	struct ord_err err = {.msg = "out of memory"};
	int64_t late;

	(void)snprintf(dispatch, sizeof dispatch, "%s/d%" PRIu64, s->id, r->key);
	/* Before it is so: what has no such line was not begun. */
	if (!state_put(s, run_record(r, "begin"))) {
		if (!queued)
			queue(s, r);
		return;
	}
	leave_queue(s, r);
	r->look = calloc(1, sizeof *r->look);
	if (!r->look || ord_child_start(s->loop, &options, &calls, s, &r->child, &err) < 0) {
		ended(s, r, 6, "", err.msg);
		return;
	}
	r->state = RUN_RUNNING;
	r->since_ns = r->phase_since_ns = (int64_t)ord_wall_ns();
	r->ends_boot_ns = ord_boot_ns() + e->patience_ns;
	counted(s, r, 1, 0);
	late = r->since_ns - r->at_ns;
	if (r->reason == RUN_SCHEDULE && !queued)
		late_add(&s->late, late > 0 ? (uint64_t)late : 0);
	(void)state_put(s, run_record(r, "started"));
	ord_child_look(r->child, r->look);
	serve_say(s, "%s: begun (%s, d%" PRIu64 ")", r->name, run_reason_name(r->reason), r->key);
	serve_emit(s, "dispatched", show_run(s, r));
	show_changed(s, r->id);
}

static void abort_those_of(struct ord_serve *s, uint32_t id)
{
	for (struct run *r = s->first; r; r = r->next)
		if (r->id == id && r->state == RUN_RUNNING)
			run_abort(s, r);
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
	/* One that was not heard of yet counts: the run would be refused. */
	halted = s->halted || (!s->clearing && halt_is_marked());
	if (halted || (a.paused && r->reason != RUN_NOW)) {
		run_skip(s, r, halted ? "halted" : "paused");
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
	for (struct run *r = s->first, *next; r && !s->stopping && !s->halted; r = next) {
		if (s->n_running >= s->options.max_runs)
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

void run_abort(struct ord_serve *s, struct run *r)
{
	if (r->state != RUN_RUNNING)
		return;
	r->state = RUN_ENDING;
	r->asked_boot_ns = ord_boot_ns();
	ord_child_abort(r->child);
	serve_emit(s, "phase", show_run(s, r));
}

void runs_abort_all(struct ord_serve *s)
{
	for (struct run *r = s->first; r; r = r->next)
		run_abort(s, r);
}

/* A run that hangs is asked to end, and killed where it does not. */
void runs_check(struct ord_serve *s)
{
	uint64_t now = ord_boot_ns();

	for (struct run *r = s->first; r; r = r->next) {
		if (r->state == RUN_RUNNING && now >= r->ends_boot_ns) {
			serve_say(s, "%s: takes longer than it can: aborted", r->name);
			run_abort(s, r);
		} else if (r->state == RUN_ENDING && now - r->asked_boot_ns >= ENDING_NS) {
			serve_say(s, "%s: does not end: killed", r->name);
			r->asked_boot_ns = now;
			ord_child_kill(r->child);
		}
	}
}

void runs_done(struct ord_serve *s)
{
	while (s->first)
		run_free(s, s->first);
}
