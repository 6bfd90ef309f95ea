/* One fault of one repetition: its holder from the request to the proof that nothing is left. */
#include "scheduler/run/fault.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "ordeal/far.h"

/* The lease ends by itself so much after its hold, should we hang. */
#define MARGIN_NS   (250 * ORD_MS)
#define INJECT_NS   (60 * ORD_S)   /* the injector's own least limit for getting into force */
#define REVERT_NS   (10 * ORD_S)   /* patience with an end that was asked for */
#define GUARDIAN_NS (300 * ORD_MS) /* for the guardian of a holder that died, before rescue */
#define RESCUE_NS   (10 * ORD_S)
#define WAITING_NS  (600 * ORD_S) /* for an API server to come back */
/* The same of another machine, which hears of the end later. */
#define FAR_MARGIN_NS ORD_S
#define FAR_AFTER_NS  (5 * ORD_S)  /* it is asked so long after its guardian's deadline, */
#define FAR_ASK_NS    (60 * ORD_S) /* or since it was lost, whichever is sooner */

static int on_event(sd_event_source *source, int fd, uint32_t events, void *arg);

static void tell(struct run_fault *f, const char *state, json_t *more)
{
	json_t *line = json_pack("{s:I, s:s, s:s}", "rep", (json_int_t)f->run->rep, "fault",
				 f->spec->name, "state", state);

	if (line && more)
		(void)json_object_update_missing(line, more);
	json_decref(more);
	run_timeline_line(f->run->tl, "fault", line);
}

void run_fault_arm(struct run_fault *f, uint64_t at_ns)
{
	(void)sd_event_source_set_time(f->timer, at_ns / ORD_US);
	(void)sd_event_source_set_enabled(f->timer, SD_EVENT_ONESHOT);
}

void run_fault_disarm(struct run_fault *f)
{
	(void)sd_event_source_set_enabled(f->timer, SD_EVENT_OFF);
}

/* An instant of the injector's clock: where that is another machine's it is an interval, whose
 * beginning stands beside it as KEY_lo. */
static void put_instant(const struct run_fault *f, json_t *out, const char *key, uint64_t at)
{
	uint64_t lo = at, hi = at;
	char key_lo[32];

	if (f->holder)
		ord_far_instant(f->holder, at, &lo, &hi);
	(void)json_object_set_new(out, key, json_integer(run_timeline_t(f->run->tl, hi)));
	if (!f->holder || !ord_far_is(f->holder))
		return;
	/* It did nothing before it was asked to. */
	lo = lo < f->sent_ns ? f->sent_ns : lo;
	(void)snprintf(key_lo, sizeof key_lo, "%s_lo", key);
	(void)json_object_set_new(out, key_lo, json_integer(run_timeline_t(f->run->tl, lo)));
}

/* The injector's words on the run's clock: at_ns -> at_t, requested_ns -> requested_t, phase -> at.
 */
static json_t *translate(const struct run_fault *f, json_t *event)
{
	static const char *const dropped[] = {"event", "lease", "protocol"};
	static const char *const renamed[][2] = {{"at_ns", "at_t"},
						 {"requested_ns", "requested_t"}};
	json_t *out = json_copy(event);

	for (size_t i = 0; out && i < ORD_COUNT(dropped); i++)
		(void)json_object_del(out, dropped[i]);
	for (size_t i = 0; out && i < ORD_COUNT(renamed); i++) {
		const json_t *at = json_object_get(out, renamed[i][0]);

		if (!json_is_integer(at))
			continue;
		put_instant(f, out, renamed[i][1], (uint64_t)json_integer_value(at));
		(void)json_object_del(out, renamed[i][0]);
	}
	if (out && json_object_get(out, "phase")) {
		(void)json_object_set(out, "at", json_object_get(out, "phase"));
		(void)json_object_del(out, "phase");
	}
	return out;
}

static void let_holder_go(struct run_fault *f)
{
	f->io = sd_event_source_disable_unref(f->io);
	if (f->spent)
		ord_holder_free(f->spent);
	/* It exits by itself once its pipe is closed or its lease is over: reap it later, without
	 * waiting. */
	f->spent = f->holder;
	f->spent_ns = ord_now_ns();
	f->holder = NULL;
}

void run_fault_over(struct run_fault *f)
{
	run_fault_disarm(f);
	if (f->holder)
		let_holder_go(f);
	f->state = FAULT_OVER;
}

