/* Each group for itself. */
#include <math.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/json.h"
#include "reports/table/table.h"
#include "reports/stats/interval.h"
#include "reports/stats/quantile.h"
#include "reports/stats/rank.h"

json_t *ord_table_number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

json_t *ord_table_pair(double lo, double hi)
{
	return json_pack("[o,o]", ord_table_number(lo), ord_table_number(hi));
}

/* A million steps would be 2 GB of JSON in memory, which nobody draws. */
enum { CURVE_MAX = 10000 };

static json_t *curve_json(const struct ord_km_step *steps, size_t n)
{
	json_t *all;

	if (n > CURVE_MAX)
		return json_null();
	all = json_array();
	for (size_t i = 0; i < n; i++) {
		const struct ord_km_step *k = &steps[i];

		(void)json_array_append_new(
			all, json_pack("{s:o,s:I,s:I,s:o,s:o,s:o,s:o,s:o,s:o}", "time",
				       ord_table_number(k->t), "at_risk", (json_int_t)k->n_at_risk,
				       "events", (json_int_t)k->d, "survival",
				       ord_table_number(k->s), "se", ord_table_number(k->se),
				       "hazard", ord_table_number(k->hazard), "loglog",
				       ord_table_pair(k->loglog.lo, k->loglog.hi), "log",
				       ord_table_pair(k->log.lo, k->log.hi), "plain",
				       ord_table_pair(k->plain.lo, k->plain.hi)));
	}
	return all;
}

/* Which quantiles n values allow: a bound of p90 needs 29 of them at 95 %. */
static const double shares[] = {0.25, 0.5, 0.75, 0.9, 0.95, 0.99};

static bool allowed(double p, size_t n, double confidence)
{
	return p < 0.8 || n >= ord_success_run(p, confidence);
}

static json_t *km_quantiles_json(const struct ord_km_step *steps, size_t n_steps, size_t n,
				 double confidence)
{
	json_t *all = json_array();

	for (size_t i = 0; i < ORD_COUNT(shares); i++) {
		double p = shares[i];
		struct ord_km_quantile q[3];

		if (!allowed(p, n, confidence))
			continue;
		for (int b = 0; b < 3; b++)
			q[b] = ord_km_quantile(steps, n_steps, p, (enum ord_band_kind)b);
		(void)json_array_append_new(
			all,
			json_pack("{s:f,s:o,s:o,s:o,s:o}", "p", p, "value",
				  ord_table_number(q[0].value), "loglog",
				  ord_table_pair(q[ORD_BAND_LOGLOG].lo, q[ORD_BAND_LOGLOG].hi),
				  "log", ord_table_pair(q[ORD_BAND_LOG].lo, q[ORD_BAND_LOG].hi),
				  "plain",
				  ord_table_pair(q[ORD_BAND_PLAIN].lo, q[ORD_BAND_PLAIN].hi)));
	}
	return all;
}

static json_t *share_json(size_t k, size_t n, double confidence)
{
	struct ord_share w = ord_wilson(k, n, confidence);
	struct ord_share cp = ord_clopper_pearson(k, n, confidence);

	return json_pack("{s:I,s:I,s:o,s:o}", "k", (json_int_t)k, "n", (json_int_t)n, "wilson",
			 ord_table_pair(w.lo, w.hi), "clopper_pearson",
			 ord_table_pair(cp.lo, cp.hi));
}

/* The curve and what is read off it. */
static int put_survival(const struct table_group *g, double tau, double confidence, json_t *to,
			struct ord_err *err)
{
	ord_autofree struct ord_km_step *steps = calloc(g->n, sizeof *steps);
	struct ord_rmst rmst;
	size_t n;

	if (!steps)
		return ord_fail_nomem(err);
	n = ord_km(g->v, g->n, confidence, steps);
	rmst = ord_rmst(g->v, g->n, steps, n, tau);
	(void)json_object_set_new(to, "events", json_integer((json_int_t)g->events));
	(void)json_object_set_new(to, "censored", json_integer((json_int_t)(g->n - g->events)));
	(void)json_object_set_new(to, "share_of_events", share_json(g->events, g->n, confidence));
	(void)json_object_set_new(to, "quantiles", km_quantiles_json(steps, n, g->n, confidence));
	(void)json_object_set_new(to, "longest_event",
				  n ? ord_table_number(steps[n - 1].t) : json_null());
	(void)json_object_set_new(to, "restricted_mean",
				  json_pack("{s:f,s:o,s:o,s:b}", "tau", tau, "value",
					    ord_table_number(rmst.value), "se",
					    ord_table_number(rmst.se), "extended", rmst.extended));
	(void)json_object_set_new(to, "curve", curve_json(steps, n));
	return 0;
}

