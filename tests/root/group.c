#include "group.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/proc.h"

static char groups[4][512];
static unsigned n_groups;

static bool write_file(const char *dir, const char *file, const char *value)
{
	char path[600];
	int fd;
	bool ok;

	(void)snprintf(path, sizeof path, "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = write(fd, value, strlen(value)) == (ssize_t)strlen(value);
	(void)close(fd);
	return ok;
}

static void kill_members(const char *group)
{
	char path[600];
	FILE *f;
	int pid;

	(void)snprintf(path, sizeof path, "%s/cgroup.procs", group);
	f = fopen(path, "re");
	while (f && fscanf(f, "%d", &pid) == 1)
		if (pid > 1 && pid != getpid())
			(void)kill(pid, SIGKILL);
	if (f)
		(void)fclose(f);
}

static void remove_all(void)
{
	while (n_groups) {
		const char *group = groups[--n_groups];
		char parent[512];

		/* We may have joined it ourselves. */
		(void)snprintf(parent, sizeof parent, "%.*s", (int)(strrchr(group, '/') - group),
			       group);
		(void)(group_holds(group, getpid()) && write_file(parent, "cgroup.procs", "0"));
		for (int i = 0; i < 200 && rmdir(group) < 0 && errno == EBUSY; i++) {
			kill_members(group);
			while (waitpid(-1, NULL, WNOHANG) > 0)
				;
			nap_ms(10);
		}
	}
}

const char *group_make(const char *controller)
{
	int self = ord_proc_open(getpid());
	struct ord_cgroup own;
	struct ord_err err;
	char *group = groups[n_groups];

	must(n_groups < 4);
	if (self < 0 || ord_cgroup_of(self, controller, &own, &err))
		skip("no control group for %s: %s", controller, err.msg);
	(void)close(self);
	(void)snprintf(group, sizeof groups[0], "%s/ordeal-test-%llu", own.dir,
		       (unsigned long long)now_us());
	if (mkdir(group, 0755) < 0)
		skip("no control group of our own for %s: %s", controller, strerror(errno));
	if (!n_groups++)
		must(atexit(remove_all) == 0);
	return group;
}

bool group_set(const char *group, const char *v1_file, const char *v2_file, const char *value)
{
	return write_file(group, v1_file, value) || write_file(group, v2_file, value);
}

static void favour(const char *group)
{
	(void)(write_file(group, "cpu.shares", "200000") ||
	       write_file(group, "cpu.weight", "10000"));
}

void group_favour(const char *group)
{
	const char *ours = group_make("cpu");

	favour(group);
	/* Else all that is favoured on a machine of one CPU would leave the holder nothing, and a
	 * holder that is late by a second is killed. */
	favour(ours);
	group_join(ours, getpid());
}

void group_join(const char *group, pid_t pid)
{
	char text[16];

	(void)snprintf(text, sizeof text, "%d", pid);
	must(write_file(group, "cgroup.procs", text));
}

bool group_holds(const char *group, pid_t pid)
{
	char path[600];
	bool found = false;
	FILE *f;
	int p;

	(void)snprintf(path, sizeof path, "%s/cgroup.procs", group);
	f = fopen(path, "re");
	must(f);
	while (fscanf(f, "%d", &p) == 1)
		found |= p == pid;
	(void)fclose(f);
	return found;
}

void group_busy(const char *group, int cpu, struct target *ret)
{
	int ready[2];
	cpu_set_t set;
	char c;
	pid_t pid;

	must_sys(pipe2(ready, O_CLOEXEC));
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	pid = fork();
	must_sys(pid);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)prctl(PR_SET_NAME, "target");
		group_join(group, getpid());
		must_sys(sched_setaffinity(0, sizeof set, &set));
		(void)!write(ready[1], "r", 1);
		for (volatile unsigned i = 0;; i++)
			;
	}
	(void)close(ready[1]);
	must(read(ready[0], &c, 1) == 1);
	(void)close(ready[0]);
	*ret = (struct target){.pid = pid, .netns = -1};
}

struct search {
	unsigned n;
	pid_t pid;
};

static int each(void *arg, pid_t pid, int dir)
{
	struct search *s = arg;
	struct ord_proc_stat st;

	if (ord_proc_stat(dir, &st) || strncmp(st.comm, "ordeal-", 7) || strlen(st.comm) != 15 ||
	    strspn(st.comm + 7, "0123456789abcdef") != 8 || st.state == 'Z')
		return 0;
	if (s->n--)
		return 0;
	s->pid = pid;
	return 1;
}

pid_t effect_child(unsigned n)
{
	struct search s = {.n = n};

	must_sys(ord_proc_walk(each, &s, NULL));
	return s.pid;
}

uint64_t cpu_ns(pid_t pid)
{
	char path[64];
	unsigned long long ns = 0;
	struct timespec t;
	clockid_t clock;
	FILE *f;

	/* schedstat of a task that runs on another CPU lags by up to a tick; reading its clock
	 * brings both up to date. */
	must(clock_getcpuclockid(pid, &clock) == 0);
	must_sys(clock_gettime(clock, &t));
	(void)snprintf(path, sizeof path, "/proc/%d/schedstat", pid);
	f = fopen(path, "re");
	must(f && fscanf(f, "%llu", &ns) == 1);
	(void)fclose(f);
	return ns;
}
