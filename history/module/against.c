/* An objective may name a run by its path, which no tag shows: the newest report says what it was.
 */
#include "history/module/against.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/json.h"
#include "history/module/get.h"

static const struct ord_json_limits report_limits = {.size = 64 << 20, .depth = 64};

static bool has_regression(const json_t *run)
{
	static const char objective[] = "no_regression";
	const json_t *o;
	size_t i;

	json_array_foreach (json_object_get(run, "objectives"), i, o)
		if (!strncmp(get_text(o, "objective"), objective, sizeof objective - 1))
			return true;
	return false;
}

/* NULL where it cannot be read: it protects nothing then. */
static json_t *report_of(const struct ord_history *h, const json_t *run)
{
	ord_autofree char *text = NULL;
	char path[PATH_MAX];
	json_t *report = NULL;
	struct ord_err err;
	size_t size;

	(void)snprintf(path, sizeof path, "%.3000s/%.900s/report.json", h->home,
		       get_text(run, "folder"));
	if (ord_file_read(path, report_limits.size, &text, &size, &err) ||
	    ord_json_parse(text, size, &report_limits, &report, &err))
		return NULL;
	return report;
}

static void mark(json_t *runs, const char *id, const char *name)
{
	json_t *run;
	size_t i;

	json_array_foreach (runs, i, run)
		if (!strcmp(get_text(run, "id"), id))
			(void)json_object_set_new(run, "baseline_of", json_string(name));
}

static void mark_those_of(const struct ord_history *h, json_t *runs, const json_t *run)
{
	ord_auto(json) json_t *report = report_of(h, run);
	const json_t *regression, *source;
	size_t i, k;

	json_array_foreach (json_object_get(report, "regressions"), i, regression)
		json_array_foreach (
			json_object_get(json_object_get(regression, "baseline"), "runs"), k, source)
			mark(runs, get_text(source, "run"), get_text(run, "name"));
}

void against_find(const struct ord_history *h, json_t *runs)
{
	ord_auto(json) json_t *seen = json_object();

	for (size_t i = json_array_size(runs); i-- > 0;) {
		const json_t *run = json_array_get(runs, i);

		if (get_true(run, "gone") || json_object_get(seen, get_text(run, "name")) ||
		    !has_regression(run))
			continue;
		(void)json_object_set_new(seen, get_text(run, "name"), json_true());
		mark_those_of(h, runs, run);
	}
}
