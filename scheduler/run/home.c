/* Where runs are kept, and the folder of one. */
#include "scheduler/run/home.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "ordeal/run.h"

int ord_run_home(char ret[ORD_PATH_MAX], struct ord_err *err)
{
	char state[ORD_PATH_MAX - 8], path[ORD_PATH_MAX];

	if (ord_state_dir(state, sizeof state, err) < 0)
		return -1;
	(void)snprintf(path, sizeof path, "%s/runs", state);
	if (ord_mkdirs(path, 0755, err) < 0)
		return -1;
	memcpy(ret, path, sizeof path);
	return 0;
}

/* "20261121T063513Z-name-1f3a9c": sorts by time, says what, and is unique. */
static void name_folder(const char *name, uint64_t wall_ns, uint32_t id,
			char out[static RUN_NAME_MAX])
{
	time_t s = (time_t)(wall_ns / ORD_S);
	struct tm tm;
	char date[24] = "";

	if (gmtime_r(&s, &tm))
		(void)strftime(date, sizeof date, "%Y%m%dT%H%M%SZ", &tm);
	(void)snprintf(out, RUN_NAME_MAX, "%s-%.63s-%06" PRIx32, date, name, id & 0xffffff);
}

/* `latest` beside the folders; best effort, and replaced in one step. */
static void point_latest(int home, const char *name)
{
	char temp[RUN_NAME_MAX + 8];

	(void)snprintf(temp, sizeof temp, ".%s", name);
	if (symlinkat(name, home, temp) == 0 && renameat(home, temp, home, "latest") < 0)
		(void)unlinkat(home, temp, 0);
}

int run_home_make(const char *home, const char *name, mode_t mode, uint64_t wall_ns,
		  struct run_home *ret, struct ord_err *err)
{
	char path[ORD_PATH_MAX];
	ord_autoclose int dir = -1;
	uint32_t id;

	if (ord_mkdirs(home, 0755, err) < 0)
		return -1;
	dir = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return ord_fail_sys(err, "'%.200s'", home);
	for (int tries = 0;; tries++) {
		if (getrandom(&id, sizeof id, 0) != sizeof id)
			return ord_fail_sys(err, "getrandom");
		name_folder(name, wall_ns, id, ret->name);
		if (mkdirat(dir, ret->name, mode) == 0)
			break;
		if (errno != EEXIST || tries > 8)
			return ord_fail_sys(err, "make '%.200s/%s'", home, ret->name);
	}
	ret->fd = openat(dir, ret->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ret->fd < 0)
		return ord_fail_sys(err, "'%.200s/%s'", home, ret->name);
	if (snprintf(path, sizeof path, "%s/%s", home, ret->name) >= (int)sizeof path)
		return ord_fail(err, ORD_USAGE, "the path of the run's folder is too long");
	memcpy(ret->path, path, sizeof path);
	(void)snprintf(ret->lease, sizeof ret->lease, "r%08" PRIx32, id);
	point_latest(dir, ret->name);
	return 0;
}
