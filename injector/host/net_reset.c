/*
 * net.reset: established TCP connections end, on both sides at once, as when a middlebox forgets
 * them. It cannot be undone, and says so: class none. Nothing of the sockets' owners is touched but
 * these connections: listeners go on, and a new connection is as good as before.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"
#include "engines/diag.h"
#include "net.h"

#define GONE_NS	   (100 * ORD_MS) /* within which a socket that was destroyed must be gone */
#define BEAT_EVERY 1024

#define NO_DESTROY "this kernel cannot destroy sockets (CONFIG_INET_DIAG_DESTROY)"

struct reset {
	struct diag diag;
	struct conn_filter filter;
	struct conns conns; /* of the round: what is hit */
	uint64_t next_ns;   /* the next round */
	uint64_t rounds, matched, reset, gone, refused;
	size_t still; /* of those hit, as last seen */
};

/* ---- check ---- */

static int only_tcp(const struct inj_step *step, const char *name, struct ord_err *err)
{
	const struct ord_endpoints *eps = &ord_arg(step->args, name)->eps;
	char text[ORD_ENDPOINT_TEXT];

	for (size_t i = 0; i < eps->n; i++)
		if (eps->v[i].proto && eps->v[i].proto != IPPROTO_TCP)
			return ord_fail(err, ORD_USAGE,
					"%s: '%s' is no TCP: net.reset ends TCP connections alone",
					name, ord_endpoint_format(&eps->v[i], text));
	return 0;
}

static int describe(json_t *report, struct ord_err *err)
{
	if (json_object_set_new(report, "engine", json_string("")) < 0 ||
	    json_object_set_new(report, "objects", json_array()) < 0)
		return ord_fail_nomem(err);
	return net_tell(report, "notes", err,
			"the processes here see \"connection aborted\", their peers a reset");
}

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	struct reset *r;

	(void)undo;
	if (only_tcp(step, "to", err) < 0 || only_tcp(step, "local", err) < 0)
		return -1;
	if (!ord_arg_set(step->args, "to") && !ord_arg_set(step->args, "local") &&
	    net_guard(step, err) < 0)
		return -1;
	if (net_enter(step, false, err) < 0)
		return -1;
	r = calloc(1, sizeof *r);
	if (!r)
		return ord_fail_nomem(err);
	r->diag.talk.fd = -1;
	step->state = r;
	r->filter = (struct conn_filter){
		.to = &ord_arg(step->args, "to")->eps,
		.local = &ord_arg(step->args, "local")->eps,
		.exclude = &ord_arg(step->args, "exclude")->eps,
	};
	return diag_open(&r->diag, err) < 0 ? -1 : describe(report, err);
}

/* ---- one round ---- */

static int collect(void *arg, const struct conn *conn, struct ord_err *err)
{
	struct reset *r = arg;

	return conns_add(&r->conns, conn, &r->filter, err);
}

/* Counts what the kernel says of one; -1: it says that of all. */
static int destroy(struct reset *r, const struct conn *conn, struct ord_err *err)
{
	if (diag_destroy(&r->diag, conn, err) == 0) {
		r->reset++;
		return 0;
	}
	switch (err->sys_errno) {
	case ENOENT:
		r->gone++;
		return 0;
	case EOPNOTSUPP:
		return ord_fail(err, ORD_SKIP, NO_DESTROY);
	case EPERM:
		return ord_fail(err, ORD_SKIP,
				"needs CAP_NET_ADMIN in the target's network namespace");
	default:
		r->refused++;
		return 0;
	}
}

static int look(void *arg, const struct conn *conn, struct ord_err *err)
{
	struct reset *r = arg;

	(void)err;
	r->still += conns_has(&r->conns, conn->cookie);
	return 0;
}

/* None of those that were hit is to be seen any more; those that the kernel refused may be. */
static int prove(struct reset *r, uint64_t refused, struct ord_err *err)
{
	const uint64_t limit = ord_now_ns() + GONE_NS;
	const struct timespec nap = ord_timespec(ORD_MS);

	while (r->conns.n) {
		r->still = 0;
		if (diag_each(&r->diag, look, r, err) < 0)
			return -1;
		if (r->still <= refused)
			break;
		if (ord_now_ns() > limit)
			return ord_fail(err, ORD_SYS,
					"%zu of %zu connections are still there after their reset",
					r->still, r->conns.n);
		inj_beat();
		(void)ppoll(NULL, 0, &nap, NULL);
	}
	return 0;
}

