/* What no_regression objectives are held against: read before anything is run. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "cli/figures.h"
#include "cli/runs.h"
#include "cli/spec_file.h"
#include "ordeal/compare.h"

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && !strcmp(text + n - m, end);
}

/* A path says so by a slash or its name's end; else something of that name here is meant, else a
 * tag or a run's id. */
static bool is_path(const char *against)
{
	return strchr(against, '/') || ends_with(against, ".json") || !access(against, F_OK);
}

/* In the place where the run's folder is made, too. */
static bool find_in(const char *dir, const char *against, char *ret)
{
	if (!dir)
		return false;
	(void)snprintf(ret, CLI_PATH_MAX, "%s/%s/run.jsonl", dir, against);
	if (!access(ret, F_OK)) {
		(void)snprintf(ret, CLI_PATH_MAX, "%s/%s", dir, against);
		return true;
	}
	return cli_tag_find(dir, against, ret);
}

/* 1: read; 0: nobody has that tag, *ret_why says so. */
static int load(const char *against, const char *dir, json_t **ret, char why[static 420],
		struct ord_err *err)
{
	char path[CLI_PATH_MAX];

	if (ends_with(against, ".json") && access(against, F_OK) < 0)
		return ord_fail(err, ORD_USAGE,
				"there is no file '%.100s'; `ordeal baseline RUN >%.100s` makes it",
				against, against);
	if (is_path(against))
		return cli_figures_load(against, ret, err) ? -1 : 1;
	if (!find_in(dir, against, path) && cli_run_find(against, sizeof path, path, err)) {
		if (err->code != ORD_USAGE)
			return -1;
		(void)snprintf(why, 420,
			       "no run has the tag '%.80s' yet: `ordeal tag RUN %.80s` gives it to "
			       "one",
			       against, against);
		return 0;
	}
	return ord_baseline_load(path, ret, err) ? -1 : 1;
}

/* 1: of this plan; 0: of another, `why` says in what. Told, not refused: the run may be the one
 * that the next baseline is made of. */
static int check(const json_t *baseline, const struct ord_plan *plan, char why[static 420],
		 struct ord_err *err)
{
	if (!ord_baseline_fits(baseline, plan->json, err))
		return 1;
	if (err->code != ORD_USAGE)
		return -1;
	(void)snprintf(why, 420, "%.380s: it will be inconclusive", err->msg);
	return 0;
}

/* Says where in the file what is wrong with an objective. */
static void complain(const char *path, const struct ord_objective *o, const char *why)
{
	cli_at(path, &o->against_at);
	(void)fprintf(stderr, "%.120s: %s\n", o->text, why);
}

static int keep(json_t *list, size_t k, const char *against, json_t *baseline, const char *why,
		struct ord_err *err)
{
	json_t *line = json_pack("{s:I,s:s,s:o*,s:s*}", "objective", (json_int_t)k, "against",
				 against, "baseline", baseline, "message", baseline ? NULL : why);

	return json_array_append_new(list, line) ? ord_fail_nomem(err) : 0;
}

/* Returns an exit code. */
static int read_one(const char *path, const struct ord_plan *plan, size_t k, const char *dir,
		    json_t *list)
{
	const struct ord_objective *o = &plan->spec->objectives[k];
	struct ord_err err = {0};
	json_t *baseline = NULL;
	char why[420] = "";
	int r = load(o->against, dir, &baseline, why, &err);

	if (r >= 0 && keep(list, k, o->against, baseline, why, &err))
		r = -1;
	if (r > 0)
		r = check(baseline, plan, why, &err);
	if (!r)
		complain(path, o, why);
	if (r >= 0)
		return CLI_OK;
	complain(path, o, err.msg);
	return cli_exit_of(&err);
}

int cli_against_read(const char *path, const struct ord_plan *plan, const char *dir, json_t **ret)
{
	ord_auto(json) json_t *list = json_array();
	int worst = CLI_OK;

	for (size_t k = 0; k < plan->spec->n_objectives; k++)
		if (plan->spec->objectives[k].kind == ORD_OBJECTIVE_NO_REGRESSION)
			worst = cli_exit_worst(worst, read_one(path, plan, k, dir, list));
	if (worst == CLI_OK && ret && json_array_size(list))
		*ret = ord_steal_ptr(list);
	return worst;
}
