#include "injector/kube/rights.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "injector/kube/claim.h"
#include "injector/kube/cluster.h"

/* More namespaces than these are asked for as all. */
#define NAMESPACES_MAX 8
/* Fewer targets than these may be allowed one by one (resourceNames). */
#define NAMES_MAX 16

struct asking {
	struct kube *kube;
	const struct ord_cluster_place *place;
	const char *namespaces[NAMESPACES_MAX];
	size_t n; /* 0: none of the targets is in one */
	bool all; /* too many to ask one by one */
	char missing[400];
	unsigned n_missing;
};

static void namespaces_of(struct asking *a)
{
	for (size_t i = 0; i < a->place->n && !a->all; i++) {
		const char *ns = a->place->v[i].ns;
		size_t j = 0;

		while (j < a->n && strcmp(a->namespaces[j], ns) != 0)
			j++;
		if (!*ns || j < a->n)
			continue;
		if (a->n == NAMESPACES_MAX)
			a->all = true;
		else
			a->namespaces[a->n++] = ns;
	}
}

static void miss(struct asking *a, const struct kube_access *q)
{
	size_t at = strlen(a->missing);

	if (a->n_missing++ < 6)
		(void)snprintf(a->missing + at, sizeof a->missing - at, "%s%s %s%s%s%s%s%s%s",
			       at ? "; " : "", q->verb, q->resource, q->subresource[0] ? "/" : "",
			       q->subresource, q->group[0] ? "." : "", q->group,
			       q->ns[0] ? " in " : "", q->ns);
}

static bool reads_sets(const char *verb)
{
	return !strcmp(verb, "list") || !strcmp(verb, "watch") || !strcmp(verb, "create");
}

/* Allowed for each target by its name, where it is not for all names. */
static int by_name(struct asking *a, struct kube_access q, bool *ret, struct ord_err *err)
{
	*ret = false;
	if (a->place->n > NAMES_MAX || reads_sets(q.verb))
		return 0;
	for (size_t i = 0; i < a->place->n; i++) {
		q.name = a->place->v[i].name;
		if (strcmp(q.ns, a->place->v[i].ns) != 0)
			continue;
		if (kube_may(a->kube, &q, inj_cluster_deadline(), ret, err) < 0)
			return -1;
		if (!*ret)
			return 0;
	}
	return 0;
}

static int ask(struct asking *a, const struct kube_access *q, bool target, struct ord_err *err)
{
	bool allowed;

	if (kube_may(a->kube, q, inj_cluster_deadline(), &allowed, err) < 0 ||
	    (!allowed && target && by_name(a, *q, &allowed, err) < 0))
		return -1;
	if (!allowed)
		miss(a, q);
	return 0;
}

/* In each namespace of the targets; in none where the resource has none. */
static int ask_where(struct asking *a, struct kube_access q, bool namespaced, bool target,
		     struct ord_err *err)
{
	if (!namespaced || a->all || a->n == 0) {
		q.ns = "";
		return ask(a, &q, target, err);
	}
	for (size_t i = 0; i < a->n; i++) {
		q.ns = a->namespaces[i];
		if (ask(a, &q, target, err) < 0)
			return -1;
	}
	return 0;
}

/* "get,patch" */
static int ask_verbs(struct asking *a, struct kube_access q, const char *verbs, bool namespaced,
		     bool target, struct ord_err *err)
{
	while (*verbs) {
		size_t n = strcspn(verbs, ",");
		char verb[24];

		(void)snprintf(verb, sizeof verb, "%.*s", (int)n, verbs);
		q.verb = verb;
		if (ask_where(a, q, namespaced, target, err) < 0)
			return -1;
		verbs += n + (verbs[n] == ',');
	}
	return 0;
}

