/* A baseline file's JSON, from anywhere, checked and read into plain arrays. */
#include "reports/figures.h"

#include <stdlib.h>
#include <string.h>

#include "reports/member.h"
#include "reports/plan_diff.h"

#define REPETITIONS_MAX 10000
#define FIGURES_MAX	256
/* A century: sums and differences of times stay far from the type's end. */
#define TIME_MAX ((int64_t)100 * 366 * 24 * 3600 * 1000000000)

static int read_time(const json_t *v, const char *key, int64_t *ret)
{
	const json_t *t = json_object_get(v, key);
	int64_t ns = json_is_integer(t) ? (int64_t)json_integer_value(t) : -1;

	if (ns < 0 || ns > TIME_MAX)
		return -1;
	*ret = ns;
	return 0;
}

/* A SPAN of report.json (docs/formats/report.md). */
static int read_span(const json_t *v, struct ord_span *ret)
{
	struct ord_span s = {.state = ORD_SPAN_KNOWN};

	if (ord_member_true(v, "censored")) {
		s.state = ORD_SPAN_CENSORED;
		if (read_time(v, "at_least_ns", &s.value))
			return -1;
		s.lo = s.hi = s.value;
		*ret = s;
		return 0;
	}
	if (read_time(v, "value_ns", &s.value) || read_time(v, "lo_ns", &s.lo) ||
	    read_time(v, "hi_ns", &s.hi) || s.lo > s.value || s.value > s.hi)
		return -1;
	*ret = s;
	return 0;
}

static int read_figure(const struct ord_figures *f, const json_t *list, struct ord_figure *ret,
		       struct ord_err *err)
{
	const json_t *v;
	size_t i;

	ret->v = calloc(json_array_size(list) + 1, sizeof *ret->v);
	if (!ret->v)
		return ord_fail_nomem(err);
	json_array_foreach (list, i, v) {
		struct ord_figure_value *value = &ret->v[ret->n];
		int64_t run = ord_member_int(v, "run", -1), rep = ord_member_int(v, "rep", -1);

		if (read_span(v, &value->span))
			return ord_fail(err, ORD_USAGE, "figures.%.40s[%zu] is no time", ret->name,
					i);
		if (run < 0 || (size_t)run >= f->n_runs || rep < 1 || rep > REPETITIONS_MAX)
			return ord_fail(err, ORD_USAGE,
					"figures.%.40s[%zu]: there is no such run or repetition",
					ret->name, i);
		value->run = (size_t)run;
		value->rep = (uint32_t)rep;
		ret->censored += value->span.state == ORD_SPAN_CENSORED;
		ret->n++;
	}
	return 0;
}

static int read_figures(struct ord_figures *f, struct ord_err *err)
{
	json_t *all = json_object_get(f->json, "figures"), *list;
	const char *name;

	if (!json_is_object(all) || json_object_size(all) > FIGURES_MAX)
		return ord_fail(err, ORD_USAGE, "`figures` is no object of at most %d members",
				FIGURES_MAX);
	f->v = calloc(json_object_size(all) + 1, sizeof *f->v);
	if (!f->v)
		return ord_fail_nomem(err);
	json_object_foreach (all, name, list) {
		struct ord_figure *figure = &f->v[f->n];

		if (!*name || strlen(name) > ORD_FIGURE_NAME_MAX || !json_is_array(list) ||
		    json_array_size(list) > f->repetitions)
			return ord_fail(err, ORD_USAGE,
					"figures.%.40s is no list of at most a value a repetition",
					name);
		figure->name = name;
		f->n++;
		if (read_figure(f, list, figure, err))
			return -1;
	}
	return 0;
}

static enum ord_result result_of(const char *name)
{
	for (int r = ORD_RESULT_MET; r < ORD_RESULT_NOT_MEASURED; r++)
		if (name && !strcmp(name, ord_result_name((enum ord_result)r)))
			return (enum ord_result)r;
	return ORD_RESULT_NOT_MEASURED;
}

