/* Over a part of a repetition, and over the repetitions. Nothing here is a mean. */
#include "reports/analysis.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "reports/spread.h"
#include "reports/stats/stats.h"

/* Below so many samples a percentile would be the maximum under another name. */
static const struct {
	uint32_t ppm;
	size_t least;
} percentiles[] = {{500000, 2}, {950000, 20}, {990000, 100}, {1000000, 1}};

/* Where each part begins among the samples, and the last ends. */
static void cut(const struct ord_rep *r, const struct ord_series *q,
		size_t at[static ORD_PARTS + 1])
{
	at[ORD_PART_BEFORE] = 0;
	at[ORD_PART_DURING] = r->requested.known ? ord_series_find(q, r->requested.value) : q->n;
	at[ORD_PART_AFTER] = r->requested.known && r->cleared.known
				     ? ord_series_find(q, r->cleared.value)
				     : q->n;
	if (at[ORD_PART_AFTER] < at[ORD_PART_DURING])
		at[ORD_PART_AFTER] = at[ORD_PART_DURING];
	at[ORD_PARTS] = q->n;
}

static int measure(const struct ord_tl_probe *probe, const struct ord_series *q, size_t first,
		   size_t last, struct ord_part *part)
{
	int64_t *const into[] = {&part->p50, &part->p95, &part->p99, &part->max};
	struct ord_counts n = ord_series_count(q, first, last);
	int64_t found[ORD_COUNT(percentiles)];
	size_t ranks[ORD_COUNT(percentiles)], n_ranks = 0, decided;

	part->good = n.by_state[ORD_SAMPLE_GOOD];
	part->bad = n.by_state[ORD_SAMPLE_BAD];
	part->unknown = n.by_state[ORD_SAMPLE_UNKNOWN];
	memcpy(part->by_outcome, n.by_outcome, sizeof part->by_outcome);
	decided = probe->asks_nobody ? 0 : part->good + part->bad;
	for (size_t i = 0; i < ORD_COUNT(percentiles); i++)
		if (decided >= percentiles[i].least)
			ranks[n_ranks++] = ord_stat_rank(decided, percentiles[i].ppm);
	if (ord_series_latencies(q, first, last, ranks, n_ranks, found))
		return -1;
	n_ranks = 0;
	for (size_t i = 0; i < ORD_COUNT(percentiles); i++)
		*into[i] = decided >= percentiles[i].least ? found[n_ranks++] : -1;
	return 0;
}

int ord_analyse_parts(const struct ord_timeline *t, struct ord_analysis *a, struct ord_err *err)
{
	for (uint32_t i = 0; i <= t->repetitions; i++)
		for (size_t p = 0; p < t->n_probes; p++) {
			const struct ord_series *q = ord_timeline_series(t, i, p);
			size_t at[ORD_PARTS + 1];

			cut(&a->reps[i], q, at);
			for (size_t k = 0; k < ORD_PARTS; k++)
				if (measure(&t->probes[p], q, at[k], at[k + 1],
					    &a->reps[i].parts[p * ORD_PARTS + k]))
					return ord_fail_nomem(err);
		}
	return 0;
}

const struct ord_span *ord_rep_self(const struct ord_rep *r, size_t which)
{
	(void)which;
	return &r->self;
}

const struct ord_span *ord_rep_after(const struct ord_rep *r, size_t which)
{
	(void)which;
	return &r->after;
}

static const struct ord_span *span_bad(const struct ord_rep *r, size_t i)
{
	(void)i;
	return &r->bad_time;
}

static const struct ord_span *span_full(const struct ord_rep *r, size_t i)
{
	(void)i;
	return &r->full_span;
}

static const struct ord_span *span_acknowledge(const struct ord_rep *r, size_t i)
{
	(void)i;
	return &r->acknowledge;
}

static const struct ord_span *span_mitigate(const struct ord_rep *r, size_t i)
{
	(void)i;
	return &r->mitigate;
}

static const struct ord_span *span_detect(const struct ord_rep *r, size_t i)
{
	return &r->detections[i].from_impact;
}

static const struct ord_span *span_goal(const struct ord_rep *r, size_t i)
{
	return &r->goals[i].span;
}

/* Which repetitions have figures that mean something. An abort censors what was under way; it is
 * marked in the table. */
static bool counts(const struct ord_rep *r)
{
	return r->number && (r->state == ORD_REP_MEASURED || r->state == ORD_REP_ABORTED);
}

static int summarise(const struct ord_analysis *a, ord_span_fn *of, size_t which,
		     struct ord_summary *ret, struct ord_err *err)
{
	if (ord_spread_room(ret, a->t->repetitions, err))
		return -1;
	for (uint32_t i = 1; i <= a->t->repetitions; i++) {
		const struct ord_span *v = of(&a->reps[i], which);

		if (counts(&a->reps[i]) && v->state != ORD_SPAN_NONE)
			ord_spread_add(ret, &a->reps[i], v);
	}
	return ord_spread(ret, err);
}

/* Pods are many in a repetition: each counts for itself. */
static int summarise_pods(struct ord_analysis *a, struct ord_err *err)
{
	size_t n = 0;

	for (uint32_t i = 1; i <= a->t->repetitions; i++)
		n += counts(&a->reps[i]) ? a->reps[i].n_lives : 0;
	if (ord_spread_room(&a->pods, n, err))
		return -1;
	for (uint32_t i = 1; i <= a->t->repetitions; i++)
		for (size_t k = 0; counts(&a->reps[i]) && k < a->reps[i].n_lives; k++)
			ord_spread_add(&a->pods, &a->reps[i], &a->reps[i].lives[k].ready);
	return ord_spread(&a->pods, err);
}

