#include "reports/stats/survival.h"

#include <math.h>
#include <stdlib.h>

#include "base/auto.h"
#include "reports/stats/dist.h"

/* Products of ratios: a half may come out a bit beside it. */
static const double tolerance = 1e-9;

/* A whole order, so that what is drawn depends on the values alone, and not on how they are sorted.
 */
static int by_time(const void *a, const void *b)
{
	const struct ord_surv *x = a, *y = b;

	if (x->time < y->time || x->time > y->time)
		return x->time < y->time ? -1 : 1;
	return (int)y->event - (int)x->event;
}

void ord_surv_sort(struct ord_surv *v, size_t n)
{
	if (n)
		qsort(v, n, sizeof *v, by_time);
}

static void put_bands(struct ord_km_step *k, double z)
{
	double se_log = sqrt(k->greenwood), turn;

	if (!(k->s > 0)) {
		const struct ord_band none = {NAN, NAN};

		k->se = NAN;
		k->plain = k->log = k->loglog = none;
		return;
	}
	k->se = k->s * se_log;
	k->plain.lo = fmax(0, k->s - z * k->se);
	k->plain.hi = fmin(1, k->s + z * k->se);
	k->log.lo = k->s * exp(-z * se_log);
	k->log.hi = fmin(1, k->s * exp(z * se_log));
	turn = z * se_log / log(k->s); /* negative: S < 1 at every step */
	k->loglog.lo = pow(k->s, exp(-turn));
	k->loglog.hi = pow(k->s, exp(turn));
}

size_t ord_km(const struct ord_surv *sorted, size_t n, double confidence, struct ord_km_step *steps)
{
	double z = ord_norm_quantile(1 - (1 - confidence) / 2);
	double s = 1, hazard = 0, greenwood = 0;
	size_t n_steps = 0;

	for (size_t i = 0; i < n;) {
		struct ord_km_step *k = &steps[n_steps];
		double at_risk = (double)(n - i), d = 0;
		double t = sorted[i].time;
		size_t from = i;

		for (; i < n && sorted[i].time <= t; i++)
			d += sorted[i].event;
		if (!(d > 0))
			continue;
		/* As a quotient the last step is 0 exactly. */
		s *= (at_risk - d) / at_risk;
		hazard += d / at_risk;
		greenwood += d / (at_risk * (at_risk - d)); /* inf at the last, where S is 0 */
		*k = (struct ord_km_step){.t = t,
					  .n_at_risk = n - from,
					  .d = (size_t)d,
					  .s = s,
					  .hazard = hazard,
					  .greenwood = greenwood};
		put_bands(k, z);
		n_steps++;
	}
	return n_steps;
}

double ord_km_at(const struct ord_km_step *steps, size_t n_steps, double t)
{
	double s = 1;

	for (size_t i = 0; i < n_steps && steps[i].t <= t; i++)
		s = steps[i].s;
	return s;
}

enum edge { EDGE_S, EDGE_LO, EDGE_HI };

static double edge_of(const struct ord_km_step *k, enum ord_band_kind kind, enum edge e)
{
	const struct ord_band *band = kind == ORD_BAND_LOGLOG ? &k->loglog
				      : kind == ORD_BAND_LOG  ? &k->log
							      : &k->plain;

	return e == EDGE_S ? k->s : e == EDGE_LO ? band->lo : band->hi;
}

/* Where a curve comes down to the height; the middle of a plateau at just this height. */
static double crossing(const struct ord_km_step *steps, size_t n_steps, double height,
		       enum ord_band_kind kind, enum edge e)
{
	for (size_t i = 0; i < n_steps; i++) {
		double y = edge_of(&steps[i], kind, e);

		if (isnan(y) || y > height + tolerance)
			continue;
		if (y < height - tolerance)
			return steps[i].t;
		for (size_t k = i + 1; k < n_steps; k++)
			if (edge_of(&steps[k], kind, e) < y)
				return steps[i].t + (steps[k].t - steps[i].t) / 2;
		return steps[i].t; /* the plateau has no other end */
	}
	return NAN;
}

struct ord_km_quantile ord_km_quantile(const struct ord_km_step *steps, size_t n_steps, double p,
				       enum ord_band_kind band)
{
	return (struct ord_km_quantile){
		.value = crossing(steps, n_steps, 1 - p, band, EDGE_S),
		.lo = crossing(steps, n_steps, 1 - p, band, EDGE_LO),
		.hi = crossing(steps, n_steps, 1 - p, band, EDGE_HI),
	};
}