static int ask_target(struct asking *a, const char *sub, const char *verbs, struct ord_err *err)
{
	for (size_t i = 0; i < a->place->n; i++) {
		const struct ord_object *o = &a->place->v[i];
		struct kube_kind kind;
		char group[ORD_KUBE_VERSION];
		size_t j = 0;

		while (j < i && (strcmp(a->place->v[j].kind, o->kind) != 0 ||
				 strcmp(a->place->v[j].api_version, o->api_version) != 0))
			j++;
		if (j < i)
			continue;
		if (kube_kind_find(a->kube, o->api_version, o->kind, inj_cluster_deadline(), &kind,
				   err) < 0)
			return -1;
		(void)snprintf(group, sizeof group, "%.*s",
			       strchr(o->api_version, '/') ? (int)strcspn(o->api_version, "/") : 0,
			       o->api_version);
		if (ask_verbs(a,
			      (struct kube_access){
				      .group = group, .resource = kind.plural, .subresource = sub},
			      verbs, kind.namespaced, true, err) < 0)
			return -1;
	}
	return 0;
}

/* What stands before a '?': a kind of target without which the rule is none. */
static bool concerns(const struct asking *a, const char *rule, size_t n)
{
	for (size_t i = 0; i < a->place->n; i++)
		if (strlen(a->place->v[i].kind) == n && !strncmp(a->place->v[i].kind, rule, n))
			return true;
	return false;
}

/* "core/pods/eviction:create", "TARGET/scale:get,patch", "Pod?core/pods:patch" */
static int ask_rule(struct asking *a, const char *rule, struct ord_err *err)
{
	size_t kind = strcspn(rule, "?");
	char text[160], *verbs, *resource, *sub;

	if (rule[kind] && !concerns(a, rule, kind))
		return 0;
	(void)snprintf(text, sizeof text, "%s", rule[kind] ? rule + kind + 1 : rule);
	verbs = strchr(text, ':');
	if (!verbs)
		return ord_fail(err, ORD_SYS, "'%s' is no rule", rule);
	*verbs++ = '\0';
	resource = strchr(text, '/');
	if (!strncmp(text, "TARGET", 6))
		return ask_target(a, resource ? resource + 1 : "", verbs, err);
	if (!resource)
		return ord_fail(err, ORD_SYS, "'%s' is no rule", rule);
	*resource++ = '\0';
	sub = strchr(resource, '/');
	if (sub)
		*sub++ = '\0';
	return ask_verbs(a,
			 (struct kube_access){.group = strcmp(text, "core") != 0 ? text : "",
					      .resource = resource,
					      .subresource = sub ? sub : ""},
			 verbs, strcmp(resource, "nodes") != 0, false, err);
}

static int ask_rules(struct asking *a, const char *rules, struct ord_err *err)
{
	while (*rules) {
		size_t n = strcspn(rules, " ");
		char rule[160];

		(void)snprintf(rule, sizeof rule, "%.*s", (int)n, rules);
		if (ask_rule(a, rule, err) < 0)
			return -1;
		rules += n + (rules[n] == ' ');
	}
	return 0;
}

static int ask_claims(struct asking *a, const json_t *undo, struct ord_err *err)
{
	static const char *const verbs[] = {"get", "create", "patch", "delete"};
	const json_t *claims = json_object_get(undo, "claims");
	const char *seen = "";

	for (size_t i = 0; i < json_array_size(claims); i++) {
		const char *ns = json_string_value(json_array_get(json_array_get(claims, i), 0));

		if (!strcmp(ns, seen))
			continue;
		seen = ns;
		for (size_t v = 0; v < ORD_COUNT(verbs); v++) {
			struct kube_access q = {.group = "coordination.k8s.io",
						.resource = "leases",
						.subresource = "",
						.verb = verbs[v],
						.ns = ns};

			if (ask(a, &q, false, err) < 0)
				return -1;
		}
	}
	return 0;
}

int inj_rights_check(const struct inj_step *step, const json_t *undo, struct ord_err *err)
{
	struct asking a = {.kube = inj_cluster(err), .place = step->place->cluster};

	if (!a.kube)
		return -1;
	namespaces_of(&a);
	if (ask_rules(&a, step->args->fault->caps, err) < 0 || ask_claims(&a, undo, err) < 0)
		return -1;
	if (a.n_missing > 0)
		return ord_fail(err, ORD_SKIP,
				"the cluster does not let this user: %s%s (`ordeal rbac` prints a "
				"role that does)",
				a.missing, a.n_missing > 6 ? "; and more" : "");
	return 0;
}
