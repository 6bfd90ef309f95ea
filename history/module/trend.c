/* A figure over the runs of one experiment. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "history/module/get.h"
#include "history/module/stretch.h"
#include "ordeal/history.h"

/* The figures that any of the runs has, in the order in which they are met. */
static json_t *figures_of(const json_t *runs)
{
	json_t *all = json_object(), *v;
	const char *name;
	const json_t *run;
	size_t i;

	json_array_foreach (runs, i, run)
		json_object_foreach (json_object_get(run, "figures"), name, v)
			(void)json_object_set_new(all, name, json_true());
	return all;
}

static int refuse(const char *name, const char *figure, json_t *all, struct ord_err *err)
{
	char list[300] = "";
	const char *one;
	size_t n = 0;
	json_t *v;

	json_object_foreach (all, one, v)
		if (n < sizeof list - 1)
			n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "",
					      one);
	if (!*list)
		return ord_fail(
			err, ORD_USAGE,
			"no run of '%.80s' has a figure: no impact was ever seen, or none was "
			"measured",
			name);
	return ord_fail(err, ORD_USAGE, "no run of '%.80s' has the figure '%.60s'; there %s %s",
			name, figure, json_object_size(all) == 1 ? "is" : "are", list);
}

/* What is shown where nobody asks: a recovery, else a detection. */
static const char *usual(json_t *all)
{
	static const char *const first[] = {"ttr_self", "ttr_after"};
	const char *name;
	json_t *v;

	for (size_t i = 0; i < ORD_COUNT(first); i++)
		if (json_object_get(all, first[i]))
			return first[i];
	json_object_foreach (all, name, v)
		if (!strncmp(name, "ttd:", 4))
			return name;
	return "ttr_self";
}

static json_t *point_of(const json_t *run, const char *figure)
{
	static const char *const keys[] = {"folder", "id",	   "plan_hash", "plan_digest",
					   "seed",   "started_ns", "exit",	"verdict",
					   "labels", "gone",	   "tags"};
	json_t *f = json_object_get(json_object_get(run, "figures"), figure);
	json_t *point = json_object();

	for (size_t i = 0; i < ORD_COUNT(keys); i++)
		if (json_object_get(run, keys[i]))
			(void)json_object_set(point, keys[i], json_object_get(run, keys[i]));
	(void)json_object_set_new(point, "figure", f ? json_incref(f) : json_null());
	return point;
}

int ord_trend(const char *name, const json_t *runs, const char *figure, json_t **ret,
	      struct ord_err *err)
{
	ord_auto(json) json_t *all = figures_of(runs), *points = json_array(), *stretches = NULL;
	const json_t *run;
	size_t i;

	if (!json_array_size(runs))
		return ord_fail(err, ORD_USAGE,
				"there is no run of '%.80s' in the history; `ordeal history` lists "
				"what there is",
				name);
	if (!figure)
		figure = usual(all);
	if (!json_object_get(all, figure))
		return refuse(name, figure, all, err);
	json_array_foreach (runs, i, run)
		(void)json_array_append_new(points, point_of(run, figure));
	if (stretch_all(points, &stretches, err))
		return -1;
	*ret = json_pack("{s:i,s:s,s:s,s:O,s:O}", "schema", 1, "name", name, "figure", figure,
			 "runs", points, "plans", stretches);
	return *ret ? 0 : ord_fail_nomem(err);
}

/* ---- for people */

#define BAR 32

/* The end of the common scale. */
static int64_t scale_of(const json_t *points)
{
	static const char *const keys[] = {"median_ns", "median_above_ns", "worst_known_ns",
					   "worst_above_ns"};
	int64_t most = 1;
	const json_t *p;
	size_t i;

	json_array_foreach (points, i, p)
		for (size_t k = 0; k < ORD_COUNT(keys); k++)
			if (get_int(json_object_get(p, "figure"), keys[k]) > most)
				most = get_int(json_object_get(p, "figure"), keys[k]);
	return most;
}

