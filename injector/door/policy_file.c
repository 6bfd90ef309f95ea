/* The policy's file, and the system's files of users and groups. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "injector/door/policy.h"

/* Root's, and nobody else may write it. */
static int trusted(int fd, const char *path, mode_t type, struct ord_err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return ord_fail_sys(err, "stat '%s'", path);
	if ((st.st_mode & S_IFMT) != type)
		return ord_fail(err, ORD_GUARD, "'%s' is not a %s", path,
				type == S_IFDIR ? "directory" : "file");
	if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return ord_fail(err, ORD_GUARD,
				"'%s' belongs to uid %u with mode %o: it must be root's, and "
				"writable by nobody else",
				path, st.st_uid, st.st_mode & 07777);
	return 0;
}

int door_policy_read(const char *path, struct door_policy *ret, char **ret_text,
		     struct ord_err *err)
{
	const char *name = strrchr(path, '/');
	char folder[256], self[32];
	ord_autoclose int dir = -1, fd = -1;
	ord_autofree char *text = NULL;
	size_t size;

	if (!name || name == path || (size_t)(name - path) >= sizeof folder)
		return ord_fail(err, ORD_USAGE, "'%s' is not an absolute path", path);
	(void)snprintf(folder, sizeof folder, "%.*s", (int)(name - path), path);
	dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return ord_fail_sys(err, "open '%s'", folder);
	/* Without waiting: what is a pipe is refused right after. */
	fd = openat(dir, name + 1, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return ord_fail(err, ORD_GUARD,
				"there is no '%s': nobody may ask this machine's injector for "
				"anything until root writes one",
				path);
	if (fd < 0)
		return ord_fail_sys(err, "open '%s'", path);
	if (trusted(dir, folder, S_IFDIR, err) < 0 || trusted(fd, path, S_IFREG, err) < 0)
		return -1;
	(void)snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	if (ord_file_read(self, DOOR_TEXT_MAX, &text, &size, err) < 0 ||
	    door_policy_parse(path, text, size, &door_names_files, ret, err) < 0)
		return -1;
	*ret_text = ord_steal_ptr(text);
	return 0;
}

static int user_find(const char *name, unsigned *ret)
{
	ord_autofclose FILE *f = fopen("/etc/passwd", "re");
	struct passwd entry, *found = NULL;
	char text[4096];

	while (f && fgetpwent_r(f, &entry, text, sizeof text, &found) == 0) {
		if (strcmp(entry.pw_name, name) != 0)
			continue;
		*ret = entry.pw_uid;
		return 0;
	}
	return -1;
}

static int group_find(const char *name, unsigned *ret)
{
	ord_autofclose FILE *f = fopen("/etc/group", "re");
	static char text[65536]; /* a group's line names its members */
	struct group entry, *found = NULL;

	while (f && fgetgrent_r(f, &entry, text, sizeof text, &found) == 0) {
		if (strcmp(entry.gr_name, name) != 0)
			continue;
		*ret = entry.gr_gid;
		return 0;
	}
	return -1;
}

const struct door_names door_names_files = {user_find, group_find};
