/* A figure over the repetitions: its median with an interval, the curve of Kaplan and Meier, the
 * time lost on average within the longest watch. */
#include "reports/spread.h"

#include <math.h>
#include <stdlib.h>

#include "base/auto.h"
#include "reports/stats/interval.h"
#include "reports/stats/stats.h"
#include "reports/stats/survival.h"

#define CONFIDENCE 0.95

int ord_spread_room(struct ord_summary *s, size_t n, struct ord_err *err)
{
	*s = (struct ord_summary){.points = calloc(n + 1, sizeof *s->points)};
	return s->points ? 0 : ord_fail_nomem(err);
}

void ord_spread_add(struct ord_summary *s, const struct ord_rep *r, const struct ord_span *v)
{
	bool censored = v->state != ORD_SPAN_KNOWN;

	/* Of an interval the end that is surely true: it took no longer, it was watched no less. */
	int64_t value = censored ? v->lo : v->hi;

	s->points[s->n++] = (struct ord_point){.rep = r->number,
					       .value = value,
					       .censored = censored,
					       .informative = censored && r->informative};
	s->never += censored;
	s->n_informative += censored && r->informative;
	if (!censored && (!s->has_worst || value > s->worst)) {
		s->has_worst = true;
		s->worst = value;
	}
}

static bool number(double v, int64_t *ret)
{
	if (!isfinite(v))
		return false;
	*ret = llround(v);
	return true;
}

/* From order statistics where all are known; else where the band of the curve crosses one half. */
static void interval(struct ord_summary *s, const struct ord_surv *sorted,
		     const struct ord_km_step *steps, size_t n_steps)
{
	struct ord_order_interval o = ord_median_interval(s->n, CONFIDENCE);
	struct ord_km_quantile q;

	if (!o.lo) {
		s->need = ord_median_need(CONFIDENCE);
		return;
	}
	if (s->never) {
		q = ord_km_quantile(steps, n_steps, 0.5, ORD_BAND_LOGLOG);
		s->has_lo = number(q.lo, &s->median_lo);
		s->has_hi = number(q.hi, &s->median_hi);
		return;
	}
	s->has_lo = number(sorted[o.lo - 1].time, &s->median_lo);
	s->has_hi = number(sorted[o.hi - 1].time, &s->median_hi);
}

static int curve(struct ord_summary *s, struct ord_surv *v, struct ord_km_step *steps,
		 struct ord_err *err)
{
	size_t n;

	ord_surv_sort(v, s->n);
	n = ord_km(v, s->n, CONFIDENCE, steps);
	interval(s, v, steps, n);
	if (number(ord_rmst(v, s->n, steps, n, v[s->n - 1].time).value, &s->rmst))
		s->tau = llround(v[s->n - 1].time);
	s->steps = calloc(n + 1, sizeof *s->steps);
	if (!s->steps)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < n; i++)
		s->steps[s->n_steps++] = (struct ord_step){.t = llround(steps[i].t),
							   .at_risk = steps[i].n_at_risk,
							   .events = steps[i].d,
							   .s = steps[i].s,
							   .lo = steps[i].loglog.lo,
							   .hi = steps[i].loglog.hi};
	return 0;
}

int ord_spread(struct ord_summary *s, struct ord_err *err)
{
	ord_autofree struct ord_stat_time *room = calloc(s->n + 1, sizeof *room);
	ord_autofree struct ord_surv *v = calloc(s->n + 1, sizeof *v);
	ord_autofree struct ord_km_step *steps = calloc(s->n + 1, sizeof *steps);

	if (!room || !v || !steps)
		return ord_fail_nomem(err);
	if (!s->n)
		return 0;
	for (size_t i = 0; i < s->n; i++) {
		const struct ord_point *p = &s->points[i];

		room[i] = (struct ord_stat_time){.ns = p->value, .censored = p->censored};
		v[i] = (struct ord_surv){.time = (double)p->value, .event = !p->censored};
	}
	s->has_median = ord_stat_median(room, s->n, &s->median);
	return curve(s, v, steps, err);
}

void ord_spread_done(struct ord_summary *s)
{
	free(s->points);
	free(s->steps);
	*s = (struct ord_summary){0};
}
