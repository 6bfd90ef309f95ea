/* A run from its plan to its timeline: what is opened, in which order, and closed again. */
#include "ordeal/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "ordeal/monitor.h"
#include "scheduler/run/machine.h"

#define DOCTOR_NS (10 * ORD_S)

static const int ending_signals[] = {SIGINT, SIGTERM, SIGHUP};

struct signals {
	sigset_t before;
	struct sigaction pipe;
};

/* SIGPIPE ignored, which a TLS library may raise. */
static void take_signals(struct signals *ret)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};

	(void)pthread_sigmask(SIG_BLOCK, NULL, &ret->before);
	(void)sigaction(SIGPIPE, &ignore, &ret->pipe);
}

static void give_signals_back(const struct signals *s)
{
	(void)sigaction(SIGPIPE, &s->pipe, NULL);
	(void)pthread_sigmask(SIG_SETMASK, &s->before, NULL);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *arg)
{
	struct run *r = arg;
	char text[32];

	(void)source;
	(void)snprintf(text, sizeof text, "SIG%s", sigabbrev_np((int)si->ssi_signo));
	run_abort(r, "signal", ord_now_ns(), text);
	run_advance(r);
	return 0;
}

/* Until here nothing has been made, and calls to an API server are waited for: a signal just ends
 * the program. From now on it aborts the run. */
static int hear_signals(struct run *r, struct ord_err *err)
{
	sigset_t set;
	int e = 0;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < ORD_COUNT(ending_signals); i++)
		(void)sigaddset(&set, ending_signals[i]);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	for (size_t i = 0; e >= 0 && i < ORD_COUNT(ending_signals); i++)
		e = sd_event_add_signal(r->loop, NULL, ending_signals[i], on_signal, r);
	if (e >= 0)
		return 0;
	errno = -e;
	return ord_fail_sys(err, "event loop");
}

static void on_sample(void *arg, const struct ord_sample *s)
{
	struct run *r = arg;

	if (!r->tl)
		return;
	run_timeline_sample(r->tl, run_watch_rep(r, s), r->spec->probes[s->probe].name, s);
	run_watch_sample(r, s);
	run_watch_guards(r, s->done);
}

static json_t *list_argv(const char *const *argv)
{
	json_t *list = json_array();

	for (; list && argv && *argv; argv++)
		if (json_array_append_new(list, json_string(*argv)) < 0)
			(void)json_array_append_new(list, json_string("(not UTF-8)"));
	return list;
}

static void tell_run(struct run *r, uint64_t wall_ns, uint64_t mono_ns)
{
	struct utsname u = {0};
	json_t *line;

	(void)uname(&u);
	line = json_pack("{s:i, s:s, s:s, s:I, s:I, s:{s:s, s:I, s:s}, s:o, s:O}", "version", 1,
			 "run", r->home.name, "ordeal", ORDEAL_VERSION, "wall_ns",
			 (json_int_t)wall_ns, "mono_ns", (json_int_t)mono_ns, "host", "kernel",
			 u.release, "cpus", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "name",
			 u.nodename, "argv", list_argv(r->options->argv), "plan", r->plan->json);
	if (line && r->cluster)
		(void)json_object_set_new(line, "cluster", run_cluster_json(r));
	run_timeline_line(r->tl, "run", line);
}

/* What a report will hold this run against is part of its timeline: that alone rebuilds it. */
static void tell_baselines(struct run *r)
{
	const json_t *line;
	size_t i;

	json_array_foreach (r->options->baselines, i, line) {
		run_timeline_line(r->tl, "baseline", json_deep_copy(line));
	}
}

/* Asks an injector, as the faults will need it, which of them can run here. */
static int ask_doctor(enum ord_program which, bool as_root, json_t **ret, struct ord_err *err)
{
	ord_auto(json) json_t *request = json_pack("{s:i, s:s}", "protocol", 1, "op", "doctor");
	struct ord_holder *h = NULL;
	int r;

	if (!request)
		return ord_fail_nomem(err);
	if (ord_holder_spawn(which, as_root, &h, err) < 0)
		return -1;
	r = ord_holder_send(h, request, err) < 0 ? -1 : ord_holder_wait(h, DOCTOR_NS, ret, err);
	ord_holder_free(h);
	return r;
}

