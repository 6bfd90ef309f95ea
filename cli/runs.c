#include "cli/runs.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_run(const char *dir)
{
	char path[CLI_PATH_MAX + 16];

	(void)snprintf(path, sizeof path, "%s/run.jsonl", dir);
	return !access(path, F_OK);
}

int cli_runs_home(const char *dir, char ret[ORD_PATH_MAX], struct ord_err *err)
{
	if (!dir)
		return ord_run_home(ret, err);
	if (strlen(dir) >= ORD_PATH_MAX)
		return ord_fail(err, ORD_USAGE, "the path of the runs is too long");
	memcpy(ret, dir, strlen(dir) + 1);
	return 0;
}

int cli_run_find(const char *run, size_t size, char *ret, struct ord_err *err)
{
	char home[ORD_PATH_MAX], path[CLI_PATH_MAX], real[PATH_MAX];

	if (strchr(run, '/') || is_run(run)) {
		if (!is_run(run))
			return ord_fail(err, ORD_USAGE,
					"there is no run in '%.200s': it has no run.jsonl", run);
		(void)snprintf(ret, size, "%s", run);
		return 0;
	}
	if (ord_run_home(home, err))
		return -1;
	(void)snprintf(path, sizeof path, "%s/%.300s", home, run);
	/* "latest" is a link that each run sets, and a tag is one too; the folder's own name is
	 * what a reader can keep. */
	if ((!is_run(path) && (!cli_tag_find(home, run, path) || !is_run(path))) ||
	    !realpath(path, real))
		return ord_fail(err, ORD_USAGE,
				"there is no run '%.80s' in %.300s; give a run's id, its folder, a "
				"tag, or 'latest'",
				run, home);
	(void)snprintf(ret, size, "%s", real);
	return 0;
}
