#include "reports/compare.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "reports/member.h"
#include "reports/stats/holm.h"
#include "reports/stats/stats.h"

static const char *const metrics[] = {"ttr", "ttr_self", "ttr_after", "ttr_full", "impact", "ttd"};
/* What the users felt first; the channels come after, by name. */
static const char *const order[] = {"ttr_self", "ttr_after", "ttr_full", "impact"};

bool ord_metric_is(const char *metric, const char *figure)
{
	if (!strcmp(metric, "ttr"))
		return !strcmp(figure, "ttr_self") || !strcmp(figure, "ttr_after");
	if (!strcmp(metric, "ttd"))
		return !strncmp(figure, "ttd:", 4);
	return !strcmp(metric, figure);
}

int ord_metric_check(const char *metric, struct ord_err *err)
{
	for (size_t i = 0; i < ORD_COUNT(metrics); i++)
		if (!strcmp(metric, metrics[i]))
			return 0;
	if (!strncmp(metric, "ttd:", 4) && metric[4])
		return 0;
	return ord_fail(err, ORD_USAGE,
			"'%.40s' is no figure; there are ttr, ttr_self, ttr_after, ttr_full, "
			"impact, ttd, ttd:CHANNEL",
			metric);
}

static bool wanted(const struct ord_compare_options *o, const char *figure)
{
	for (size_t i = 0; i < o->n_metrics; i++)
		if (ord_metric_is(o->metrics[i], figure))
			return true;
	return !o->n_metrics;
}

__attribute__((format(printf, 2, 3))) static void why(struct ord_comparison *c, const char *fmt,
						      ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(c->why, sizeof c->why, fmt, ap);
	va_end(ap);
}

static int side(const struct ord_figures *f, const char *figure, struct ord_side *ret,
		struct ord_err *err)
{
	const struct ord_figure *v = ord_figure_find(f, figure);
	ord_autofree struct ord_stat_time *room = NULL;
	struct ord_side s = {.figure = v, .worst = -1};

	*ret = s;
	if (!v || !v->n)
		return 0;
	room = calloc(v->n, sizeof *room);
	if (!room)
		return ord_fail_nomem(err);
	s.n = v->n;
	s.never = v->censored;
	for (size_t i = 0; i < v->n; i++) {
		const struct ord_span *span = &v->v[i].span;
		bool known = span->state == ORD_SPAN_KNOWN;

		room[i] = (struct ord_stat_time){.ns = span->value, .censored = !known};
		if (known && span->value > s.worst)
			s.worst = span->value;
		if (known && span->hi - span->lo > s.width)
			s.width = span->hi - span->lo;
	}
	s.has_median = ord_stat_median(room, v->n, &s.median);
	*ret = s;
	return 0;
}

/* Measured repetitions of all runs in which the users felt nothing. */
static size_t no_impact(const struct ord_figures *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n_runs; i++)
		n += f->runs[i].no_impact;
	return n;
}

/* Every recovery of the group was by itself: there is none after the rollback to be compared.
 * Repetitions that were left out as a warm-up are among those that were measured, without values.
 */
static bool all_by_itself(const struct ord_figures *f)
{
	const struct ord_figure *self = ord_figure_find(f, "ttr_self");
	size_t told = no_impact(f);

	for (size_t i = 0; i < f->n_runs; i++)
		told += f->runs[i].warm_up;
	return self && self->n && !self->censored && self->n + told >= f->measured;
}

/* One side has no value: why, and whether the candidate may pass all the same. */
static void without(const struct ord_figures *a, const struct ord_figures *b,
		    struct ord_comparison *c)
{
	const char *who = c->b.n ? "the baseline" : "the candidate";
	const struct ord_figures *f = c->b.n ? a : b;
	bool idle = f->measured && no_impact(f) == f->measured;

	if (!f->measured) {
		why(c, "%s has no repetition that was measured", who);
	} else if (idle) {
		why(c, "%s had no impact in any of its %zu measured repetitions", who, f->measured);
		if (f == b && !ord_member_true(b->plan, "expect_impact"))
			c->gate = ORD_GATE_NOT_APPLICABLE;
	} else if (!strcmp(c->figure, "ttr_after") && all_by_itself(f)) {
		why(c, "%s recovered by itself each time, before the rollback", who);
		if (f == b)
			c->gate = ORD_GATE_NOT_APPLICABLE;
	} else {
		why(c, "%s has no such figure", who);
	}
}

static int compare_one(const struct ord_figures *a, const struct ord_figures *b,
		       const struct ord_compare_options *o, struct ord_comparison *c,
		       struct ord_err *err)
{
	c->p = c->p_margin = c->p_holm = NAN;
	c->ratio = c->lo = c->hi = c->detectable = NAN;
	c->shift = c->shift_lo = c->shift_hi = NAN;
	c->method = "";
	if (side(a, c->figure, &c->a, err) || side(b, c->figure, &c->b, err))
		return -1;
	if (!c->a.n || !c->b.n) {
		without(a, b, c);
		return 0;
	}
	if (c->a.never == c->a.n && c->b.never == c->b.n) {
		why(c, "never on either side");
		c->gate = ORD_GATE_NOT_APPLICABLE;
		return 0;
	}
	return ord_compare_test(c, o, err);
}

