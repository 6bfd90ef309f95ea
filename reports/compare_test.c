/*
 * The test of one figure. "Longer by more than theta" is tested on the baseline's times multiplied
 * by theta: so the margin's test is the same exact test, and agrees with the exact interval of the
 * ratio.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "reports/compare.h"
#include "reports/stats/rank.h"
#include "reports/stats/survival.h"

/* Beyond every time: what a censored value may come to. Its logarithm is finite. */
#define ENDLESS 1e300
/* A ratio with ENDLESS in it, whatever else is. */
#define NO_BOUND 1e100

/* The candidate's and the baseline's values; seconds. */
struct sample {
	const struct ord_figure *x, *y;
	struct ord_surv *sx, *sy; /* owned */
	double *dx, *dy;	  /* owned */
};

/* Slower > 0, quicker < 0, and how likely it is by chance. */
struct outcome {
	int direction;
	double p;
};

static double seconds(const struct ord_figure_value *v)
{
	return (double)v->span.value / 1e9;
}

static bool is_event(const struct ord_figure_value *v)
{
	return v->span.state == ORD_SPAN_KNOWN;
}

/* Until when all of a group were watched, at least; infinite where nobody is censored. */
static double watched(const struct ord_figure *f)
{
	double until = INFINITY;

	for (size_t i = 0; i < f->n; i++)
		if (!is_event(&f->v[i]) && seconds(&f->v[i]) < until)
			until = seconds(&f->v[i]);
	return until;
}

static void fill(const struct ord_figure *f, double theta, double until, struct ord_surv *ret)
{
	for (size_t i = 0; i < f->n; i++) {
		double t = seconds(&f->v[i]) * theta;

		ret[i] = (struct ord_surv){.time = t < until ? t : until,
					   .event = t <= until && is_event(&f->v[i])};
	}
	ord_surv_sort(ret, f->n);
}

/* Fewer events than expected: they come later. */
static int direction_of(double statistic)
{
	return statistic < 0 ? 1 : statistic > 0 ? -1 : 0;
}

/* So many that relabelling them would take too long, and chi-squared is as good. */
static void by_chi2(const struct sample *s, struct ord_comparison *c, struct outcome *ret)
{
	struct ord_logrank r = ord_logrank(s->sx, s->x->n, s->sy, s->y->n, 0);

	c->method = "log-rank, approximate by chi-squared";
	ret->direction = direction_of(r.u);
	ret->p = isnan(r.p) ? 1 : r.p; /* no variance: nothing to compare */
}

/*
 * Censored: who is relabelled must have been watched for as long as the others. Multiplying one
 * side's times moves the end of its watch, so both are cut at the sooner end.
 */
static int by_logrank(struct sample *s, double theta, const struct ord_compare_options *o,
		      struct ord_comparison *c, struct outcome *ret, struct ord_err *err)
{
	double until = INFINITY;
	struct ord_permutation perm;

	if (theta < 1 || theta > 1)
		until = fmin(watched(s->x), theta * watched(s->y));
	fill(s->x, 1, until, s->sx);
	fill(s->y, theta, until, s->sy);
	if (s->x->n + s->y->n > ORD_PERMUTE_MAX) {
		by_chi2(s, c, ret);
		return 0;
	}
	if (ord_logrank_exact(s->sx, s->x->n, s->sy, s->y->n, o->seed, &perm, err))
		return -1;
	c->drawn |= !perm.exact;
	ret->direction = direction_of(perm.statistic);
	ret->p = perm.p;
	return 0;
}

static int by_rank(struct sample *s, double theta, struct ord_comparison *c, struct outcome *ret,
		   struct ord_err *err)
{
	size_t n = s->x->n, m = s->y->n;
	struct ord_mann_whitney w;
	double even = (double)n * (double)m / 2;

	for (size_t i = 0; i < n; i++)
		s->dx[i] = seconds(&s->x->v[i]);
	for (size_t i = 0; i < m; i++)
		s->dy[i] = seconds(&s->y->v[i]) * theta;
	if (ord_mann_whitney(s->dx, n, s->dy, m, &w, err))
		return -1;
	if (w.method == ORD_RANK_NORMAL)
		c->method = "Mann-Whitney, normal approximation";
	ret->direction = w.w > even ? 1 : w.w < even ? -1 : 0;
	ret->p = w.p;
	return 0;
}

static int test_at(struct sample *s, double theta, const struct ord_compare_options *o,
		   struct ord_comparison *c, struct outcome *ret, struct ord_err *err)
{
	return c->censored ? by_logrank(s, theta, o, c, ret, err) : by_rank(s, theta, c, ret, err);
}

/* At no difference, and at the margin on the side that was seen, and for the gate at the upper one.
 */
static int test_all(struct sample *s, struct ord_comparison *c, const struct ord_compare_options *o,
		    struct ord_err *err)
{
	double margin = 1 + (double)o->margin_ppm / 1e6;
	struct outcome plain, upper, beyond;

