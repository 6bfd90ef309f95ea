#include "ordeal/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/rng.h"
#include "base/sha256.h"
#include "scheduler/plan/parts.h"
#include "scheduler/plan/steps.h"

static json_t *strings(const struct ord_label *v, size_t n)
{
	json_t *out = json_object();

	for (size_t i = 0; out && i < n; i++)
		(void)json_object_set_new(out, v[i].key, json_string(v[i].value));
	return out;
}

static json_t *target(const struct ord_target *t)
{
	json_t *out = json_pack("{s:s}", "kind", ord_target_kind_name(t->kind));

	if (!out)
		return NULL;
	if (*t->text)
		(void)json_object_set_new(out, "text", json_string(t->text));
	if (t->by != ORD_BY_EITHER)
		(void)json_object_set_new(out, "text_is",
					  json_string(t->by == ORD_BY_ID ? "id" : "name"));
	if (t->runtime != ORD_RUNTIME_ANY)
		(void)json_object_set_new(out, "runtime",
					  json_string(ord_runtime_name(t->runtime)));
	if (*t->socket)
		(void)json_object_set_new(out, "socket", json_string(t->socket));
	if (t->kube && json_object_set_new(out, "in_cluster", ord_kube_target_to_json(t->kube))) {
		json_decref(out);
		return NULL;
	}
	for (size_t i = 0; t->via && t->via->words[i]; i++) {
		if (!i)
			(void)json_object_set_new(out, "via", json_array());
		(void)json_array_append_new(json_object_get(out, "via"),
					    json_string(t->via->words[i]));
	}
	if (t->via && t->via->copy)
		(void)json_object_set_new(out, "via_copy", json_true());
	if (t->all)
		(void)json_object_set_new(out, "all", json_true());
	else if (t->percent_ppm)
		(void)json_object_set_new(out, "percent_ppm", json_integer(t->percent_ppm));
	else
		(void)json_object_set_new(out, "count", json_integer(t->count ? t->count : 1));
	return out;
}

static json_t *fault(const struct ord_fault_spec *f)
{
	const struct ord_fault *entry = f->args->fault;
	json_t *out =
		json_pack("{s:s, s:s, s:s, s:o, s:o, s:I, s:I, s:s, s:s, s:s, s:s, s:s}", "name",
			  f->name, "fault", entry->name, "class",
			  ord_guarantee_name(entry->guarantee), "args", ord_args_to_json(f->args),
			  "target", target(&f->target), "at_ns", (json_int_t)f->at_ns, "for_ns",
			  (json_int_t)f->for_ns, "engine", f->engine, "engines", entry->engines,
			  "caps", entry->caps, "blast", entry->blast, "objects", entry->objects);

	if (out && f->peer.kind != ORD_TARGET_UNSET &&
	    json_object_set_new(out, "peer", target(&f->peer))) {
		json_decref(out);
		return NULL;
	}
	return out;
}

static json_t *faults(const struct ord_spec *spec)
{
	json_t *out = json_array();

	for (size_t i = 0; out && i < spec->n_faults; i++)
		if (json_array_append_new(out, fault(&spec->faults[i])))
			goto fail;
	return out;
fail:
	json_decref(out);
	return NULL;
}

static json_t *steps(const struct ord_spec *spec)
{
	struct plan_step v[PLAN_STEPS_MAX];
	size_t n = plan_steps(spec, v);
	json_t *out = json_array();

	for (size_t i = 0; out && i < n; i++)
		(void)json_array_append_new(out, json_pack("{s:I, s:s, s:s}", "at_ns",
							   (json_int_t)v[i].at_ns, "do",
							   v[i].inject ? "inject" : "revert",
							   "fault", spec->faults[v[i].fault].name));
	return out;
}