/* All memory is asked for before the first socket goes. */
static int hit(struct inj_step *step, struct ord_err *err)
{
	struct reset *r = step->state;
	const uint64_t refused = r->refused;

	r->conns.n = 0;
	if (diag_each(&r->diag, collect, r, err) < 0)
		return -1;
	r->matched += conns_choose(&r->conns, (uint32_t)ord_arg_int(step->args, "percent"),
				   step->seed, r->rounds);
	r->rounds++;
	for (size_t i = 0; i < r->conns.n; i++) {
		if (i % BEAT_EVERY == BEAT_EVERY - 1)
			inj_beat();
		if (destroy(r, &r->conns.v[i], err) < 0)
			return -1;
	}
	return prove(r, r->refused - refused, err);
}

static int inject(struct inj_step *step, struct ord_err *err)
{
	struct reset *r = step->state;
	const uint64_t now = ord_now_ns();

	if (hit(step, err) < 0)
		return -1;
	if (r->refused && r->refused == r->conns.n)
		return ord_fail(err, ORD_SYS, "the kernel refused to reset any of %zu connections",
				r->conns.n);
	r->next_ns = ord_arg_set(step->args, "repeat")
			     ? now + (uint64_t)ord_arg_int(step->args, "repeat")
			     : UINT64_MAX;
	return 0;
}

/* ---- while it is held ---- */

static unsigned wait(struct inj_step *step, struct pollfd *fds, unsigned max, uint64_t *due_ns)
{
	const struct reset *r = step->state;

	(void)fds;
	(void)max;
	if (r->next_ns < *due_ns)
		*due_ns = r->next_ns;
	return 0;
}

/* A round that was missed is not made good: the connections of now are hit once. */
static int wake(struct inj_step *step, const struct pollfd *fds, unsigned n, bool *ret_over,
		struct ord_err *err)
{
	struct reset *r = step->state;
	const uint64_t now = ord_now_ns();

	(void)fds;
	(void)n;
	(void)ret_over;
	if (now < r->next_ns)
		return 0;
	while (r->next_ns <= now)
		r->next_ns += (uint64_t)ord_arg_int(step->args, "repeat");
	return hit(step, err);
}

static void figures(struct inj_step *step, json_t *figures)
{
	const struct reset *r = step->state;

	net_figure(figures, "rounds", r->rounds);
	net_figure(figures, "matched_connections", r->matched);
	net_figure(figures, "reset_connections", r->reset);
	net_figure(figures, "gone_connections", r->gone);
	net_figure(figures, "refused_connections", r->refused);
}

static void done(struct inj_step *step)
{
	struct reset *r = step->state;

	if (!r)
		return;
	diag_close(&r->diag);
	conns_done(&r->conns);
	free(r);
	step->state = NULL;
}

/* ---- what this machine can do ---- */

/* A connection with oneself: both ends are here. */
static int connect_self(int fds[static 3], struct ord_err *err)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof a;

	for (int i = 0; i < 2; i++)
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(fds[0], (struct sockaddr *)&a, sizeof a) < 0 || listen(fds[0], 1) < 0 ||
	    getsockname(fds[0], (struct sockaddr *)&a, &size) < 0 ||
	    connect(fds[1], (struct sockaddr *)&a, sizeof a) < 0)
		return ord_fail_sys(err, "connection of the trial");
	fds[2] = accept4(fds[0], NULL, NULL, SOCK_CLOEXEC);
	return fds[2] < 0 ? ord_fail_sys(err, "accept the connection of the trial") : 0;
}

/* In a process and a network namespace of its own, which take the descriptors with them. */
static int try_it(struct ord_err *err)
{
	const struct ord_endpoints any = {0};
	struct reset r = {.diag.talk.fd = -1, .filter = {&any, &any, &any}};
	int fds[3] = {-1, -1, -1};

	if (connect_self(fds, err) < 0 || diag_open(&r.diag, err) < 0 ||
	    diag_each(&r.diag, collect, &r, err) < 0)
		return -1;
	if (conns_choose(&r.conns, ORD_PPM, 0, 0) != 2)
		return ord_fail(err, ORD_SKIP,
				"the kernel does not list the two ends of a connection");
	return destroy(&r, &r.conns.v[0], err);
}

static int available(const char **ret_engine, struct ord_err *err)
{
	*ret_engine = "";
	if (net_capable(err) < 0)
		return -1;
	if (net_trial(try_it, err) == 0 || err->code == ORD_GUARD)
		return 0;
	return -1;
}

/* The next round reads them. */
static int change(struct inj_step *step, struct ord_err *err)
{
	(void)step;
	(void)err;
	return 0;
}

const struct ord_injector inj_net_reset = {
	.name = "net.reset",
	.syscalls = net_syscalls,
	.check = check,
	.inject = inject,
	.change = change,
	.wait = wait,
	.wake = wake,
	.figures = figures,
	.done = done,
	.available = available,
};
