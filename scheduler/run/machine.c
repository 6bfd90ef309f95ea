/* The phases of a repetition, and their order. */
#include "scheduler/run/machine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/printable.h"

#define TICK_NS (20 * ORD_MS)
/* Targets in a cluster, and on other machines, are looked for so long before the injection's
 * instant: none is moved by the search, and what was found is fresh. */
#define FIND_NS ORD_S
/* A fault whose `for` is the limit is ended by us, or by its own clock. */
#define LIMIT_SLACK (500 * ORD_MS)
/* Through an API server that has much to do, or a slow link, it takes seconds. */
#define LIMIT_SLACK_CLUSTER (5 * ORD_S)

static const char *const phase_names[] = {
	[RUN_STEADY_BEFORE] = "steady-before",
	[RUN_INJECT] = "inject",
	[RUN_HOLD] = "hold",
	[RUN_REVERT] = "revert",
	[RUN_RECOVERY] = "recovery",
	[RUN_STEADY_AFTER] = "steady-after",
	[RUN_COOLDOWN] = "cooldown",
};

static const char *const end_names[] = {
	[RUN_COMPLETE] = "complete",	   [RUN_ABORTED] = "aborted",
	[RUN_UNSTEADY] = "steady-state",   [RUN_FAILED] = "failed",
	[RUN_INTERRUPTED] = "interrupted",
};

void run_note(struct run *r, const char *fmt, ...)
{
	char all[1200], text[sizeof all];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(all, sizeof all, fmt, ap);
	va_end(ap);
	/* It may be cut within a character, and would be no JSON. */
	(void)ord_printable(all, sizeof text, text);
	run_timeline_line(r->tl, "note", json_pack("{s:s}", "text", text));
}

void run_enter(struct run *r, enum run_phase phase)
{
	r->phase = phase;
	r->phase_ns = ord_now_ns();
	run_timeline_line(
		r->tl, "phase",
		json_pack("{s:I, s:s}", "rep", (json_int_t)r->rep, "phase", phase_names[phase]));
	run_timeline_sync(r->tl);
}

/* The last line. */
static void finish(struct run *r)
{
	json_t *line = json_pack("{s:s}", "cause", end_names[r->end]);

	if (line && r->end_text[0])
		(void)json_object_set_new(line, "text", json_string(r->end_text));
	run_logs_look(r->logs, ord_now_ns());
	run_monitor_settle(r);
	run_cluster_unobserve(r); /* these may have a last word */
	run_timeline_line(r->tl, "end", line);
	(void)sd_event_exit(r->loop, 0);
}

void run_stop(struct run *r, enum run_end end, const char *text)
{
	if (r->phase == RUN_STOPPING)
		return;
	/* The leases first: every microsecond counts for those who wait for the end of the fault.
	 */
	run_faults_end(r);
	if (!run_faults_over(r) && r->phase != RUN_REVERT)
		run_enter(r, RUN_REVERT);
	r->phase = RUN_STOPPING;
	r->end = end;
	(void)ord_printable(text, sizeof r->end_text, r->end_text);
	/* The end itself comes from run_advance, out of whatever called us. */
}

void run_abort(struct run *r, const char *cause, uint64_t asked_ns, const char *text)
{
	bool interrupted = !strcmp(cause, "signal");

	if (r->phase == RUN_STOPPING)
		return;
	run_faults_end(r);
	run_timeline_line(r->tl, "abort",
			  json_pack("{s:I, s:s, s:s, s:I}", "rep", (json_int_t)r->rep, "cause",
				    cause, "text", text, "asked_t",
				    (json_int_t)run_timeline_t(r->tl, asked_ns)));
	run_stop(r, interrupted ? RUN_INTERRUPTED : RUN_ABORTED, text);
}