/* What the machine cannot do is told before a steady state is waited for. */
static int can_run(const char *fault, const json_t *event, struct ord_err *err)
{
	const json_t *entry;
	size_t i;

	if (json_is_true(json_object_get(event, "halted")))
		return ord_fail(err, ORD_GUARD,
				"this host is halted: `ordeal resume` allows faults again");
	json_array_foreach (json_object_get(event, "faults"), i, entry) {
		const char *name = json_string_value(json_object_get(entry, "fault"));
		const char *reason = json_string_value(json_object_get(entry, "reason"));

		if (name && !strcmp(name, fault) &&
		    json_is_false(json_object_get(entry, "available")))
			return ord_fail(err, ORD_SKIP, "%s is not possible here: %s", fault,
					reason && *reason ? reason : "no reason given");
	}
	return 0;
}

/* A target that is not there, or too many of them, is told before anything is made or waited for.
 */
static int look_ahead(struct run *r, struct ord_err *err)
{
	ord_auto(json) json_t *mine = NULL, *roots = NULL, *clusters = NULL;

	for (size_t i = 0; i < r->spec->n_faults; i++) {
		const struct ord_fault *fault = r->spec->faults[i].args->fault;
		struct run_fault *f = &r->faults[i];
		enum ord_program which;
		json_t **said;
		bool root;

		ord_place_done(&f->resolved.place);
		if (r->spec->faults[i].target.via) {
			ord_auto(json) json_t *there = NULL;

			if (run_far_look(r, i, &there, err) < 0 ||
			    can_run(fault->name, there, err) < 0)
				return ord_wrap(err, "fault '%s'", r->spec->faults[i].name);
			continue;
		}
		if (ord_cluster_plan_resolve(r->cluster, r->plan, i, 1, NULL, NULL, &f->resolved,
					     err))
			return ord_wrap(err, "fault '%s'", r->spec->faults[i].name);
		root = ord_holder_needs_root(fault, &f->resolved.place);
		which = ord_holder_program(fault, &f->resolved.place);
		said = which == ORD_PROGRAM_KUBE ? &clusters : root ? &roots : &mine;
		if ((!*said && ask_doctor(which, root, said, err) < 0) ||
		    can_run(fault->name, *said, err) < 0)
			return ord_wrap(err, "fault '%s'", r->spec->faults[i].name);
	}
	return 0;
}

static int open_loop(struct run *r, struct ord_err *err)
{
	int e = sd_event_new(&r->loop);

	if (e >= 0)
		return run_machine_init(r, err);
	errno = -e;
	return ord_fail_sys(err, "event loop");
}

/* The folder and the first line. The two clocks are read together: their difference is the anchor.
 */
static int open_timeline(struct run *r, struct ord_err *err)
{
	const char *as = r->options->as;
	char home[ORD_PATH_MAX];
	uint64_t wall = ord_wall_ns(), mono = ord_now_ns();

	r->began_ns = mono;
	r->anchor_ns = (int64_t)(wall - mono);
	if (r->options->dir)
		(void)snprintf(home, sizeof home, "%s", r->options->dir);
	else if (ord_run_home(home, err) < 0)
		return -1;
	if (run_home_make(home, as ? as : r->spec->name, as ? 0700 : 0755, wall, &r->home, err) <
		    0 ||
	    run_timeline_open(r->home.fd, mono, r->options->on_line, r->options->arg, &r->tl, err) <
		    0)
		return -1;
	tell_run(r, wall, mono);
	tell_baselines(r);
	run_policy_tell(r);
	return 0;
}

/* A channel's line, a mark or a note, of the present repetition. */
static void on_words(void *arg, const char *e, json_t *line)
{
	struct run *r = arg;

	if (line)
		(void)json_object_set_new(line, "rep", json_integer((json_int_t)r->rep));
	run_timeline_line(r->tl, e, line);
}

static int64_t on_clock(void *arg, uint64_t mono_ns)
{
	struct run *r = arg;

	return run_timeline_t(r->tl, mono_ns);
}

/* Marks can be done without: a file system that takes no sockets stops no run. */
static int open_channels(struct run *r, struct ord_err *err)
{
	const struct run_logs_sink sink = {.line = on_words, .t = on_clock, .arg = r};
	struct ord_err why;

	if (run_marks_open(r->home.fd, r->loop, on_words, r, &r->marks, &why) < 0)
		run_note(r, "this run cannot be marked: %s", why.msg);
	if (run_logs_open(&r->spec->detection, ord_now_ns(), &sink, &r->logs, err) < 0)
		return -1;
	return run_monitor_open(r, r->began_ns, err);
}

static bool asks_prometheus(const struct ord_spec *spec)
{
	for (size_t i = 0; i < spec->n_probes; i++)
		if (spec->probes[i].kind == ORD_PROBE_PROM)
			return true;
	return false;
}

