/* SelfSubjectAccessReviews, many at a time. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "scheduler/cluster/module/cluster.h"

#define LIMIT_NS (30 * ORD_S)
#define PATH	 "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

struct review {
	struct reviews *all;
	bool allowed;
};

struct reviews {
	size_t left;
	bool failed;
	struct ord_err err;
};

static void answered(void *arg, struct kube_answer *a, const struct ord_err *err)
{
	struct review *r = arg;
	const json_t *status = json_object_get(a->body, "status");

	r->all->left--;
	r->allowed = json_is_true(json_object_get(status, "allowed"));
	if (err && !r->all->failed) {
		r->all->failed = true;
		r->all->err = *err;
	}
}

static int ask(struct kube *k, const struct ord_rule *rule, struct review *r, uint64_t deadline_ns,
	       struct ord_err *err)
{
	ord_auto(json) json_t *body =
		json_pack("{s:s, s:s, s:{s:{s:s, s:s, s:s, s:s, s:s, s:s}}}", "apiVersion",
			  "authorization.k8s.io/v1", "kind", "SelfSubjectAccessReview", "spec",
			  "resourceAttributes", "group", rule->group, "resource", rule->resource,
			  "subresource", rule->subresource, "verb", rule->verb, "namespace",
			  rule->ns, "name", rule->name);
	const struct kube_request req = {
		.method = "POST", .path = PATH, .body = body, .deadline_ns = deadline_ns};

	if (!body)
		return ord_fail_nomem(err);
	if (kube_start(k, &req, answered, r, err))
		return -1;
	r->all->left++;
	return 0;
}

static bool all_answered(void *arg)
{
	return ((struct reviews *)arg)->left == 0;
}

int ord_cluster_may(struct ord_cluster *c, const struct ord_rules *rules,
		    void (*missing)(void *arg, const struct ord_rule *r), void *arg,
		    struct ord_err *err)
{
	uint64_t deadline = ord_now_ns() + LIMIT_NS;
	struct reviews all = {0};
	ord_autofree struct review *v = calloc(rules->n + 1, sizeof *v);
	struct ord_err why;
	int n = 0, rc = 0;

	if (!v)
		return ord_fail_nomem(err);
	for (size_t i = 0; !rc && i < rules->n; i++) {
		v[i].all = &all;
		rc = ask(c->kube, &rules->v[i], &v[i], deadline, err);
	}
	/* What was started points at our stack: it is waited for in any case. */
	if (kube_run(c->kube, all_answered, &all, deadline + ORD_S, rc ? &why : err) || rc)
		return ord_wrap(err, "ask what is allowed");
	if (all.failed) {
		*err = all.err;
		return ord_wrap(err, "ask what is allowed");
	}
	for (size_t i = 0; i < rules->n; i++) {
		if (v[i].allowed)
			continue;
		n += !rules->v[i].optional;
		missing(arg, &rules->v[i]);
	}
	return n;
}
