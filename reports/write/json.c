/* report.json: docs/formats/report.md. Integers only, units in the names of keys, an instant as
 * value, lo, hi and line. */
#include <jansson.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "reports/member.h"
#include "reports/write/compare.h"
#include "reports/write/json.h"
#include "reports/write/policy.h"
#include "reports/write/text.h"
#include "reports/write/write.h"

#define REPORT_SCHEMA 1

static json_t *utc(const struct ord_timeline *t, int64_t at)
{
	char out[32];

	ord_format_utc((uint64_t)(t->wall_ns + at), out);
	return json_string(out);
}

json_t *ord_json_instant(const struct ord_timeline *t, const struct ord_instant *in)
{
	json_t *j;

	if (!in->known)
		return json_null();
	j = json_pack("{s:I,s:I,s:I,s:I,s:o,s:i}", "t_ns", (json_int_t)in->value, "lo_ns",
		      (json_int_t)in->lo, "hi_ns", (json_int_t)in->hi, "mono_ns",
		      (json_int_t)(t->mono_ns + in->value), "utc", utc(t, in->value), "line",
		      (int)in->line);
	if (in->line_before)
		(void)json_object_set_new(j, "line_before", json_integer(in->line_before));
	if (in->line_after)
		(void)json_object_set_new(j, "line_after", json_integer(in->line_after));
	return j;
}

json_t *ord_json_span(const struct ord_span *s)
{
	if (s->state == ORD_SPAN_NONE)
		return json_null();
	if (s->state == ORD_SPAN_CENSORED)
		return json_pack("{s:n,s:b,s:I,s:I,s:n}", "value_ns", "censored", 1, "at_least_ns",
				 (json_int_t)s->value, "lo_ns", (json_int_t)s->lo, "hi_ns");
	return json_pack("{s:I,s:b,s:I,s:I}", "value_ns", (json_int_t)s->value, "censored", 0,
			 "lo_ns", (json_int_t)s->lo, "hi_ns", (json_int_t)s->hi);
}

static json_t *tri(enum ord_tri v)
{
	return v == ORD_UNKNOWN ? json_null() : json_boolean(v == ORD_YES);
}

static json_t *maybe(bool has, int64_t v)
{
	return has ? json_integer(v) : json_null();
}

/* A copy of what stood in the timeline; null where nothing did. */
static json_t *copy(const json_t *j)
{
	return j ? json_deep_copy(j) : json_null();
}

static json_t *part(const struct ord_part *p)
{
	json_t *outcomes = json_object();
	size_t n = p->good + p->bad;

	for (unsigned i = 0; i < ORD_TL_OUTCOMES; i++)
		if (p->by_outcome[i])
			(void)json_object_set_new(outcomes,
						  ord_tl_outcome_name((enum ord_tl_outcome)i),
						  json_integer((json_int_t)p->by_outcome[i]));
	return json_pack(
		"{s:I,s:I,s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:b}", "good", (json_int_t)p->good, "bad",
		(json_int_t)p->bad, "unknown", (json_int_t)p->unknown, "ok_ratio_ppm",
		n ? json_integer((json_int_t)(p->good * 1000000 / n)) : json_null(), "outcomes",
		outcomes, "latency_p50_ns", maybe(p->p50 >= 0, p->p50), "latency_p95_ns",
		maybe(p->p95 >= 0, p->p95), "latency_p99_ns", maybe(p->p99 >= 0, p->p99),
		"latency_max_ns", maybe(p->max >= 0, p->max), "latency_valid", p->unknown == 0);
}

static json_t *probes(const struct ord_analysis *a, const struct ord_rep *r)
{
	static const char *const parts[] = {"before", "during", "after"};
	json_t *list = json_array();

	for (size_t p = 0; p < a->t->n_probes && !a->t->probes[p].is_channel; p++) {
		json_t *j = json_pack("{s:s,s:s}", "name", a->t->probes[p].name, "role",
				      a->t->probes[p].is_signal ? "signal" : "user");

		for (unsigned k = 0; k < ORD_PARTS; k++)
			(void)json_object_set_new(j, parts[k], part(&r->parts[p * ORD_PARTS + k]));
		(void)json_array_append_new(list, j);
	}
	return list;
}

