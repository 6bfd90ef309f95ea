#include "injector/lease/lease_private.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/caller.h"
#include "base/clock.h"
#include "base/json.h"
#include "injector/lease/acted.h"
#include "injector/lease/event.h"
#include "injector/lease/halt.h"
#include "injector/lease/hello.h"
#include "injector/lease/sandbox.h"
#include "injector/lease/trim.h"

/* How long an effect may take to come into force: its hold, but at least this. */
#define INJECT_MIN_NS (60 * ORD_S)
#define FAULT_FDS     ORD_PROCS_MAX

enum { FD_INPUT, FD_OUTPUT, FD_SIGNALS, FD_TIMER, FD_GUARDIAN, FD_BEAT, N_FDS };

static void hold_failed(struct hold *h, const char *phase, const struct ord_err *err)
{
	inj_event_failed(phase, h->req->lease, err);
	h->cause = CAUSE_FAILED;
}

static uint64_t inject_limit_ns(const struct hold *h)
{
	return h->req->hold_ns > INJECT_MIN_NS ? h->req->hold_ns : INJECT_MIN_NS;
}

static int timer_set(const struct hold *h, uint64_t boot_ns)
{
	struct itimerspec t = {.it_value = ord_timespec(boot_ns)};

	return timerfd_settime(h->timer, TFD_TIMER_ABSTIME, &t, NULL);
}

/* By whatever way the request came: the caller goes on being able to end it. */
static int spare_caller(struct hold *h, json_t *report, struct ord_err *err)
{
	char peer[ORD_CALLER_TEXT];
	bool added = false;

	if (h->req->cut_me_off || !ord_caller_ssh(peer))
		return 0;
	(void)snprintf(h->spared, sizeof h->spared, "%s", peer);
	if (ord_args_spare(&h->req->args, peer, &added, err) < 0)
		return -1;
	if (!added)
		return 0;
	if (json_object_set_new(report, "notes",
				json_pack("[o]", json_sprintf("leaves %s alone, the caller's SSH "
							      "connection",
							      peer))) < 0)
		return ord_fail_nomem(err);
	return 0;
}

static int check(struct hold *h, struct ord_err *err)
{
	ord_auto(json) json_t *report = json_object();

	h->undo = json_object();
	if (!report || !h->undo)
		return ord_fail_nomem(err);
	if (inj_halt_refuses(&h->dirs, err) < 0 || spare_caller(h, report, err) < 0 ||
	    h->inj->check(&h->step, h->undo, report, err) < 0)
		return -1;
	(void)json_object_set_new(report, "class",
				  json_string(ord_guarantee_name(h->req->args.fault->guarantee)));
	inj_event("checked", h->req->lease, ord_now_ns(), ord_steal_ptr(report));
	return 0;
}

static int descriptors_open(struct hold *h, struct ord_err *err)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	h->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (h->signals < 0)
		return ord_fail_sys(err, "signalfd");
	h->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (h->timer < 0)
		return ord_fail_sys(err, "timerfd_create");
	return 0;
}

/* From the first byte of the record to the filter. The halt is asked again: it lists records after
 * it set its mark. */
static int arm(struct hold *h, struct ord_err *err)
{
	uint64_t limit = ord_boot_ns() + inject_limit_ns(h) + h->req->hold_ns;
	struct inj_filter filter = {0};

	inj_filter_ready();
	if (inj_undo_write(&h->record, h->record.dir, h->req, limit, h->undo, err) < 0)
		return -1;
	if (inj_halt_refuses(&h->dirs, err) < 0 ||
	    inj_guardian_start(&h->guardian, h->inj, &h->record, h->undo, limit, err) < 0)
		goto remove;
	/* While it starts. */
	if (inj_filter_make(INJ_HOLDER, h->inj->syscalls, h->inj->revert_syscalls, &filter, err) <
		    0 ||
	    inj_guardian_armed(&h->guardian, err) < 0 ||
	    inj_undo_guardian(&h->record, &h->guardian.proc, err) < 0 ||
	    timer_set(h, ord_boot_ns() + inject_limit_ns(h)) < 0 ||
	    (h->inj->begin && h->inj->begin(&h->step, err) < 0) ||
	    inj_filter_load(&filter, err) < 0)
		goto dismiss;
	inj_lease_beat(&h->guardian);
	h->heard_ns = ord_now_ns();
	h->beat_due_ns = h->heard_ns + INJ_BEAT_NS;
	return 0;
dismiss:
	inj_filter_done(&filter);
	inj_guardian_tell(&h->guardian, INJ_WORD_ENDED, 0);
	inj_guardian_end(&h->guardian);
remove:
	(void)inj_undo_remove(&h->record, NULL);
	return -1;
}

