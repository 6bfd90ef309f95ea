/*
 * ptrace_kill FAULT holder|guardian [SHARD OF]: runs the unmodified injector under ptrace and kills
 * the holder, or the guardian, at its k-th system call, for all k from its start to its end. After
 * each, once what is left has reverted or `rescue` has, the state of the machine is byte-identical
 * to before.
 *
 * Between the first and the last k only each STRIDE-th is tried unless ORDEAL_EVERY_STEP is set;
 * the shards of one stride are disjoint, so that together they try every k.
 */
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define INJECTOR  BUILD_DIR "/injector/host/ordeal-injector"
#define HOLD_NS	  10000000ull
#define TRACED	  64
#define RUN_MS	  20000
#define BUDGET_MS 4000 /* where not every step is asked for */

enum role { HOLDER, GUARDIAN, CHILD };

struct traced {
	pid_t pid;
	enum role role;
	unsigned calls;
	bool inside;	/* between entry and exit of a call */
	unsigned marks; /* writes into the record */
};

struct run {
	enum role victim;
	bool both;
	unsigned k;    /* 0: nobody is killed */
	unsigned seen; /* calls of the victim */
	bool killed;
	struct traced v[TRACED];
	size_t n;
};

static const struct row *row;
static struct target target;

static struct traced *traced_find(struct run *r, pid_t pid)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].pid == pid)
			return &r->v[i];
	must(r->n < TRACED);
	/* A new child, which may stop before its parent's event tells of it. */
	r->v[r->n] = (struct traced){.pid = pid, .role = r->n == 0 ? HOLDER : CHILD};
	return &r->v[r->n++];
}

/* The request waits in the pipe, which stays open until the injector has ended by its deadline. */
static pid_t start(const char *line, int *ret_in, int *ret_out)
{
	int in[2], out[2];
	pid_t pid;

	must_sys(pipe2(in, O_CLOEXEC));
	must_sys(pipe2(out, O_CLOEXEC));
	must(write(in[1], line, strlen(line)) == (ssize_t)strlen(line));
	pid = fork();
	must_sys(pid);
	if (pid == 0) {
		(void)dup2(in[0], 0);
		(void)dup2(out[1], 1);
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(126);
		(void)raise(SIGSTOP);
		(void)execl(INJECTOR, "ordeal-injector", (char *)NULL);
		_exit(127);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	*ret_in = in[1];
	*ret_out = out[0];
	return pid;
}

static long call_number(pid_t pid)
{
	struct __ptrace_syscall_info info = {0};

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof info, &info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return -1;
	return (long)info.entry.nr;
}

/* The record is written to three times until the fault is in force: the guardian, the state, the
 * deadline. */
static void holder_end(struct traced *t)
{
	long call = call_number(t->pid);

	t->marks += call == SYS_pwrite64;
	if (t->marks >= 3 && call == SYS_ppoll)
		must_sys(kill(t->pid, SIGKILL));
}

/* At the entry of a call: counts it, and kills who is due. */
static void entered(struct run *r, struct traced *t)
{
	t->calls++;
	/* Only the guardian makes a session of its own. */
	if (t->role == CHILD && t->calls < 16 && call_number(t->pid) == SYS_setsid)
		t->role = GUARDIAN;
	if (r->both && t->role == HOLDER)
		holder_end(t);
	if (t->role != r->victim)
		return;
	r->seen = t->calls;
	if (r->k && !r->killed && t->calls >= r->k) {
		r->killed = true;
		must_sys(kill(t->pid, SIGKILL));
	}
}

static void go_on(pid_t pid, int sig)
{
	/* It may have been killed meanwhile. */
	(void)ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(intptr_t)sig);
}

static void stopped(struct run *r, pid_t pid, int status)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			     PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
	struct traced *t = traced_find(r, pid);
	int sig = WSTOPSIG(status);

	if (t->calls == 0 && !t->inside && sig == SIGSTOP) {
		(void)ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)options);
		go_on(pid, 0);
	} else if (sig == (SIGTRAP | 0x80)) {
		t->inside = !t->inside;
		if (t->inside)
			entered(r, t);
		go_on(pid, 0);
	} else if (sig == SIGTRAP) {
		unsigned long child;

		/* Of a fork: the child counts as alive from here on, though it has not stopped yet.
		 */
		if (status >> 16 && ptrace(PTRACE_GETEVENTMSG, pid, NULL, &child) == 0)
			(void)traced_find(r, (pid_t)child);
		go_on(pid, 0);
	} else {
		go_on(pid, sig);
	}
}

