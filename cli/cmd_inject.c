/*
 * One fault by hand. No event loop and no library but what the pipe to the injector needs: from the
 * shell to the fault in force is what a person, or a script in a tight loop, waits for.
 */
#include "cli/commands.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/units.h"
#include "cli/catalog.h"
#include "cli/inject.h"
#include "cli/policy.h"
#include "cli/spec_file.h"
#include "ordeal/far.h"
#include "ordeal/peers.h"
#include "ordeal/run.h"

ORD_AUTO(holder, struct ord_holder, ord_holder_free);

/* How long the injector may take to revert once it was asked; its guardian acts long before. */
#define REVERT_NS (10 * ORD_S)
#define BEAT_MS	  200

struct session {
	struct cli_inject *in;
	struct ord_holder *holder;
	char lease[48];
	bool human;
	uint64_t started_ns, injected_ns, give_up_ns; /* CLOCK_MONOTONIC; 0: not yet, never */
	uint64_t until_ns; /* at the latest its guardian has reverted by itself */
	int interrupts;
	bool waiting; /* for an API server */
	int code;     /* what the events said so far; -1: nothing yet */
	bool over;
	int found; /* readable when names have other addresses; -1: they are not followed */
	bool stale;
};

static int64_t number(const json_t *event, const char *key)
{
	return json_integer_value(json_object_get(event, key));
}

static const char *text(const json_t *event, const char *key)
{
	const char *s = json_string_value(json_object_get(event, key));

	return s ? s : "";
}

static void say_checked(const struct session *s, const json_t *event)
{
	const char *engine = text(event, "engine");
	const json_t *item;
	size_t i;

	(void)printf("%s, class %s%s%s\n", s->in->args.fault->name, text(event, "class"),
		     *engine ? ", engine " : "", engine);
	json_array_foreach (json_object_get(event, "objects"), i, item)
		(void)printf("  makes %s\n", json_string_value(item));
	json_array_foreach (json_object_get(event, "notes"), i, item)
		(void)printf("  note: %s\n", json_string_value(item));
}

static void say_reverted(const struct session *s, const json_t *event)
{
	int64_t residue = number(event, "residue");
	uint64_t lasted = s->injected_ns ? ord_now_ns() - s->injected_ns : 0;
	const json_t *item;
	char held[32];
	size_t i;

	(void)printf("%s after %s (%s), ", residue < 0 ? "over" : "reverted",
		     ord_human_duration((int64_t)lasted, held),
		     s->interrupts ? "interrupted" : text(event, "cause"));
	if (residue < 0)
		(void)puts("residue: not applicable");
	else
		(void)printf("residue: %" PRId64 "\n", residue);
	json_array_foreach (json_object_get(event, "left"), i, item)
		(void)printf("  left: %s\n", json_string_value(item));
}

static void on_injected(struct session *s, const json_t *event)
{
	int64_t took = number(event, "at_ns") - number(event, "requested_ns");
	char a[32], b[32];

	s->injected_ns = ord_now_ns();
	s->until_ns = s->injected_ns + s->in->for_ns;
	if (s->human)
		(void)printf("in force for %s, %s after it was asked; Ctrl-C ends it\n",
			     ord_format_duration((int64_t)s->in->for_ns, a),
			     ord_human_duration(took, b));
}

static void say_acted(const json_t *event)
{
	const json_t *o = json_object_get(event, "object");
	const char *kind = json_string_value(json_array_get(o, 1)),
		   *ns = json_string_value(json_array_get(o, 2)),
		   *name = json_string_value(json_array_get(o, 3)), *detail = text(event, "detail");

	(void)printf("%s %s %s%s%s%s%s\n", text(event, "what"), kind ? kind : "", ns ? ns : "",
		     ns && *ns ? "/" : "", name ? name : "", *detail ? ": " : "", detail);
}

/* The API server is away: as long as the holder tries, there is something to wait for. */
static void on_waiting(struct session *s, const json_t *event)
{
	if (s->human && !s->waiting)
		(void)printf("not reverted yet: %s; trying until it is\n", text(event, "message"));
	s->waiting = true;
	if (s->give_up_ns)
		s->give_up_ns = ord_now_ns() + REVERT_NS;
}

static int code_of_end(const json_t *event)
{
	static const struct {
		const char *cause;
		int code;
	} causes[] = {{"removed", CLI_OK},
		      {"deadline", CLI_OK},
		      {"halted", CLI_ABORTED},
		      {"signal", CLI_ABORTED},
		      {"taken-back", CLI_INCONCLUSIVE},
		      {"input-closed", CLI_OK}};

	if (number(event, "residue") > 0)
		return CLI_BROKEN;
	for (size_t i = 0; i < ORD_COUNT(causes); i++)
		if (!strcmp(text(event, "cause"), causes[i].cause))
			return causes[i].code;
	return CLI_BROKEN;
}

