/*
 * Stops processes with SIGSTOP and lets them go on with SIGCONT. Nothing of the kernel's takes a
 * stop back when we die, so the guardian does. Only those that ran before are stopped, and only the
 * same ones are let go on.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/proc.h"
#include "injector/host/procs.h"
#include "injector/lease/injector.h"
#include "injector/lease/pidfd.h"

#define STOPPED_NS ORD_S	  /* within which a stop must be in force */
#define LOOK_NS	   (250 * ORD_MS) /* how often we look whether somebody else let one go on */
#define AGAIN_NS   (20 * ORD_MS)  /* a frozen or traced one is for a moment neither: look twice */

struct pause {
	struct inj_procs *procs; /* those that we stop */
	uint64_t look_ns;
	int moved; /* which one did not look stopped the last time; 0: none */
};

/* 'T' stopped, 't' traced and stopped, 'R', 'S'...; 0: not there (or hidden from us). */
static char state_of(const char *path, uint64_t *ret_start)
{
	struct ord_proc_stat s;
	ord_autoclose int dir = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);

	if (dir < 0 || ord_proc_stat(dir, &s) < 0)
		return 0;
	*ret_start = s.start;
	return s.state;
}

static char proc_state(const struct ord_proc *proc)
{
	uint64_t start = 0;
	char path[32], state;

	(void)snprintf(path, sizeof path, "/proc/%d", proc->pid);
	state = state_of(path, &start);
	if (start != proc->start)
		return '\0';
	return state;
}

/* Have all threads of it stopped? One that runs on keeps the others' work going. A raw loop: it
 * must not allocate. */
static bool threads_stopped(const struct ord_proc *proc)
{
	ord_autoclose int dir = -1;
	char path[64], list[2048];
	long n;

	(void)snprintf(path, sizeof path, "/proc/%d/task", proc->pid);
	dir = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	while (dir >= 0 && (n = syscall(SYS_getdents64, dir, list, sizeof list)) > 0) {
		for (long at = 0; at < n;) {
			struct dirent64 entry;
			uint64_t start;
			char state;

			memcpy(&entry, list + at, offsetof(struct dirent64, d_name));
			(void)snprintf(path, sizeof path, "/proc/%d/task/%.20s", proc->pid,
				       list + at + offsetof(struct dirent64, d_name));
			at += entry.d_reclen;
			if (path[strlen(path) - 1] == '.')
				continue;
			state = state_of(path, &start);
			if (state && !strchr("TtZX", state))
				return false;
		}
	}
	return true;
}

static void note(json_t *notes, const char *what, const struct ord_proc *proc)
{
	char text[96];

	(void)snprintf(text, sizeof text, "%s process %d (%s)", what, proc->pid, proc->comm);
	(void)json_array_append_new(notes, json_string(text));
}

/* Takes out those that are stopped already: they stay as they are. */
static void stopped_leave(struct inj_procs *procs, json_t *notes)
{
	size_t kept = 0;

	for (size_t i = 0; i < procs->n; i++) {
		if (proc_state(&procs->v[i]) == 'T') {
			note(notes, "leaves alone, as it is stopped already:", &procs->v[i]);
			ord_close(&procs->pidfd[i]);
			continue;
		}
		note(notes, "stops", &procs->v[i]);
		procs->v[kept] = procs->v[i];
		procs->pidfd[kept++] = procs->pidfd[i];
	}
	procs->n = kept;
}

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	struct pause *p = calloc(1, sizeof *p);
	json_t *notes = json_array();

	step->state = p;
	if (!p || json_object_set_new(report, "notes", notes) < 0 ||
	    json_object_set_new(report, "engine", json_string("")) < 0 ||
	    json_object_set_new(report, "objects", json_array()) < 0)
		return ord_fail_nomem(err);
	if (inj_procs_open(step->place, &p->procs, err) < 0)
		return -1;
	stopped_leave(p->procs, notes);
	if (p->procs->n == 0)
		return ord_fail(err, ORD_USAGE, "target: every chosen process is stopped already");
	if (json_object_set_new(undo, "stopped", inj_procs_to_json(p->procs)) < 0)
		return ord_fail_nomem(err);
	return 0;
}

static bool gone(int pidfd)
{
	struct pollfd fd = {.fd = pidfd, .events = POLLIN};

	return poll(&fd, 1, 0) > 0;
}

static int stopped_wait(const struct inj_procs *procs, struct ord_err *err)
{
	uint64_t limit = ord_now_ns() + STOPPED_NS;
	size_t held = 0;

	for (size_t i = 0; i < procs->n; i++) {
		while (!gone(procs->pidfd[i]) &&
		       (proc_state(&procs->v[i]) != 'T' || !threads_stopped(&procs->v[i]))) {
			struct timespec nap = ord_timespec(200 * ORD_US);

			if (ord_now_ns() > limit)
				return ord_fail(err, ORD_SYS,
						"process %d (%s) has not stopped within a second "
						"(state %c)",
						procs->v[i].pid, procs->v[i].comm,
						proc_state(&procs->v[i]));
			(void)ppoll(NULL, 0, &nap, NULL);
		}
		held += !gone(procs->pidfd[i]);
	}
	return held ? 0
		    : ord_fail(err, ORD_SYS, "all chosen processes ended before they had stopped");
}