static json_t *detections(const struct ord_analysis *a, const struct ord_rep *r)
{
	static const char *const kinds[] = {"not-noticed", "noticed", "already-noticing",
					    "after-recovery", "unknown"};
	json_t *list = json_array();

	for (size_t p = 0; p < a->t->n_probes; p++) {
		const struct ord_detection *d = &r->detections[p];

		if (a->t->probes[p].is_signal)
			(void)json_array_append_new(
				list, json_pack("{s:s,s:s,s:o,s:b,s:o,s:o,s:s*,s:s*}", "channel",
						a->t->probes[p].name, "state", kinds[d->kind], "at",
						ord_json_instant(a->t, &d->at), "before_impact",
						d->before_impact, "from_impact",
						ord_json_span(&d->from_impact), "from_request",
						ord_json_span(&d->from_request), "by", d->by,
						"message", d->message));
	}
	return list;
}

static json_t *faults(const struct ord_analysis *a, const struct ord_rep *r)
{
	json_t *list = json_array();

	for (size_t i = 0; r->number && i < a->t->n_faults; i++) {
		const struct ord_fault_result *f = &r->faults[i];
		json_t *j = json_pack(
			"{s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:s,s:o}", "name", a->t->faults[i].name,
			"fault", a->t->faults[i].fault, "class", f->guarantee, "engine", f->engine,
			"requested", ord_json_instant(a->t, &f->requested), "in_force",
			ord_json_instant(a->t, &f->in_force), "reverting",
			ord_json_instant(a->t, &f->reverting), "cleared",
			ord_json_instant(a->t, &f->cleared), "cause", f->cause, "residue",
			maybe(f->has_residue && f->residue >= 0, f->residue));

		(void)json_object_set_new(j, "left", copy(f->left));
		(void)json_object_set_new(j, "objects", copy(f->objects));
		(void)json_object_set_new(j, "notes", copy(f->notes));
		(void)json_object_set_new(j, "figures", copy(f->figures));
		if (f->n_acts)
			(void)json_object_set_new(j, "acts", ord_json_acts(f));
		if (f->kept)
			(void)json_object_set(j, "kept", f->kept);
		if (*f->by)
			(void)json_object_set_new(j, "taken_back_by", json_string(f->by));
		if (f->over.state != ORD_SPAN_NONE)
			(void)json_object_set_new(j, "stood_past_its_end", ord_json_span(&f->over));
		if (f->failed || f->lost)
			(void)json_object_set_new(j, "failure", json_string(f->message));
		(void)json_array_append_new(list, j);
	}
	return list;
}

static json_t *goals_of(const struct ord_analysis *a, const struct ord_rep *r)
{
	json_t *list = json_array();

	for (size_t k = 0; r->number && k < a->t->n_objectives; k++) {
		json_t *g = json_pack("{s:s,s:s,s:o,s:s}", "text", a->t->objectives[k].text,
				      "result", ord_result_name(r->goals[k].result), "measured",
				      ord_json_span(&r->goals[k].span), "why", r->goals[k].why);

		if (a->t->objectives[k].goal == ORD_GOAL_BUDGET)
			(void)json_object_set_new(g, "budget",
						  ord_json_budget(a->t, &r->goals[k].budget));
		(void)json_array_append_new(list, g);
	}
	return list;
}

/* Full recovery, what was lost, alerts and people. */
static void more_of(const struct ord_analysis *a, const struct ord_rep *r, json_t *j)
{
	(void)json_object_set_new(j, "full_recovery", ord_json_instant(a->t, &r->full));
	(void)json_object_set_new(j, "time_to_full_recovery", ord_json_span(&r->full_span));
	(void)json_object_set_new(j, "loss", ord_json_loss(r));
	(void)json_object_set_new(j, "budget", ord_json_budget(a->t, &r->budget));
	(void)json_object_set_new(j, "onset", ord_json_onset(a->t, r));
	(void)json_object_set_new(j, "alerts", ord_json_alerts(a, r));
	(void)json_object_set_new(j, "other_alerts", ord_json_other_alerts(a, r));
	(void)json_object_set_new(j, "marks", ord_json_marks(a, r));
	(void)json_object_set_new(j, "time_to_acknowledge", ord_json_span(&r->acknowledge));
	(void)json_object_set_new(j, "time_to_mitigate", ord_json_span(&r->mitigate));
	(void)json_object_set_new(j, "time_to_resolve", ord_json_span(&r->resolve));
	if (r->phase.known)
		(void)json_object_set_new(j, "injection_phase",
					  json_pack("{s:I,s:I}", "wait_ns",
						    (json_int_t)r->phase_wait, "over_ns",
						    (json_int_t)r->phase_over));
	if (r->informative)
		(void)json_object_set_new(j, "censored_because", json_string(r->informative));
}

