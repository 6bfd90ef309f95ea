/* Dispatches: claimed, begun at their instant or when those before them have ended, and ended. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
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

static void await_instant(struct ord_serve *s, struct run *r)
{
	struct run *at = s->latest;

	while (at && at->at_ns > r->at_ns)
		at = at->sooner;
	r->sooner = at;
	r->later = at ? at->later : s->soonest;
	if (r->later)
		r->later->sooner = r;
	else
		s->latest = r;
	if (at)
		at->later = r;
	else
		s->soonest = r;
}

void run_awaits_no_longer(struct ord_serve *s, struct run *r)
{
	if (r->state != RUN_CLAIMED)
		return;
	if (r->sooner)
		r->sooner->later = r->later;
	else
		s->soonest = r->later;
	if (r->later)
		r->later->sooner = r->sooner;
	else
		s->latest = r->sooner;
}

/* It is claimed. */
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
	await_instant(s, r);
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

/* What it will do, and to what, is known from its text; read again where the text is another by
 * then. */
void run_read_claims(struct ord_serve *s, struct run *r)
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

void run_want_targets(struct ord_serve *s, struct run *r)
{
	struct ord_err err;

	run_read_claims(s, r);
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

	run_awaits_no_longer(s, r);
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
	warm_drop(s, r);
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

json_t *run_record(const struct run *r, const char *what)
{
	json_t *record = json_pack("{s:s,s:I}", "c", what, "k", (json_int_t)r->key);
	const struct ord_child *process = !strcmp(what, "begin")     ? r->warm
					  : !strcmp(what, "started") ? r->child
								     : NULL;

	if (!strcmp(what, "begin")) {
		/* All that is to be known of it, should the line of its claim be damaged. */
		(void)json_object_set_new(record, "n", json_string(r->name));
		(void)json_object_set_new(record, "p", json_integer((json_int_t)r->planned_ns));
		(void)json_object_set_new(record, "a", json_integer((json_int_t)r->at_ns));
		(void)json_object_set_new(record, "cur", json_integer((json_int_t)r->planned_ns));
	}
	/* One that waited is known beforehand. */
	if (process && ord_child_ticks(process)) {
		(void)json_object_set_new(record, "pid", json_integer(ord_child_pid(process)));
		(void)json_object_set_new(record, "st",
					  json_integer((json_int_t)ord_child_ticks(process)));
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
	*r = (struct run){.serve = s,
			  .key = s->next_key++,
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

void run_counted(struct ord_serve *s, const struct run *r, int running, int waiting)
{
	struct entry *e = store_entry(s, r->id);

	s->n_running += (size_t)running;
	s->n_queued += (size_t)waiting;
	if (e) {
		e->running += (uint32_t)running;
		e->waiting += (uint32_t)waiting;
	}
}

void run_leave_queue(struct ord_serve *s, struct run *r)
{
	if (r->state == RUN_QUEUED)
		run_counted(s, r, 0, -1);
	r->waits_for[0] = '\0';
}

void run_skip(struct ord_serve *s, struct run *r, const char *reason)
{
	uint32_t id = r->id;

	run_leave_queue(s, r);
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

void run_ended(struct ord_serve *s, struct run *r, int code, const char *verdict, const char *said)
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
	if (!*r->dir)
		past_failed(s, r->name, r->planned_ns, said);
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

/* One that ended while it waited: the run begins without it. */
void run_end(void *arg, struct ord_child *c, int code, const char *dir, const char *verdict,
	     const char *said)
{
	struct run *r = arg;
	struct ord_serve *s = r->serve;

	if (c == r->warm) {
		warm_drop(s, r);
		return;
	}
	while (r->untold)
		(void)runs_tell(s);
	(void)snprintf(r->dir, sizeof r->dir, "%s", dir);
	run_counted(s, r, -1, 0);
	run_ended(s, r, code, verdict, said);
}

/* ---- those that take too long */

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
	for (struct run *r = s->first; r; r = r->next) {
		warm_drop(s, r);
		run_abort(s, r);
	}
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
	ord_spawner_free(s->spawner);
}
