/* The figures of stored runs, from wherever they are kept. */
#include "ordeal/compare.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/json.h"
#include "ordeal/report.h"
#include "reports/figures.h"
#include "reports/member.h"
#include "reports/plan_diff.h"

ORD_AUTO(report, struct ord_report, ord_report_free);

#define DIFFS_SHOWN 3

static const struct ord_json_limits file_limits = {.size = (size_t)64 << 20, .depth = 64};

/* Reads it once to see that it is sound; the JSON is what is kept. */
static int check(json_t *json, struct ord_err *err)
{
	struct ord_figures f;

	if (ord_figures_read(json_incref(json), &f, err))
		return -1;
	ord_figures_done(&f);
	return 0;
}

static int load_file(const char *path, json_t **ret, struct ord_err *err)
{
	ord_auto(json) json_t *json = NULL;
	ord_autofree char *text = NULL;
	size_t size;

	if (ord_file_read(path, file_limits.size, &text, &size, err) ||
	    ord_json_parse(text, size, &file_limits, &json, err))
		return -1;
	if (json_object_get(json, "baseline"))
		*ret = ord_steal_ptr(json);
	else if (json_object_get(json, "schema"))
		return ord_figures_of_report(json, ret, err);
	else
		return ord_fail(err, ORD_USAGE, "it is neither a baseline file nor a report.json");
	return 0;
}

static int load_run(const char *dir, json_t **ret, struct ord_err *err)
{
	ord_auto(report) struct ord_report *report = NULL;

	if (ord_report_load(dir, &report, err))
		return -1;
	return ord_report_figures(report, ret, err);
}

int ord_baseline_load(const char *path, json_t **ret, struct ord_err *err)
{
	json_t *json = NULL;
	struct stat st;
	int r;

	if (stat(path, &st))
		return ord_fail_sys(err, "'%.200s'", path);
	r = S_ISDIR(st.st_mode) ? load_run(path, &json, err) : load_file(path, &json, err);
	if (r || check(json, err)) {
		json_decref(json);
		return ord_wrap(err, "%.200s", path);
	}
	*ret = json;
	return 0;
}

static const char *first_run(const json_t *baseline)
{
	return ord_member_text(json_array_get(json_object_get(baseline, "runs"), 0), "run", "?");
}

/* "faults[slow].args.delay_ns is 200000000 and 400000000; and more" */
static void list_differences(const struct ord_plan_diff *d, char text[static 400])
{
	size_t at = 0;

	for (size_t i = 0; i < d->n && i < DIFFS_SHOWN; i++)
		at += (size_t)snprintf(text + at, 400 - at, "%s%.60s is %.30s and %.30s",
				       i ? "; " : "", d->v[i].path, d->v[i].a, d->v[i].b);
	if (d->n > DIFFS_SHOWN)
		(void)snprintf(text + at, 400 - at, "; and more");
}

int ord_baseline_same_plan(const json_t *a, const json_t *b, struct ord_err *err)
{
	struct ord_plan_diff d;
	char text[400];

	ord_plan_diff(json_object_get(a, "plan"), json_object_get(b, "plan"), &d);
	if (!d.n)
		return 0;
	list_differences(&d, text);
	return ord_fail(err, ORD_USAGE, "the plans of %.48s and %.48s differ: %s", first_run(a),
			first_run(b), text);
}

int ord_baseline_fits(const json_t *baseline, const json_t *plan, struct ord_err *err)
{
	ord_auto(json) json_t *own = ord_plan_comparable(plan, ord_plan_hold(plan));
	struct ord_plan_diff d;
	char text[400];

	if (!own)
		return ord_fail_nomem(err);
	ord_plan_diff(json_object_get(baseline, "plan"), own, &d);
	if (!d.n)
		return 0;
	list_differences(&d, text);
	return ord_fail(err, ORD_USAGE, "the baseline is of another plan: %s", text);
}

int ord_baseline_add(json_t *into, const json_t *more, bool force, struct ord_err *err)
{
	if (!force && ord_baseline_same_plan(into, more, err))
		return -1;
	return ord_figures_pool(into, more, err);
}

/* Counts what it leaves out in the run it is of. */
static int drop_values(json_t *baseline, uint32_t n)
{
	const char *name;
	json_t *list;

	json_object_foreach (json_object_get(baseline, "figures"), name, list) {
		for (size_t i = json_array_size(list); i-- > 0;)
			if (ord_member_int(json_array_get(list, i), "rep", 0) <= (int64_t)n &&
			    json_array_remove(list, i))
				return -1;
	}
	return 0;
}

int ord_baseline_warm_up(json_t *baseline, uint32_t n, struct ord_err *err)
{
	json_t *run, *goal;
	size_t i, k;

	if (drop_values(baseline, n))
		return ord_fail_nomem(err);
	json_array_foreach (json_object_get(baseline, "runs"), i, run) {
		if (json_object_set_new(run, "warm_up", json_integer(n)))
			return ord_fail_nomem(err);
		json_array_foreach (json_object_get(run, "objectives"), k, goal) {
			json_t *results = json_object_get(goal, "results");

			for (uint32_t r = 0; r < n && json_array_size(results); r++)
				(void)json_array_remove(results, 0);
		}
	}
	return 0;
}

int ord_baseline_write(const json_t *baseline, FILE *out, struct ord_err *err)
{
	return ord_figures_write(baseline, out, err);
}