static void fail(struct run_fault *f, const char *what)
{
	char text[512];

	f->failed = true;
	(void)snprintf(text, sizeof text, "fault '%s': %.400s", f->spec->name, what);
	run_stop(f->run, RUN_FAILED, text);
}

static void fail_at(struct run_fault *f, const char *at, const struct ord_err *err)
{
	tell(f, "failed",
	     json_pack("{s:s, s:s, s:s}", "at", at, "code", ord_code_name(err->code), "message",
		       err->msg));
	f->state = FAULT_OVER;
	fail(f, err->msg);
}

static uint64_t asked_hold_ns(const struct run_fault *f)
{
	return f->spec->for_ns + (f->spec->target.via ? FAR_MARGIN_NS : MARGIN_NS);
}

static json_t *make_request(struct run_fault *f)
{
	const struct run *r = f->run;
	char folder[ORD_PATH_MAX];
	json_t *request = ord_holder_request(f->lease, f->args, &f->resolved.place,
					     r->placebo ? "" : f->spec->engine, asked_hold_ns(f),
					     ord_plan_seed(r->plan, f->index, r->rep),
					     r->options->even_if_it_cuts_me_off);

	/* A full disk must not be the one that the run is written to. */
	if (request && !f->spec->target.via && realpath(r->home.path, folder))
		(void)json_object_set_new(request, "folder", json_string(folder));
	if (request && r->spec->whole_host)
		(void)json_object_set_new(request, "whole_host", json_true());
	return request;
}

int run_fault_watch(struct run_fault *f, struct ord_err *err)
{
	int r = sd_event_add_io(f->run->loop, &f->io, ord_holder_fd(f->holder), EPOLLIN, on_event,
				f);
	if (r >= 0)
		return 0;
	errno = -r;
	return ord_fail_sys(err, "watch the injector");
}

static int spawn(struct run_fault *f, struct ord_err *err)
{
	const struct ord_place *place = &f->resolved.place;
	const struct ord_fault *fault = f->args->fault;

	if (f->spec->target.via
		    ? ord_far_spawn(f->spec->target.via, &f->holder, err) < 0
		    : ord_holder_spawn(ord_holder_program(fault, place),
				       ord_holder_needs_root(fault, place), &f->holder, err) < 0)
		return -1;
	return run_fault_watch(f, err);
}

void run_fault_start(struct run_fault *f)
{
	struct ord_err err = {0};
	ord_auto(json) json_t *request = make_request(f);
	uint64_t hold = asked_hold_ns(f), limit = hold > INJECT_NS ? hold : INJECT_NS;

	f->sent_ns = ord_now_ns();
	f->until_ns = f->sent_ns + limit + hold;
	if (!request)
		(void)ord_fail_nomem(&err);
	tell(f, "requested", json_pack("{s:s}", "lease", f->lease));
	/* The one on another machine is there, and waits. */
	if (!request || (!f->holder && spawn(f, &err) < 0) ||
	    ord_holder_send(f->holder, request, &err) < 0) {
		if (f->holder)
			let_holder_go(f);
		fail_at(f, "request", &err);
		return;
	}
	f->state = FAULT_REQUESTED;
	run_fault_arm(f, ord_now_ns() + limit + REVERT_NS);
}

void run_fault_ask_end(struct run_fault *f)
{
	ord_auto(json) json_t *request =
		json_pack("{s:i, s:s, s:s}", "protocol", 1, "op", "remove", "lease", f->lease);

	f->state = FAULT_ENDING;
	/* Where it does not take requests any more, its end of file or the patience settles it. */
	if (request)
		(void)ord_holder_send(f->holder, request, NULL);
	run_fault_arm(f, ord_now_ns() + REVERT_NS);
}

static void begin_rescue(struct run_fault *f)
{
	ord_auto(json) json_t *request =
		json_pack("{s:i, s:s, s:s}", "protocol", 1, "op", "rescue", "lease", f->lease);
	struct ord_err err = {0};

	if (f->spent)
		ord_holder_free(ord_steal_ptr(f->spent));
	f->state = FAULT_RESCUING;
	if (request && spawn(f, &err) == 0 && ord_holder_send(f->holder, request, &err) == 0) {
		run_fault_arm(f, ord_now_ns() + RESCUE_NS);
		return;
	}
	tell(f, "failed",
	     json_pack("{s:s, s:s, s:s}", "at", "rescue", "code", ord_code_name(err.code),
		       "message", err.msg));
	run_fault_over(f);
}