	if (test_at(s, 1, o, c, &plain, err))
		return -1;
	upper = plain;
	if (o->margin_ppm && test_at(s, margin, o, c, &upper, err))
		return -1;
	beyond = upper;
	if (o->margin_ppm && plain.direction < 0 && test_at(s, 1 / margin, o, c, &beyond, err))
		return -1;
	c->p = plain.p;
	c->p_margin = 1;
	if (plain.direction && beyond.direction == plain.direction)
		c->p_margin = fmax(plain.p, beyond.p);
	c->verdict = plain.direction > 0   ? ORD_COMPARED_WORSE
		     : plain.direction < 0 ? ORD_COMPARED_BETTER
					   : ORD_COMPARED_INCONCLUSIVE;
	if (upper.direction < 0 && upper.p <= o->alpha)
		c->gate = ORD_GATE_PASS;
	return 0;
}

/* The least, or the most, that a value may come to. */
static double bound(const struct ord_figure_value *v, bool most)
{
	return is_event(v) || !most ? seconds(v) : ENDLESS;
}

/*
 * The ratio's interval with every censored value at the end that makes the ratio smallest, and
 * with every one at the other: it holds whatever they would have come to, and is the usual exact
 * one where none is censored.
 */
static int estimate(struct sample *s, bool largest, const struct ord_compare_options *o,
		    struct ord_estimate *ret, struct ord_err *err)
{
	for (size_t i = 0; i < s->x->n; i++)
		s->dx[i] = bound(&s->x->v[i], largest);
	for (size_t i = 0; i < s->y->n; i++)
		s->dy[i] = bound(&s->y->v[i], !largest);
	return ord_hl_ratio(s->dx, s->x->n, s->dy, s->y->n, 1 - o->alpha, ret, err);
}

static int ratio(struct sample *s, struct ord_comparison *c, const struct ord_compare_options *o,
		 struct ord_err *err)
{
	struct ord_estimate least, most;

	if (estimate(s, false, o, &least, err) || estimate(s, true, o, &most, err))
		return -1;
	c->confidence = least.confidence;
	c->lo = least.lo > 1 / NO_BOUND ? least.lo : 0;
	c->hi = most.hi < NO_BOUND ? most.hi : (double)INFINITY;
	if (least.value > 1 / NO_BOUND && most.value < NO_BOUND &&
	    most.value - least.value <= 1e-9 * most.value)
		c->ratio = least.value;
	return 0;
}

/* Values of 0, as of who was noticed before the users were, have no ratio. */
static int shift(struct sample *s, struct ord_comparison *c, const struct ord_compare_options *o,
		 struct ord_err *err)
{
	struct ord_estimate e;

	for (size_t i = 0; i < s->x->n; i++)
		s->dx[i] = seconds(&s->x->v[i]);
	for (size_t i = 0; i < s->y->n; i++)
		s->dy[i] = seconds(&s->y->v[i]);
	if (ord_hl_shift(s->dx, s->x->n, s->dy, s->y->n, 1 - o->alpha, &e, err))
		return -1;
	c->confidence = e.confidence;
	c->shift = e.value;
	c->shift_lo = e.lo;
	c->shift_hi = e.hi;
	return 0;
}

static bool has_zero(const struct ord_figure *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (!f->v[i].span.value)
			return true;
	return false;
}

static int test(struct sample *s, struct ord_comparison *c, const struct ord_compare_options *o,
		struct ord_err *err)
{
	s->sx = calloc(s->x->n, sizeof *s->sx);
	s->sy = calloc(s->y->n, sizeof *s->sy);
	s->dx = calloc(s->x->n, sizeof *s->dx);
	s->dy = calloc(s->y->n, sizeof *s->dy);
	if (!s->sx || !s->sy || !s->dx || !s->dy)
		return ord_fail_nomem(err);
	if (test_all(s, c, o, err))
		return -1;
	c->too_many = s->x->n > ORD_PAIRS_MAX / s->y->n;
	if (c->too_many)
		return 0;
	if (!has_zero(s->x) && !has_zero(s->y))
		return ratio(s, c, o, err);
	return c->censored ? 0 : shift(s, c, o, err);
}

int ord_compare_test(struct ord_comparison *c, const struct ord_compare_options *o,
		     struct ord_err *err)
{
	struct sample s = {.x = c->b.figure, .y = c->a.figure};
	int r;

	c->tested = true;
	c->censored = c->a.never || c->b.never;
	c->method = c->censored ? "log-rank, exact by permutation" : "Mann-Whitney, exact";
	r = test(&s, c, o, err);
	if (c->drawn)
		c->method = "log-rank, relabellings drawn";
	free(s.sx);
	free(s.sy);
	free(s.dx);
	free(s.dy);
	return r ? ord_wrap(err, "%.100s", c->figure) : 0;
}