static void on_failed(struct session *s, const json_t *event)
{
	enum ord_code code = ord_code_parse(text(event, "code"));
	bool before =
		!strcmp(text(event, "phase"), "request") || !strcmp(text(event, "phase"), "check");

	s->code = before && (code == ORD_USAGE || code == ORD_GUARD) ? CLI_WRONG : CLI_BROKEN;
	(void)fflush(stdout);
	(void)fprintf(stderr, "ordeal: %s\n", text(event, "message"));
	s->give_up_ns = ord_now_ns() + REVERT_NS;
}

static void on_event(struct session *s, const json_t *event)
{
	const char *name = text(event, "event");

	if (!s->human && !s->in->quiet) {
		(void)json_dumpf(event, stdout, JSON_COMPACT);
		(void)putchar('\n');
	}
	if (!strcmp(name, "checked") && s->human) {
		say_checked(s, event);
	} else if (!strcmp(name, "injected")) {
		on_injected(s, event);
	} else if (!strcmp(name, "failed")) {
		on_failed(s, event);
	} else if (!strcmp(name, "acted") && s->human) {
		say_acted(event);
	} else if (!strcmp(name, "waiting")) {
		on_waiting(s, event);
	} else if (!strcmp(name, "reverted")) {
		s->code = s->code > 0 ? s->code : code_of_end(event);
		s->over = true;
		if (s->human)
			say_reverted(s, event);
	}
	(void)fflush(stdout);
}

/* The first signal ends the lease; the second closes the pipe, which ends it too, without waiting
 * for its word. */
static void on_signal(struct session *s, int signals)
{
	struct signalfd_siginfo info;
	struct ord_err ignored;

	if (read(signals, &info, sizeof info) != (ssize_t)sizeof info)
		return;
	if (s->interrupts++) {
		s->code = CLI_ABORTED;
		s->over = true;
		return;
	}
	if (s->human)
		(void)puts("\ninterrupted: reverting");
	json_t *request =
		json_pack("{s:i,s:s,s:s}", "protocol", 1, "op", "remove", "lease", s->lease);

	if (request)
		(void)ord_holder_send(s->holder, request, &ignored);
	json_decref(request);
	s->give_up_ns = ord_now_ns() + REVERT_NS;
}

/* All events that have arrived. End of file after the last word is the orderly end. */
static int drain(struct session *s, struct ord_err *err)
{
	while (!s->over) {
		json_t *event = NULL;

		if (ord_holder_next(s->holder, &event, err)) {
			if (s->code < 0)
				return -1;
			s->over = true;
			return 0;
		}
		if (!event)
			return 0;
		if (!ord_far_heard(s->holder, event))
			on_event(s, event);
		json_decref(event);
	}
	return 0;
}

/* To the addresses that its names have now. */
static int change(struct session *s, struct ord_err *err)
{
	json_t *request = ord_holder_change(s->lease, &s->in->args);
	int r = request ? ord_holder_send(s->holder, request, err) : ord_fail_nomem(err);

	s->stale = false;
	json_decref(request);
	return r;
}

static int hold(struct session *s, int signals, struct ord_err *err)
{
	while (!s->over) {
		struct pollfd fds[] = {{.fd = ord_holder_fd(s->holder), .events = POLLIN},
				       {.fd = signals, .events = POLLIN},
				       {.fd = s->found, .events = POLLIN}};
		uint64_t now = ord_now_ns();
		int timeout = -1;

		if (s->give_up_ns) {
			if (now >= s->give_up_ns)
				return ord_fail(err, ORD_SYS,
						"the injector does not say that it has reverted; "
						"see 'ordeal status'");
			timeout = (int)((s->give_up_ns - now) / ORD_MS) + 1;
		}
		if (ord_far_is(s->holder) && ord_far_beat(s->holder, err))
			return -1;
		if (ord_far_is(s->holder))
			timeout = BEAT_MS;
		if (poll(fds, ORD_COUNT(fds), timeout) < 0 && errno != EINTR)
			return ord_fail_sys(err, "poll");
		if (fds[1].revents)
			on_signal(s, signals);
		if (fds[0].revents && drain(s, err))
			return -1;
		if (fds[2].revents && cli_inject_found(s->in))
			s->stale = true;
		if (s->stale && s->injected_ns && !s->over && change(s, err))
			return -1;
	}
	return 0;
}

static int open_signals(struct ord_err *err)
{
	sigset_t set;
	int fd;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	return fd < 0 ? ord_fail_sys(err, "signalfd") : fd;
}

static int start(struct session *s, const struct ord_place *place, struct ord_err *err)
{
	const struct cli_inject *in = s->in;
	json_t *request;
	int r;

	(void)snprintf(s->lease, sizeof s->lease, "inject-%d-%" PRIx64, (int)getpid(),
		       ord_boot_ns() & 0xffffffffff);
	request = ord_holder_request(s->lease, &in->args, place, in->engine, in->for_ns, in->seed,
				     in->cut_me_off);
	/* The rule itself is the injector's: it must hold for every caller. */
	if (!request || (in->whole_host && json_object_set_new(request, "whole_host", json_true())))
		return ord_fail_nomem(err);
	s->started_ns = ord_now_ns();
	s->until_ns = s->started_ns + 2 * (in->for_ns > 60 * ORD_S ? in->for_ns : 60 * ORD_S);
	r = ord_holder_send(s->holder, request, err);
	json_decref(request);
	return r;
}