static int open_probes(struct run *r, struct ord_err *err)
{
	struct ord_probe_source source = {0};

	if (r->cluster && ord_cluster_probes(r->cluster, &source, err) < 0)
		return -1;
	if (asks_prometheus(r->spec) && ord_monitor_probes(r->plan, &source, err) < 0)
		return -1;
	return ord_probes_open(r->spec->probes, r->spec->n_probes, r->loop, &source, on_sample, r,
			       &r->probes, err);
}

static int turn(struct run *r, struct ord_err *err)
{
	int e;

	r->started_ns = ord_now_ns();
	r->steady_since = r->started_ns;
	r->last_rep = r->spec->repetitions;
	r->rep = r->spec->placebo ? 0 : 1;
	run_begin_repetition(r, r->rep);
	ord_probes_trace(r->probes, r->plan->seed, r->home.name);
	if (ord_probes_start(r->probes, r->started_ns + ORD_MS, err) < 0)
		return -1;
	e = sd_event_loop(r->loop);
	if (e >= 0)
		return 0;
	errno = -e;
	return ord_fail_sys(err, "event loop");
}

/* What takes long is over by now; who must allow it is asked of the instant at which it begins. */
static int await_begin(const struct run *r, struct ord_err *err)
{
	ssize_t n = 1;
	char byte;

	if (r->options->await_fd)
		while ((n = read(r->options->await_fd, &byte, 1)) < 0 && errno == EINTR)
			continue;
	if (n < 0)
		return ord_fail_sys(err, "wait for the beginning");
	return n ? 0 : ord_fail(err, ORD_GUARD, "taken back before it began");
}

static int run_all(struct run *r, char *ret_dir, struct ord_err *err)
{
	if (open_loop(r, err) < 0 || run_cluster_open(r, err) < 0 || look_ahead(r, err) < 0 ||
	    run_watch_init(r, err) < 0 || open_probes(r, err) < 0 || await_begin(r, err) < 0 ||
	    run_policy_ask(r, err) < 0 || hear_signals(r, err) < 0 || open_timeline(r, err) < 0 ||
	    run_peers_open(r, err) < 0 || open_channels(r, err) < 0 ||
	    run_cluster_observe(r, err) < 0)
		return -1;
	(void)snprintf(ret_dir, ORD_PATH_MAX, "%s", r->home.path);
	return turn(r, err);
}

static void close_faults(struct run *r)
{
	for (size_t i = 0; i < r->spec->n_faults; i++) {
		struct run_fault *f = &r->faults[i];

		(void)sd_event_source_disable_unref(f->io);
		(void)sd_event_source_disable_unref(f->timer);
		/* Closing the pipe reverts, should anything still be held. */
		ord_holder_free(f->holder);
		ord_holder_free(f->spent);
		free(f->args);
		run_peers_close(f);
		ord_place_done(&f->resolved.place);
	}
}

/* The error of the timeline is the one that matters: it is why the run ended. */
static int close_all(struct run *r, int result, struct ord_err *err)
{
	struct ord_err late;

	close_faults(r);
	run_judge_free(r->judge);
	run_marks_close(r->marks);
	run_logs_close(r->logs);
	run_monitor_close(r);
	ord_probes_free(r->probes);
	run_cluster_close(r);
	run_machine_done(r);
	(void)sd_event_unref(r->loop);
	run_watch_done(r);
	json_decref(r->policies);
	if (run_timeline_close(r->tl, &late) < 0 && result == 0) {
		*err = late;
		if (r->residue)
			result = ord_wrap(err, "stopped, and %llu things are left behind",
					  (unsigned long long)r->residue);
		else
			result = ord_wrap(err, "stopped, and every fault reverted");
	}
	if (r->home.fd >= 0 && result == 0)
		(void)fsync(r->home.fd);
	ord_close(&r->home.fd);
	return result;
}

int ord_run(const struct ord_plan *plan, const struct ord_run_options *options, char *ret_dir,
	    struct ord_err *err)
{
	struct run *r = calloc(1, sizeof *r);
	struct ord_err local = {0};
	struct signals signals;
	int result;

	if (!r)
		return ord_fail_nomem(err);
	ret_dir[0] = '\0';
	r->plan = plan;
	r->spec = plan->spec;
	r->options = options;
	r->home.fd = -1;
	take_signals(&signals);
	result = close_all(r, run_all(r, ret_dir, &local), &local);
	give_signals_back(&signals);
	free(r);
	if (result < 0 && err)
		*err = local;
	return result;
}
