#include "base/proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "ordeal/target.h"

#define KTHREAD \
	0x00200000u /* PF_KTHREAD of the kernel's include/linux/sched.h; in field 9 of stat */

int ord_proc_open(pid_t pid)
{
	char path[32];

	(void)snprintf(path, sizeof path, "/proc/%ld", (long)pid);
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* proc(5): pid (comm) state ppid pgrp session tty tpgid flags minflt cminflt majflt cmajflt utime
 * stime ... start */
int ord_proc_stat(int dir, struct ord_proc_stat *ret)
{
	char buf[1024], *open, *close;
	struct ord_proc_stat s = {0};
	unsigned flags;
	int pid, ppid;

	if (ord_file_peek(dir, "stat", buf, sizeof buf) <= 0)
		return -1;
	open = strchr(buf, '(');
	close = strrchr(buf, ')'); /* comm may hold brackets itself */
	if (!open || !close || close < open || sscanf(buf, "%d", &pid) != 1)
		return -1;
	if (sscanf(close + 1,
		   " %c %d %*d %*d %*d %*d %u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
		   " %*d %*d %*d %*d %*d %*d %" SCNu64,
		   &s.state, &ppid, &flags, &s.utime, &s.stime, &s.start) != 6)
		return -1;
	*close = '\0';
	(void)snprintf(s.comm, sizeof s.comm, "%.15s", open + 1);
	for (char *c = s.comm; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
	s.pid = pid;
	s.ppid = ppid;
	s.kernel = flags & KTHREAD;
	*ret = s;
	return 0;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool ord_proc_named(int dir, const char *name)
{
	char buf[4096];
	ssize_t n = ord_file_peek(dir, "comm", buf, sizeof buf);

	if (n > 0) {
		buf[strcspn(buf, "\n")] = '\0';
		if (!strcmp(buf, name))
			return true;
	}
	if (ord_file_peek(dir, "cmdline", buf, sizeof buf) > 0 && !strcmp(base_of(buf), name))
		return true;
	n = readlinkat(dir, "exe", buf, sizeof buf - 1);
	if (n <= 0)
		return false;
	buf[n] = '\0';
	return !strcmp(base_of(buf), name);
}

uint64_t ord_proc_ns(int dir, const char *name)
{
	char path[32];
	struct stat st;

	(void)snprintf(path, sizeof path, "ns/%s", name);
	return fstatat(dir, path, &st, 0) ? 0 : st.st_ino;
}

static int by_number(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* All pids of now, sorted. */
static int list(pid_t **ret, size_t *ret_n, struct ord_err *err)
{
	size_t n = 0, room = 0;
	ord_autofree pid_t *v = NULL;
	struct dirent *e;
	DIR *proc = opendir("/proc");

	if (!proc)
		return ord_fail_sys(err, "open /proc");
	while ((e = readdir(proc))) { /* NOLINT(concurrency-mt-unsafe): the stream is our own */
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		if (n == room) {
			pid_t *more;

			room = room ? 2 * room : 256;
			more = realloc(v, room * sizeof *v);
			if (!more) {
				(void)closedir(proc);
				return ord_fail_nomem(err);
			}
			(void)ord_steal_ptr(v);
			v = more;
		}
		v[n++] = (pid_t)strtol(e->d_name, NULL, 10);
	}
	(void)closedir(proc);
	if (n)
		qsort(v, n, sizeof *v, by_number);
	*ret = ord_steal_ptr(v);
	*ret_n = n;
	return 0;
}

int ord_proc_walk(int (*each)(void *arg, pid_t pid, int dir), void *arg, struct ord_err *err)
{
	ord_autofree pid_t *v = NULL;
	size_t n = 0;

	if (list(&v, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		ord_autoclose int dir = ord_proc_open(v[i]);
		int r = dir < 0 ? 0 : each(arg, v[i], dir);

		if (r)
			return r;
	}
	return 0;
}

static int stat_of(pid_t pid, struct ord_proc_stat *ret)
{
	ord_autoclose int dir = ord_proc_open(pid);

	return dir < 0 ? -1 : ord_proc_stat(dir, ret);
}

static bool is_ancestor(pid_t pid)
{
	pid_t p = getpid();
	struct ord_proc_stat s;

	for (int depth = 0; p > 0 && depth < 1024; depth++) {
		if (p == pid)
			return true;
		if (stat_of(p, &s))
			return false;
		p = s.ppid;
	}
	return false;
}

int ord_proc_guard(pid_t pid, struct ord_err *err)
{
	struct ord_proc_stat s;

	if (pid == 1)
		return ord_fail(err, ORD_GUARD, "process 1 is refused: the machine hangs on it");
	if (pid < 1 || stat_of(pid, &s))
		return ord_fail(err, ORD_USAGE, "there is no process %ld", (long)pid);
	if (s.kernel)
		return ord_fail(err, ORD_GUARD, "process %ld (%s) is refused: a kernel thread",
				(long)pid, s.comm);
	if (!strncmp(s.comm, "sshd", 4))
		return ord_fail(err, ORD_GUARD,
				"process %ld (%s) is refused: the way into the machine", (long)pid,
				s.comm);
	if (!strncmp(s.comm, "ordeal", 6))
		return ord_fail(err, ORD_GUARD, "process %ld (%s) is refused: it belongs to ordeal",
				(long)pid, s.comm);
	if (is_ancestor(pid))
		return ord_fail(err, ORD_GUARD,
				"process %ld (%s) is refused: ordeal was started from it",
				(long)pid, s.comm);
	return 0;
}

uint64_t ord_proc_start(pid_t pid)
{
	struct ord_proc_stat s;

	return stat_of(pid, &s) ? 0 : s.start;
}

int ord_proc_check(const struct ord_proc *proc, struct ord_err *err)
{
	struct ord_proc_stat s;

	if (stat_of(proc->pid, &s))
		return ord_fail(err, ORD_SYS, "process %ld (%s) is gone", (long)proc->pid,
				proc->comm);
	if (s.start != proc->start)
		return ord_fail(err, ORD_SYS, "process %ld is another one (%s) by now; %s is gone",
				(long)proc->pid, s.comm, proc->comm);
	if (s.state == 'Z' || s.state == 'X')
		return ord_fail(err, ORD_SYS, "process %ld (%s) has ended", (long)proc->pid,
				proc->comm);
	return 0;
}

int ord_proc_pidfd(const struct ord_proc *proc, struct ord_err *err)
{
	ord_autoclose int fd = (int)syscall(SYS_pidfd_open, proc->pid, 0);

	if (fd < 0 && errno == ESRCH)
		return ord_fail(err, ORD_SYS, "process %ld (%s) is gone", (long)proc->pid,
				proc->comm);
	if (fd < 0)
		return ord_fail_sys(err, "pidfd_open of process %ld", (long)proc->pid);
	/* The descriptor holds on to whoever has the pid now: only then does the comparison last.
	 */
	if (ord_proc_check(proc, err))
		return -1;
	return ord_steal_fd(&fd);
}
