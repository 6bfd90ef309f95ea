#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"

int ord_std_keep(struct ord_err *err)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		if (open("/dev/null", fd ? O_RDONLY : O_RDWR) < 0) /* it stays, also over exec */
			return ord_fail_sys(err, "open '/dev/null'");
	}
	return 0;
}

/* Reads to the end of the file or max + 1 bytes, whichever is first. */
static int slurp(int fd, size_t max, char **ret, size_t *ret_size, struct ord_err *err)
{
	size_t have = 0, room = 4096;
	ord_autofree char *buf = malloc(room + 1);

	for (;;) {
		ssize_t n;

		if (!buf)
			return ord_fail_nomem(err);
		n = read(fd, buf + have, room - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ord_fail_sys(err, "read");
		have += (size_t)n;
		if (have > max)
			return ord_fail(err, ORD_USAGE,
					"the file is larger than the limit of %zu bytes", max);
		if (!n)
			break;
		if (have == room) {
			char *more = realloc(buf, 2 * room + 1);

			if (!more)
				return ord_fail_nomem(err);
			(void)ord_steal_ptr(buf);
			buf = more;
			room *= 2;
		}
	}
	buf[have] = '\0';
	*ret = ord_steal_ptr(buf);
	if (ret_size)
		*ret_size = have;
	return 0;
}

int ord_file_read_at(int dir, const char *path, size_t max, char **ret, size_t *ret_size,
		     struct ord_err *err)
{
	ord_autoclose int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return ord_fail_sys(err, "open '%s'", path);
	if (slurp(fd, max, ret, ret_size, err))
		return ord_wrap(err, "%s", path);
	return 0;
}

int ord_file_read(const char *path, size_t max, char **ret, size_t *ret_size, struct ord_err *err)
{
	return ord_file_read_at(AT_FDCWD, path, max, ret, ret_size, err);
}

ssize_t ord_file_peek(int dir, const char *path, char *out, size_t size)
{
	ord_autoclose int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t have = 0;

	if (fd < 0)
		return -1;
	while (have < size - 1) {
		ssize_t n = read(fd, out + have, size - 1 - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (!n)
			break;
		have += (size_t)n;
	}
	out[have] = '\0';
	return (ssize_t)have;
}

int ord_write_all(int fd, const void *data, size_t size, struct ord_err *err)
{
	const char *p = data;

	while (size) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ord_fail_sys(err, "write");
		p += n;
		size -= (size_t)n;
	}
	return 0;
}

int ord_file_replace_at(int dir, const char *name, const void *data, size_t size, mode_t mode,
			bool sync, struct ord_err *err)
{
	char tmp[NAME_MAX + 1];
	ord_autoclose int fd = -1;
	int n = snprintf(tmp, sizeof tmp, ".%s.%ld", name, (long)getpid());

	if (n < 0 || (size_t)n >= sizeof tmp)
		return ord_fail(err, ORD_USAGE, "file name '%.64s...' is too long", name);
	fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return ord_fail_sys(err, "create '%s'", tmp);
	if (ord_write_all(fd, data, size, err) ||
	    (sync && fsync(fd) && ord_fail_sys(err, "fsync"))) {
		(void)unlinkat(dir, tmp, 0);
		return ord_wrap(err, "%s", name);
	}
	if (renameat(dir, tmp, dir, name)) {
		(void)ord_fail_sys(err, "rename to '%s'", name);
		(void)unlinkat(dir, tmp, 0);
		return -1;
	}
	if (sync && dir != AT_FDCWD && fsync(dir))
		return ord_fail_sys(err, "fsync the directory of '%s'", name);
	return 0;
}

static int make_dir(const char *path, mode_t mode, struct ord_err *err)
{
	struct stat st;

	if (!mkdir(path, mode))
		return chmod(path, mode) ? ord_fail_sys(err, "chmod '%s'", path) : 0;
	if (errno != EEXIST)
		return ord_fail_sys(err, "make directory '%s'", path);
	if (stat(path, &st))
		return ord_fail_sys(err, "stat '%s'", path);
	if (!S_ISDIR(st.st_mode))
		return ord_fail(err, ORD_SYS, "'%s' is no directory", path);
	return 0;
}

int ord_mkdirs(const char *path, mode_t mode, struct ord_err *err)
{
	char buf[PATH_MAX];
	size_t n = strlen(path);

	if (!n || n >= sizeof buf)
		return ord_fail(err, ORD_USAGE, "path of %zu bytes", n);
	memcpy(buf, path, n + 1);
	for (char *p = buf + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (make_dir(buf, mode, err))
			return -1;
		*p = '/';
	}
	return make_dir(buf, mode, err);
}

static int join(char *ret, size_t size, const char *a, const char *b, struct ord_err *err)
{
	int n = snprintf(ret, size, "%s%s", a, b);

	if (n < 0 || (size_t)n >= size)
		return ord_fail(err, ORD_USAGE, "path too long: %.64s...", a);
	return 0;
}

/* An environment variable that holds an absolute path, as the XDG base directory specification
 * wants it; else NULL. */
static const char *env_path(const char *name)
{
	const char *v = secure_getenv(name);

	return v && *v == '/' ? v : NULL;
}

int ord_state_dir(char *ret, size_t size, struct ord_err *err)
{
	const char *v = env_path("XDG_STATE_HOME");

	if (v)
		return join(ret, size, v, "/ordeal", err);
	if (!geteuid())
		return join(ret, size, "/var/lib/ordeal", "", err);
	v = env_path("HOME");
	if (!v)
		return ord_fail(err, ORD_SYS,
				"neither XDG_STATE_HOME nor HOME is set: name a folder for undo "
				"records and runs by one of them");
	return join(ret, size, v, "/.local/state/ordeal", err);
}

int ord_runtime_dir(char *ret, size_t size, struct ord_err *err)
{
	const char *v = env_path("ORDEAL_RUNTIME_DIR");
	char uid[32];

	if (v)
		return join(ret, size, v, "", err);
	if (!geteuid())
		return join(ret, size, "/run/ordeal", "", err);
	v = env_path("XDG_RUNTIME_DIR");
	if (v)
		return join(ret, size, v, "/ordeal", err);
	(void)snprintf(uid, sizeof uid, "%lu", (unsigned long)geteuid());
	return join(ret, size, "/tmp/ordeal-", uid, err);
}
