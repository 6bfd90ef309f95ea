/* Tags: links in tags/ beside the runs. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "cli/runs.h"

int cli_tag_check(const char *tag, struct ord_err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";

	if (!*tag || strlen(tag) > CLI_TAG_MAX || tag[0] == '.' || tag[0] == '-' ||
	    tag[strspn(tag, letters)])
		return ord_fail(err, ORD_USAGE,
				"'%.80s' is no tag: 1 to %d letters, digits, '.', '_' and '-', not "
				"first '.' or '-'",
				tag, CLI_TAG_MAX);
	if (!strcmp(tag, "latest"))
		return ord_fail(err, ORD_USAGE, "'latest' is always the last run");
	return 0;
}

bool cli_tag_find(const char *home, const char *tag, char *ret)
{
	char path[CLI_PATH_MAX], link[PATH_MAX];

	/* What is no tag is also no way out of the folder. */
	if (cli_tag_check(tag, &(struct ord_err){0}))
		return false;
	(void)snprintf(path, sizeof path, "%s/tags/%s", home, tag);
	if (readlink(path, link, sizeof link) < 0)
		return false;
	memcpy(ret, path, sizeof path);
	return true;
}

static int open_tags(const char *home, bool make, int *ret, struct ord_err *err)
{
	char path[CLI_PATH_MAX];

	(void)snprintf(path, sizeof path, "%s/tags", home);
	if (make && ord_mkdirs(path, 0755, err) < 0)
		return -1;
	*ret = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 ? ord_fail_sys(err, "'%.300s'", path) : 0;
}

/* What the link says: from beside it where the run is in the same place, so that the place can be
 * moved as a whole. */
static int target_of(const char *home, const char *dir, size_t size, char *ret, struct ord_err *err)
{
	char runs[PATH_MAX], run[PATH_MAX];
	const char *name;

	if (!realpath(home, runs))
		return ord_fail_sys(err, "'%.300s'", home);
	if (!realpath(dir, run))
		return ord_fail_sys(err, "'%.300s'", dir);
	name = strrchr(run, '/');
	if (strlen(runs) == (size_t)(name - run) && !memcmp(runs, run, strlen(runs)))
		(void)snprintf(ret, size, "..%s", name);
	else
		(void)snprintf(ret, size, "%s", run);
	return 0;
}

static int replace(int tags, const char *target, const char *tag, struct ord_err *err)
{
	char temp[CLI_TAG_MAX + 32];

	(void)snprintf(temp, sizeof temp, ".%s.%ld", tag, (long)getpid());
	(void)unlinkat(tags, temp, 0);
	if (symlinkat(target, tags, temp))
		return ord_fail_sys(err, "tag '%.64s'", tag);
	if (renameat(tags, temp, tags, tag)) {
		(void)ord_fail_sys(err, "tag '%.64s'", tag);
		(void)unlinkat(tags, temp, 0);
		return -1;
	}
	return 0;
}

/* A prune that began before the tag was there has taken the run away; one that begins later lets it
 * be. */
static int still_there(int tags, const char *dir, const char *tag, struct ord_err *err)
{
	if (!faccessat(tags, tag, F_OK, 0))
		return 0;
	(void)unlinkat(tags, tag, 0);
	return ord_fail(err, ORD_USAGE, "'%.300s' was removed meanwhile", dir);
}

int cli_tag_set(const char *home, const char *dir, const char *tag, bool move, struct ord_err *err)
{
	char target[PATH_MAX + 4], is[PATH_MAX + 4];
	ord_autoclose int tags = -1;
	ssize_t n;

	if (cli_tag_check(tag, err) || target_of(home, dir, sizeof target, target, err) ||
	    open_tags(home, true, &tags, err))
		return -1;
	if (!symlinkat(target, tags, tag))
		return still_there(tags, dir, tag, err);
	if (errno != EEXIST)
		return ord_fail_sys(err, "tag '%.64s'", tag);
	if (move)
		return replace(tags, target, tag, err) ? -1 : still_there(tags, dir, tag, err);
	n = readlinkat(tags, tag, is, sizeof is - 1);
	is[n < 0 ? 0 : n] = '\0';
	if (!strcmp(is, target))
		return 0;
	return ord_fail(err, ORD_USAGE, "the tag '%s' is %.200s; --move gives it to another", tag,
			strncmp(is, "../", 3) != 0 ? is : is + 3);
}

int cli_tag_remove(const char *home, const char *tag, struct ord_err *err)
{
	ord_autoclose int tags = -1;
	char path[CLI_PATH_MAX];

	if (cli_tag_check(tag, err))
		return -1;
	if (!cli_tag_find(home, tag, path))
		return ord_fail(err, ORD_USAGE, "there is no tag '%s' in %.300s", tag, home);
	if (open_tags(home, false, &tags, err))
		return -1;
	return unlinkat(tags, tag, 0) ? ord_fail_sys(err, "tag '%s'", tag) : 0;
}

static int visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

int cli_tag_each(const char *home, void (*each)(void *arg, const char *tag, const char *run),
		 void *arg, struct ord_err *err)
{
	char path[CLI_PATH_MAX], tag[CLI_PATH_MAX + NAME_MAX + 2], run[PATH_MAX];
	struct dirent **list;
	int n;

	(void)snprintf(path, sizeof path, "%s/tags", home);
	n = scandir(path, &list, visible, alphasort);
	if (n < 0)
		return errno == ENOENT ? 0 : ord_fail_sys(err, "'%.300s'", path);
	for (int i = 0; i < n; i++) {
		(void)snprintf(tag, sizeof tag, "%s/%s", path, list[i]->d_name);
		each(arg, list[i]->d_name, realpath(tag, run) ? run : "");
		free(list[i]);
	}
	free(list);
	return 0;
}
