/* The list for people. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "history/module/get.h"
#include "history/module/stretch.h"
#include "ordeal/history.h"

/* Of the first channel that the report has; there may be others, which `ordeal trend` shows. */
static const json_t *first_detection(const json_t *run)
{
	json_t *figures = json_object_get(run, "figures"), *f;
	const char *name;

	json_object_foreach (figures, name, f)
		if (!strncmp(name, "ttd:", 4))
			return f;
	return NULL;
}

static void met_of(const json_t *run, char out[static 32])
{
	const json_t *all = json_object_get(run, "objectives"), *o;
	size_t met = 0, i;

	json_array_foreach (all, i, o)
		met += !strcmp(get_text(o, "result"), "met");
	(void)snprintf(out, 32, "%zu/%zu", met, json_array_size(all));
}

static void tags_of(const json_t *run, char out[static 96])
{
	const json_t *all = json_object_get(run, "tags"), *tag;
	size_t i, n = 0;

	(void)snprintf(out, 96, "%s", json_array_size(all) ? "" : "-");
	json_array_foreach (all, i, tag)
		if (n < 95)
			n += (size_t)snprintf(out + n, 96 - n, "%s%s", i ? "," : "",
					      json_string_value(tag));
}

static size_t widest(const json_t *runs, const char *key, size_t least)
{
	const json_t *run;
	size_t i;

	json_array_foreach (runs, i, run)
		if (strlen(get_text(run, key)) > least)
			least = strlen(get_text(run, key));
	return least;
}

void ord_history_print(const json_t *runs, FILE *out)
{
	int name = (int)widest(runs, "name", 4);
	const json_t *run;
	size_t i;

	(void)fprintf(out, "%-16s  %-*s  %-12s  %4s  %10s  %10s  %10s  %-8s  %s\n", "STARTED (UTC)",
		      name, "NAME", "VERDICT", "MET", "TTD", "TTR SELF", "TTR AFTER", "TAG", "RUN");
	json_array_foreach (runs, i, run) {
		const json_t *f = json_object_get(run, "figures");
		char when[32], met[32], tags[96];
		char ttd[STRETCH_FIGURE], self[STRETCH_FIGURE], after[STRETCH_FIGURE];

		met_of(run, met);
		tags_of(run, tags);
		(void)fprintf(
			out, "%-16s  %-*s  %-12s  %4s  %10s  %10s  %10s  %-8s  %s%s\n",
			stretch_when(run, when), name, get_text(run, "name"),
			get_text(run, "verdict"), met, stretch_median(first_detection(run), ttd),
			stretch_median(json_object_get(f, "ttr_self"), self),
			stretch_median(json_object_get(f, "ttr_after"), after), tags,
			get_text(run, "folder"),
			json_is_true(json_object_get(run, "gone")) ? " (its folder is gone)" : "");
	}
}
