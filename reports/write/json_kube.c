/* The cluster in report.json (docs/formats/report.md). */
#include <jansson.h>

#include "reports/write/json.h"

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
			(void)json_object_set_new(j, keys[s], ord_json_instant(a->t, &l->at[s]));
			if (l->odd & 1u << s)
				(void)json_array_append_new(odd, json_string(keys[s]));
		}
		(void)json_object_set_new(j, "victim_gone", ord_json_instant(a->t, &l->gone));
		(void)json_object_set_new(j, "time_to_ready", ord_json_span(&l->ready));
		(void)json_object_set_new(j, "time_to_endpoint", ord_json_span(&l->serving));
		(void)json_object_set_new(j, "stamps_left_out", odd);
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

static json_t *also(const struct ord_rep *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n_also; i++) {
		const struct ord_also *x = &r->also[i];

		(void)json_array_append_new(
			list, json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:i,s:b}", "what",
					x->what, "kind", x->kind, "namespace", x->ns, "name",
					x->name, "detail", x->detail, "times", (json_int_t)x->n,
					"times_before", (json_int_t)x->before, "first_ns",
					(json_int_t)x->first, "last_ns", (json_int_t)x->last,
					"line", (int)x->line, "replacement", x->replacement));
	}
	return list;
}

json_t *ord_json_kube(const struct ord_analysis *a, const struct ord_rep *r)
{
	return json_pack("{s:o,s:o,s:o,s:I,s:I}", "pods", lives(a, r), "workloads", dips(a, r),
			 "also_happened", also(r), "also_happened_left_out",
			 (json_int_t)r->more_also, "watch_cuts", (json_int_t)r->cuts);
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
