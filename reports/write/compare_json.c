/* A comparison as JSON: docs/formats/compare.md. */
#include <math.h>

#include "base/json.h"
#include "reports/write/compare.h"

#define COMPARE_SCHEMA 1

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *side(const struct ord_side *s)
{
	return json_pack("{s:I,s:I,s:o,s:o,s:I}", "n", (json_int_t)s->n, "never",
			 (json_int_t)s->never, "median_ns",
			 s->has_median ? json_integer(s->median) : json_null(), "worst_known_ns",
			 s->n && s->worst >= 0 ? json_integer(s->worst) : json_null(),
			 "resolution_ns", (json_int_t)s->width);
}

static json_t *need(size_t n)
{
	return n ? json_integer((json_int_t)n) : json_null();
}

json_t *ord_json_comparison(const struct ord_comparison *c)
{
	return json_pack(
		"{s:s,s:s,s:s,s:o,s:o,s:s,s:b,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,"
		"s:s}",
		"figure", c->figure, "verdict", ord_compared_name(c->verdict), "gate",
		ord_gate_name(c->gate), "baseline", side(&c->a), "candidate", side(&c->b), "method",
		c->method, "drawn", c->drawn, "p", number(c->p), "p_margin", number(c->p_margin),
		"p_holm", number(c->p_holm), "ratio", number(c->ratio), "ratio_lo",
		c->lo > 0 ? number(c->lo) : json_null(), "ratio_hi", number(c->hi), "confidence",
		c->confidence > 0 ? number(c->confidence) : json_null(), "longer_s",
		number(c->shift), "longer_lo_s", number(c->shift_lo), "longer_hi_s",
		number(c->shift_hi), "need_of_candidate", need(c->need_beside), "need_of_each",
		need(c->need_each), "detectable_ratio", number(c->detectable), "why", c->why);
}

json_t *ord_json_figures(const struct ord_figures *f)
{
	json_t *runs = json_array();

	for (size_t i = 0; i < f->n_runs; i++) {
		const struct ord_figures_run *r = &f->runs[i];
		json_t *j =
			json_pack("{s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:I}", "run", r->id, "plan_hash",
				  r->plan_hash, "started_utc", r->started, "seed",
				  (json_int_t)r->seed, "repetitions", (json_int_t)r->repetitions,
				  "measured", (json_int_t)r->measured, "no_impact",
				  (json_int_t)r->no_impact, "warm_up", (json_int_t)r->warm_up);

		(void)json_object_set_new(
			j, "left_out", r->left_out ? json_deep_copy(r->left_out) : json_object());
		(void)json_array_append_new(runs, j);
	}
	return json_pack("{s:s,s:s,s:s,s:I,s:o}", "name", f->name, "plan_digest", f->digest,
			 "sha256", f->sha256, "measured", (json_int_t)f->measured, "runs", runs);
}

static json_t *differences(const struct ord_plan_diff *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->n && i < ORD_PLAN_DIFFS; i++)
		(void)json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "path", d->v[i].path,
							    "baseline", d->v[i].a, "candidate",
							    d->v[i].b));
	return list;
}

static json_t *comparisons(const struct ord_comparisons *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->n; i++)
		(void)json_array_append_new(list, ord_json_comparison(&c->v[i]));
	return list;
}

json_t *ord_json_regressions(const struct ord_analysis *a)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->n_regressions; i++) {
		const struct ord_regression *r = &a->regressions[i];
		json_t *j = json_pack(
			"{s:s,s:s,s:s,s:I,s:o,s:o,s:o}", "text", a->t->objectives[r->goal].text,
			"result", ord_result_name(a->goals[r->goal].result), "against", r->against,
			"margin_ppm", (json_int_t)a->t->objectives[r->goal].margin_ppm, "baseline",
			r->message ? json_null() : ord_json_figures(&r->a), "plans_differ",
			differences(&r->diff), "figures", comparisons(&r->c));

		(void)json_object_set_new(j, "why_none",
					  r->message ? json_string(r->message) : json_null());
		(void)json_array_append_new(list, j);
	}
	return list;
}

int ord_write_compare_json(const struct ord_compare_report *r, FILE *out, struct ord_err *err)
{
	const struct ord_comparisons *c = &r->c;
	char words[ORD_WORDS];
	json_t *j;
	int e;

	j = json_pack("{s:i,s:s,s:s,s:I,s:I,s:I,s:o,s:o,s:b,s:o,s:I,s:o,s:I,s:I,s:o}", "schema",
		      COMPARE_SCHEMA, "verdict", ord_words_all(c, words), "gate",
		      ord_gate_name(c->gate), "better", (json_int_t)c->better, "worse",
		      (json_int_t)c->worse, "inconclusive", (json_int_t)c->inconclusive, "baseline",
		      ord_json_figures(&r->a), "candidate", ord_json_figures(&r->b), "forced",
		      r->diff.n > 0, "plans_differ", differences(&r->diff), "margin_ppm",
		      (json_int_t)c->options.margin_ppm, "alpha", number(c->options.alpha), "seed",
		      (json_int_t)(c->options.seed & INT64_MAX), "compared", (json_int_t)c->family,
		      "figures", comparisons(c));
	e = !j || ord_json_print(j, JSON_INDENT(1) | JSON_ENSURE_ASCII, out);
	json_decref(j);
	if (e)
		return ord_fail_sys(err, "write the comparison");
	(void)fputc('\n', out);
	return 0;
}