/* '#' up to the median, '-' up to the worst, and '>' where one was still going on. */
static void bar(const json_t *f, int64_t scale, char out[static BAR + 2])
{
	bool open = get_int(f, "never") > 0;
	int64_t median = get_is_int(f, "median_ns") ? get_int(f, "median_ns")
						    : get_int(f, "median_above_ns");
	int64_t worst = get_int(f, "worst_known_ns") > get_int(f, "worst_above_ns")
				? get_int(f, "worst_known_ns")
				: get_int(f, "worst_above_ns");
	size_t to_median = (size_t)llround((double)median / (double)scale * BAR);
	size_t to_worst = (size_t)llround((double)worst / (double)scale * BAR);

	if (to_worst < to_median)
		to_worst = to_median;
	memset(out, ' ', BAR + 1);
	memset(out, '-', to_worst);
	memset(out, '#', to_median);
	if (open)
		out[to_worst] = '>';
	out[BAR + 1] = '\0';
}

static void print_point(const json_t *p, int64_t scale, FILE *out)
{
	const json_t *f = json_object_get(p, "figure");
	char when[32], median[STRETCH_FIGURE], worst[STRETCH_FIGURE], drawn[BAR + 2];

	stretch_when(get_int(p, "started_ns"), when);
	if (!json_is_object(f)) {
		(void)fprintf(out, "%-17s %-12s %5s  %10s %10s  %-*s  %s\n", when,
			      get_text(p, "verdict"), "-", "-", "-", BAR + 1, "",
			      get_text(p, "id"));
		return;
	}
	bar(f, scale, drawn);
	(void)fprintf(out, "%-17s %-12s %5lld  %10s %10s  %s  %s\n", when, get_text(p, "verdict"),
		      (long long)get_int(f, "n"), stretch_median(f, median),
		      stretch_worst(f, worst), drawn, get_text(p, "id"));
}

/* What a stretch of one plan says about itself. */
static void print_stretch(const json_t *s, const json_t *points, FILE *out)
{
	const json_t *c;
	size_t i;

	json_array_foreach (json_object_get(s, "changes"), i, c) {
		char before[32], after[32];

		(void)fprintf(out,
			      "a change at %s: the runs' medians were %s (median of %lld), "
			      "and are %s (of %lld)\n",
			      get_text(json_array_get(points, (size_t)get_int(c, "run")), "id"),
			      ord_human_duration(get_int(c, "median_before_ns"), before),
			      (long long)get_int(c, "n_before"),
			      ord_human_duration(get_int(c, "median_after_ns"), after),
			      (long long)get_int(c, "n_after"));
	}
	if (*get_text(s, "not_sought"))
		(void)fprintf(out, "%s\n", get_text(s, "not_sought"));
	else if (!json_array_size(json_object_get(s, "changes")))
		(void)fprintf(out, "no change among %lld runs of the plan %.12s\n",
			      (long long)get_int(s, "runs"), get_text(s, "plan_digest"));
}

void ord_trend_print(const json_t *trend, FILE *out)
{
	const json_t *points = json_object_get(trend, "runs"), *s;
	int64_t scale = scale_of(points);
	char time[32];
	size_t i, at = 0;

	(void)fprintf(out, "%s, %s: %zu run%s, the bars' end is %s\n\n", get_text(trend, "name"),
		      get_text(trend, "figure"), json_array_size(points),
		      json_array_size(points) == 1 ? "" : "s", ord_human_duration(scale, time));
	(void)fprintf(out, "%-17s %-12s %5s  %10s %10s  %-*s  %s\n", "STARTED (UTC)", "VERDICT",
		      "N", "MEDIAN", "WORST", BAR + 1, "# MEDIAN  - WORST  > NOT OVER", "RUN");
	json_array_foreach (json_object_get(trend, "plans"), i, s) {
		if (i)
			(void)fprintf(out,
				      "--- another plan from here on, %.12s: what is above is of "
				      "another experiment\n",
				      get_text(s, "plan_digest"));
		for (int64_t k = 0; k < get_int(s, "runs"); k++)
			print_point(json_array_get(points, at++), scale, out);
	}
	(void)fputc('\n', out);
	json_array_foreach (json_object_get(trend, "plans"), i, s)
		if (get_int(s, "runs") >= STRETCH_LEAST ||
		    i + 1 == json_array_size(json_object_get(trend, "plans")))
			print_stretch(s, points, out);
}
