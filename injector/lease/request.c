#include "injector/lease/request.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

static const char *const names[] = {
	[INJ_OP_ADD] = "add",	    [INJ_OP_REMOVE] = "remove",	  [INJ_OP_END] = "end",
	[INJ_OP_STATUS] = "status", [INJ_OP_HALT] = "halt",	  [INJ_OP_RESUME] = "resume",
	[INJ_OP_RESCUE] = "rescue", [INJ_OP_DOCTOR] = "doctor",	  [INJ_OP_SWEEP] = "sweep",
	[INJ_OP_HELLO] = "hello",   [INJ_OP_RESOLVE] = "resolve", [INJ_OP_CHANGE] = "change",
};

bool inj_lease_valid(const char *lease)
{
	size_t n = strspn(lease, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n > 0 && n < INJ_LEASE_MAX && !lease[n];
}

static int op_parse(const json_t *json, enum inj_op *ret, struct ord_err *err)
{
	const char *text;

	if (ord_json_text(json, "op", 16, &text, err) < 0)
		return -1;
	for (size_t i = 0; i < ORD_COUNT(names); i++) {
		if (strcmp(text, names[i]) == 0) {
			*ret = (enum inj_op)i;
			return 0;
		}
	}
	return ord_fail(err, ORD_USAGE,
			"op: '%.16s' is not one of hello, resolve, add, change, remove, end, "
			"status, halt, resume, "
			"rescue, sweep, doctor",
			text);
}

static int lease_parse(const json_t *json, char *ret, struct ord_err *err)
{
	char lease[INJ_LEASE_MAX];

	if (ord_json_copy(json, "lease", lease, sizeof lease, err) < 0)
		return -1;
	if (!inj_lease_valid(lease))
		return ord_fail(err, ORD_USAGE, "lease: only a-z, 0-9 and '-', 1 to 64 of them");
	memcpy(ret, lease, sizeof lease);
	return 0;
}

/* "" or one of the fault's engines. */
static bool engine_known(const struct ord_fault *fault, const char *engine)
{
	size_t n = strlen(engine);
	const char *at = fault->engines;

	if (n == 0)
		return true;
	while (*at) {
		size_t len = strcspn(at, "|");

		if (len == n && memcmp(at, engine, n) == 0)
			return true;
		at += len + (at[len] == '|');
	}
	return false;
}

/* A fault takes only the kinds of target that its entry names; the resolver chose, this makes sure.
 */
static int place_suits(const struct ord_fault *fault, const struct ord_place *place,
		       struct ord_err *err)
{
	if (place->cluster && inj_program()->which == ORD_PROGRAM_HOST)
		return ord_fail(err, ORD_USAGE, "target: a cluster's is ordeal-injector-kube's");
	if (place->cluster && (fault->targets & ORD_ON_CLUSTER))
		return 0;
	if (place->host && (fault->targets & ORD_ON_HOST))
		return 0;
	if (place->n_procs > 0 && (fault->targets & ORD_ON_PROCESS))
		return 0;
	if (place->netns[0] && (fault->targets & ORD_ON_NET))
		return 0;
	if (place->cgroup[0] && (fault->targets & ORD_ON_CGROUP))
		return 0;
	if (place->cgroup[0] && (fault->targets & ORD_ON_PROCESS))
		return ord_fail(
			err, ORD_USAGE,
			"target: %s takes processes, and this is a group of several: say count, "
			"percent or all",
			fault->name);
	return ord_fail(err, ORD_USAGE, "target: %s does not take a target of this kind",
			fault->name);
}

static int add_parse(const json_t *json, struct inj_request *r, struct ord_err *err)
{
	static const char *const keys[] = {
		"protocol", "op",     "lease",	    "fault",	  "args",   "target", "hold_ns",
		"seed",	    "engine", "cut_me_off", "whole_host", "folder", "dry_run"};
	const struct ord_fault *fault;
	const char *name;
	json_t *args, *target;

	if (ord_json_keys(json, keys, ORD_COUNT(keys), err) < 0 ||
	    lease_parse(json, r->lease, err) < 0 ||
	    ord_json_text(json, "fault", 64, &name, err) < 0)
		return -1;
	fault = ord_fault_find(name);
	if (!fault)
		return ord_fail(err, ORD_USAGE, "fault: there is no '%.64s'", name);
	if (ord_json_object(json, "args", &args, err) < 0 ||
	    ord_json_object(json, "target", &target, err) < 0 ||
	    ord_json_uint(json, "hold_ns", INJ_HOLD_MAX_NS, &r->hold_ns, err) < 0)
		return -1;
	if (r->hold_ns == 0)
		return ord_fail(err, ORD_USAGE, "hold_ns: must be above 0");
	if (ord_json_opt_uint(json, "seed", INT64_MAX, &r->seed, err) < 0 ||
	    ord_json_opt_copy(json, "engine", r->engine, sizeof r->engine, err) < 0 ||
	    ord_json_opt_bool(json, "cut_me_off", &r->cut_me_off, err) < 0 ||
	    ord_json_opt_bool(json, "whole_host", &r->whole_host, err) < 0 ||
	    ord_json_opt_copy(json, "folder", r->folder, sizeof r->folder, err) < 0 ||
	    ord_json_opt_bool(json, "dry_run", &r->dry_run, err) < 0)
		return -1;
	if (!engine_known(fault, r->engine))
		return ord_fail(err, ORD_USAGE, "engine: %s has no '%.31s'", fault->name,
				r->engine);
	if (ord_args_from_json(&r->args, fault, args, err) < 0)
		return ord_wrap(err, "args");
	if (ord_place_from_json(&r->place, target, err) < 0)
		return ord_wrap(err, "target");
	return place_suits(fault, &r->place, err);
}

/* A list of texts, each of `size` bytes with its NUL; may be absent. */
static int texts_parse(const json_t *json, const char *key, const char *like, char *texts,
		       size_t size, size_t max, size_t *ret_n, struct ord_err *err)
{
	json_t *list = NULL;

	if (!ord_json_has(json, key))
		return 0;
	if (ord_json_array(json, key, max, &list, err) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (!text || !*text || strlen(text) >= size)
			return ord_fail(err, ORD_USAGE, "%s: texts like %s", key, like);
		(void)snprintf(texts + i * size, size, "%s", text);
	}
	*ret_n = json_array_size(list);
	return 0;
}

static int sweep_parse(const json_t *json, struct inj_sweep *s, struct ord_err *err)
{
	static const char *const keys[] = {"protocol", "op",	"context",    "dry_run",
					   "now",      "kinds", "namespaces", "permitted"};

	if (ord_json_keys(json, keys, ORD_COUNT(keys), err) < 0 ||
	    ord_json_copy(json, "context", s->context, sizeof s->context, err) < 0 ||
	    ord_json_opt_bool(json, "dry_run", &s->dry_run, err) < 0 ||
	    ord_json_opt_bool(json, "now", &s->now, err) < 0 ||
	    ord_json_opt_bool(json, "permitted", &s->permitted, err) < 0)
		return -1;
	if (texts_parse(json, "kinds", "apps/v1/Deployment", s->kinds[0], sizeof s->kinds[0],
			ORD_COUNT(s->kinds), &s->n_kinds, err) < 0)
		return -1;
	return texts_parse(json, "namespaces", "shop", s->namespaces[0], sizeof s->namespaces[0],
			   ORD_COUNT(s->namespaces), &s->n_namespaces, err);
}

static int resolve_parse(const json_t *json, struct inj_request *r, struct ord_err *err)
{
	static const char *const keys[] = {"protocol", "op", "target", "seed", "addresses"};
	json_t *target;

	if (ord_json_keys(json, keys, ORD_COUNT(keys), err) < 0 ||
	    ord_json_opt_uint(json, "seed", INT64_MAX, &r->seed, err) < 0 ||
	    ord_json_opt_bool(json, "addresses", &r->addresses, err) < 0 ||
	    ord_json_object(json, "target", &target, err) < 0)
		return -1;
	return ord_target_from_json(&r->target, target, err) < 0 ? ord_wrap(err, "target") : 0;
}

static int endpoints_parse(const json_t *json, const char *key, struct ord_endpoints *ret,
			   struct ord_err *err)
{
	json_t *list, *v;
	size_t i;

	if (ord_json_array(json, key, ORD_ENDPOINTS_MAX, &list, err) < 0)
		return -1;
	json_array_foreach (list, i, v) {
		const char *text = json_string_value(v);

		if (!text || strlen(text) != json_string_length(v))
			return ord_fail(err, ORD_USAGE, "%s: must be a list of texts", key);
		if (ord_endpoint_parse(text, &ret->v[ret->n++], err) < 0)
			return ord_wrap(err, "%s", key);
	}
	return 0;
}

/* Whom it is about stays limited: without `to` it would be everybody. */
static int change_parse(const json_t *json, struct inj_request *r, struct ord_err *err)
{
	static const char *const keys[] = {"protocol", "op", "lease", "to", "exclude"};

	if (ord_json_keys(json, keys, ORD_COUNT(keys), err) < 0 ||
	    lease_parse(json, r->lease, err) < 0 || endpoints_parse(json, "to", &r->to, err) < 0 ||
	    endpoints_parse(json, "exclude", &r->exclude, err) < 0)
		return -1;
	return 0;
}

static int fields_parse(const json_t *json, struct inj_request *r, struct ord_err *err)
{
	static const char *const bare[] = {"protocol", "op"};
	static const char *const remove[] = {"protocol", "op", "lease"};
	static const char *const rescue[] = {"protocol", "op", "lease", "dry_run"};

	switch (r->op) {
	case INJ_OP_ADD:
		return add_parse(json, r, err);
	case INJ_OP_REMOVE:
		if (ord_json_keys(json, remove, ORD_COUNT(remove), err) < 0)
			return -1;
		return lease_parse(json, r->lease, err);
	case INJ_OP_RESCUE:
		if (ord_json_keys(json, rescue, ORD_COUNT(rescue), err) < 0)
			return -1;
		if (ord_json_has(json, "lease") && lease_parse(json, r->lease, err) < 0)
			return -1;
		return ord_json_opt_bool(json, "dry_run", &r->dry_run, err);
	case INJ_OP_SWEEP:
		return sweep_parse(json, &r->sweep, err);
	case INJ_OP_RESOLVE:
		return resolve_parse(json, r, err);
	case INJ_OP_CHANGE:
		return change_parse(json, r, err);
	case INJ_OP_HELLO:
	case INJ_OP_END:
	case INJ_OP_STATUS:
	case INJ_OP_HALT:
	case INJ_OP_RESUME:
	case INJ_OP_DOCTOR:
		break;
	}
	return ord_json_keys(json, bare, ORD_COUNT(bare), err);
}

int inj_request_parse(const char *line, size_t size, struct inj_request *ret, struct ord_err *err)
{
	struct ord_json_limits limits = ord_json_protocol;
	ord_auto(json) json_t *json = NULL;
	int64_t protocol;

	limits.size = inj_program()->request_max;
	if (ord_json_parse(line, size, &limits, &json, err) < 0)
		return -1;
	if (ord_json_int(json, "protocol", INT64_MIN, INT64_MAX, &protocol, err) < 0)
		return -1;
	if (protocol != 1)
		return ord_fail(err, ORD_USAGE,
				"protocol: 1 is the only one that this version speaks");
	memset(ret, 0, sizeof *ret);
	if (op_parse(json, &ret->op, err) < 0)
		return -1;
	return fields_parse(json, ret, err);
}
