#include "cli/figures.h"

#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "cli/runs.h"
#include "ordeal/compare.h"

static bool is_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode);
}

int cli_figures_load(const char *what, json_t **ret, struct ord_err *err)
{
	char dir[CLI_PATH_MAX];

	if (is_file(what))
		return ord_baseline_load(what, ret, err);
	if (cli_run_find(what, sizeof dir, dir, err))
		return -1;
	return ord_baseline_load(dir, ret, err);
}

int cli_figures_pool(char *const *what, size_t n, bool force, json_t **ret, struct ord_err *err)
{
	ord_auto(json) json_t *all = NULL;

	if (cli_figures_load(what[0], &all, err))
		return -1;
	for (size_t i = 1; i < n; i++) {
		ord_auto(json) json_t *more = NULL;

		if (cli_figures_load(what[i], &more, err) ||
		    ord_baseline_add(all, more, force, err))
			return -1;
	}
	*ret = ord_steal_ptr(all);
	return 0;
}
