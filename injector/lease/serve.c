#include "injector/lease/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "injector/lease/event.h"
#include "injector/lease/hello.h"
#include "injector/lease/input.h"
#include "injector/lease/lease.h"
#include "injector/lease/ops.h"

static const struct inj_program none = {.name = "ordeal-injector", .request_max = INJ_REQUEST_MAX};
static const struct inj_program *current = &none;
static const struct inj_door *door_current;

/* Who is at a door says at once what they want, or makes room for others. */
#define ASK_NS	   (10 * ORD_S)
#define REFUSED_NS ORD_S

const struct inj_program *inj_program(void)
{
	return current;
}

void inj_program_set(const struct inj_program *program)
{
	current = program;
}

const struct inj_door *inj_door(void)
{
	return door_current;
}

const struct ord_injector *inj_find(const struct inj_program *program, const char *name)
{
	for (size_t i = 0; i < program->n_injectors; i++)
		if (strcmp(program->injectors[i]->name, name) == 0)
			return program->injectors[i];
	return NULL;
}

/* A standard descriptor that is closed would be taken by the next file that is opened. */
static int standard_open(struct ord_err *err)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", O_RDWR) != fd) /* the lowest free one, not CLOEXEC */
			return ord_fail_sys(err, "open /dev/null");
	/* Whatever else the caller left open is none of ours; the guardian and children must not
	 * hold it. */
	if (close_range(3, ~0u, 0) < 0)
		return ord_fail_sys(err, "close_range");
	return 0;
}

/* From here on a signal waits until the lease can take it. */
static void signals_block(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, standard = {.sa_handler = SIG_DFL};
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigaction(SIGCHLD, &standard, NULL); /* who started us may have had it ignored */
}

static int add(struct inj_request *req, struct inj_input *in)
{
	const struct ord_injector *inj = inj_find(current, req->args.fault->name);
	struct ord_err err;

	if (inj)
		return inj_lease_run(inj, req, in);
	(void)ord_fail(&err, ORD_SKIP, "%s is not in this build of %s", req->args.fault->name,
		       current->name);
	inj_event_failed("check", req->lease, &err);
	return INJ_EXIT_FAILED;
}

static int dispatch(struct inj_request *req, struct inj_input *in)
{
	struct ord_err err;

	switch (req->op) {
	case INJ_OP_ADD:
		return add(req, in);
	case INJ_OP_END:
		return INJ_EXIT_OK;
	case INJ_OP_REMOVE:
	case INJ_OP_CHANGE:
		(void)ord_fail(&err, ORD_USAGE, "this process holds no lease");
		inj_event_failed("request", req->lease, &err);
		return INJ_EXIT_REQUEST;
	case INJ_OP_STATUS:
	case INJ_OP_HALT:
	case INJ_OP_RESUME:
	case INJ_OP_RESCUE:
	case INJ_OP_DOCTOR:
	case INJ_OP_SWEEP:
	case INJ_OP_HELLO:
	case INJ_OP_RESOLVE:
		break;
	}
	return inj_op(req);
}

/* Who comes through a pipe of their own asks who is here before they ask for a lease. True: it was
 * no more than that. */
static bool talk(struct inj_request *req)
{
	if (req->op == INJ_OP_HELLO)
		inj_hello(false);
	else if (req->op == INJ_OP_RESOLVE)
		inj_resolve(req);
	return req->op == INJ_OP_HELLO || req->op == INJ_OP_RESOLVE;
}

/* The first request; NULL: none, and *err says why where something else than nothing came. */
static const char *line_await(struct inj_input *in, uint64_t limit_ns, size_t *ret_size,
			      struct ord_err *err)
{
	uint64_t limit = ord_now_ns() + limit_ns;
	const char *line;

	while (!(line = inj_input_line(in, ret_size)) && !in->ended) {
		struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
		uint64_t now = ord_now_ns();

		if (limit_ns && now >= limit) {
			(void)ord_fail(err, ORD_USAGE, "no request came within %d s",
				       (int)(limit_ns / ORD_S));
			return NULL;
		}
		if (limit_ns && poll(&p, 1, (int)((limit - now) / ORD_MS) + 1) <= 0)
			continue;
		inj_input_fill(in);
	}
	if (!line)
		(void)(in->too_long ? ord_fail(err, ORD_USAGE, "the request is beyond %zu KiB",
					       current->request_max / 1024)
				    : ord_fail(err, ORD_USAGE, "the line has no end"));
	return line;
}

int inj_serve(const struct inj_program *program, const struct inj_door *door)
{
	static struct inj_input in; /* large: not on the stack */
	static struct inj_request req;
	struct ord_err err, why;
	const char *line;
	bool closed, asked;
	size_t size;

	inj_program_set(program);
	door_current = door;
	(void)umask(022); /* modes are given where files are made; a caller's 077 would hide the
			     halt mark */
	if (standard_open(&err) < 0)
		return INJ_EXIT_FAILED;
	signals_block();
	/* Who is refused is told so as the answer to what they ask. */
	closed = door && door->open(&why) < 0;
	do {
		line = line_await(&in, !door ? 0 : closed ? REFUSED_NS : ASK_NS, &size, &err);
		if (!line && in.used == 0 && in.ended)
			return INJ_EXIT_OK; /* nothing was asked, or no more */
		asked = !closed && line && inj_request_parse(line, size, &req, &err) == 0 &&
			(!door || door->admit(&req, &err) == 0);
	} while (asked && talk(&req));
	if (asked)
		return dispatch(&req, &in);
	if (closed)
		err = why;
	inj_event_failed("request", NULL, &err);
	return INJ_EXIT_REQUEST;
}
