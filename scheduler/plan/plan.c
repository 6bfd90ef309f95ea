#include "ordeal/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/rng.h"
#include "base/sha256.h"
#include "scheduler/plan/steps.h"

static json_t *strings(const struct ord_label *v, size_t n)
{
	json_t *out = json_object();

	for (size_t i = 0; out && i < n; i++)
		(void)json_object_set_new(out, v[i].key, json_string(v[i].value));
	return out;
}

/* "Deployment/orders in shop: available >= 3" */
static json_t *kube_what(const struct ord_kube_watch *w)
{
	return json_sprintf("%s%s%s%s%s%s%s%s%s: %s", w->kind, *w->name ? "/" : "", w->name,
			    *w->ns ? " in " : "", w->ns, w->selector ? " with " : "",
			    w->selector ? w->selector : "", w->field_selector ? " where " : "",
			    w->field_selector ? w->field_selector : "", w->that.text);
}

/* What the probe asks, in a line; header values may be secrets and stay out. */
static json_t *probe_what(const struct ord_probe_spec *p)
{
	json_t *out;
	size_t used = 0, size = 1;
	ord_autofree char *line = NULL;

	switch (p->kind) {
	case ORD_PROBE_HTTP:
		return json_sprintf("%s %s", p->method, p->url);
	case ORD_PROBE_TCP:
		return json_sprintf(strchr(p->host, ':') ? "[%s]:%u" : "%s:%u", p->host, p->port);
	case ORD_PROBE_KUBE:
		return kube_what(p->kube);
	case ORD_PROBE_EXEC:
		break;
	}
	for (size_t i = 0; p->argv[i]; i++)
		size += strlen(p->argv[i]) + 1;
	line = malloc(size);
	if (!line)
		return NULL;
	*line = '\0';
	for (size_t i = 0; p->argv[i]; i++)
		used += (size_t)snprintf(line + used, size - used, "%s%s", i ? " " : "",
					 p->argv[i]);
	out = json_string(line);
	return out;
}

static json_t *expect(const struct ord_probe_spec *p)
{
	const struct ord_expect *e = &p->expect;
	json_t *out = json_object();

	if (!out)
		return NULL;
	if (e->status_lo)
		(void)json_object_set_new(out, "status",
					  json_pack("[i, i]", e->status_lo, e->status_hi));
	if (p->kind == ORD_PROBE_EXEC)
		(void)json_object_set_new(out, "exit", json_integer(e->exit_status));
	if (e->body)
		(void)json_object_set_new(out, "body", json_string(e->body));
	if (e->header_name)
		(void)json_object_set_new(out, "header",
					  json_pack("{s:s}", e->header_name, e->header));
	if (e->json_path)
		(void)json_object_set_new(out, "json",
					  json_pack("{s:s}", e->json_path, e->json_value));
	if (e->within_ns)
		(void)json_object_set_new(out, "within_ns", json_integer((json_int_t)e->within_ns));
	return out;
}

/* Everything that decides what is sent is in the hash; what may be secret, as a digest. */
static json_t *request_digest(const struct ord_probe_spec *p)
{
	char hash[ORD_SHA256_HEX];
	ord_autofree char *all = NULL;
	size_t size = 0;
	FILE *f;

	if (!p->n_headers && !p->request_body)
		return NULL;
	f = open_memstream(&all, &size);
	if (!f)
		return NULL;
	for (size_t i = 0; i < p->n_headers; i++)
		(void)fprintf(f, "%s\n", p->headers[i]);
	(void)fprintf(f, "\n%s", p->request_body ? p->request_body : "");
	if (fclose(f))
		return NULL;
	return json_string(ord_sha256(all, size, hash));
}

static json_t *kube_watch(const struct ord_kube_watch *w)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s*, s:s*, s:s}", "api_version", w->api_version,
			 "kind", w->kind, "namespace", w->ns, "name", w->name, "selector",
			 w->selector, "field_selector", w->field_selector, "that", w->that.text);
}

static json_t *probe(const struct ord_probe_spec *p)
{
	static const char *const kinds[] = {[ORD_PROBE_HTTP] = "http",
					    [ORD_PROBE_TCP] = "tcp",
					    [ORD_PROBE_EXEC] = "exec",
					    [ORD_PROBE_KUBE] = "kube"};
	json_t *out =
		json_pack("{s:s, s:s, s:s, s:I, s:I, s:o, s:o}", "name", p->name, "role",
			  p->role == ORD_ROLE_SIGNAL ? "signal" : "user", "kind", kinds[p->kind],
			  "every_ns", (json_int_t)p->every_ns, "timeout_ns",
			  (json_int_t)p->timeout_ns, "what", probe_what(p), "expect", expect(p));

	if (out && p->kind == ORD_PROBE_KUBE)
		(void)json_object_set_new(out, "watch", kube_watch(p->kube));
	if (!out || p->kind != ORD_PROBE_HTTP)
		return out;
	(void)json_object_set_new(out, "connection",
				  json_string(p->keep_alive ? "keep-alive" : "fresh"));
	if (p->insecure)
		(void)json_object_set_new(out, "insecure", json_true());
	if (p->n_headers || p->request_body)
		(void)json_object_set_new(out, "request_sha256", request_digest(p));
	return out;
}

