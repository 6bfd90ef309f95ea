/* The cluster in report.json (docs/formats/report.md). */
#include <jansson.h>

#include "base/auto.h"
#include "reports/member.h"
#include "reports/write/json.h"

/* An instant with its evidence: what arrived when, and the stamp on it. */
static json_t *step(const struct ord_timeline *t, const struct ord_life *l, unsigned s)
{
	static const char *const copied[] = {"stamp", "clock", "offset_ns"};
	json_t *j = ord_json_instant(t, &l->at[s]);
	const struct ord_event *e = l->by[s];
	struct ord_span took = {.state = ORD_SPAN_NONE};

	if (!json_is_object(j))
		return j;
	for (unsigned k = s; k-- > 0 && took.state == ORD_SPAN_NONE;)
		took = ord_span_between(&l->at[k], &l->at[s]);
	(void)json_object_set_new(j, "took", ord_json_span(&took));
	if (e)
		(void)json_object_set_new(j, "arrival_ns",
					  json_integer(ord_member_int(e->json, "at_t", e->t)));
	for (size_t i = 0; e && i < ORD_COUNT(copied); i++)
		if (json_object_get(e->json, copied[i]))
			(void)json_object_set(j, copied[i], json_object_get(e->json, copied[i]));
	return j;
}

static json_t *hindrance(const struct ord_hindrance *h)
{
	return h->line ? json_pack("{s:s,s:s,s:I,s:i}", "reason", h->reason, "message", h->message,
				   "t_ns", (json_int_t)h->at, "line", (int)h->line)
		       : json_null();
}

static json_t *lives(const struct ord_analysis *a, const struct ord_rep *r)
{
	static const char *const keys[] = {"deleted",	       "created",	   "scheduled",
					   "image_pulled",     "started",	   "ready",
					   "in_endpointslice", "first_good_answer"};
	json_t *list = json_array();

	for (size_t i = 0; i < r->n_lives; i++) {
		const struct ord_life *l = &r->lives[i];
		json_t *odd = json_array(),
		       *j = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "namespace", l->ns, "victim",
				      l->victim, "victim_uid", l->victim_uid, "replacement",
				      l->replacement, "replacement_uid", l->replacement_uid,
				      "workload", l->workload);

		for (unsigned s = 0; s < ORD_LIFE_STEPS; s++) {
			(void)json_object_set_new(j, keys[s], step(a->t, l, s));
			if (l->odd & 1u << s)
				(void)json_array_append_new(odd, json_string(keys[s]));
		}
		(void)json_object_set_new(j, "victim_gone", ord_json_instant(a->t, &l->gone));
		(void)json_object_set_new(j, "time_to_ready", ord_json_span(&l->ready));
		(void)json_object_set_new(j, "time_to_endpoint", ord_json_span(&l->serving));
		(void)json_object_set_new(j, "stamps_left_out", odd);
		(void)json_object_set_new(
			j, "not_reached",
			l->missing == ORD_LIFE_STEPS ? json_null() : json_string(keys[l->missing]));
		(void)json_object_set_new(j, "hindrance", hindrance(&l->why));
		(void)json_array_append_new(list, j);
	}
	return list;
}

static json_t *dips(const struct ord_analysis *a, const struct ord_rep *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n_dips; i++) {
		const struct ord_dip *d = &r->dips[i];

		(void)json_array_append_new(
			list,
			json_pack("{s:s,s:s,s:s,s:I,s:I,s:b,s:o,s:o,s:o}", "namespace", d->ns,
				  "kind", d->kind, "name", d->name, "wanted", (json_int_t)d->wanted,
				  "least_available", (json_int_t)d->least, "target", d->hit,
				  "below", ord_json_instant(a->t, &d->below), "again",
				  ord_json_instant(a->t, &d->again), "lasted",
				  ord_json_span(&d->down)));
	}
	return list;
}

static json_t *troubles(const struct ord_troubles *in, bool whose)
{
	json_t *list = json_array();

	for (size_t i = 0; i < in->n; i++) {
		const struct ord_also *x = &in->v[i];
		json_t *j = json_pack(
			"{s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:i}", "what", x->what, "kind",
			x->kind, "namespace", x->ns, "name", x->name, "detail", x->detail, "times",
			(json_int_t)x->n, "times_before", (json_int_t)x->before, "first_ns",
			(json_int_t)x->first, "last_ns", (json_int_t)x->last, "line", (int)x->line);

		if (whose)
			(void)json_object_set_new(j, "who", json_string(ord_whose_name(x->whose)));
		(void)json_array_append_new(list, j);
	}
	return list;
}

static json_t *blind(const struct ord_rep *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n_blind; i++) {
		const struct ord_blind *b = &r->blind[i];

		(void)json_array_append_new(
			list, json_pack("{s:s,s:s,s:I,s:o,s:s,s:i}", "kind", b->kind, "namespace",
					b->ns, "from_ns", (json_int_t)b->from, "to_ns",
					b->open ? json_null() : json_integer(b->to), "why", b->why,
					"line", (int)b->line));
	}
	return list;
}

json_t *ord_json_kube(const struct ord_analysis *a, const struct ord_rep *r)
{
	return json_pack("{s:o,s:o,s:o,s:I,s:o,s:I,s:o}", "pods", lives(a, r), "workloads",
			 dips(a, r), "also_happened", troubles(&r->also, false),
			 "also_happened_left_out", (json_int_t)r->also.more, "own_effects",
			 troubles(&r->own, true), "own_effects_left_out", (json_int_t)r->own.more,
			 "blind", blind(r));
}

json_t *ord_json_acts(const struct ord_fault_result *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->n_acts; i++) {
		const struct ord_act *x = &f->acts[i];

		(void)json_array_append_new(
			list, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:i}", "what", x->what,
					"kind", x->kind, "namespace", x->ns, "name", x->name, "uid",
					x->uid, "detail", x->detail, "t_ns", (json_int_t)x->at,
					"line", (int)x->line));
	}
	return list;
}
