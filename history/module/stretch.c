#include "history/module/stretch.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "history/module/get.h"
#include "reports/stats/quantile.h"
#include "reports/stats/rank.h"
#include "reports/stats/segment.h"

static int64_t median_of(const double *v, size_t n, double *room)
{
	memcpy(room, v, n * sizeof *v);
	ord_sort_doubles(room, n);
	return (int64_t)ord_median_sorted(room, n);
}

/* Values of runs: where[i] is the place of the i-th among the points. */
struct values {
	double *v, *room;
	size_t *where;
	size_t n, missing, censored;
};

static json_t *change_json(const struct values *w, const struct ord_change *c, size_t from,
			   size_t to)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:f}", "run", (json_int_t)w->where[c->at],
			 "n_before", (json_int_t)(c->at - from), "median_before_ns",
			 (json_int_t)median_of(w->v + from, c->at - from, w->room), "n_after",
			 (json_int_t)(to - c->at), "median_after_ns",
			 (json_int_t)median_of(w->v + c->at, to - c->at, w->room), "p", c->p);
}

static int find_changes(const struct values *w, json_t *stretch, struct ord_err *err)
{
	ord_autofree struct ord_change *found = NULL;
	json_t *changes = json_array();
	size_t n, from = 0;

	(void)json_object_set_new(stretch, "changes", changes);
	if (ord_segment(w->v, w->n, &ord_segment_usual, &found, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		size_t to = i + 1 < n ? found[i + 1].at : w->n;

		(void)json_array_append_new(changes, change_json(w, &found[i], from, to));
		from = found[i].at;
	}
	return 0;
}

static void gather(const json_t *points, size_t from, size_t to, struct values *w)
{
	for (size_t i = from; i < to; i++) {
		const json_t *f = json_object_get(json_array_get(points, i), "figure");

		if (!json_is_object(f)) {
			w->missing++;
		} else if (!get_is_int(f, "median_ns")) {
			w->censored++;
		} else {
			w->v[w->n] = (double)get_int(f, "median_ns");
			w->where[w->n++] = i;
		}
	}
}

/* A median that was not reached has no place in such a series, and a series without it would look
 * better than it is. */
static void say_not_sought(const struct values *w, json_t *stretch)
{
	char why[160] = "";

	if (w->censored)
		(void)snprintf(why, sizeof why,
			       "no change is looked for: the medians of %zu of %zu runs were not "
			       "reached",
			       w->censored, w->n + w->censored);
	else
		(void)snprintf(
			why, sizeof why,
			"no change is looked for in %zu run%s with the figure: it takes %d of one "
			"plan",
			w->n, w->n == 1 ? "" : "s", STRETCH_LEAST);
	(void)json_object_set_new(stretch, "not_sought", json_string(why));
}

/* What tells experiments apart. Of a run that was entered before there were digests it is all of
 * the plan, with its seed: too strict, and never too lax. */
static json_t *plan_of(const json_t *point)
{
	json_t *digest = json_object_get(point, "plan_digest");

	return json_is_string(digest) ? digest : json_object_get(point, "plan_hash");
}

static int add_stretch(const json_t *points, size_t from, size_t to, json_t *all,
		       struct ord_err *err)
{
	size_t n = to - from;
	ord_autofree double *v = calloc(n, sizeof *v), *room = calloc(n, sizeof *room);
	ord_autofree size_t *where = calloc(n, sizeof *where);
	struct values w = {.v = v, .room = room, .where = where};
	json_t *stretch =
		json_pack("{s:O,s:I,s:I}", "plan_digest", plan_of(json_array_get(points, from)),
			  "first", (json_int_t)from, "runs", (json_int_t)n);

	if (!v || !room || !where || !stretch || json_array_append_new(all, stretch))
		return ord_fail_nomem(err);
	gather(points, from, to, &w);
	if (!w.censored && w.n >= STRETCH_LEAST)
		return find_changes(&w, stretch, err);
	say_not_sought(&w, stretch);
	(void)json_object_set_new(stretch, "changes", json_array());
	return 0;
}

int stretch_all(const json_t *points, json_t **ret, struct ord_err *err)
{
	ord_auto(json) json_t *all = json_array();
	size_t n = json_array_size(points), from = 0;

	for (size_t i = 1; i <= n; i++) {
		if (i < n && json_equal(plan_of(json_array_get(points, from)),
					plan_of(json_array_get(points, i))))
			continue;
		if (add_stretch(points, from, i, all, err))
			return -1;
		from = i;
	}
	*ret = ord_steal_ptr(all);
	return 0;
}

static char *above(int64_t ns, char out[static STRETCH_FIGURE])
{
	char time[32];

	(void)snprintf(out, STRETCH_FIGURE, "> %s", ord_human_duration(ns, time));
	return out;
}

char *stretch_median(const json_t *f, char out[static STRETCH_FIGURE])
{
	if (get_is_int(f, "median_ns"))
		return ord_human_duration(get_int(f, "median_ns"), out);
	/* Above nothing is no figure. */
	if (get_int(f, "median_above_ns") > 0)
		return above(get_int(f, "median_above_ns"), out);
	(void)snprintf(out, STRETCH_FIGURE, "-");
	return out;
}

char *stretch_worst(const json_t *f, char out[static STRETCH_FIGURE])
{
	int64_t known = get_is_int(f, "worst_known_ns") ? get_int(f, "worst_known_ns") : -1;

	/* One that was not over is no figure, but the worst is beyond it, and beyond all others. */
	if (get_is_int(f, "worst_above_ns") && (known > 0 || get_int(f, "worst_above_ns") > 0))
		return above(known > get_int(f, "worst_above_ns") ? known
								  : get_int(f, "worst_above_ns"),
			     out);
	if (known >= 0)
		return ord_human_duration(known, out);
	(void)snprintf(out, STRETCH_FIGURE, "-");
	return out;
}

char *stretch_when(int64_t ns, char out[static 32])
{
	ord_format_utc((uint64_t)ns, out);
	out[10] = ' ';
	out[16] = '\0';
	return out;
}