/* Until all that was started has ended. */
static void supervise(struct run *r, pid_t first)
{
	uint64_t limit = now_ms() + RUN_MS;
	size_t alive = 1;

	(void)traced_find(r, first);
	while (alive > 0) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL | WNOHANG);

		if (pid == 0) {
			if (now_ms() > limit)
				die("%s: step %u: still running after %d ms", row->fault, r->k,
				    RUN_MS);
			(void)usleep(50);
			continue;
		}
		if (pid < 0 && errno == ECHILD)
			return;
		must_sys(pid);
		if (pid == target.pid)
			die("%s: step %u: the target died", row->fault, r->k);
		if (WIFSTOPPED(status))
			stopped(r, pid, status);
		else
			traced_find(r, pid)->pid = -1;
		alive = 0;
		for (size_t i = 0; i < r->n; i++)
			alive += r->v[i].pid > 0;
	}
}

static void once(struct run *r, const char *line)
{
	int in, out;
	pid_t pid = start(line, &in, &out), got;
	int status;

	got = waitpid(pid, &status, 0);
	must(got == pid && WIFSTOPPED(status));
	stopped(r, pid, status);
	supervise(r, pid);
	(void)close(in);
	(void)close(out);
}

/* Whatever the step was: what the survivors left, rescue clears. */
static void clear(unsigned k)
{
	json_t *event = driver_op("rescue"), *records = json_object_get(event, "records"), *one;
	size_t i;

	json_array_foreach (records, i, one) {
		const char *action = json_string_value(json_object_get(one, "action"));

		if ((strcmp(action, "reverted") != 0 && strcmp(action, "removed") != 0) ||
		    json_integer_value(json_object_get(one, "residue")) > 0)
			die("%s: step %u: rescue: %s", row->fault, k,
			    json_dumps(one, JSON_COMPACT));
	}
	json_decref(event);
}

static unsigned steps(const char *line, enum role victim, bool both)
{
	static struct run r;

	r = (struct run){.victim = victim, .both = both};
	once(&r, line);
	clear(0);
	return r.seen;
}

static void all_steps(const char *line, const char *name, enum role victim, bool both)
{
	uint64_t from = now_ms();
	unsigned n = steps(line, victim, both), tried = 0, stride;
	char *before = state_read(&target), what[96];
	static struct run r;

	must(n > 20);
	/* One whole run and one reading tell how many fit. */
	stride =
		getenv("ORDEAL_EVERY_STEP") ? 1 : 1 + (unsigned)((now_ms() - from) * n / BUDGET_MS);
	from = now_ms();
	/* A few more than were counted: no run is quite like another. */
	for (unsigned k = 1; k <= n + 20; k += stride) {
		r = (struct run){.victim = victim, .both = both, .k = k};
		once(&r, line);
		clear(k);
		(void)snprintf(what, sizeof what, "%s killed at system call %u of %u", name, k, n);
		state_same(before, &target, 2000, what);
		if (!r.killed && k > n)
			break;
		tried++;
	}
	(void)printf("%s: %s killed at %u of %u system calls, %llu ms\n", row->fault, name, tried,
		     n, (unsigned long long)(now_ms() - from));
	free(before);
}

int main(int argc, char **argv)
{
	char *place, *request, *line;

	if (argc != 3)
		die("usage: ptrace_kill FAULT holder|guardian|both");
	world_enter();
	row = row_find(argv[1]);
	row_target(row, &target);
	place = row_place(row, &target);
	request = request_add("k-1", row->fault, row->args, place, HOLD_NS);
	must_sys(asprintf(&line, "%s\n", request));
	all_steps(line, argv[2], strcmp(argv[2], "holder") == 0 ? HOLDER : GUARDIAN,
		  strcmp(argv[2], "both") == 0);
	target_end(&target);
	free(line);
	free(request);
	free(place);
	return 0;
}
