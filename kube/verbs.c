/* The verbs, each one call. https://kubernetes.io/docs/reference/using-api/api-concepts/ */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "kube/client.h"

#define MANAGER "ordeal"

static int name_of(struct kube *k, const struct ord_object *o, const char *sub,
		   uint64_t deadline_ns, char path[static KUBE_PATH], struct ord_err *err)
{
	struct kube_kind kind;

	if (kube_kind_find(k, o->api_version, o->kind, deadline_ns, &kind, err))
		return -1;
	if (!o->name[0] || (kind.namespaced && !o->ns[0]))
		return ord_fail(err, ORD_USAGE, "%s without a name or a namespace", o->kind);
	(void)kube_path(&kind, o->ns, o->name, sub, path);
	return 0;
}

static int wrap(struct ord_err *err, const char *verb, const struct ord_object *o)
{
	return ord_wrap(err, "%s %s %s%s%s", verb, o->kind, o->ns, o->ns[0] ? "/" : "", o->name);
}

/* The answer's body goes to *ret (where there is one), its status to *ret_status. */
static int ask(struct kube *k, const struct kube_request *req, json_t **ret, int *ret_status,
	       struct ord_err *err)
{
	struct kube_answer a;
	int rc = kube_call(k, req, &a, err);

	if (ret_status)
		*ret_status = a.status;
	if (!rc && ret && !a.body)
		rc = ord_fail(err, ORD_SYS, "the API server answered %d without JSON", a.status);
	if (!rc && ret)
		*ret = ord_steal_ptr(a.body);
	kube_answer_done(&a);
	return rc;
}

int kube_get(struct kube *k, const struct ord_object *o, uint64_t deadline_ns, json_t **ret,
	     int *ret_status, struct ord_err *err)
{
	char path[KUBE_PATH];
	struct kube_request req = {.method = "GET", .path = path, .deadline_ns = deadline_ns};

	if (ret_status)
		*ret_status = 0;
	if (name_of(k, o, NULL, deadline_ns, path, err) || ask(k, &req, ret, ret_status, err))
		return wrap(err, "get", o);
	return 0;
}

/* All of it is the caller's to say. NOLINTNEXTLINE(readability-function-size) */
int kube_patch(struct kube *k, const struct ord_object *o, const char *sub, enum kube_patch type,
	       const json_t *patch, bool dry_run, uint64_t deadline_ns, json_t **ret,
	       int *ret_status, struct ord_err *err)
{
	static const char *const types[] = {
		[KUBE_PATCH_JSON] = "application/json-patch+json",
		[KUBE_PATCH_MERGE] = "application/merge-patch+json",
		[KUBE_PATCH_STRATEGIC] = "application/strategic-merge-patch+json",
		[KUBE_PATCH_APPLY] = "application/apply-patch+yaml", /* JSON is YAML */
	};
	char path[KUBE_PATH];
	struct kube_request req = {.method = "PATCH",
				   .path = path,
				   .content_type = types[type],
				   .body = patch,
				   .deadline_ns = deadline_ns};

	if (ret_status)
		*ret_status = 0;
	if (name_of(k, o, sub, deadline_ns, path, err))
		return wrap(err, "patch", o);
	if (!kube_query(path, sizeof path, "fieldManager", MANAGER) ||
	    (type == KUBE_PATCH_APPLY && !kube_query(path, sizeof path, "force", "true")) ||
	    (dry_run && !kube_query(path, sizeof path, "dryRun", "All")))
		return ord_fail(err, ORD_USAGE, "the name is too long");
	if (ask(k, &req, ret, ret_status, err))
		return wrap(err, "patch", o);
	return 0;
}

int kube_create(struct kube *k, const struct kube_kind *kind, const char *ns, const json_t *object,
		uint64_t deadline_ns, json_t **ret, int *ret_status, struct ord_err *err)
{
	const json_t *meta = json_object_get(object, "metadata");
	const char *name = json_string_value(json_object_get(meta, "name"));
	char path[KUBE_PATH];
	struct kube_request req = {
		.method = "POST", .path = path, .body = object, .deadline_ns = deadline_ns};

	if (ret_status)
		*ret_status = 0;
	(void)kube_path(kind, ns, NULL, NULL, path);
	if (!kube_query(path, sizeof path, "fieldManager", MANAGER))
		return ord_fail(err, ORD_USAGE, "the name is too long");
	if (ask(k, &req, ret, ret_status, err))
		return ord_wrap(err, "create %s %s", kind->kind, name ? name : "");
	return 0;
}

/* DeleteOptions; NULL: out of memory. */
static json_t *delete_options(const struct ord_object *o, int64_t grace_s)
{
	json_t *options = json_pack("{s:s, s:s, s:s}", "apiVersion", "v1", "kind", "DeleteOptions",
				    "propagationPolicy", "Background");

	if (options && o->uid[0] &&
	    json_object_set_new(options, "preconditions", json_pack("{s:s}", "uid", o->uid)))
		return json_decref(options), NULL;
	if (options && grace_s >= 0 &&
	    json_object_set_new(options, "gracePeriodSeconds", json_integer(grace_s)))
		return json_decref(options), NULL;
	return options;
}

int kube_delete_start(struct kube *k, const struct ord_object *o, int64_t grace_s,
		      uint64_t deadline_ns, kube_done *done, void *arg, struct ord_err *err)
{
	ord_auto(json) json_t *options = delete_options(o, grace_s);
	char path[KUBE_PATH];
	struct kube_request req = {
		.method = "DELETE", .path = path, .body = options, .deadline_ns = deadline_ns};

	if (!options)
		return ord_fail_nomem(err);
	if (name_of(k, o, NULL, deadline_ns, path, err))
		return wrap(err, "delete", o);
	return kube_start(k, &req, done, arg, err);
}

