/* The conditions and objectives of a plan, as JSON. */
#include <jansson.h>

#include "base/json.h"
#include "scheduler/plan/parts.h"

static json_t *condition(const struct ord_spec *spec, const struct ord_condition *c)
{
	if (*c->channel)
		return json_pack("{s:s, s:s, s:s}", "text", c->text, "channel", c->channel, "state",
				 c->state);
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "text", c->text, "probe",
			 spec->probes[c->probe].name, "metric", ord_metric_name(c->metric), "op",
			 ord_op_name(c->op), "value", (json_int_t)c->value, "window_ns",
			 (json_int_t)c->window_ns);
}

json_t *plan_conditions(const struct ord_spec *spec, const struct ord_condition *v, size_t n)
{
	json_t *out = json_array();

	for (size_t i = 0; out && i < n; i++)
		if (json_array_append_new(out, condition(spec, &v[i]))) {
			json_decref(out);
			return NULL;
		}
	return out;
}

static json_t *recover(const struct ord_objective *o, const char *mode)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:I}", "text", o->text, "kind", "recover", "mode",
			 mode, "within_ns", (json_int_t)o->within_ns, "hold_ns",
			 (json_int_t)o->hold_ns);
}

static json_t *objective(const struct ord_spec *spec, const struct ord_objective *o)
{
	switch (o->kind) {
	case ORD_OBJECTIVE_DETECT:
		return json_pack("{s:s, s:s, s:s, s:I}", "text", o->text, "kind", "detect",
				 "channel", *o->channel ? o->channel : spec->probes[o->probe].name,
				 "within_ns", (json_int_t)o->within_ns);
	case ORD_OBJECTIVE_RECOVER_SELF:
		return recover(o, "self");
	case ORD_OBJECTIVE_RECOVER_AFTER:
		return recover(o, "after_rollback");
	case ORD_OBJECTIVE_RECOVER_FULL:
		return recover(o, "full");
	case ORD_OBJECTIVE_BUDGET:
		return json_pack("{s:s, s:s, s:I, s:I, s:I}", "text", o->text, "kind", "budget",
				 "target_ppm", (json_int_t)o->target_ppm, "window_ns",
				 (json_int_t)o->window_ns, "below_ppm", (json_int_t)o->below_ppm);
	case ORD_OBJECTIVE_NO_REGRESSION:
		break;
	}
	return json_pack("{s:s, s:s, s:s, s:I, s:s}", "text", o->text, "kind", "no_regression",
			 "metric", o->metric, "margin_ppm", (json_int_t)o->margin_ppm, "against",
			 o->against);
}

json_t *plan_objectives(const struct ord_spec *spec)
{
	json_t *out = json_array();

	for (size_t i = 0; out && i < spec->n_objectives; i++)
		if (json_array_append_new(out, objective(spec, &spec->objectives[i]))) {
			json_decref(out);
			return NULL;
		}
	return out;
}
