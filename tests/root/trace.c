#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#define RUN_MS 20000

static struct traced *traced_find(struct trace *r, pid_t pid)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].pid == pid)
			return &r->v[i];
	must(r->n < TRACE_MAX);
	/* A new child, which may stop before its parent's event tells of it. */
	r->v[r->n] = (struct traced){.pid = pid, .role = r->n == 0 ? TRACE_HOLDER : TRACE_CHILD};
	return &r->v[r->n++];
}

/* The request waits in the pipe, which stays open until the injector has ended by its deadline. */
static pid_t start(const char *program, const char *line, int *ret_in, int *ret_out)
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
		(void)execl(program, program, (char *)NULL);
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
static void entered(struct trace *r, struct traced *t)
{
	t->calls++;
	/* Only the guardian makes a session of its own. */
	if (t->role == TRACE_CHILD && t->calls < 16 && call_number(t->pid) == SYS_setsid)
		t->role = TRACE_GUARDIAN;
	if (r->both && t->role == TRACE_HOLDER)
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

static void stopped(struct trace *r, pid_t pid, int status)
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
static void supervise(struct trace *r, pid_t first, pid_t bystander)
{
	uint64_t limit = now_ms() + RUN_MS;
	size_t alive = 1;

	(void)traced_find(r, first);
	while (alive > 0) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL | WNOHANG);

		if (pid == 0) {
			if (now_ms() > limit)
				die("step %u: still running after %d ms", r->k, RUN_MS);
			(void)usleep(50);
			continue;
		}
		if (pid < 0 && errno == ECHILD)
			return;
		must_sys(pid);
		if (bystander > 0 && pid == bystander)
			die("step %u: the target died", r->k);
		if (WIFSTOPPED(status))
			stopped(r, pid, status);
		else
			traced_find(r, pid)->pid = -1;
		alive = 0;
		for (size_t i = 0; i < r->n; i++)
			alive += r->v[i].pid > 0;
	}
}

void trace_run(struct trace *r, const char *program, const char *line, pid_t bystander)
{
	int in, out;
	pid_t pid = start(program, line, &in, &out), got;
	int status;

	got = waitpid(pid, &status, 0);
	must(got == pid && WIFSTOPPED(status));
	stopped(r, pid, status);
	supervise(r, pid, bystander);
	(void)close(in);
	(void)close(out);
}