int kube_delete(struct kube *k, const struct ord_object *o, int64_t grace_s, uint64_t deadline_ns,
		int *ret_status, struct ord_err *err)
{
	ord_auto(json) json_t *options = delete_options(o, grace_s);
	char path[KUBE_PATH];
	struct kube_request req = {
		.method = "DELETE", .path = path, .body = options, .deadline_ns = deadline_ns};

	if (ret_status)
		*ret_status = 0;
	if (!options)
		return ord_fail_nomem(err);
	if (name_of(k, o, NULL, deadline_ns, path, err) || ask(k, &req, NULL, ret_status, err))
		return wrap(err, "delete", o);
	return 0;
}

int kube_delete_version(struct kube *k, const struct ord_object *o, const char *uid,
			const char *version, uint64_t deadline_ns, struct ord_err *err)
{
	ord_auto(json) json_t *options = delete_options(o, -1);
	char path[KUBE_PATH];
	struct kube_request req = {
		.method = "DELETE", .path = path, .body = options, .deadline_ns = deadline_ns};
	int status = 0;

	if (!options ||
	    json_object_set_new(options, "preconditions",
				json_pack("{s:s, s:s}", "uid", uid, "resourceVersion", version)))
		return ord_fail_nomem(err);
	if (name_of(k, o, NULL, deadline_ns, path, err))
		return wrap(err, "delete", o);
	/* Gone, or changed since we looked: not the one that we meant any more. */
	if (ask(k, &req, NULL, &status, err) && status != 404 && status != 409)
		return wrap(err, "delete", o);
	return 0;
}

static json_t *eviction(const struct ord_object *pod, int64_t grace_s)
{
	json_t *options = delete_options(pod, grace_s);

	if (options) /* the eviction decides how */
		(void)json_object_del(options, "propagationPolicy");
	return json_pack("{s:s, s:s, s:{s:s, s:s}, s:o}", "apiVersion", "policy/v1", "kind",
			 "Eviction", "metadata", "name", pod->name, "namespace", pod->ns,
			 "deleteOptions", options);
}

int kube_evict_start(struct kube *k, const struct ord_object *pod, int64_t grace_s,
		     uint64_t deadline_ns, kube_done *done, void *arg, struct ord_err *err)
{
	ord_auto(json) json_t *body = eviction(pod, grace_s);
	char path[KUBE_PATH];
	struct kube_request req = {.method = "POST",
				   .path = path,
				   .body = body,
				   .deadline_ns = deadline_ns,
				   .no_429 = true};

	if (!body)
		return ord_fail_nomem(err);
	if (name_of(k, pod, "eviction", deadline_ns, path, err))
		return wrap(err, "evict", pod);
	return kube_start(k, &req, done, arg, err);
}

int kube_evict(struct kube *k, const struct ord_object *pod, int64_t grace_s, uint64_t deadline_ns,
	       int *ret_status, struct ord_err *err)
{
	ord_auto(json) json_t *body = eviction(pod, grace_s);
	char path[KUBE_PATH];
	struct kube_request req = {.method = "POST",
				   .path = path,
				   .body = body,
				   .deadline_ns = deadline_ns,
				   .no_429 = true};

	if (ret_status)
		*ret_status = 0;
	if (!body)
		return ord_fail_nomem(err);
	if (name_of(k, pod, "eviction", deadline_ns, path, err) ||
	    ask(k, &req, NULL, ret_status, err))
		return wrap(err, "evict", pod);
	return 0;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

int kube_may(struct kube *k, const struct kube_access *a, uint64_t deadline_ns, bool *ret_allowed,
	     struct ord_err *err)
{
	ord_auto(json) json_t *answer = NULL, *body = NULL;
	struct kube_request req = {.method = "POST",
				   .path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
				   .deadline_ns = deadline_ns};
	const json_t *allowed;

	body = json_pack("{s:s, s:s, s:{s:{s:s, s:s, s:s, s:s, s:s, s:s}}}", "apiVersion",
			 "authorization.k8s.io/v1", "kind", "SelfSubjectAccessReview", "spec",
			 "resourceAttributes", "group", or_empty(a->group), "resource",
			 or_empty(a->resource), "subresource", or_empty(a->subresource), "verb",
			 or_empty(a->verb), "namespace", or_empty(a->ns), "name",
			 or_empty(a->name));
	if (!body)
		return ord_fail_nomem(err);
	req.body = body;
	if (ask(k, &req, &answer, NULL, err))
		return ord_wrap(err, "asking whether we may %s %s", or_empty(a->verb),
				or_empty(a->resource));
	allowed = json_object_get(json_object_get(answer, "status"), "allowed");
	if (!json_is_boolean(allowed))
		return ord_fail(err, ORD_SYS, "the API server does not say whether we may %s %s",
				or_empty(a->verb), or_empty(a->resource));
	*ret_allowed = json_is_true(allowed);
	return 0;
}

/* How long whoever typed a command waits for a server that is not there. */
#define GREET_NS (10 * ORD_S)

int kube_greet(struct kube *k, const char *context, struct ord_err *err)
{
	const struct kube_request hello = {
		.method = "GET", .path = "/version", .deadline_ns = ord_now_ns() + GREET_NS};
	struct kube_answer a = {0};
	int r = kube_call(k, &hello, &a, err);

	if (a.status == 401)
		r = ord_wrap(err, "the credentials of context '%s' are not accepted", context);
	else if (a.status)
		r = 0;
	kube_answer_done(&a);
	return r;
}