/* What holds a lease on another machine ends it without us. */
static int link_lost(const struct session *s, struct ord_err *err)
{
	uint64_t now = ord_now_ns();
	char until[32];

	ord_format_utc(ord_wall_ns() + (s->until_ns > now ? s->until_ns - now : 0), until);
	return ord_wrap(err, "the link was lost, its guardian there reverts by %s", until);
}

/* far: taken; NULL: on this machine. */
static int inject_at(struct cli_inject *in, struct ord_holder *far, const struct ord_place *place,
		     struct ord_err *err)
{
	ord_auto(holder) struct ord_holder *holder = far;
	ord_autoclose int signals = -1;
	struct session s = {.in = in, .code = -1, .found = -1};

	s.human = !in->json && !in->quiet && isatty(STDOUT_FILENO);
	if (!far && ord_holder_spawn(ord_holder_program(in->args.fault, place),
				     ord_holder_needs_root(in->args.fault, place), &holder, err))
		return -1;
	signals = open_signals(err);
	if (signals < 0)
		return -1;
	s.holder = holder;
	if (start(&s, place, err) || (in->peers && ord_peers_watch(in->peers, &s.found, err)))
		return -1;
	if (hold(&s, signals, err))
		return far ? link_lost(&s, err) : -1;
	return s.code;
}

static int inject(struct cli_inject *in, struct ord_policy *policy, struct ord_err *err)
{
	static struct ord_place place;
	ord_auto(holder) struct ord_holder *far = NULL;
	char cluster[ORD_CLUSTER_NAME];
	int r;

	if (cli_inject_resolve(in, &far, &place, cluster, sizeof cluster, err))
		return -1;
	r = cli_inject_peers(in, &place, err);
	if (!r && policy)
		r = cli_inject_allowed(in, policy, cluster, &place, err);
	if (!r)
		r = inject_at(in, ord_steal_ptr(far), &place, err);
	ord_place_done(&place);
	return r;
}

/* From the options to the end of the fault. */
static int inject_given(const struct cli_args *given, const struct ord_fault *fault,
			struct ord_err *err)
{
	static struct cli_inject in;
	struct ord_policy *policy;
	int r = cli_inject_read(given, fault, &in, err) ? ord_wrap(err, "%s", fault->name) : 0;

	if (!r)
		r = cli_policy_open(fault->name, given, NULL, &policy);
	if (!r) {
		r = inject(&in, policy, err);
		ord_policy_close(policy);
	}
	ord_peers_close(in.peers);
	ord_target_done(&in.target);
	ord_target_done(&in.peer);
	return r;
}

static int inject_raw(int argc, char **argv, struct ord_err *err)
{
	static struct cli_fault_options options;
	static struct cli_args given;
	const struct ord_fault *fault;

	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		cli_inject_help(NULL);
		return CLI_OK;
	}
	if (argc < 2 || argv[1][0] == '-')
		return ord_fail(err, ORD_USAGE,
				"the fault comes first: ordeal inject FAULT [--PARAMETER VALUE]... "
				"TARGET --for 30s");
	fault = cli_inject_fault(argv[1], err);
	if (!fault)
		return -1;
	cli_fault_options(fault, &options);
	const struct cli_option *const tables[] = {
		options.options,
		cli_target_options,
		cli_cluster_options,
		cli_inject_options,
		cli_fault_has(fault, "percent") ? NULL : cli_share_option,
		ord_fault_takes_peer(fault) ? cli_peer_option : NULL};

	if (cli_parse(argc - 1, argv + 1, tables, ORD_COUNT(tables), &given, err))
		return ord_wrap(err, "%s", fault->name);
	if (cli_flag(&given, "help")) {
		cli_inject_help(fault);
		return CLI_OK;
	}
	if (given.n_operands)
		return ord_fail(err, ORD_USAGE,
				"%s: what is '%.40s' for? Parameters are options: --NAME VALUE",
				fault->name, given.operands[0]);
	return inject_given(&given, fault, err);
}

const struct cli_command cli_inject = {
	.name = "inject",
	.summary = "inject one fault now",
	.operands = "FAULT [--PARAMETER VALUE]... TARGET --for DURATION",
	.details =
		"The parameters of the fault are its options. The effect ends when the time is "
		"up, with Ctrl-C, or when this "
		"command dies, however it dies. TARGET is one of --host, --pid, --process, "
		"--listening, --cgroup, --unit, "
		"--container and --netns, or in a cluster --pod, --node, --workload, --service and "
		"--object; none is assumed.\n"
		"\n"
		"Without a terminal it prints the injector's events as JSON lines, so that a "
		"script can wait for "
		"\"event\":\"injected\"; before them what each policy answered.\n"
		"\n"
		"  ordeal inject net.delay --delay 200ms --to :5432/tcp --pid 4711 --for 30s\n"
		"  ordeal inject proc.pause --process orders --for 5s\n"
		"  ordeal inject pod.delete --context test --namespace shop --pod '*' "
		"--selector app=orders --count 2 --for 1m",
	.run_raw = inject_raw,
};
