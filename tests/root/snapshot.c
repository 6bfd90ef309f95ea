#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * What is not compared, and why. Everything else that is read must be byte-identical.
 *
 * Not read at all: usage, peaks and counters (-s of nft leaves counters out; ip and tc are asked
 * without -s), and the index that the next link will get.
 */
static const char *const except[] = {
	"*/nf_conntrack_count",	       /* a counter */
	"*/cpuacct.usage",	       /* usage; writable only to be reset */
	"*/memory.max_usage_in_bytes", /* a peak */
	"*/memory.*.max_usage_in_bytes",
	"*/memory.failcnt", /* a counter */
	"*/memory.*.failcnt",
	"*/cgroup.procs", /* membership: told by process below */
	"*/cgroup.threads",
	"*/tasks",
	"*/memory.peak",
	"*/*.pressure", /* usage */
};

static bool excepted(const char *path)
{
	for (size_t i = 0; i < sizeof except / sizeof *except; i++)
		if (fnmatch(except[i], path, 0) == 0)
			return true;
	return false;
}

static void file_tell(FILE *out, const char *path)
{
	char text[4096];
	ssize_t n;
	int fd;

	if (excepted(path))
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		(void)close(fd);
	if (n < 0) {
		(void)fprintf(out, "%s unreadable\n", path);
		return;
	}
	text[n] = '\0';
	(void)fprintf(out, "%s %s%s", path, text, n > 0 && text[n - 1] == '\n' ? "" : "\n");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int not_dots(const struct dirent *e)
{
	return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

/* Every regular file below that somebody may write and read: what only counts cannot be written. */
static void tree_tell(FILE *out, const char *path)
{
	struct dirent **list;
	int n = scandir(path, &list, not_dots, by_name);

	for (int i = 0; i < n; i++) {
		char below[1024];
		struct stat st;

		(void)snprintf(below, sizeof below, "%s/%s", path, list[i]->d_name);
		if (lstat(below, &st) == 0 && S_ISDIR(st.st_mode)) {
			(void)fprintf(out, "%s/\n", below);
			tree_tell(out, below);
		} else if (S_ISREG(st.st_mode) && (st.st_mode & 0200) && (st.st_mode & 0400)) {
			file_tell(out, below);
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

/*
 * The commands are the issue's: what an administrator would look at, in as few processes as can be,
 * since the ptrace supervisor asks hundreds of times.
 */
static const char net_head[] = "nft -s -a list ruleset\n"
			       "ip -d -batch - <<E\nlink show\naddr show\n"
			       "route show table all\nrule show\nE\n"
			       "ip -6 -batch - <<E\nroute show table all\nrule show\nE\n"
			       "tc -batch - <<E\nqdisc show\n";

/* Device names from /proc, since sysfs is of the namespace that mounted it. */
static char *net_script(void)
{
	char *text = NULL, line[512];
	size_t size;
	FILE *out = open_memstream(&text, &size),
	     *devices = fopen("/proc/thread-self/net/dev", "re");

	(void)fputs(net_head, out);
	while (devices && fgets(line, sizeof line, devices)) {
		char name[32];

		if (sscanf(line, " %31[^:| ]:", name) == 1 && strchr(line, ':'))
			(void)fprintf(out,
				      "filter show dev %s\nfilter show dev %s ingress\nfilter show "
				      "dev %s egress\n",
				      name, name, name);
	}
	if (devices)
		(void)fclose(devices);
	(void)fputs("E\n", out);
	(void)fclose(out);
	return text;
}

/* In a child that is in the namespace: the commands, then the sysctls, which /proc shows of the
 * reader's namespace. */
static void net_tell(FILE *out, const char *name, int netns)
{
	char buf[65536];
	int pipes[2], status;
	ssize_t n;
	pid_t pid;

	(void)fprintf(out, "## network of %s\n", name);
	must_sys(pipe2(pipes, O_CLOEXEC));
	pid = fork();
	must_sys(pid);
	if (pid == 0) {
		FILE *sysctls;

		if ((netns >= 0 && setns(netns, CLONE_NEWNET) < 0) || dup2(pipes[1], 1) < 0)
			_exit(1);
		(void)dup2(open("/dev/null", O_WRONLY), 2);
		sysctls = fdopen(dup(pipes[1]), "w");
		tree_tell(sysctls, "/proc/sys/net");
		(void)fclose(sysctls);
		(void)execl("/bin/sh", "sh", "-c", net_script(), (char *)NULL);
		_exit(127);
	}
	(void)close(pipes[1]);
	while ((n = read(pipes[0], buf, sizeof buf)) > 0)
		(void)fwrite(buf, 1, (size_t)n, out);
	(void)close(pipes[0]);
	must_sys(waitpid(pid, &status, 0));
	must(WIFEXITED(status) && WEXITSTATUS(status) != 127);
}

static bool numeric(const char *s)
{
	return *s && !s[strspn(s, "0123456789")];
}

/* Every process of the world: its name, whether it is stopped, its control groups. Zombies are on
 * their way out. */
static void procs_tell(FILE *out)
{
	struct dirent **list;
	int n = scandir("/proc", &list, not_dots, by_name);

	(void)fprintf(out, "## processes\n");
	for (int i = 0; i < n; i++) {
		char path[64], stat[512] = "";
		const char *state;
		int fd;

		(void)snprintf(path, sizeof path, "/proc/%.20s/stat", list[i]->d_name);
		fd = numeric(list[i]->d_name) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
		if (fd >= 0 && read(fd, stat, sizeof stat - 1) > 0 &&
		    (state = strrchr(stat, ')')) && state[2] != 'Z') {
			(void)fprintf(out, "%.*s%s\n", (int)(state - stat) + 1, stat,
				      state[2] == 'T' ? " stopped" : "");
			(void)snprintf(path, sizeof path, "/proc/%.20s/cgroup", list[i]->d_name);
			file_tell(out, path);
		}
		if (fd >= 0)
			(void)close(fd);
		free(list[i]);
	}
	free(list);
}

/* The test's own control groups, made by cgroup-using tests under this name in whatever hierarchy
 * they need. */
static void cgroups_tell(FILE *out)
{
	struct dirent **list;
	int n = scandir("/sys/fs/cgroup", &list, not_dots, by_name);

	(void)fprintf(out, "## control groups\n");
	for (int i = 0; i < n; i++) {
		char path[512];

		(void)snprintf(path, sizeof path, "/sys/fs/cgroup/%.200s/ordeal-test",
			       list[i]->d_name);
		if (access(path, F_OK) == 0)
			tree_tell(out, path);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

/* The disk that a test made to be filled: what is in it, and how much is free. */
static void disk_tell(FILE *out)
{
	struct dirent **list;
	struct statvfs fs;
	int n = scandir(WORLD_DISK, &list, not_dots, by_name);

	if (n < 0)
		return;
	must_sys(statvfs(WORLD_DISK, &fs));
	(void)fprintf(out, "## disk: %llu blocks and %llu inodes are free\n",
		      (unsigned long long)fs.f_bfree, (unsigned long long)fs.f_ffree);
	for (int i = 0; i < n; i++) {
		(void)fprintf(out, "%s\n", list[i]->d_name);
		free(list[i]);
	}
	free(list);
}

char *state_read(const struct target *t)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	must(out);
	net_tell(out, "the test", -1);
	if (t && t->netns >= 0)
		net_tell(out, "the target", t->netns);
	cgroups_tell(out);
	procs_tell(out);
	disk_tell(out);
	(void)fprintf(out, "## undo\n");
	tree_tell(out, "/run/ordeal");
	must(fclose(out) == 0);
	return text;
}

static void difference_tell(const char *a, const char *b, const char *what)
{
	char path[] = "/tmp/ordeal-state-XXXXXX", other[sizeof path];
	char command[256];
	int fd;

	fd = mkstemp(path);
	must(fd >= 0 && write(fd, a, strlen(a)) == (ssize_t)strlen(a));
	(void)close(fd);
	(void)snprintf(other, sizeof other, "/tmp/ordeal-state-XXXXXX");
	fd = mkstemp(other);
	must(fd >= 0 && write(fd, b, strlen(b)) == (ssize_t)strlen(b));
	(void)close(fd);
	(void)fprintf(stderr, "%s: the state is not as it was:\n", what);
	(void)snprintf(command, sizeof command, "diff -U0 %s %s | tail -n +3 | head -40 >&2", path,
		       other);
	if (fork() == 0) {
		(void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	(void)wait(NULL);
	(void)unlink(path);
	(void)unlink(other);
}

void state_same(const char *before, const struct target *t, unsigned within_ms, const char *what)
{
	uint64_t limit = now_ms() + within_ms;

	for (;;) {
		char *after = state_read(t);
		bool same = strcmp(before, after) == 0;

		if (!same && now_ms() >= limit) {
			difference_tell(before, after, what);
			exit(1);
		}
		free(after);
		if (same)
			return;
		nap_ms(10);
	}
}