static json_t *plan_json(const struct ord_spec *spec, uint64_t seed)
{
	json_t *out = json_pack(
		"{s:i, s:s, s:s, s:o, s:I, s:I, s:b, s:b, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, "
		"s:{s:I, s:I, s:b}}",
		"schema", 1, "name", spec->name, "hypothesis",
		spec->hypothesis ? spec->hypothesis : "", "labels",
		strings(spec->labels, spec->n_labels), "seed", (json_int_t)seed, "repetitions",
		(json_int_t)spec->repetitions, "placebo", spec->placebo, "expect_impact",
		spec->expect_impact, "recovery_ns", (json_int_t)spec->recovery_ns, "cooldown_ns",
		(json_int_t)spec->cooldown_ns, "probes", plan_probes(spec), "steady_state",
		plan_conditions(spec, spec->steady, spec->n_steady), "abort",
		plan_conditions(spec, spec->abort, spec->n_abort), "objectives",
		plan_objectives(spec), "faults", faults(spec), "steps", steps(spec), "limits",
		"targets", (json_int_t)spec->limit_targets, "duration_ns",
		(json_int_t)spec->limit_duration_ns, "whole_host", spec->whole_host);

	/* An experiment without what came later keeps the hash that it had before. */
	if (out && *spec->limit_cluster)
		(void)json_object_set_new(json_object_get(out, "limits"), "cluster",
					  json_string(spec->limit_cluster));
	if (out && plan_detection(spec, out)) {
		json_decref(out);
		return NULL;
	}
	return out;
}

static int hash_json(const json_t *json, char out[static ORD_HASH_HEX], struct ord_err *err)
{
	ord_autofree char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);

	if (!text)
		return ord_fail_nomem(err);
	(void)ord_sha256(text, strlen(text), out);
	return 0;
}

/* The spec's own checks name the place in the file; these hold for a spec from anywhere. */
static int check_limits(const struct ord_spec *spec, struct ord_err *err)
{
	if (!spec->limit_targets || !spec->limit_duration_ns)
		return ord_fail(err, ORD_GUARD, "limits: 'targets' and 'duration' are both needed");
	for (size_t i = 0; i < spec->n_faults; i++) {
		const struct ord_fault_spec *f = &spec->faults[i];

		if (!f->args || f->target.kind == ORD_TARGET_UNSET)
			return ord_fail(err, ORD_USAGE, "fault '%s' lacks its effect or its target",
					f->name);
		if (!f->for_ns || f->for_ns > spec->limit_duration_ns)
			return ord_fail(err, ORD_GUARD,
					"fault '%s' is held for longer than limits.duration",
					f->name);
		if (f->target.count > spec->limit_targets)
			return ord_fail(err, ORD_GUARD,
					"fault '%s' takes %u targets, limits.targets is %u",
					f->name, f->target.count, spec->limit_targets);
	}
	return 0;
}

int ord_plan_build(const struct ord_spec *spec, uint64_t seed, struct ord_plan *ret,
		   struct ord_err *err)
{
	struct ord_plan plan = {.spec = spec,
				.seed = spec->has_seed ? spec->seed : seed & ORD_SEED_MAX};

	if (check_limits(spec, err))
		return -1;
	plan.json = plan_json(spec, plan.seed);
	if (!plan.json)
		return ord_fail_nomem(err);
	if (hash_json(plan.json, plan.hash, err) ||
	    json_object_set_new(plan.json, "hash", json_string(plan.hash))) {
		ord_plan_done(&plan);
		return ord_fail_nomem(err);
	}
	*ret = plan;
	return 0;
}

void ord_plan_done(struct ord_plan *plan)
{
	json_decref(plan->json);
	*plan = (struct ord_plan){0};
}

uint64_t ord_plan_seed(const struct ord_plan *plan, size_t fault, uint32_t rep)
{
	char label[64];

	(void)snprintf(label, sizeof label, "fault %zu repetition %" PRIu32, fault, rep);
	return ord_rng_derive(plan->seed, label) & ORD_SEED_MAX;
}
