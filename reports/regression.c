/*
 * no_regression objectives: the run's figures against those that stood in the timeline when it
 * began. Missed where the exact test shows that they are longer by more than the margin, met where
 * it shows that they are not, else inconclusive. Corrected over all of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/units.h"
#include "reports/compare.h"
#include "reports/member.h"
#include "reports/write/compare.h"

/* The `baseline` line of that objective; NULL: the timeline has none. */
static const json_t *line_of(const struct ord_timeline *t, size_t goal)
{
	for (size_t i = 0; i < t->n_events; i++)
		if (t->events[i].kind == ORD_EVENT_BASELINE &&
		    ord_member_int(t->events[i].json, "objective", -1) == (int64_t)goal)
			return t->events[i].json;
	return NULL;
}

static int compare(const struct ord_analysis *a, struct ord_regression *r, struct ord_err *err)
{
	const struct ord_tl_objective *o = &a->t->objectives[r->goal];
	struct ord_compare_options options = {
		.margin_ppm = o->margin_ppm,
		.alpha = ORD_COMPARE_ALPHA,
		.seed = ORD_COMPARE_SEED,
		.metrics = &o->metric,
		.n_metrics = 1,
	};
	json_t *own = NULL;

	if (ord_figures_of_analysis(a, &own, err) || ord_figures_read(own, &r->b, err))
		return -1;
	ord_plan_diff(r->a.plan, r->b.plan, &r->diff);
	return r->diff.n ? 0 : ord_compare_figures(&r->a, &r->b, &options, &r->c, err);
}

/* A baseline that cannot be read makes the objective inconclusive, not the report impossible. */
static int read_one(const struct ord_analysis *a, struct ord_regression *r, struct ord_err *err)
{
	const json_t *line = line_of(a->t, r->goal);
	json_t *baseline = json_object_get(line, "baseline");
	struct ord_err why;

	r->against = a->t->objectives[r->goal].against;
	r->message = ord_member_text(line, "message", "no baseline was recorded with the run");
	if (!baseline)
		return 0;
	if (ord_figures_read(json_deep_copy(baseline), &r->a, &why)) {
		r->message = "the baseline that was recorded with the run is damaged";
		return 0;
	}
	r->message = NULL;
	return compare(a, r, err);
}

static enum ord_result result_of(enum ord_gate g)
{
	static const enum ord_result results[] = {[ORD_GATE_INCONCLUSIVE] = ORD_RESULT_INCONCLUSIVE,
						  [ORD_GATE_PASS] = ORD_RESULT_MET,
						  [ORD_GATE_FAIL] = ORD_RESULT_MISSED,
						  [ORD_GATE_NOT_APPLICABLE] =
							  ORD_RESULT_NOT_APPLICABLE};

	return results[g];
}

/* The first figure that decides. */
static void say(const struct ord_comparison *c, struct ord_goal_summary *g)
{
	char figure[ORD_WORDS], effect[ORD_WORDS], need[ORD_WORDS], p[ORD_TEXT];

	(void)ord_words_figure(c->figure, figure);
	(void)ord_words_effect(c, effect);
	(void)ord_words_need(c, need);
	if (!c->tested || (*c->why && c->gate != ORD_GATE_FAIL))
		(void)snprintf(g->why, sizeof g->why, "%.60s: %.160s", figure, c->why);
	else
		(void)snprintf(g->why, sizeof g->why, "%.60s: %.60s, n = %zu + %zu, p = %s%s%.90s",
			       figure, *effect ? effect : ord_compared_name(c->verdict), c->a.n,
			       c->b.n, ord_words_p(c->p, p), *need ? "; " : "", need);
}

static void conclude(const struct ord_regression *r, struct ord_goal_summary *g)
{
	g->result = ORD_RESULT_INCONCLUSIVE;
	if (r->message) {
		(void)snprintf(g->why, sizeof g->why, "%.230s", r->message);
	} else if (r->diff.n) {
		(void)snprintf(g->why, sizeof g->why,
			       "the baseline is of another plan: %.70s was %.40s and is %.40s%s",
			       r->diff.v[0].path, r->diff.v[0].a, r->diff.v[0].b,
			       r->diff.n > 1 ? "; and more" : "");
	} else if (!r->c.n) {
		(void)snprintf(g->why, sizeof g->why,
			       "neither the baseline nor the run has such a figure");
	} else {
		size_t i = 0;

		while (i + 1 < r->c.n && r->c.v[i].gate != r->c.gate)
			i++;
		g->result = result_of(r->c.gate);
		say(&r->c.v[i], g);
	}
}

static int conclude_all(struct ord_analysis *a, struct ord_err *err)
{
	ord_autofree struct ord_comparisons **v = calloc(a->n_regressions, sizeof *v);

	if (!v)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < a->n_regressions; i++)
		v[i] = &a->regressions[i].c;
	if (ord_compare_conclude(v, a->n_regressions, err))
		return -1;
	for (size_t i = 0; i < a->n_regressions; i++)
		conclude(&a->regressions[i], &a->goals[a->regressions[i].goal]);
	return 0;
}

int ord_analyse_regressions(struct ord_analysis *a, struct ord_err *err)
{
	size_t n = 0;

	for (size_t k = 0; k < a->t->n_objectives; k++)
		n += a->t->objectives[k].goal == ORD_GOAL_NO_REGRESSION;
	if (!n)
		return 0;
	a->regressions = calloc(n, sizeof *a->regressions);
	if (!a->regressions)
		return ord_fail_nomem(err);
	for (size_t k = 0; k < a->t->n_objectives; k++) {
		struct ord_regression *r = &a->regressions[a->n_regressions];

		if (a->t->objectives[k].goal != ORD_GOAL_NO_REGRESSION)
			continue;
		r->goal = k;
		a->n_regressions++;
		if (read_one(a, r, err))
			return -1;
	}
	return conclude_all(a, err);
}

void ord_regressions_done(struct ord_analysis *a)
{
	for (size_t i = 0; i < a->n_regressions; i++) {
		ord_comparisons_done(&a->regressions[i].c);
		ord_figures_done(&a->regressions[i].a);
		ord_figures_done(&a->regressions[i].b);
	}
	free(a->regressions);
}
