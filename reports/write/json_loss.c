/* report.json: what the users lost, the two onsets, and figures over the repetitions. */
#include <math.h>

#include "base/units.h"
#include "reports/write/json.h"

static json_t *maybe(bool has, int64_t v)
{
	return has ? json_integer(v) : json_null();
}

json_t *ord_json_loss(const struct ord_rep *r)
{
	const struct ord_loss *l = &r->loss;

	if (!l->known)
		return json_null();
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:o}", "window_ns",
			 (json_int_t)l->window, "area_ns", (json_int_t)l->area_ns, "area_hi_ns",
			 (json_int_t)l->area_hi_ns, "good", (json_int_t)l->good, "bad",
			 (json_int_t)l->bad, "unknown", (json_int_t)l->unknown, "ok_ratio_ppm",
			 maybe(l->ok_ppm >= 0, l->ok_ppm), "bad_time_ns",
			 maybe(l->bad_time_ns >= 0, l->bad_time_ns), "time_ok_ppm",
			 maybe(l->time_ok_ppm >= 0, l->time_ok_ppm));
}

static json_t *pages(const struct ord_timeline *t, const struct ord_budget *b)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ORD_PAGES; i++) {
		const struct ord_page *p = &b->pages[i];

		(void)json_array_append_new(
			list,
			json_pack("{s:s,s:s,s:I,s:I,s:I,s:I,s:o}", "name", p->name, "severity",
				  p->ticket ? "ticket" : "page", "long_ns", (json_int_t)p->long_ns,
				  "short_ns", (json_int_t)p->short_ns, "burn_milli",
				  (json_int_t)p->burn_milli, "needs_ns", (json_int_t)p->needs_ns,
				  "at", ord_json_instant(t, &p->at)));
	}
	return list;
}

json_t *ord_json_budget(const struct ord_timeline *t, const struct ord_budget *b)
{
	if (!b->known)
		return json_null();
	return json_pack("{s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o}", "method",
			 ord_slo_method_name(b->slo.method), "target_ppm",
			 (json_int_t)b->slo.target_ppm, "window_ns", (json_int_t)b->slo.window,
			 "bad_ppm", (json_int_t)b->bad_ppm, "total", (json_int_t)b->total,
			 "unknown", (json_int_t)b->unknown, "burnt_ppm", (json_int_t)b->burnt_ppm,
			 "burnt_hi_ppm", (json_int_t)b->burnt_hi_ppm, "pages", pages(t, b));
}

json_t *ord_json_budget_total(const struct ord_budget_total *b)
{
	if (!b->n)
		return json_null();
	return json_pack("{s:I,s:I,s:I}", "repetitions", (json_int_t)b->n, "burnt_ppm",
			 (json_int_t)b->burnt_ppm, "burnt_hi_ppm", (json_int_t)b->burnt_hi_ppm);
}

json_t *ord_json_onset(const struct ord_timeline *t, const struct ord_rep *r)
{
	return json_pack("{s:s,s:o,s:o}", "agreement", ord_onset_name(r->onset), "by_segments",
			 ord_json_instant(t, &r->onset_segmented), "recovered_by_segments",
			 ord_json_instant(t, &r->recovered_segmented));
}

static json_t *ppm(double share)
{
	return isfinite(share) ? json_integer(llround(share * ORD_PPM)) : json_null();
}

static json_t *points(const struct ord_summary *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->n; i++) {
		const struct ord_point *p = &s->points[i];

		(void)json_array_append_new(list,
					    json_pack("{s:i,s:I,s:b,s:b}", "rep", (int)p->rep, "ns",
						      (json_int_t)p->value, "censored", p->censored,
						      "informative", p->informative));
	}
	return list;
}

static json_t *curve(const struct ord_summary *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->n_steps; i++) {
		const struct ord_step *k = &s->steps[i];

		(void)json_array_append_new(
			list,
			json_pack("{s:I,s:I,s:I,s:o,s:o,s:o}", "t_ns", (json_int_t)k->t, "at_risk",
				  (json_int_t)k->at_risk, "events", (json_int_t)k->events, "s_ppm",
				  ppm(k->s), "lo_ppm", ppm(k->lo), "hi_ppm", ppm(k->hi)));
	}
	return list;
}

json_t *ord_json_summary(const struct ord_summary *s)
{
	return json_pack(
		"{s:I,s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:I,s:o,s:o}", "n", (json_int_t)s->n, "never",
		(json_int_t)s->never, "median_ns", maybe(s->has_median, s->median),
		"worst_known_ns", maybe(s->has_worst, s->worst), "median_lo_ns",
		maybe(s->has_lo, s->median_lo), "median_hi_ns", maybe(s->has_hi, s->median_hi),
		"need_repetitions", maybe(s->need != 0, (int64_t)s->need), "rmst_ns",
		maybe(s->tau > 0, s->rmst), "tau_ns", maybe(s->tau > 0, s->tau), "informative",
		(json_int_t)s->n_informative, "points", points(s), "curve", curve(s));
}

json_t *ord_json_warnings(const struct ord_analysis *a)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->n_warnings; i++) {
		const struct ord_warning *w = &a->warnings[i];

		(void)json_array_append_new(list, json_pack("{s:i,s:i,s:s}", "rep", (int)w->rep,
							    "line", (int)w->line, "text", w->text));
	}
	return list;
}