static void count(struct ord_goal_summary *g, enum ord_result r)
{
	size_t *const of[] = {[ORD_RESULT_MET] = &g->met,
			      [ORD_RESULT_MISSED] = &g->missed,
			      [ORD_RESULT_INCONCLUSIVE] = &g->inconclusive,
			      [ORD_RESULT_NOT_APPLICABLE] = &g->not_applicable,
			      [ORD_RESULT_NOT_MEASURED] = &g->not_measured};

	++*of[r];
}

/* Met only if met in every repetition; the first repetition that decides says why. */
static void judge(const struct ord_analysis *a, size_t k)
{
	static const enum ord_result order[] = {ORD_RESULT_MISSED, ORD_RESULT_INCONCLUSIVE,
						ORD_RESULT_NOT_MEASURED, ORD_RESULT_MET,
						ORD_RESULT_NOT_APPLICABLE};
	struct ord_goal_summary *g = &a->goals[k];
	const size_t n[] = {[ORD_RESULT_MET] = g->met,
			    [ORD_RESULT_MISSED] = g->missed,
			    [ORD_RESULT_INCONCLUSIVE] = g->inconclusive,
			    [ORD_RESULT_NOT_APPLICABLE] = g->not_applicable,
			    [ORD_RESULT_NOT_MEASURED] = g->not_measured};
	size_t pick = 0;

	while (pick < ORD_COUNT(order) - 1 && !n[order[pick]])
		pick++;
	g->result = order[pick];
	for (uint32_t i = 1; i <= a->t->repetitions; i++)
		if (a->reps[i].goals[k].result == g->result) {
			const char *why = a->reps[i].goals[k].why;

			if (a->t->repetitions > 1)
				(void)snprintf(g->why, sizeof g->why, "repetition %u: %s", i, why);
			else
				(void)snprintf(g->why, sizeof g->why, "%s", why);
			return;
		}
}

static enum ord_result steady(const struct ord_analysis *a, bool after)
{
	enum ord_result r = ORD_RESULT_NOT_MEASURED;

	for (uint32_t i = 1; i <= a->t->repetitions; i++) {
		const struct ord_rep *rep = &a->reps[i];
		enum ord_tri v = after ? rep->steady_after : rep->steady_before;

		if (v == ORD_NO)
			return ORD_RESULT_MISSED;
		if (v == ORD_UNKNOWN && (after ? rep->steady_after_line : rep->steady_before_line))
			r = ORD_RESULT_INCONCLUSIVE;
		else if (v == ORD_YES && r == ORD_RESULT_NOT_MEASURED)
			r = ORD_RESULT_MET;
	}
	return r;
}

static int summarise_goal(struct ord_analysis *a, size_t k, struct ord_err *err)
{
	struct ord_goal_summary *g = &a->goals[k];
	struct ord_summary s;

	if (summarise(a, span_goal, k, &s, err)) {
		ord_spread_done(&s);
		return -1;
	}
	g->n = s.n;
	g->never = s.never;
	g->has_median = s.has_median;
	g->median = s.median;
	g->has_worst = s.has_worst;
	g->worst = s.worst;
	ord_spread_done(&s);
	for (uint32_t i = 1; i <= a->t->repetitions; i++)
		count(g, a->reps[i].goals[k].result);
	judge(a, k);
	return 0;
}

/* A run that was ended because of what was seen censors what looked bad: the curve is too good. */
static void warn_of_aborts(struct ord_analysis *a)
{
	for (uint32_t i = 1; i <= a->t->repetitions; i++)
		if (a->reps[i].informative)
			ord_warn(a, i, a->abort_line,
				 "%s: its censored times are no accident, and the figures over the "
				 "repetitions may look better than they are",
				 a->reps[i].informative);
}

/* Every sample is an event of its own, so that events add up. Slices are counted from each request:
 * those of two repetitions may be the same minute. */
static void total_budget(struct ord_analysis *a)
{
	for (uint32_t i = 1; i <= a->t->repetitions; i++) {
		const struct ord_budget *b = &a->reps[i].budget;

		if (!b->known || b->slo.method != ORD_SLO_OCCURRENCES)
			continue;
		a->budget.n++;
		a->budget.burnt_ppm += b->burnt_ppm;
		a->budget.burnt_hi_ppm += b->burnt_hi_ppm;
	}
}

int ord_analyse_summaries(struct ord_analysis *a, struct ord_err *err)
{
	const struct {
		ord_span_fn *of;
		struct ord_summary *into;
	} figures[] = {{ord_rep_self, &a->self},
		       {ord_rep_after, &a->after},
		       {span_bad, &a->bad_time},
		       {span_full, &a->full},
		       {span_acknowledge, &a->acknowledge},
		       {span_mitigate, &a->mitigate}};

	for (uint32_t i = 1; i <= a->t->repetitions; i++) {
		a->measured += a->reps[i].state == ORD_REP_MEASURED;
		a->with_impact += a->reps[i].state == ORD_REP_MEASURED && a->reps[i].impact.known;
	}
	a->placebo_impact = a->reps[0].begin_line && a->reps[0].impact.known;
	for (size_t i = 0; i < ORD_COUNT(figures); i++)
		if (summarise(a, figures[i].of, 0, figures[i].into, err))
			return -1;
	for (size_t p = 0; p < a->t->n_probes; p++)
		if (summarise(a, span_detect, p, &a->detect[p], err))
			return -1;
	for (size_t k = 0; k < a->t->n_objectives; k++)
		if (summarise_goal(a, k, err))
			return -1;
	if (summarise_pods(a, err))
		return -1;
	warn_of_aborts(a);
	total_budget(a);
	a->steady_before = steady(a, false);
	a->steady_after = steady(a, true);
	return 0;
}