/* The holder is gone without `reverted`. Its guardian reverts, or has; rescue tells what is left.
 */
static void lost(struct run_fault *f, const char *why)
{
	char text[512], until[32];
	uint64_t now = ord_now_ns();

	if (f->spec->target.via) {
		f->until_ns = f->until_ns > now ? f->until_ns : now;
		f->ask_until_ns = f->until_ns + FAR_AFTER_NS < now + FAR_ASK_NS
					  ? f->until_ns + FAR_AFTER_NS
					  : now + FAR_ASK_NS;
		ord_format_utc(ord_wall_ns() + (f->until_ns - now), until);
		(void)snprintf(text, sizeof text,
			       "the link was lost: %.240s; its guardian there reverts by %s", why,
			       until);
		why = text;
	}
	tell(f, "lost", json_pack("{s:s}", "message", why));
	let_holder_go(f);
	f->state = FAULT_LOST;
	run_fault_arm(f, ord_now_ns() + GUARDIAN_NS);
	fail(f, why);
}

/* The other machine was not reached again, or its holder has not heard of its end yet. */
static bool ask_again(struct run_fault *f)
{
	uint64_t now = ord_now_ns();

	if (!f->spec->target.via || now > f->ask_until_ns)
		return false;
	let_holder_go(f);
	f->state = FAULT_LOST;
	run_fault_arm(f, now + ORD_S);
	return true;
}

/* Why is NULL where there is nothing to add. */
static void rescue_failed(struct run_fault *f, const char *why)
{
	if (ask_again(f))
		return;
	if (why)
		tell(f, "failed",
		     json_pack("{s:s, s:s, s:s}", "at", "rescue", "code", "sys", "message", why));
	run_fault_over(f);
}

static bool held_still(json_t *records)
{
	const json_t *record;
	size_t i;

	json_array_foreach (records, i, record) {
		const char *action = json_string_value(json_object_get(record, "action"));

		if (action && !strcmp(action, "held"))
			return true;
	}
	return false;
}

static void on_rescued(struct run_fault *f, json_t *event)
{
	json_t *records = json_object_get(event, "records"), *record;
	json_t *left = json_array(), *kept = json_array();
	json_int_t residue = 0;
	size_t i;

	if (held_still(records) && ask_again(f)) {
		json_decref(left);
		json_decref(kept);
		return;
	}
	json_array_foreach (records, i, record) {
		json_int_t n = json_integer_value(json_object_get(record, "residue"));

		residue += n > 0 ? n : 0;
		(void)json_array_extend(left, json_object_get(record, "left"));
		(void)json_array_extend(kept, json_object_get(record, "kept"));
	}
	f->run->residue += (uint64_t)residue;
	tell(f, "reverted",
	     json_pack("{s:s, s:I, s:o, s:o, s:I}", "cause", "rescued", "residue", residue, "left",
		       left, "kept", kept, "at_t",
		       (json_int_t)run_timeline_t(f->run->tl, ord_now_ns())));
	run_fault_over(f);
}

static void on_reverting(struct run_fault *f, const char *cause, const char *by)
{
	bool asked = f->state == FAULT_ENDING;

	f->state = FAULT_ENDING;
	run_fault_arm(f, ord_now_ns() + REVERT_NS);
	if (asked)
		return;
	if (!strcmp(cause, "halted") || !strcmp(cause, "signal"))
		run_abort(f->run, "halted", ord_now_ns(), "someone ended the leases of this host");
	else if (!strcmp(cause, "taken-back"))
		run_note(f->run, "fault '%s' ended early: %.128s took its effect back",
			 f->spec->name, *by ? by : "somebody");
	else if (!strcmp(cause, "target-gone") && f->args->fault->guarantee != ORD_GUARANTEE_NONE)
		run_note(f->run, "fault '%s' ended early: its target is gone", f->spec->name);
}

/* The API server is away: the holder tries until it is back, and the run waits with it, but not for
 * ever; the guardian goes on. */
static void on_waiting(struct run_fault *f, json_t *event)
{
	if (json_integer_value(json_object_get(event, "for_ns")) > (json_int_t)WAITING_NS)
		return;
	if (!f->waiting)
		tell(f, "waiting", translate(f, event));
	f->waiting = true;
	if (f->state == FAULT_ENDING)
		run_fault_arm(f, ord_now_ns() + REVERT_NS);
}