static json_t *quantiles_json(const double *sorted, size_t n, double confidence)
{
	json_t *all = json_array();

	for (size_t i = 0; i < ORD_COUNT(shares); i++) {
		double p = shares[i];
		size_t bound = ord_quantile_bound(n, p, confidence);

		if (!allowed(p, n, confidence))
			continue;
		(void)json_array_append_new(
			all, json_pack("{s:f,s:o,s:o,s:o}", "p", p, "type8",
				       ord_table_number(ord_quantile(sorted, n, p, ORD_QUANTILE_8)),
				       "type7",
				       ord_table_number(ord_quantile(sorted, n, p, ORD_QUANTILE_7)),
				       "upper_bound",
				       bound ? ord_table_number(sorted[bound - 1]) : json_null()));
	}
	return all;
}

static int put_pseudomedian(const struct table_group *g, double confidence, json_t *to,
			    struct ord_err *err)
{
	struct ord_signed_rank r;

	if (g->n > ORD_SIGNED_MAX)
		return json_object_set_new(to, "pseudomedian", json_null());
	if (ord_signed_rank(g->x, g->n, confidence, &r, err))
		return -1;
	return json_object_set_new(to, "pseudomedian",
				   json_pack("{s:o,s:o,s:o,s:f}", "value",
					     ord_table_number(r.pseudomedian.value), "lo",
					     ord_table_number(r.pseudomedian.lo), "hi",
					     ord_table_number(r.pseudomedian.hi), "confidence",
					     r.pseudomedian.confidence));
}

/* Plain values: order statistics. */
static int put_values(const struct table_group *g, double confidence, json_t *to,
		      struct ord_err *err)
{
	ord_autofree double *room = calloc(g->n, sizeof *room);
	struct ord_order_interval i = ord_median_interval(g->n, confidence);
	json_t *median;

	if (!room)
		return ord_fail_nomem(err);
	median = json_pack(
		"{s:o,s:o,s:o,s:f}", "value", ord_table_number(ord_median_sorted(g->x, g->n)), "lo",
		i.lo ? ord_table_number(g->x[i.lo - 1]) : json_null(), "hi",
		i.hi ? ord_table_number(g->x[i.hi - 1]) : json_null(), "confidence", i.confidence);
	(void)json_object_set_new(to, "median", median);
	(void)json_object_set_new(to, "quantiles_of_values",
				  quantiles_json(g->x, g->n, confidence));
	(void)json_object_set_new(to, "least", ord_table_number(g->x[0]));
	(void)json_object_set_new(to, "largest", ord_table_number(g->x[g->n - 1]));
	(void)json_object_set_new(to, "mad", ord_table_number(ord_mad(g->x, g->n, room)));
	return put_pseudomedian(g, confidence, to, err);
}

/* As long as each group was watched: what comes after is not known of all of them. */
static double common_tau(const struct table *d)
{
	double tau = INFINITY;

	for (size_t k = 0; k < d->n_groups; k++)
		tau = fmin(tau, d->groups[k].x[d->groups[k].n - 1]);
	return tau;
}

json_t *ord_table_groups_json(const struct table *d, const struct ord_table_options *o,
			      struct ord_err *err)
{
	double tau = isnan(o->tau) ? common_tau(d) : o->tau;
	json_t *all = json_array();

	for (size_t k = 0; k < d->n_groups; k++) {
		const struct table_group *g = &d->groups[k];
		json_t *one = json_pack("{s:s*,s:I}", "name", *g->name ? g->name : NULL, "n",
					(json_int_t)g->n);

		(void)json_array_append_new(all, one);
		if ((d->times && put_survival(g, tau, o->confidence, one, err)) ||
		    (g->events == g->n && put_values(g, o->confidence, one, err))) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}