static int read_goals(struct ord_figures *f, size_t run, const json_t *list, struct ord_err *err)
{
	struct ord_figures_goal *more;
	const json_t *g;
	size_t i;

	if (list && (!json_is_array(list) || json_array_size(list) > FIGURES_MAX))
		return ord_fail(err, ORD_USAGE, "runs[%zu].objectives is no list", run);
	more = reallocarray(f->goals, f->n_goals + json_array_size(list) + 1, sizeof *more);
	if (!more)
		return ord_fail_nomem(err);
	f->goals = more;
	json_array_foreach (list, i, g) {
		const json_t *results = json_object_get(g, "results");
		struct ord_figures_goal goal = {.text = ord_member_text(g, "text", ""),
						.run = run,
						.n = json_array_size(results)};

		if (goal.n > REPETITIONS_MAX)
			return ord_fail(err, ORD_USAGE, "runs[%zu].objectives[%zu] is too long",
					run, i);
		goal.results = calloc(goal.n + 1, sizeof *goal.results);
		if (!goal.results)
			return ord_fail_nomem(err);
		for (size_t k = 0; k < goal.n; k++)
			goal.results[k] = result_of(json_string_value(json_array_get(results, k)));
		f->goals[f->n_goals++] = goal;
	}
	return 0;
}

static int read_runs(struct ord_figures *f, struct ord_err *err)
{
	const json_t *list = json_object_get(f->json, "runs"), *r;
	size_t i;

	if (!json_array_size(list) || json_array_size(list) > ORD_FIGURES_RUNS)
		return ord_fail(err, ORD_USAGE, "`runs` is no list of 1 to %d runs",
				ORD_FIGURES_RUNS);
	f->runs = calloc(json_array_size(list), sizeof *f->runs);
	if (!f->runs)
		return ord_fail_nomem(err);
	json_array_foreach (list, i, r) {
		int64_t reps = ord_member_int(r, "repetitions", 0);
		int64_t measured = ord_member_int(r, "measured", 0);
		int64_t idle = ord_member_int(r, "no_impact", 0);
		int64_t warm_up = ord_member_int(r, "warm_up", 0);

		if (!*ord_member_text(r, "run", "") || reps < 1 || reps > REPETITIONS_MAX ||
		    measured < 0 || measured > reps || idle < 0 || idle > measured || warm_up < 0)
			return ord_fail(err, ORD_USAGE,
					"runs[%zu] has no id, or counts that cannot be", i);
		f->runs[f->n_runs++] = (struct ord_figures_run){
			.id = ord_member_text(r, "run", ""),
			.plan_hash = ord_member_text(r, "plan_hash", ""),
			.started = ord_member_text(r, "started_utc", ""),
			.verdict = ord_member_text(r, "verdict", ""),
			.seed = ord_member_int(r, "seed", 0),
			.repetitions = (size_t)reps,
			.measured = (size_t)measured,
			.no_impact = (size_t)idle,
			.warm_up = (size_t)warm_up,
			.left_out = json_object_get(r, "left_out"),
		};
		f->repetitions += (size_t)reps;
		f->measured += (size_t)measured;
		if (read_goals(f, i, json_object_get(r, "objectives"), err))
			return -1;
	}
	return 0;
}

static int read_all(struct ord_figures *f, struct ord_err *err)
{
	int64_t version = ord_member_int(f->json, "baseline", 0);

	if (!version)
		return ord_fail(err, ORD_USAGE, "it is neither a baseline file nor a report.json");
	if (version != ORD_BASELINE_VERSION)
		return ord_fail(err, ORD_USAGE,
				"a baseline file of version %lld; this ordeal reads version %d",
				(long long)version, ORD_BASELINE_VERSION);
	f->name = ord_member_text(f->json, "name", "");
	f->plan = json_object_get(f->json, "plan");
	if (!json_is_object(f->plan))
		return ord_fail(err, ORD_USAGE, "`plan` is no object");
	if (ord_plan_digest(f->plan, f->digest, err) || ord_plan_digest(f->json, f->sha256, err))
		return -1;
	/* Who edits the plan of a baseline makes it another's. */
	if (strcmp(f->digest, ord_member_text(f->json, "plan_digest", "")) != 0)
		return ord_fail(err, ORD_USAGE, "`plan_digest` is not that of its `plan`");
	if (read_runs(f, err))
		return -1;
	return read_figures(f, err);
}

int ord_figures_read(json_t *json, struct ord_figures *ret, struct ord_err *err)
{
	struct ord_figures f = {.json = json};

	if (!json)
		return ord_fail_nomem(err);
	if (read_all(&f, err)) {
		ord_figures_done(&f);
		return -1;
	}
	*ret = f;
	return 0;
}

void ord_figures_done(struct ord_figures *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->v[i].v);
	for (size_t i = 0; i < f->n_goals; i++)
		free(f->goals[i].results);
	free(f->v);
	free(f->goals);
	free(f->runs);
	json_decref(f->json);
	*f = (struct ord_figures){0};
}

const struct ord_figure *ord_figure_find(const struct ord_figures *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (!strcmp(f->v[i].name, name))
			return &f->v[i];
	return NULL;
}