/* The mark comes before anything that could wait or want memory. */
static void force_mark(struct hold *h)
{
	uint64_t now = ord_now_ns(), deadline = ord_boot_ns() + h->req->hold_ns;
	struct ord_err err;

	h->in_force = true;
	if (inj_undo_state(&h->record, INJ_INJECTED, &err) < 0 ||
	    inj_undo_deadline(&h->record, deadline, &err) < 0 || timer_set(h, deadline) < 0) {
		hold_failed(h, "inject", &err);
		return;
	}
	inj_guardian_tell(&h->guardian, INJ_WORD_DEADLINE, deadline);
	inj_event("injected", h->req->lease, now,
		  json_pack("{s:I}", "requested_ns", (json_int_t)h->requested_ns));
	inj_trim(); /* nobody waits for that */
}

static void force_ask(struct hold *h)
{
	struct ord_err err;
	bool in_force = !h->inj->in_force;

	if (h->in_force || h->cause)
		return;
	if (h->inj->in_force && h->inj->in_force(&h->step, &in_force, &err) < 0)
		hold_failed(h, "inject", &err);
	else if (in_force)
		force_mark(h);
}

static void request_take(struct hold *h, const char *line, size_t size)
{
	static struct inj_request later; /* 50 KiB that few leases touch */
	struct ord_err err;

	if (inj_request_parse(line, size, &later, &err) < 0) {
		inj_event_failed("request", NULL, &err);
	} else if (later.op == INJ_OP_HELLO) {
		inj_hello(true);
	} else if (later.op == INJ_OP_END ||
		   (later.op == INJ_OP_REMOVE && strcmp(later.lease, h->req->lease) == 0)) {
		h->cause = CAUSE_REMOVED;
	} else if (later.op == INJ_OP_CHANGE && strcmp(later.lease, h->req->lease) == 0) {
		inj_lease_change(h, &later);
	} else {
		(void)ord_fail(&err, ORD_USAGE,
			       "this process holds lease '%s': only `change`, `remove`, `end` and "
			       "`hello` are taken here",
			       h->req->lease);
		inj_event_failed("request", later.lease[0] ? later.lease : NULL, &err);
	}
}

static void input_take(struct hold *h)
{
	const char *line;
	size_t size;

	inj_input_fill(h->in);
	while (!h->cause && (line = inj_input_line(h->in, &size)))
		request_take(h, line, size);
	if (!h->cause && h->in->ended)
		h->cause = CAUSE_INPUT_CLOSED;
}

static void guardian_watch(struct hold *h, const struct pollfd *fds, uint64_t slept_until,
			   uint64_t now)
{
	struct ord_err err;

	if (now >= h->beat_due_ns) {
		inj_guardian_tell(&h->guardian, INJ_WORD_BEAT, 0);
		h->beat_due_ns = now + INJ_BEAT_NS;
	}
	/* Were we late ourselves, a frozen guardian is no wonder: it gets its time. */
	if (inj_guardian_heard(&h->guardian) || now > slept_until + 3 * INJ_BEAT_NS)
		h->heard_ns = now;
	if (h->cause)
		return;
	if (fds[FD_GUARDIAN].revents) {
		(void)ord_fail(&err, ORD_SYS,
			       "the guardian died: the fault is not held without it");
		hold_failed(h, "hold", &err);
	} else if (now > h->heard_ns + INJ_GUARDIAN_SILENCE_NS) {
		(void)ord_fail(&err, ORD_SYS,
			       "the guardian does not answer: the fault is not held without it");
		hold_failed(h, "hold", &err);
	}
}

static void fixed_take(struct hold *h, const struct pollfd *fds)
{
	struct ord_err err;

	if (fds[FD_INPUT].revents)
		input_take(h);
	if (!h->cause && (fds[FD_OUTPUT].revents & (POLLERR | POLLHUP)))
		h->cause = CAUSE_INPUT_CLOSED; /* nobody is there any more */
	if (!h->cause && fds[FD_SIGNALS].revents)
		h->cause = inj_halt_refuses(&h->dirs, &err) < 0 ? CAUSE_HALTED : CAUSE_SIGNAL;
	if (!h->cause && fds[FD_TIMER].revents) {
		if (h->in_force) {
			h->cause = CAUSE_DEADLINE;
		} else {
			(void)ord_fail(&err, ORD_SYS, "not in force within %llu s%s%s",
				       (unsigned long long)(inject_limit_ns(h) / ORD_S),
				       h->step.why[0] ? ": " : "", h->step.why);
			hold_failed(h, "inject", &err);
		}
	}
}

