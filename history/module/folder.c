#include "history/module/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/desk.h"
#include "base/json.h"
#include "history/module/tags.h"
#include "ordeal/run.h"

#define GOING  ".removed-"
#define LATEST "latest"

static void path_of(const char *home, const char *name, const char *below, char out[PATH_MAX])
{
	(void)snprintf(out, PATH_MAX, "%s/%s%s", home, name, below);
}

bool folder_is_run(const char *home, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	if (name[0] == '.' || strchr(name, '/'))
		return false;
	path_of(home, name, "", path);
	if (lstat(path, &st) || !S_ISDIR(st.st_mode))
		return false;
	path_of(home, name, "/run.jsonl", path);
	return !access(path, F_OK);
}

bool folder_lasts(const char *home, const char *name)
{
	char path[PATH_MAX];

	path_of(home, name, "", path);
	return ord_desk_attended(path, ORD_MARK_SOCKET);
}

/* Everything in it, files only by their sizes. -1: errno. */
static int64_t bytes_in(char *path)
{
	char *const paths[] = {path, NULL};
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
	const FTSENT *e;
	int64_t sum = 0;

	if (!walk)
		return -1;
	while ((e = fts_read(walk)))
		if (e->fts_info == FTS_F)
			sum += e->fts_statp->st_size;
	(void)fts_close(walk);
	return sum;
}

int folder_measure(const char *home, const char *name, struct record_folder *ret,
		   struct ord_err *err)
{
	char path[PATH_MAX];
	struct stat st;
	int64_t bytes;

	path_of(home, name, "/run.jsonl", path);
	if (stat(path, &st))
		return ord_fail_sys(err, "'%.300s'", path);
	path_of(home, name, "", path);
	bytes = bytes_in(path);
	if (bytes < 0)
		return ord_fail_sys(err, "'%.300s'", path);
	*ret = (struct record_folder){
		.name = name,
		.timeline_bytes = st.st_size,
		.mtime_ns = (int64_t)st.st_mtim.tv_sec * (int64_t)ORD_S + st.st_mtim.tv_nsec,
		.bytes = bytes,
	};
	return 0;
}

static int empty_out(char *path, struct ord_err *err)
{
	char *const paths[] = {path, NULL};
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
	const FTSENT *e;
	int r = 0;

	if (!walk)
		return ord_fail_sys(err, "'%.300s'", path);
	while (!r && (e = fts_read(walk))) {
		int how = e->fts_info == FTS_DP ? AT_REMOVEDIR : 0;

		if (e->fts_info != FTS_D && unlinkat(AT_FDCWD, e->fts_path, how) && errno != ENOENT)
			r = ord_fail_sys(err, "remove '%.300s'", e->fts_path);
	}
	(void)fts_close(walk);
	return r;
}

/* `latest` leads nowhere once its run has gone. */
static void forget_latest(const char *home, const char *name)
{
	char path[PATH_MAX], link[PATH_MAX];
	ssize_t n;

	path_of(home, LATEST, "", path);
	n = readlink(path, link, sizeof link - 1);
	link[n < 0 ? 0 : n] = '\0';
	if (!strcmp(link, name))
		(void)unlink(path);
}

/* 1: it is tagged; -1: not known. */
static int tagged(const char *home, const char *name, struct ord_err *err)
{
	ord_auto(json) json_t *tags = NULL;

	return tags_all(home, &tags, err) ? -1 : json_object_get(tags, name) != NULL;
}

int folder_remove(const char *home, const char *name, bool *ret_gone, struct ord_err *err)
{
	char path[PATH_MAX], going[PATH_MAX];
	int is;

	if (name[0] == '.' || !*name || strchr(name, '/'))
		return ord_fail(err, ORD_USAGE, "'%.200s' is no folder of a run", name);
	path_of(home, name, "", path);
	(void)snprintf(going, sizeof going, "%s/" GOING "%s", home, name);
	if (rename(path, going)) {
		if (errno != ENOENT)
			return ord_fail_sys(err, "remove '%.300s'", path);
		*ret_gone = true;
		return 0;
	}
	is = tagged(home, name, err);
	if (is && rename(going, path))
		return ord_fail_sys(err, "put back '%.300s'", path);
	if (is < 0)
		return -1;
	*ret_gone = !is;
	if (is)
		return 0;
	forget_latest(home, name);
	return empty_out(going, err);
}

/* What was put out of sight, and no more. */
static int sweep_one(const char *home, const char *going, struct ord_err *err)
{
	const char *name = going + sizeof GOING - 1;
	char path[PATH_MAX], back[PATH_MAX];
	int is = tagged(home, name, err);

	if (is < 0)
		return -1;
	path_of(home, going, "", path);
	path_of(home, name, "", back);
	if (is)
		return rename(path, back) ? ord_fail_sys(err, "put back '%.300s'", back) : 0;
	return empty_out(path, err);
}

int folder_sweep(const char *home, struct ord_err *err)
{
	DIR *dir = opendir(home);
	const struct dirent *d;
	int r = 0;

	if (!dir)
		return errno == ENOENT ? 0 : ord_fail_sys(err, "'%.300s'", home);
	while (!r && (d = readdir(dir))) /* NOLINT(concurrency-mt-unsafe): a stream of its own */
		if (!strncmp(d->d_name, GOING, sizeof GOING - 1))
			r = sweep_one(home, d->d_name, err);
	(void)closedir(dir);
	return r;
}
