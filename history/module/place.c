#include "history/module/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/units.h"

#define LINK "history.db"

static int open_lock(const struct ord_history *h, const char *name, int *ret, struct ord_err *err)
{
	char path[PATH_MAX];

	if (ord_mkdirs(h->dir, 0755, err) < 0)
		return -1;
	(void)snprintf(path, sizeof path, "%s/%s", h->dir, name);
	*ret = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	return *ret < 0 ? ord_fail_sys(err, "'%.300s'", path) : 0;
}

int place_lock(const struct ord_history *h, uint64_t patience_ns, int *ret_fd, struct ord_err *err)
{
	const struct timespec pause = ord_timespec(ORD_MS);
	uint64_t end = ord_now_ns() + patience_ns;
	ord_autoclose int fd = -1;
	char time[32];

	if (open_lock(h, "history.lock", &fd, err))
		return -1;
	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return ord_fail_sys(err, "lock the history");
		if (ord_now_ns() >= end)
			return ord_fail(err, ORD_SYS,
					"another ordeal has held '%.300s/history.lock' for %s",
					h->dir, ord_format_duration((int64_t)patience_ns, time));
		(void)nanosleep(&pause, NULL);
	}
	*ret_fd = ord_steal_fd(&fd);
	return 0;
}

int place_lock_rebuild(const struct ord_history *h, int *ret_fd, struct ord_err *err)
{
	ord_autoclose int fd = -1;

	if (open_lock(h, "history.rebuild", &fd, err))
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK
			       ? ord_fail(err, ORD_USAGE,
					  "another `ordeal history rebuild` is at work in %.300s",
					  h->dir)
			       : ord_fail_sys(err, "lock the history");
	*ret_fd = ord_steal_fd(&fd);
	return 0;
}

bool place_now(const struct ord_history *h, char ret[static PATH_MAX])
{
	(void)snprintf(ret, PATH_MAX, "%s/" LINK, h->dir);
	return !access(ret, F_OK);
}

/* N of "history-N.db", of its log "history-N.db-wal" too; 0: it is none of them. */
static int64_t number_of(const char *name)
{
	static const char *const ends[] = {".db", ".db-wal", ".db-shm", ".db-journal"};
	char digits[24];
	size_t n;
	int64_t v;

	if (strncmp(name, "history-", 8) != 0)
		return 0;
	n = strspn(name + 8, "0123456789");
	(void)snprintf(digits, sizeof digits, "%.*s", n < 20 ? (int)n : 0, name + 8);
	for (size_t i = 0; i < ORD_COUNT(ends); i++)
		if (!strcmp(name + 8 + n, ends[i]) &&
		    !ord_parse_int(digits, 1, INT64_MAX - 1, &v, &(struct ord_err){0}))
			return v;
	return 0;
}

static int64_t number_now(const struct ord_history *h)
{
	char path[PATH_MAX], link[PATH_MAX];
	ssize_t n;

	(void)snprintf(path, sizeof path, "%s/" LINK, h->dir);
	n = readlink(path, link, sizeof link - 1);
	link[n < 0 ? 0 : n] = '\0';
	return number_of(link);
}

/* Takes away every database whose number is below `from` or above `to`, with its log. */
static int tidy(const struct ord_history *h, int64_t from, int64_t to, struct ord_err *err)
{
	DIR *dir = opendir(h->dir);
	const struct dirent *d;

	if (!dir)
		return ord_fail_sys(err, "'%.300s'", h->dir);
	while ((d = readdir(dir))) { /* NOLINT(concurrency-mt-unsafe): a stream of its own */
		int64_t n = number_of(d->d_name);

		if (n && (n < from || n > to))
			(void)unlinkat(dirfd(dir), d->d_name, 0);
	}
	(void)closedir(dir);
	return 0;
}

int place_next(const struct ord_history *h, char ret[static PATH_MAX], struct ord_err *err)
{
	int64_t now = number_now(h);

	if (tidy(h, now > 1 ? now - 1 : 0, now, err))
		return -1;
	(void)snprintf(ret, PATH_MAX, "%s/history-%lld.db", h->dir, (long long)now + 1);
	return 0;
}

static int sync_of(const char *path, int flags, struct ord_err *err)
{
	ord_autoclose int fd = open(path, flags | O_CLOEXEC);

	return fd < 0 || fsync(fd) ? ord_fail_sys(err, "'%.300s'", path) : 0;
}

int place_swap(const struct ord_history *h, const char *next, struct ord_err *err)
{
	const char *name = strrchr(next, '/') + 1;
	char temp[PATH_MAX], path[PATH_MAX];
	int64_t n = number_of(name);

	(void)snprintf(temp, sizeof temp, "%s/.history.db.%ld", h->dir, (long)getpid());
	(void)snprintf(path, sizeof path, "%s/" LINK, h->dir);
	if (sync_of(next, O_RDONLY, err))
		return -1;
	(void)unlink(temp);
	if (symlink(name, temp))
		return ord_fail_sys(err, "'%.300s'", temp);
	if (rename(temp, path)) {
		(void)ord_fail_sys(err, "'%.300s'", path);
		(void)unlink(temp);
		return -1;
	}
	if (sync_of(h->dir, O_RDONLY | O_DIRECTORY, err))
		return -1;
	return tidy(h, n > 1 ? n - 1 : 0, n, err);
}
