/* report.json: alerts stage by stage, rules, marks. */
#include "reports/write/json.h"

static json_t *maybe(int64_t v)
{
	return v < 0 ? json_null() : json_integer(v);
}

static json_t *clock_of(const struct ord_clock *c)
{
	if (!c->known)
		return json_null();
	return json_pack("{s:[I,I],s:i}", "offset_ns", (json_int_t)c->lo, (json_int_t)c->hi, "line",
			 (int)c->line);
}

static json_t *expected(const struct ord_breakdown *b)
{
	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "scrape_ns", maybe(b->scrape_ns),
			 "interval_ns", maybe(b->interval_ns), "for_ns", maybe(b->for_ns),
			 "for_rounded_ns", maybe(b->for_rounded_ns), "group_wait_ns",
			 maybe(b->group_wait_ns), "mean_ns", maybe(b->mean_ns), "worst_ns",
			 maybe(b->worst_ns));
}

static json_t *breakdown(const struct ord_timeline *t, const struct ord_breakdown *b)
{
	static const char *const legs[] = {[ORD_LEG_SCRAPE] = "scrape",
					   [ORD_LEG_EVALUATE] = "evaluate",
					   [ORD_LEG_FOR] = "for",
					   [ORD_LEG_DELIVER] = "deliver",
					   [ORD_LEG_GROUP_WAIT] = "group_wait",
					   [ORD_LEG_NOTIFY] = "notify"};
	json_t *stages = json_object(), *spans = json_object(), *missing = json_array();

	for (int i = 0; i < ORD_STAGES; i++) {
		const char *name = ord_stage_name((enum ord_stage)i);

		(void)json_object_set_new(stages, name, ord_json_instant(t, &b->at[i]));
		if (b->untold & 1u << i)
			(void)json_array_append_new(missing, json_string(name));
	}
	for (int i = 0; i < ORD_LEGS; i++)
		(void)json_object_set_new(spans, legs[i], ord_json_span(&b->leg[i]));
	return json_pack("{s:s,s:o?,s:s,s:o,s:o,s:o,s:b,s:o,s:s,s:o,s:o,s:o,s:o,s:o}", "alert",
			 b->alert, "reached",
			 b->reached < ORD_STAGES ? json_string(ord_stage_name(b->reached)) : NULL,
			 "from", b->from_impact ? "impact" : "request", "stages", stages, "legs",
			 spans, "not_told", missing, "group_existed", b->group_existed,
			 "suppressed", ord_json_instant(t, &b->suppressed), "suppressed_by",
			 b->suppressed_by, "resolved", ord_json_instant(t, &b->resolved),
			 "resolved_notified", ord_json_instant(t, &b->resolved_notified),
			 "configured", expected(b), "clock_prometheus", clock_of(&b->prometheus),
			 "clock_alertmanager", clock_of(&b->alertmanager));
}

json_t *ord_json_alerts(const struct ord_analysis *a, const struct ord_rep *r)
{
	json_t *list = json_array();

	for (size_t k = 0; k < a->n_alerts; k++)
		(void)json_array_append_new(list, breakdown(a->t, &r->breakdowns[k]));
	return list;
}

json_t *ord_json_other_alerts(const struct ord_analysis *a, const struct ord_rep *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n_others; i++)
		(void)json_array_append_new(
			list, json_pack("{s:s,s:s,s:o}", "alert", r->others[i].alert, "stage",
					ord_stage_name(r->others[i].stage), "at",
					ord_json_instant(a->t, &r->others[i].at)));
	return list;
}

json_t *ord_json_marks(const struct ord_analysis *a, const struct ord_rep *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n_marks; i++) {
		const struct ord_mark *m = &r->marks[i];

		(void)json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:o}", "what", m->what,
							    "by", m->by, "note", m->note, "at",
							    ord_json_instant(a->t, &m->at)));
	}
	return list;
}

json_t *ord_json_rules(const struct ord_analysis *a)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->n_rules; i++) {
		const struct ord_rule *r = &a->rules[i];

		(void)json_array_append_new(
			list,
			json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:b,s:b,s:i}",
				  "alert", r->alert, "group", r->group, "state", r->state, "health",
				  r->health, "can_fire", r->can_fire, "interval_ns",
				  maybe(r->interval_ns), "for_ns", maybe(r->for_ns),
				  "keep_firing_ns", maybe(r->keep_firing_ns), "scrape_ns",
				  maybe(r->scrape_ns), "needs_ns", maybe(r->needs_ns),
				  "impossible_below_ns", maybe(r->impossible_below_ns), "already",
				  r->already, "watched", r->watched, "line", (int)r->line));
	}
	return list;
}

json_t *ord_json_route(const struct ord_analysis *a)
{
	return json_pack("{s:o,s:o,s:o}", "group_wait_ns", maybe(a->group_wait),
			 "group_interval_ns", maybe(a->group_interval), "repeat_ns",
			 maybe(a->repeat_interval));
}