static json_t *rep(const struct ord_analysis *a, const struct ord_rep *r)
{
	const struct ord_timeline *t = a->t;
	json_t *j = json_pack("{s:i,s:b,s:s,s:s,s:b}", "rep", (int)r->number, "placebo",
			      r->number == 0, "state", ord_rep_state_name(r->state), "why", r->why,
			      "recovered_by_itself", r->recovered_self);
	const struct {
		const char *key;
		const struct ord_instant *in;
	} instants[] = {{"requested", &r->requested}, {"in_force", &r->in_force},
			{"impact", &r->impact},	      {"rollback_requested", &r->rollback},
			{"cleared", &r->cleared},     {"recovered", &r->recovered}};

	for (size_t i = 0; i < sizeof instants / sizeof *instants; i++)
		(void)json_object_set_new(j, instants[i].key, ord_json_instant(t, instants[i].in));
	(void)json_object_set_new(j, "time_to_recover_self", ord_json_span(&r->self));
	(void)json_object_set_new(j, "time_to_recover_after_rollback", ord_json_span(&r->after));
	(void)json_object_set_new(j, "impact_duration", ord_json_span(&r->bad_time));
	more_of(a, r, j);
	(void)json_object_set_new(j, "flaps", json_integer((json_int_t)r->flaps));
	(void)json_object_set_new(j, "background_failures", json_integer((json_int_t)r->noise));
	(void)json_object_set_new(j, "steady_before", tri(r->steady_before));
	(void)json_object_set_new(j, "steady_after", tri(r->steady_after));
	(void)json_object_set_new(j, "detections", detections(a, r));
	(void)json_object_set_new(j, "objectives", goals_of(a, r));
	(void)json_object_set_new(j, "faults", faults(a, r));
	(void)json_object_set_new(j, "probes", probes(a, r));
	if (json_object_get(t->run, "cluster"))
		(void)json_object_set_new(j, "cluster", ord_json_kube(a, r));
	return j;
}

static json_t *goals(const struct ord_analysis *a)
{
	json_t *list = json_array();

	for (size_t k = 0; k < a->t->n_objectives; k++) {
		const struct ord_goal_summary *g = &a->goals[k];

		(void)json_array_append_new(
			list,
			json_pack("{s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:s}", "text",
				  a->t->objectives[k].text, "result", ord_result_name(g->result),
				  "within_ns", (json_int_t)a->t->objectives[k].within, "met",
				  (json_int_t)g->met, "missed", (json_int_t)g->missed,
				  "inconclusive", (json_int_t)g->inconclusive, "not_applicable",
				  (json_int_t)g->not_applicable, "not_measured",
				  (json_int_t)g->not_measured, "n", (json_int_t)g->n, "never",
				  (json_int_t)g->never, "median_ns",
				  maybe(g->has_median, g->median), "worst_known_ns",
				  maybe(g->has_worst, g->worst), "why", g->why));
	}
	return list;
}

static json_t *head(const struct ord_analysis *a)
{
	const struct ord_timeline *t = a->t;

	return json_pack("{s:i,s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:s,s:s,s:I,s:i,s:s,s:I,s:o,s:o}",
			 "schema", REPORT_SCHEMA, "run", ord_member_text(t->run, "run", ""),
			 "ordeal", ord_member_text(t->run, "ordeal", ""), "name", t->name,
			 "hypothesis", ord_member_text(t->plan, "hypothesis", ""), "started_utc",
			 utc(t, 0), "host", copy(json_object_get(t->run, "host")), "argv",
			 copy(json_object_get(t->run, "argv")), "plan_hash",
			 ord_member_text(t->plan, "hash", ""), "end_cause", a->end_cause, "seed",
			 (json_int_t)ord_member_int(t->plan, "seed", 0), "exit", a->exit, "verdict",
			 a->verdict, "residue", (json_int_t)a->residue, "steady_before",
			 json_string(ord_result_name(a->steady_before)), "steady_after",
			 json_string(ord_result_name(a->steady_after)));
}

