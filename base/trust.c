#include "base/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/auto.h"

/* Root's, and nobody else may write it; in what is sticky nobody else may replace root's. */
static int trusted(int fd, const char *path, mode_t type, bool last, uid_t root,
		   struct ord_err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return ord_fail_sys(err, "stat '%s'", path);
	if ((st.st_mode & S_IFMT) != type)
		return ord_fail(err, ORD_GUARD, "'%s' is not a %s", path,
				type == S_IFDIR ? "directory" : "file");
	if (st.st_uid != root || ((st.st_mode & (S_IWGRP | S_IWOTH)) &&
				  (type != S_IFDIR || last || !(st.st_mode & S_ISVTX))))
		return ord_fail(err, ORD_GUARD,
				"'%s' belongs to uid %u with mode %o: it must be root's, and "
				"writable by nobody else",
				path, st.st_uid, st.st_mode & 07777);
	return 0;
}

/* One step down; the directory that was open is closed. `at` is the path so far, for messages. */
static int step(int *dir, const char *name, const char *at, bool last, struct ord_err *err)
{
	ord_autoclose int next = openat(*dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (next < 0)
		return ord_fail_sys(err, "open '%s'", at);
	if (trusted(next, at, S_IFDIR, last, 0, err) < 0)
		return -1;
	ord_close(dir);
	*dir = ord_steal_fd(&next);
	return 0;
}

int ord_trust_open(const char *path, int *ret_fd, struct ord_err *err)
{
	char at[PATH_MAX];
	ord_autoclose int dir = -1, fd = -1;
	const char *slash = strrchr(path, '/');
	char *name = at, *next;

	if (*path != '/' || slash == path || !slash[1] || strstr(path, "//") ||
	    strlen(path) >= sizeof at)
		return ord_fail(err, ORD_USAGE, "'%.200s' is not the absolute path of a file",
				path);
	(void)snprintf(at, sizeof at, "%s", path);
	dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || trusted(dir, "/", S_IFDIR, false, 0, err) < 0)
		return dir < 0 ? ord_fail_sys(err, "open '/'") : -1;
	while ((next = strchr(name + 1, '/'))) {
		*next = '\0'; /* at: the path so far; its last name after the slash */
		if (step(&dir, name + 1, at, path + (next - at) == slash, err) < 0)
			return -1;
		*next = '/';
		name = next;
	}
	/* Without waiting: what is a pipe is refused right after. */
	fd = openat(dir, slash + 1, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return ord_fail_sys(err, "open '%s'", path);
	if (trusted(fd, path, S_IFREG, true, 0, err) < 0)
		return -1;
	*ret_fd = ord_steal_fd(&fd);
	return 0;
}

static bool read_only(int fd)
{
	struct statvfs fs;

	return fstatvfs(fd, &fs) == 0 && (fs.f_flag & ST_RDONLY);
}

int ord_trust_check(int fd, const char *path, struct ord_err *err)
{
	char folder[PATH_MAX], self[32];
	ord_autoclose int dir = -1;
	struct stat root;
	char *slash;
	ssize_t n;

	if (stat("/", &root) < 0)
		return ord_fail_sys(err, "stat '/'");
	if (trusted(fd, path, S_IFREG, true, root.st_uid, err) < 0)
		return -1;
	(void)snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	n = readlink(self, folder, sizeof folder - 1);
	if (n < 0)
		return ord_fail_sys(err, "read the path of '%s'", path);
	folder[n] = '\0';
	slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return ord_fail_sys(err, "open '%s'", folder);
	/* A volume's folder is anybody's by its mode, and nobody's by its mount. */
	return read_only(dir) ? 0 : trusted(dir, folder, S_IFDIR, true, root.st_uid, err);
}
