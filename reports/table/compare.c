/* Each two groups against each other; the first is the one that stands first in the file. */
#include <math.h>
#include <stdlib.h>

#include "base/auto.h"
#include "reports/table/table.h"
#include "reports/stats/holm.h"
#include "reports/stats/interval.h"
#include "reports/stats/rank.h"

/* Returns its p, 1 where there is nothing to compare. */
static double put_logrank(const struct table_group *a, const struct table_group *b, double rho,
			  const char *key, json_t *to)
{
	struct ord_logrank r = ord_logrank(a->v, a->n, b->v, b->n, rho);

	(void)json_object_set_new(to, key,
				  json_pack("{s:[f,f],s:[f,f],s:f,s:o,s:o}", "observed",
					    r.observed[0], r.observed[1], "expected", r.expected[0],
					    r.expected[1], "variance", r.variance, "chi2",
					    ord_table_number(r.chi2), "p", ord_table_number(r.p)));
	return isnan(r.p) ? 1 : r.p;
}

/* *p stays where there are too many to relabel. */
static int put_exact(const struct table_group *a, const struct table_group *b, uint64_t seed,
		     json_t *to, double *p, struct ord_err *err)
{
	struct ord_permutation x;

	if (a->n + b->n > ORD_PERMUTE_MAX)
		return json_object_set_new(to, "log_rank_exact", json_null());
	if (ord_logrank_exact(a->v, a->n, b->v, b->n, seed, &x, err))
		return -1;
	*p = x.p;
	return json_object_set_new(
		to, "log_rank_exact",
		json_pack("{s:f,s:f,s:f,s:f,s:b,s:I,s:I,s:o}", "u", x.statistic, "p", x.p,
			  "p_second_later", x.p_greater, "p_second_earlier", x.p_less, "exact",
			  x.exact, "relabellings", (json_int_t)x.relabellings, "as_extreme",
			  (json_int_t)x.as_extreme, "seed",
			  x.exact ? json_null() : json_integer((json_int_t)seed)));
}

static json_t *estimate_json(const struct ord_estimate *e)
{
	return json_pack("{s:o,s:o,s:o,s:f}", "value", ord_table_number(e->value), "lo",
			 e->confidence > 0 ? ord_table_number(e->lo) : json_null(), "hi",
			 ord_table_number(e->hi), "confidence", e->confidence);
}

static int put_estimates(const struct table_group *a, const struct table_group *b,
			 double confidence, json_t *to, struct ord_err *err)
{
	bool positive = a->x[0] > 0 && b->x[0] > 0, few = a->n <= ORD_PAIRS_MAX / b->n;
	struct ord_estimate shift, ratio;

	if ((few && ord_hl_shift(b->x, b->n, a->x, a->n, confidence, &shift, err)) ||
	    (few && positive && ord_hl_ratio(b->x, b->n, a->x, a->n, confidence, &ratio, err)))
		return -1;
	(void)json_object_set_new(to, "shift", few ? estimate_json(&shift) : json_null());
	(void)json_object_set_new(to, "ratio",
				  few && positive ? estimate_json(&ratio) : json_null());
	return 0;
}

/* How large a ratio so many show, by the spread of the first group's logarithms. */
static json_t *planning_json(const struct table_group *a, const struct table_group *b)
{
	double mean = 0, squares = 0, sigma;

	if (a->n < 2 || !(a->x[0] > 0))
		return json_null();
	for (size_t i = 0; i < a->n; i++)
		mean += log(a->x[i]) / (double)a->n;
	for (size_t i = 0; i < a->n; i++)
		squares += (log(a->x[i]) - mean) * (log(a->x[i]) - mean);
	sigma = sqrt(squares / (double)(a->n - 1));
	return json_pack("{s:f,s:f,s:f,s:o}", "sigma", sigma, "alpha", 0.05, "power", 0.8, "ratio",
			 ord_table_number(ord_detectable_ratio(sigma, a->n, b->n, 0.05, 0.8)));
}

static int put_ranks(const struct table_group *a, const struct table_group *b, double confidence,
		     json_t *to, double *p, struct ord_err *err)
{
	struct ord_mann_whitney m;

	if (ord_mann_whitney(b->x, b->n, a->x, a->n, &m, err))
		return -1;
	*p = m.p;
	(void)json_object_set_new(to, "mann_whitney",
				  json_pack("{s:f,s:f,s:f,s:f,s:s,s:b,s:b,s:o,s:f}", "w", m.w, "p",
					    m.p, "p_second_larger", m.p_greater, "p_second_smaller",
					    m.p_less, "method", ord_rank_method_name(m.method),
					    "ties", m.ties, "all_equal", m.all_equal, "p_normal",
					    ord_table_number(m.p_normal), "p_least", m.p_least));
	(void)json_object_set_new(to, "detectable", planning_json(a, b));
	return put_estimates(a, b, confidence, to, err);
}

/* From how many of the second group on a difference can be significant at all. */
static json_t *need_json(const struct table_group *a, double alpha)
{
	return json_pack("{s:f,s:I,s:I}", "alpha", alpha, "of_each",
			 (json_int_t)ord_rank_need(alpha), "of_second",
			 (json_int_t)ord_rank_need_beside(a->n, alpha));
}

/* Exact ranks where every time is known; the log-rank test by permutation where one is not; where
 * that would take too long, by chi-squared. */
static json_t *compare(const struct table *d, const struct ord_table_options *o, size_t i, size_t j,
		       double *ret_p, struct ord_err *err)
{
	const struct table_group *a = &d->groups[i], *b = &d->groups[j];
	bool known = a->events == a->n && b->events == b->n;
	double p_exact = NAN, p_ranks = NAN, p_chi2 = NAN;
	json_t *to = json_pack("{s:s,s:s,s:[I,I]}", "first", a->name, "second", b->name, "n",
			       (json_int_t)a->n, (json_int_t)b->n);

	if ((d->times && put_exact(a, b, o->seed, to, &p_exact, err)) ||
	    (known && put_ranks(a, b, o->confidence, to, &p_ranks, err))) {
		json_decref(to);
		return NULL;
	}
	if (d->times) {
		p_chi2 = put_logrank(a, b, 0, "log_rank", to);
		(void)put_logrank(a, b, 1, "peto_peto", to);
	}
	*ret_p = known ? p_ranks : !isnan(p_exact) ? p_exact : p_chi2;
	(void)json_object_set_new(to, "need", need_json(a, o->alpha));
	(void)json_object_set_new(to, "p_by",
				  json_string(known		? "mann_whitney"
					      : !isnan(p_exact) ? "log_rank_exact"
								: "log_rank"));
	(void)json_object_set_new(to, "p", ord_table_number(*ret_p));
	return to;
}

json_t *ord_table_comparisons_json(const struct table *d, const struct ord_table_options *o,
				   struct ord_err *err)
{
	double p[TABLE_GROUPS_MAX * TABLE_GROUPS_MAX / 2], holm[ORD_COUNT(p)];
	json_t *all = json_array();
	size_t n = 0;

	for (size_t i = 0; i < d->n_groups; i++)
		for (size_t j = i + 1; j < d->n_groups; j++) {
			json_t *one = compare(d, o, i, j, &p[n], err);

			if (!one) {
				json_decref(all);
				return NULL;
			}
			(void)json_array_append_new(all, one);
			n++;
		}
	if (ord_holm(p, n, holm, err)) {
		json_decref(all);
		return NULL;
	}
	for (size_t k = 0; k < n; k++)
		(void)json_object_set_new(json_array_get(all, k), "p_holm",
					  ord_table_number(holm[k]));
	return all;
}