static int by_name(const void *a, const void *b)
{
	const struct ord_comparison *x = a, *y = b;
	size_t i = 0, k = 0;

	while (i < ORD_COUNT(order) && strcmp(x->figure, order[i]) != 0)
		i++;
	while (k < ORD_COUNT(order) && strcmp(y->figure, order[k]) != 0)
		k++;
	return i != k ? (i < k ? -1 : 1) : strcmp(x->figure, y->figure);
}

/* Every figure that one of them has. */
static int list(struct ord_comparisons *ret, struct ord_err *err)
{
	const struct ord_figures *const of[] = {ret->a, ret->b};

	ret->v = calloc(ret->a->n + ret->b->n + 1, sizeof *ret->v);
	if (!ret->v)
		return ord_fail_nomem(err);
	for (size_t k = 0; k < ORD_COUNT(of); k++)
		for (size_t i = 0; i < of[k]->n; i++)
			if (of[k]->v[i].n && wanted(&ret->options, of[k]->v[i].name) &&
			    (!k || !ord_figure_find(ret->a, of[k]->v[i].name) ||
			     !ord_figure_find(ret->a, of[k]->v[i].name)->n))
				ret->v[ret->n++].figure = of[k]->v[i].name;
	qsort(ret->v, ret->n, sizeof *ret->v, by_name);
	return 0;
}

/* Among many comparisons some are significant by chance alone. */
static int correct(struct ord_comparisons *const *v, size_t n, size_t tests, struct ord_err *err)
{
	ord_autofree double *p = calloc(tests + 1, sizeof *p);
	ord_autofree double *adjusted = calloc(tests + 1, sizeof *adjusted);
	size_t at = 0;

	if (!p || !adjusted)
		return ord_fail_nomem(err);
	for (size_t k = 0; k < n; k++)
		for (size_t i = 0; i < v[k]->n; i++)
			if (v[k]->v[i].tested)
				p[at++] = v[k]->v[i].p_margin;
	if (tests && ord_holm(p, tests, adjusted, err))
		return -1;
	at = 0;
	for (size_t k = 0; k < n; k++)
		for (size_t i = 0; i < v[k]->n; i++)
			if (v[k]->v[i].tested)
				v[k]->v[i].p_holm = adjusted[at++];
	return 0;
}

static void judge(struct ord_comparison *c, const struct ord_compare_options *o)
{
	if (!c->tested)
		return;
	if (!(c->p_holm <= o->alpha))
		c->verdict = ORD_COMPARED_INCONCLUSIVE;
	if (c->verdict == ORD_COMPARED_WORSE)
		c->gate = ORD_GATE_FAIL;
	if (c->a.never < c->a.n)
		return;
	/* Longer than never there is not. */
	why(c, "never in the baseline: it cannot become worse");
	c->gate = ORD_GATE_NOT_APPLICABLE;
}

static void conclude(struct ord_comparisons *c, size_t family)
{
	size_t by_gate[4] = {0};

	c->family = family;
	for (size_t i = 0; i < c->n; i++) {
		judge(&c->v[i], &c->options);
		ord_compare_need(&c->v[i], &c->options, family);
		c->better += c->v[i].verdict == ORD_COMPARED_BETTER;
		c->worse += c->v[i].verdict == ORD_COMPARED_WORSE;
		c->inconclusive += c->v[i].verdict == ORD_COMPARED_INCONCLUSIVE;
		by_gate[c->v[i].gate]++;
	}
	c->gate = by_gate[ORD_GATE_FAIL]	     ? ORD_GATE_FAIL
		  : by_gate[ORD_GATE_INCONCLUSIVE]   ? ORD_GATE_INCONCLUSIVE
		  : by_gate[ORD_GATE_PASS]	     ? ORD_GATE_PASS
		  : by_gate[ORD_GATE_NOT_APPLICABLE] ? ORD_GATE_NOT_APPLICABLE
						     : ORD_GATE_INCONCLUSIVE;
}

int ord_compare_figures(const struct ord_figures *a, const struct ord_figures *b,
			const struct ord_compare_options *options, struct ord_comparisons *ret,
			struct ord_err *err)
{
	struct ord_comparisons c = {.a = a, .b = b, .options = *options};

	if (list(&c, err))
		return -1;
	for (size_t i = 0; i < c.n; i++)
		if (compare_one(a, b, options, &c.v[i], err)) {
			ord_comparisons_done(&c);
			return -1;
		}
	*ret = c;
	return 0;
}

int ord_compare_conclude(struct ord_comparisons *const *v, size_t n, struct ord_err *err)
{
	size_t tests = 0;

	for (size_t k = 0; k < n; k++)
		for (size_t i = 0; i < v[k]->n; i++)
			tests += v[k]->v[i].tested;
	if (correct(v, n, tests, err))
		return -1;
	for (size_t k = 0; k < n; k++)
		conclude(v[k], tests);
	return 0;
}

int ord_compare(const struct ord_figures *a, const struct ord_figures *b,
		const struct ord_compare_options *options, struct ord_comparisons *ret,
		struct ord_err *err)
{
	struct ord_comparisons c, *one = &c;

	if (ord_compare_figures(a, b, options, &c, err))
		return -1;
	if (ord_compare_conclude(&one, 1, err)) {
		ord_comparisons_done(&c);
		return -1;
	}
	*ret = c;
	return 0;
}

void ord_comparisons_done(struct ord_comparisons *c)
{
	free(c->v);
	*c = (struct ord_comparisons){0};
}