static void fault_take(struct hold *h, const struct pollfd *fds, unsigned n)
{
	struct ord_err err;
	bool over = false;

	if (h->cause || !h->inj->wake)
		return;
	if (h->inj->wake(&h->step, fds, n, &over, &err) < 0)
		hold_failed(h, h->in_force ? "hold" : "inject", &err);
	else if (over)
		h->cause = h->step.over ? CAUSE_TAKEN_BACK : CAUSE_TARGET_GONE;
}

static void hold(struct hold *h)
{
	struct pollfd fds[N_FDS + FAULT_FDS] = {
		[FD_INPUT] = {.fd = STDIN_FILENO, .events = POLLIN},
		[FD_OUTPUT] = {.fd = STDOUT_FILENO},
		[FD_SIGNALS] = {.fd = h->signals, .events = POLLIN},
		[FD_TIMER] = {.fd = h->timer, .events = POLLIN},
		[FD_GUARDIAN] = {.fd = h->guardian.pidfd, .events = POLLIN},
		[FD_BEAT] = {.fd = h->guardian.beat, .events = POLLIN},
	};

	force_ask(h);
	while (!h->cause) {
		uint64_t due = h->beat_due_ns, now = ord_now_ns();
		unsigned n =
			h->inj->wait ? h->inj->wait(&h->step, fds + N_FDS, FAULT_FDS, &due) : 0;
		struct timespec timeout = ord_timespec(due > now ? due - now : 0);

		if (ppoll(fds, N_FDS + n, &timeout, NULL) < 0 && errno != EINTR) {
			struct ord_err err;

			(void)ord_fail_sys(&err, "ppoll");
			hold_failed(h, "hold", &err);
			return;
		}
		fault_take(h, fds + N_FDS, n);
		guardian_watch(h, fds, due > now ? due : now, ord_now_ns());
		fixed_take(h, fds);
		force_ask(h);
	}
}

/* As far as a lease goes before there is anything to take back. */
static int run_dry(struct hold *h)
{
	struct ord_err err;

	if (h->req->place.cluster)
		(void)ord_fail(&err, ORD_USAGE, "dry_run: not in a cluster");
	else if (inj_dirs(&h->dirs, &err) == 0 && check(h, &err) == 0)
		return INJ_EXIT_OK;
	inj_event_failed("check", h->req->lease, &err);
	return INJ_EXIT_FAILED;
}

static int run(struct hold *h)
{
	struct ord_err err;

	if (inj_dirs_make(&h->dirs, &h->record.dir, &err) < 0 || check(h, &err) < 0 ||
	    inj_drop(inj_fault_caps(h->req->args.fault), &err) < 0 ||
	    descriptors_open(h, &err) < 0 || arm(h, &err) < 0) {
		inj_event_failed("check", h->req->lease, &err);
		return INJ_EXIT_FAILED;
	}
	h->requested_ns = ord_now_ns();
	if (h->inj->inject(&h->step, &err) < 0)
		hold_failed(h, "inject", &err);
	else
		hold(h);
	return inj_lease_end(h);
}

int inj_lease_run(const struct ord_injector *inj, struct inj_request *req, struct inj_input *in)
{
	struct hold h = {
		.inj = inj,
		.req = req,
		.in = in,
		.step = {.lease = req->lease,
			 .args = &req->args,
			 .place = &req->place,
			 .engine = req->engine,
			 .hold_ns = req->hold_ns,
			 .seed = req->seed,
			 .even_if_it_cuts_me_off = req->cut_me_off,
			 .whole_host = req->whole_host,
			 .folder = req->folder},
		.record = {.dir = -1, .fd = -1},
		.guardian = {.pidfd = -1, .beat = -1},
		.signals = -1,
		.timer = -1,
	};
	int status;

	h.kept = json_array();
	inj_acted_teller();
	inj_kept_collect(h.kept);
	status = req->dry_run ? run_dry(&h) : run(&h);
	inj_kept_collect(NULL);

	if (inj->done)
		inj->done(&h.step);
	json_decref(h.undo);
	json_decref(h.kept);
	ord_close(&h.timer);
	ord_close(&h.signals);
	ord_close(&h.record.fd);
	ord_close(&h.record.dir);
	return status;
}
