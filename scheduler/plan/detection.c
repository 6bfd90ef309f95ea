/* What an experiment need not have, as JSON: who is asked what was detected, what a full recovery
 * is, what users were promised, when enough was seen. */
#include <jansson.h>

#include "base/json.h"
#include "scheduler/plan/parts.h"

/* A token's file is named, what is in it stands nowhere; headers are a digest. */
static json_t *source(const struct ord_source_spec *s)
{
	json_t *out = json_pack("{s:s, s:I, s:I}", "url", s->url, "every_ns",
				(json_int_t)s->every_ns, "timeout_ns", (json_int_t)s->timeout_ns);

	if (out && s->n_headers)
		(void)json_object_set_new(
			out, "request_sha256",
			plan_request_digest((const char *const *)s->headers, s->n_headers, NULL));
	if (out && s->token_file)
		(void)json_object_set_new(out, "token_file", json_string(s->token_file));
	if (out && s->insecure)
		(void)json_object_set_new(out, "insecure", json_true());
	return out;
}

static json_t *logs(const struct ord_detection_spec *d)
{
	json_t *out = json_array();

	for (size_t i = 0; out && i < d->n_logs; i++)
		(void)json_array_append_new(out, json_pack("{s:s, s:s*, s:s*, s:s}", "name",
							   d->logs[i].name, "file", d->logs[i].file,
							   "unit", d->logs[i].unit, "match",
							   d->logs[i].match));
	return out;
}

static json_t *detection(const struct ord_detection_spec *d)
{
	json_t *out = json_object(), *alertmanager;

	if (!out)
		return NULL;
	if (d->prometheus.url)
		(void)json_object_set_new(out, "prometheus", source(&d->prometheus));
	if (d->alertmanager.url) {
		alertmanager = source(&d->alertmanager);
		if (d->webhook)
			(void)json_object_set_new(alertmanager, "webhook", json_string(d->webhook));
		(void)json_object_set_new(out, "alertmanager", alertmanager);
	}
	if (d->n_logs)
		(void)json_object_set_new(out, "logs", logs(d));
	return out;
}

static json_t *slo(const struct ord_slo_spec *s)
{
	static const char *const methods[] = {[ORD_BUDGET_OCCURRENCES] = "occurrences",
					      [ORD_BUDGET_TIMESLICES] = "timeslices",
					      [ORD_BUDGET_RATIO_TIMESLICES] = "ratio-timeslices"};

	return json_pack("{s:I, s:I, s:s, s:I, s:I}", "target_ppm", (json_int_t)s->target_ppm,
			 "window_ns", (json_int_t)s->window_ns, "method", methods[s->method],
			 "slice_target_ppm", (json_int_t)s->slice_target_ppm, "slice_ns",
			 (json_int_t)s->slice_ns);
}

static json_t *sequential(const struct ord_sequential_spec *q)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:s*}", "p1_ppm", (json_int_t)q->good_ppm, "p2_ppm",
			 (json_int_t)q->bad_ppm, "alpha_ppm", (json_int_t)q->alpha_ppm, "beta_ppm",
			 (json_int_t)q->beta_ppm, "objective", q->objective);
}

int plan_detection(const struct ord_spec *spec, json_t *plan)
{
	const struct ord_detection_spec *d = &spec->detection;

	if ((d->prometheus.url || d->alertmanager.url || d->n_logs) &&
	    json_object_set_new(plan, "detection", detection(d)))
		return -1;
	if (spec->n_full && json_object_set_new(plan, "full_recovery",
						plan_conditions(spec, spec->full, spec->n_full)))
		return -1;
	if (spec->slo.set && json_object_set_new(plan, "slo", slo(&spec->slo)))
		return -1;
	if (spec->sequential.set &&
	    json_object_set_new(plan, "sequential", sequential(&spec->sequential)))
		return -1;
	if (!spec->random_phase && json_object_set_new(plan, "random_phase", json_false()))
		return -1;
	return 0;
}