static json_t *probes(const struct ord_spec *spec)
{
	json_t *out = json_array();

	for (size_t i = 0; out && i < spec->n_probes; i++)
		if (json_array_append_new(out, probe(&spec->probes[i])))
			goto fail;
	return out;
fail:
	json_decref(out);
	return NULL;
}

static json_t *conditions(const struct ord_spec *spec, const struct ord_condition *v, size_t n)
{
	static const char *const metrics[] = {
		[ORD_METRIC_OK_RATIO] = "ok_ratio", [ORD_METRIC_P50] = "latency.p50",
		[ORD_METRIC_P90] = "latency.p90",   [ORD_METRIC_P95] = "latency.p95",
		[ORD_METRIC_P99] = "latency.p99",   [ORD_METRIC_MAX] = "latency.max",
	};
	static const char *const ops[] = {
		[ORD_OP_LT] = "<", [ORD_OP_LE] = "<=", [ORD_OP_GT] = ">", [ORD_OP_GE] = ">="};
	json_t *out = json_array();

	for (size_t i = 0; out && i < n; i++)
		if (json_array_append_new(out, json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "text",
							 v[i].text, "probe",
							 spec->probes[v[i].probe].name, "metric",
							 metrics[v[i].metric], "op", ops[v[i].op],
							 "value", (json_int_t)v[i].value,
							 "window_ns", (json_int_t)v[i].window_ns)))
			goto fail;
	return out;
fail:
	json_decref(out);
	return NULL;
}

static json_t *objective(const struct ord_spec *spec, const struct ord_objective *o)
{
	if (o->kind == ORD_OBJECTIVE_DETECT)
		return json_pack("{s:s, s:s, s:s, s:I}", "text", o->text, "kind", "detect",
				 "channel", *o->channel ? o->channel : spec->probes[o->probe].name,
				 "within_ns", (json_int_t)o->within_ns);
	return json_pack("{s:s, s:s, s:s, s:I, s:I}", "text", o->text, "kind", "recover", "mode",
			 o->kind == ORD_OBJECTIVE_RECOVER_SELF ? "self" : "after_rollback",
			 "within_ns", (json_int_t)o->within_ns, "hold_ns", (json_int_t)o->hold_ns);
}

static json_t *objectives(const struct ord_spec *spec)
{
	json_t *out = json_array();

	for (size_t i = 0; out && i < spec->n_objectives; i++)
		if (json_array_append_new(out, objective(spec, &spec->objectives[i])))
			goto fail;
	return out;
fail:
	json_decref(out);
	return NULL;
}

static json_t *target(const struct ord_target *t)
{
	json_t *out = json_pack("{s:s}", "kind", ord_target_kind_name(t->kind));

	if (!out)
		return NULL;
	if (*t->text)
		(void)json_object_set_new(out, "text", json_string(t->text));
	if (t->kube && json_object_set_new(out, "in_cluster", ord_kube_target_to_json(t->kube))) {
		json_decref(out);
		return NULL;
	}
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

	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:I, s:I, s:s, s:s, s:s, s:s, s:s}", "name",
			 f->name, "fault", entry->name, "class",
			 ord_guarantee_name(entry->guarantee), "args", ord_args_to_json(f->args),
			 "target", target(&f->target), "at_ns", (json_int_t)f->at_ns, "for_ns",
			 (json_int_t)f->for_ns, "engine", f->engine, "engines", entry->engines,
			 "caps", entry->caps, "blast", entry->blast, "objects", entry->objects);
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
		(json_int_t)spec->cooldown_ns, "probes", probes(spec), "steady_state",
		conditions(spec, spec->steady, spec->n_steady), "abort",
		conditions(spec, spec->abort, spec->n_abort), "objectives", objectives(spec),
		"faults", faults(spec), "steps", steps(spec), "limits", "targets",
		(json_int_t)spec->limit_targets, "duration_ns", (json_int_t)spec->limit_duration_ns,
		"whole_host", spec->whole_host);

	/* An experiment without a cluster keeps the hash that it had before there were any. */
	if (out && *spec->limit_cluster)
		(void)json_object_set_new(json_object_get(out, "limits"), "cluster",
					  json_string(spec->limit_cluster));
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