static void arm(sd_event_source *timer, uint64_t at_ns)
{
	(void)sd_event_source_set_time(timer, (at_ns + ORD_US - 1) / ORD_US);
	(void)sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

void run_limit_start(struct run *r)
{
	if (r->limited)
		return;
	r->limited = true;
	arm(r->limit_timer, ord_now_ns() + r->spec->limit_duration_ns +
				    (r->cluster || r->finder ? LIMIT_SLACK_CLUSTER : LIMIT_SLACK));
}

void run_begin_repetition(struct run *r, uint32_t rep)
{
	uint64_t now = ord_now_ns();

	for (size_t i = 0; i < r->spec->n_probes; i++) {
		r->track[i].rep_before = r->rep;
		r->track[i].rep = rep;
		r->track[i].rep_from = now;
	}
	r->rep = rep;
	r->placebo = rep == 0;
	r->steady = false;
	r->limited = false;
	(void)sd_event_source_set_enabled(r->limit_timer, SD_EVENT_OFF);
	run_enter(r, RUN_STEADY_BEFORE);
	run_logs_begin(r->logs, now);
	run_monitor_repetition(r);
}

static void tell_steady(struct run *r, const char *when, bool holds)
{
	json_t *conditions = NULL;

	(void)run_watch_steady(r, ord_now_ns(), &conditions);
	run_timeline_line(r->tl, "steady",
			  json_pack("{s:I, s:s, s:b, s:o}", "rep", (json_int_t)r->rep, "when", when,
				    "holds", holds, "conditions", conditions));
}

static void draw_instant(struct run *r, uint64_t now)
{
	json_t *line = NULL;
	uint64_t least = r->finder ? FIND_NS : 0, wait = run_phase_draw(r, now, least, &line);

	if (line)
		run_timeline_line(r->tl, "injection-phase", line);
	r->inject_at_ns = now + wait;
	r->found = false;
	arm(r->phase_timer, r->inject_at_ns - (wait < least ? wait : least));
}

static void advance_before(struct run *r, uint64_t now)
{
	/* A guard that sees nothing guards nothing. Where it stays so, it ends the run itself. */
	if (r->steady || !run_monitor_guarded(r))
		return;
	if (now - r->phase_ns >= run_watch_baseline(r) && run_watch_steady(r, now, NULL)) {
		r->steady = true;
		tell_steady(r, "before", true);
		draw_instant(r, now);
	} else if (now - r->phase_ns > run_watch_patience(r)) {
		tell_steady(r, "before", false);
		run_stop(r, RUN_UNSTEADY, "the steady state did not hold before the fault");
	}
}

/* True: the steady state still holds, this close to the fault. Else it is waited for again. */
static bool still_steady(struct run *r)
{
	if (run_watch_steady(r, ord_now_ns(), NULL))
		return true;
	run_note(r, "the steady state broke just before the fault: it is waited for again");
	r->steady = false;
	return false;
}

static void inject(struct run *r)
{
	struct ord_err err = {0};

	run_enter(r, RUN_INJECT);
	r->inject_ns = r->phase_ns;
	/* What a log said before does not hide what it says from here on. */
	run_logs_begin(r->logs, ord_now_ns());
	if (run_faults_begin(r, &err) < 0)
		run_stop(r, RUN_FAILED, err.msg);
	/* What is read from here on was written after the request; else an answer that is quick
	 * could not be told from one that came before it. */
	run_logs_look(r->logs, ord_now_ns());
}

/* The targets are known, and the steady state holds. */
static void inject_in_time(struct run *r)
{
	r->found = true;
	if (ord_now_ns() < r->inject_at_ns)
		arm(r->phase_timer, r->inject_at_ns);
	else
		inject(r);
}

void run_found(void *arg)
{
	struct run *r = arg;

	r->finding = false;
	if (r->phase != RUN_STEADY_BEFORE)
		return;
	/* It may have taken a while. */
	if (still_steady(r))
		inject_in_time(r);
	run_advance(r);
}

static int on_phase_timer(sd_event_source *source, uint64_t usec, void *arg)
{
	struct run *r = arg;
	struct ord_err err = {0};
	int found;

	(void)source;
	(void)usec;
	if (r->phase != RUN_STEADY_BEFORE || r->finding || !still_steady(r))
		return 0;
	found = r->found ? 1 : run_cluster_find(r, &err);
	if (found < 0)
		run_stop(r, RUN_FAILED, err.msg);
	else if (found)
		inject_in_time(r);
	else
		r->finding = true;
	run_advance(r);
	return 0;
}

static void after_steady(struct run *r)
{
	if (r->rep >= r->last_rep) {
		r->phase = RUN_STOPPING;
		r->end = RUN_COMPLETE;
		return;
	}
	run_enter(r, RUN_COOLDOWN);
	r->steady_since = r->phase_ns;
}

static void advance_after(struct run *r, uint64_t now)
{
	bool holds = run_watch_steady(r, now, NULL);

	if (!holds && now - r->phase_ns <= run_watch_patience(r))
		return;
	tell_steady(r, "after", holds);
	after_steady(r);
}

/* To the next repetition, where one is needed. */
static void go_on(struct run *r)
{
	enum run_judgement j = run_judge(r);

	if (j == RUN_JUDGE_GO_ON) {
		run_begin_repetition(r, r->rep + 1);
		run_policy_again(r);
	} else if (j == RUN_JUDGE_ENOUGH) {
		r->phase = RUN_STOPPING;
		r->end = RUN_COMPLETE;
	}
}

/* One step. True: there may be another at once. */
static bool step(struct run *r, uint64_t now)
{
	enum run_phase was = r->phase;

	switch (r->phase) {
	case RUN_STEADY_BEFORE:
		advance_before(r, now);
		break;
	case RUN_INJECT:
		if (run_faults_in_force(r))
			run_enter(r, RUN_HOLD);
		break;
	case RUN_HOLD:
		if (run_faults_ending(r))
			run_enter(r, RUN_REVERT);
		break;
	case RUN_REVERT:
		if (!run_faults_over(r))
			break;
		r->cleared_ns = now;
		r->full_since = 0;
		run_enter(r, RUN_RECOVERY);
		break;
	case RUN_RECOVERY:
		/* Both are looked at: full_since is kept by the look. */
		if (!(run_watch_full(r, now) & run_watch_recovered(r)) &&
		    now - r->phase_ns < r->spec->recovery_ns)
			break;
		run_monitor_after(r);
		run_enter(r, RUN_STEADY_AFTER);
		r->steady_since = r->phase_ns;
		break;
	case RUN_STEADY_AFTER:
		advance_after(r, now);
		break;
	case RUN_COOLDOWN:
		if (now - r->phase_ns >= r->spec->cooldown_ns)
			go_on(r);
		break;
	case RUN_STOPPING:
		if (run_faults_over(r))
			finish(r);
		return false;
	}
	return r->phase != was;
}

void run_advance(struct run *r)
{
	while (step(r, ord_now_ns()))
		;
}

static int on_limit(sd_event_source *source, uint64_t usec, void *arg)
{
	struct run *r = arg;

	(void)source;
	(void)usec;
	/* Were we stopped ourselves, it may have ended in time without us. */
	run_faults_hear(r);
	if (r->phase == RUN_INJECT || r->phase == RUN_HOLD || r->phase == RUN_REVERT)
		run_abort(r, "limit", ord_now_ns(),
			  "limits.duration is over and a fault is still in force");
	run_advance(r);
	return 0;
}

static int on_tick(sd_event_source *source, uint64_t usec, void *arg)
{
	struct run *r = arg;
	uint64_t now = ord_now_ns();

	(void)usec;
	run_timeline_flush(r->tl);
	run_faults_tidy(r, false);
	run_faults_beat(r);
	run_logs_look(r->logs, now);
	if (run_timeline_broken(r->tl))
		run_stop(r, RUN_FAILED, "the timeline cannot be written");
	run_watch_guards(r, now);
	run_advance(r);
	(void)sd_event_source_set_time(source, (now + TICK_NS) / ORD_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int run_machine_init(struct run *r, struct ord_err *err)
{
	int e = sd_event_add_time(r->loop, &r->tick, CLOCK_MONOTONIC, 0, ORD_MS / ORD_US, on_tick,
				  r);

	if (e >= 0)
		e = sd_event_add_time(r->loop, &r->phase_timer, CLOCK_MONOTONIC, 0, 1,
				      on_phase_timer, r);
	if (e >= 0)
		e = sd_event_source_set_enabled(r->phase_timer, SD_EVENT_OFF);
	if (e >= 0)
		e = sd_event_add_time(r->loop, &r->limit_timer, CLOCK_MONOTONIC, 0, 1, on_limit, r);
	if (e >= 0)
		e = sd_event_source_set_enabled(r->limit_timer, SD_EVENT_OFF);
	if (e >= 0)
		return 0;
	errno = -e;
	return ord_fail_sys(err, "timers of the run");
}

void run_machine_done(struct run *r)
{
	r->tick = sd_event_source_disable_unref(r->tick);
	r->phase_timer = sd_event_source_disable_unref(r->phase_timer);
	r->limit_timer = sd_event_source_disable_unref(r->limit_timer);
}
