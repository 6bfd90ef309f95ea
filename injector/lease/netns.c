#include "injector/lease/injector.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/proc.h"

/*
 * Opens a path only if it is a namespace: looked at first without opening it, since opening a pipe
 * would wait, and opening a device could do anything.
 */
static int namespace_open(const char *path, struct stat *ret, struct ord_err *err)
{
	ord_autoclose int seen = open(path, O_PATH | O_CLOEXEC);
	struct statfs fs;
	char again[32];
	int fd;

	if (seen < 0 || fstat(seen, ret) < 0 || fstatfs(seen, &fs) < 0)
		return ord_fail_sys(err, "open network namespace '%s'", path);
	if (fs.f_type != NSFS_MAGIC)
		return ord_fail(err, ORD_USAGE, "'%s' is no namespace", path);
	(void)snprintf(again, sizeof again, "/proc/self/fd/%d", seen);
	fd = open(again, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? ord_fail_sys(err, "open network namespace '%s'", path) : fd;
}

int inj_netns_enter(const char *path, uint64_t ino, struct ord_err *err)
{
	ord_autoclose int fd = -1;
	struct stat st;

	if (!path[0])
		return 0;
	fd = namespace_open(path, &st, err);
	if (fd < 0)
		return -1;
	if (ino && st.st_ino != ino)
		return ord_fail(err, ORD_USAGE,
				"'%s' is another network namespace than was resolved", path);
	if (setns(fd, CLONE_NEWNET) < 0)
		return ord_fail_sys(err, "enter network namespace '%s'", path);
	return 0;
}

struct search {
	uint64_t ino;
	char *ret;
};

static int same_net(void *arg, pid_t pid, int dir)
{
	const struct search *s = arg;

	if (ord_proc_ns(dir, "net") != s->ino)
		return 0;
	(void)snprintf(s->ret, 64, "/proc/%d/ns/net", pid);
	return 1;
}

bool inj_netns_find(const char *path, uint64_t ino, char ret[64])
{
	struct search s = {.ino = ino, .ret = ret};
	struct ord_err err;
	struct stat st;

	if (stat(path, &st) == 0 && (!ino || st.st_ino == ino)) {
		(void)snprintf(ret, 64, "%.63s", path);
		return true;
	}
	return ino && ord_proc_walk(same_net, &s, &err) == 1;
}