static int inject(struct inj_step *step, struct ord_err *err)
{
	struct pause *p = step->state;

	for (size_t i = 0; i < p->procs->n; i++)
		if (inj_pidfd_signal(p->procs->pidfd[i], SIGSTOP) < 0 && errno != ESRCH)
			return ord_fail_sys(err, "stop process %d (%s)", p->procs->v[i].pid,
					    p->procs->v[i].comm);
	if (stopped_wait(p->procs, err) < 0)
		return -1;
	p->look_ns = ord_now_ns() + LOOK_NS;
	return 0;
}

static unsigned wait(struct inj_step *step, struct pollfd *fds, unsigned max, uint64_t *due_ns)
{
	const struct pause *p = step->state;
	unsigned n = 0;

	for (size_t i = 0; i < p->procs->n && n < max; i++)
		if (p->procs->pidfd[i] >= 0)
			fds[n++] = (struct pollfd){.fd = p->procs->pidfd[i], .events = POLLIN};
	if (p->look_ns < *due_ns)
		*due_ns = p->look_ns;
	return n;
}

/* The dead are taken out; over when none is left. Somebody else's SIGCONT means that we do not hold
 * the fault any more. */
static int wake(struct inj_step *step, const struct pollfd *fds, unsigned n, bool *ret_over,
		struct ord_err *err)
{
	struct pause *p = step->state;
	size_t held = 0;

	for (unsigned f = 0; f < n; f++)
		for (size_t i = 0; fds[f].revents && i < p->procs->n; i++)
			if (p->procs->pidfd[i] == fds[f].fd)
				ord_close(&p->procs->pidfd[i]);
	for (size_t i = 0; i < p->procs->n; i++)
		held += p->procs->pidfd[i] >= 0;
	*ret_over = held == 0;
	if (held == 0 || ord_now_ns() < p->look_ns)
		return 0;
	p->look_ns = ord_now_ns() + LOOK_NS;
	for (size_t i = 0; i < p->procs->n; i++) {
		char state;

		if (p->procs->pidfd[i] < 0)
			continue;
		state = proc_state(&p->procs->v[i]);
		if (!state || strchr("TtZX", state))
			continue;
		if (p->moved == p->procs->v[i].pid)
			return ord_fail(err, ORD_SYS,
					"somebody else let process %d (%s) go on: its state is %c",
					p->procs->v[i].pid, p->procs->v[i].comm, state);
		p->moved = p->procs->v[i].pid;
		p->look_ns = ord_now_ns() + AGAIN_NS;
		return 0;
	}
	p->moved = 0;
	return 0;
}

/* A pid whose /proc is hidden from us (hidepid) may be the one: a SIGCONT too many hurts less than
 * one too few. */
static int cont(const struct ord_proc *proc, struct ord_err *err)
{
	ord_autoclose int fd = inj_pidfd_open(proc->pid);
	uint64_t start;

	if (fd < 0)
		return errno == ESRCH ? 0 : ord_fail_sys(err, "open process %d", proc->pid);
	start = ord_proc_start(proc->pid);
	if (start != 0 && start != proc->start)
		return 0;
	if (inj_pidfd_signal(fd, SIGCONT) < 0 && errno != ESRCH)
		return ord_fail_sys(err, "let process %d go on", proc->pid);
	return 0;
}

static int validate(const json_t *undo, struct ord_err *err)
{
	static const char *const keys[] = {"stopped"};
	struct ord_proc procs[ORD_PROCS_MAX];
	size_t n;

	if (ord_json_keys(undo, keys, ORD_COUNT(keys), err) < 0)
		return -1;
	return inj_procs_from_json(undo, "stopped", procs, &n, err);
}

/* All are tried, whatever one says; the last failure is told. */
static int revert(const json_t *undo, struct ord_err *err)
{
	struct ord_proc procs[ORD_PROCS_MAX];
	size_t n;
	int r = 0;

	if (inj_procs_from_json(undo, "stopped", procs, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (cont(&procs[i], err) < 0)
			r = -1;
	return r;
}

static int residue(const json_t *undo, json_t *left, struct ord_err *err)
{
	struct ord_proc procs[ORD_PROCS_MAX];
	char text[64];
	size_t n;

	if (inj_procs_from_json(undo, "stopped", procs, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (proc_state(&procs[i]) != 'T')
			continue;
		(void)snprintf(text, sizeof text, "process %d is still stopped", procs[i].pid);
		if (json_array_append_new(left, json_string(text)) < 0)
			return ord_fail_nomem(err);
	}
	return 0;
}

static void done(struct inj_step *step)
{
	struct pause *p = step->state;

	if (p)
		inj_procs_free(p->procs);
	free(p);
	step->state = NULL;
}

static const int syscalls[] = {SCMP_SYS(getdents64), -1};

const struct ord_injector inj_proc_pause = {
	.name = "proc.pause",
	.syscalls = syscalls,
	.check = check,
	.inject = inject,
	.wait = wait,
	.wake = wake,
	.revert = revert,
	.residue = residue,
	.validate = validate,
	.done = done,
};