static void on_failed(struct run_fault *f, const json_t *event)
{
	const char *message = json_string_value(json_object_get(event, "message"));

	/* What was changed is being reverted; `reverted` or the end of file follows. */
	f->state = FAULT_ENDING;
	run_fault_arm(f, ord_now_ns() + REVERT_NS);
	fail(f, message ? message : "it failed");
}

static void on_injected(struct run_fault *f, uint64_t at_ns)
{
	uint64_t lo, hi;

	ord_far_instant(f->holder, at_ns, &lo, &hi);
	f->state = FAULT_INJECTED;
	f->until_ns = hi + asked_hold_ns(f);
	run_limit_start(f->run);
	run_fault_arm(f, hi + f->spec->for_ns);
	if (f->stale)
		run_peers_send(f);
}

static void take(struct run_fault *f, json_t *event)
{
	const char *name = json_string_value(json_object_get(event, "event"));
	const char *cause = json_string_value(json_object_get(event, "cause"));
	const char *by = json_string_value(json_object_get(event, "by"));

	if (!strcmp(name, "rescued")) {
		on_rescued(f, event);
		return;
	}
	if (!strcmp(name, "waiting")) {
		on_waiting(f, event);
		return;
	}
	if (strcmp(name, "acted") != 0 && strcmp(name, "checked") != 0 &&
	    strcmp(name, "changed") != 0 && strcmp(name, "unchanged") != 0 &&
	    strcmp(name, "injected") != 0 && strcmp(name, "failed") != 0 &&
	    strcmp(name, "reverting") != 0 && strcmp(name, "reverted") != 0)
		return;
	tell(f, name, translate(f, event));
	if (!strcmp(name, "failed")) {
		on_failed(f, event);
	} else if (!strcmp(name, "reverting")) {
		on_reverting(f, cause ? cause : "", by ? by : "");
	} else if (!strcmp(name, "reverted")) {
		if (json_integer_value(json_object_get(event, "residue")) > 0)
			f->run->residue +=
				(uint64_t)json_integer_value(json_object_get(event, "residue"));
		run_timeline_sync(f->run->tl);
		run_fault_over(f);
	} else if (!strcmp(name, "injected") && f->state == FAULT_REQUESTED) {
		on_injected(f, (uint64_t)json_integer_value(json_object_get(event, "at_ns")));
	}
}

static int on_event(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct run_fault *f = arg;
	struct ord_err err = {0};

	(void)source;
	(void)fd;
	(void)events;
	while (f->holder) {
		json_t *event = NULL;

		if (ord_holder_next(f->holder, &event, &err) < 0) {
			if (f->state == FAULT_RESCUING) {
				rescue_failed(f, f->spec->target.via ? err.msg : NULL);
			} else if (f->state == FAULT_ENDING && f->failed) {
				run_fault_over(f);
			} else if (f->state == FAULT_REQUESTED && err.code == ORD_SKIP) {
				let_holder_go(f); /* sudo refused: nothing was started */
				fail_at(f, "request", &err);
			} else {
				lost(f, err.msg);
			}
			break;
		}
		if (!event)
			break;
		if (!ord_far_heard(f->holder, event))
			take(f, event);
		json_decref(event);
	}
	run_advance(f->run);
	return 0;
}

void run_fault_beat(struct run_fault *f)
{
	struct ord_err err;

	if (f->state < FAULT_LOST && ord_far_beat(f->holder, &err) < 0)
		lost(f, err.msg);
}

void run_fault_hear(struct run_fault *f)
{
	(void)on_event(NULL, -1, 0, f);
}

int run_fault_on_timer(sd_event_source *source, uint64_t usec, void *arg)
{
	struct run_fault *f = arg;

	(void)source;
	(void)usec;
	switch (f->state) {
	case FAULT_PENDING:
		run_fault_start(f);
		break;
	case FAULT_INJECTED:
		run_fault_ask_end(f);
		break;
	case FAULT_REQUESTED:
		lost(f, "it did not get in force in time");
		break;
	case FAULT_ENDING:
		lost(f, "it did not revert in time");
		break;
	case FAULT_LOST:
		begin_rescue(f);
		break;
	case FAULT_RESCUING:
		rescue_failed(f, "rescue said nothing");
		break;
	case FAULT_OVER:
		break;
	}
	run_advance(f->run);
	return 0;
}