/* From the back, since each step's part of the variance has the area behind it. */
struct ord_rmst ord_rmst(const struct ord_surv *sorted, size_t n, const struct ord_km_step *steps,
			 size_t n_steps, double tau)
{
	struct ord_rmst r = {0};
	double area = 0, variance = 0, end = tau;
	bool to_zero = n_steps && !(steps[n_steps - 1].s > 0);

	for (size_t i = n_steps; i-- > 0;) {
		const struct ord_km_step *k = &steps[i];
		double at_risk = (double)k->n_at_risk, d = (double)k->d;

		if (k->t >= tau)
			continue;
		area += k->s * (end - k->t);
		end = k->t;
		if (k->s > 0)
			variance += area * area * d / (at_risk * (at_risk - d));
	}
	r.value = area + end;
	r.se = sqrt(variance);
	r.extended = !to_zero && (!n || sorted[n - 1].time < tau);
	return r;
}

/* Both groups walked together: the next time at which something is, from `at` on. */
struct pool {
	const struct ord_surv *v[2];
	size_t n[2], at[2];
};

struct pooled {
	double at_risk[2], d[2];
	size_t from[2], to[2];
};

static bool pool_next(struct pool *pool, struct pooled *ret)
{
	double t = INFINITY;

	for (int g = 0; g < 2; g++)
		if (pool->at[g] < pool->n[g])
			t = fmin(t, pool->v[g][pool->at[g]].time);
	if (isinf(t))
		return false;
	for (int g = 0; g < 2; g++) {
		ret->from[g] = pool->at[g];
		ret->at_risk[g] = (double)(pool->n[g] - pool->at[g]);
		ret->d[g] = 0;
		for (; pool->at[g] < pool->n[g] && pool->v[g][pool->at[g]].time <= t; pool->at[g]++)
			ret->d[g] += pool->v[g][pool->at[g]].event;
		ret->to[g] = pool->at[g];
	}
	return true;
}

struct ord_logrank ord_logrank(const struct ord_surv *a, size_t n_a, const struct ord_surv *b,
			       size_t n_b, double rho)
{
	struct pool pool = {.v = {a, b}, .n = {n_a, n_b}};
	struct ord_logrank r = {.chi2 = NAN, .p = NAN};
	struct pooled x;
	double s = 1;

	while (pool_next(&pool, &x)) {
		double at_risk = x.at_risk[0] + x.at_risk[1], d = x.d[0] + x.d[1];
		double weight = pow(s, rho);

		if (!(d > 0))
			continue;
		for (int g = 0; g < 2; g++) {
			r.observed[g] += weight * x.d[g];
			r.expected[g] += weight * d * x.at_risk[g] / at_risk;
		}
		if (at_risk > 1) /* one alone has no variance, and would divide by 0 */
			r.variance += weight * weight * x.at_risk[0] * x.at_risk[1] * d *
				      (at_risk - d) / (at_risk * at_risk * (at_risk - 1));
		s *= (at_risk - d) / at_risk;
	}
	r.u = r.observed[0] - r.expected[0];
	if (r.variance > 0) {
		r.chi2 = r.u * r.u / r.variance;
		r.p = ord_chi1_tail(r.chi2);
	}
	return r;
}

int ord_logrank_exact(const struct ord_surv *a, size_t n_a, const struct ord_surv *b, size_t n_b,
		      uint64_t seed, struct ord_permutation *ret, struct ord_err *err)
{
	struct pool pool = {.v = {a, b}, .n = {n_a, n_b}};
	ord_autofree double *scores = calloc(n_a + n_b + 1, sizeof *scores);
	const size_t first[2] = {0, n_a};
	struct pooled x;
	double hazard = 0;

	if (!scores)
		return ord_fail_nomem(err);
	while (pool_next(&pool, &x)) {
		hazard += (x.d[0] + x.d[1]) / (x.at_risk[0] + x.at_risk[1]);
		for (int g = 0; g < 2; g++)
			for (size_t i = x.from[g]; i < x.to[g]; i++)
				scores[first[g] + i] = pool.v[g][i].event - hazard;
	}
	return ord_permute(scores, n_a + n_b, n_a, seed, ret, err);
}

double ord_logrank_events(double hazard_ratio, double alpha, double power)
{
	double z = ord_norm_quantile(1 - alpha / 2) + ord_norm_quantile(power);
	double ratio = log(hazard_ratio);

	return 4 * z * z / (ratio * ratio);
}