static json_t *limits(const struct ord_analysis *a)
{
	const struct ord_timeline *t = a->t;
	json_t *resolution = json_object();

	for (size_t p = 0; p < t->n_probes && !t->probes[p].is_channel; p++)
		(void)json_object_set_new(resolution, t->probes[p].name,
					  json_integer(t->probes[p].every));
	return json_pack("{s:o,s:I,s:I,s:I,s:I,s:i,s:b,s:i,s:I}", "resolution_ns", resolution,
			 "hold_ns", (json_int_t)a->hold, "samples", (json_int_t)t->n_samples,
			 "background_failures", (json_int_t)a->noise_bad, "background_samples",
			 (json_int_t)a->noise_total, "lines", (int)t->lines, "torn_last_line",
			 t->torn, "lines_of_unknown_type", (int)t->ignored,
			 "cluster_events_left_out", (json_int_t)a->events_dropped);
}

static json_t *sequential(const struct ord_analysis *a)
{
	const struct ord_early *e = &a->early;

	return json_pack("{s:I,s:I,s:I,s:I,s:s?,s:I,s:I,s:I,s:I,s:s?,s:b,s:i}", "p1_ppm",
			 (json_int_t)e->good_ppm, "p2_ppm", (json_int_t)e->bad_ppm, "alpha_ppm",
			 (json_int_t)e->alpha_ppm, "beta_ppm", (json_int_t)e->beta_ppm, "objective",
			 e->objective, "planned", (json_int_t)a->t->planned, "n", (json_int_t)e->n,
			 "missed", (json_int_t)e->missed, "left_out", (json_int_t)e->left_out,
			 "decision", ord_early_decision(e), "stopped_early", a->t->early_line != 0,
			 "line", (int)a->t->early_line);
}

int ord_write_json(const struct ord_analysis *a, FILE *out, struct ord_err *err)
{
	json_t *j = head(a), *detect = json_object(), *reps = json_array(), *policies;
	int r;

	for (size_t p = 0; p < a->t->n_probes; p++)
		if (a->t->probes[p].is_signal)
			(void)json_object_set_new(detect, a->t->probes[p].name,
						  ord_json_summary(&a->detect[p]));
	for (uint32_t i = 0; i <= a->t->repetitions; i++)
		if (i || a->reps[i].begin_line)
			(void)json_array_append_new(reps, rep(a, &a->reps[i]));
	(void)json_object_set_new(j, "objectives", goals(a));
	(void)json_object_set_new(j, "time_to_detect", detect);
	(void)json_object_set_new(j, "time_to_recover_self", ord_json_summary(&a->self));
	(void)json_object_set_new(j, "time_to_recover_after_rollback", ord_json_summary(&a->after));
	(void)json_object_set_new(j, "impact_duration", ord_json_summary(&a->bad_time));
	(void)json_object_set_new(j, "time_to_full_recovery", ord_json_summary(&a->full));
	(void)json_object_set_new(j, "time_to_acknowledge", ord_json_summary(&a->acknowledge));
	(void)json_object_set_new(j, "time_to_mitigate", ord_json_summary(&a->mitigate));
	(void)json_object_set_new(j, "budget", ord_json_budget_total(&a->budget));
	(void)json_object_set_new(j, "alert_rules", ord_json_rules(a));
	(void)json_object_set_new(j, "alert_route", ord_json_route(a));
	(void)json_object_set_new(j, "warnings", ord_json_warnings(a));
	(void)json_object_set_new(j, "repetitions", reps);
	(void)json_object_set_new(j, "method", limits(a));
	if (json_object_get(a->t->run, "cluster"))
		(void)json_object_set_new(j, "cluster",
					  copy(json_object_get(a->t->run, "cluster")));
	(void)json_object_set_new(j, "plan", copy(a->t->plan));
	if (a->n_regressions)
		(void)json_object_set_new(j, "regressions", ord_json_regressions(a));
	if (a->early.set)
		(void)json_object_set_new(j, "sequential", sequential(a));
	if ((policies = ord_json_policies(a)))
		(void)json_object_set_new(j, "policy", policies);
	r = !j || ord_json_print(j, JSON_INDENT(1) | JSON_ENSURE_ASCII, out);
	json_decref(j);
	if (r)
		return ord_fail_sys(err, "write report.json");
	(void)fputc('\n', out);
	return 0;
}
