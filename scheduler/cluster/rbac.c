/* From rules to roles of rbac.authorization.k8s.io. Pure. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "ordeal/cluster.h"

#define RBAC "rbac.authorization.k8s.io"

char *ord_rule_text(const struct ord_rule *r, char out[static ORD_RULE_TEXT])
{
	(void)snprintf(out, ORD_RULE_TEXT, "%s %s%s%s%s%s%s%s%s%s (%s)", r->verb, r->resource,
		       *r->subresource ? "/" : "", r->subresource, *r->group ? "." : "", r->group,
		       *r->name ? " " : "", r->name, *r->ns ? " in namespace " : "", r->ns, r->why);
	return out;
}

static bool same_object(const struct ord_rule *a, const struct ord_rule *b)
{
	return !strcmp(a->ns, b->ns) && !strcmp(a->group, b->group) &&
	       !strcmp(a->resource, b->resource) && !strcmp(a->subresource, b->subresource) &&
	       !strcmp(a->name, b->name);
}

/* In the order in which people write them. */
static json_t *verbs_of(const struct ord_rule *v, size_t n)
{
	static const char *const order[] = {"get",   "list",   "watch", "create",
					    "patch", "update", "delete"};
	json_t *list = json_array();

	for (size_t o = 0; o < ORD_COUNT(order); o++)
		for (size_t i = 0; i < n; i++)
			if (!strcmp(v[i].verb, order[o]))
				(void)json_array_append_new(list, json_string(order[o]));
	return list;
}

/* Of several, joined by ", ": each once. */
static json_t *reasons(const struct ord_rule *v, size_t n)
{
	char text[400] = "";

	for (size_t i = 0; i < n; i++)
		for (const char *why = v[i].why, *end; *why; why = end + 2 * (*end == ',')) {
			size_t at = strlen(text);
			char one[200];

			end = strstr(why, ", ");
			end = end ? end : why + strlen(why);
			(void)snprintf(one, sizeof one, "%.*s%s", (int)(end - why), why,
				       v[i].optional ? " (optional)" : "");
			if (!strstr(text, one))
				(void)snprintf(text + at, sizeof text - at, "%s%s", at ? ", " : "",
					       one);
		}
	return json_string(text);
}

/* The n rules of one object, which differ in their verbs. */
static json_t *rule_of(const struct ord_rule *v, size_t n)
{
	char resource[160];
	json_t *rule;

	(void)snprintf(resource, sizeof resource, "%s%s%s", v->resource, *v->subresource ? "/" : "",
		       v->subresource);
	rule = json_pack("{s:o, s:[s], s:[s]}", "why", reasons(v, n), "apiGroups", v->group,
			 "resources", resource);
	if (rule && *v->name)
		(void)json_object_set_new(rule, "resourceNames", json_pack("[s]", v->name));
	if (rule)
		(void)json_object_set_new(rule, "verbs", verbs_of(v, n));
	return rule;
}

/* Same but for the names: one rule with several. */
static bool join(json_t *rules, json_t *rule)
{
	json_t *last = json_array_get(rules, json_array_size(rules) - 1);
	json_t *to = json_object_get(last, "resourceNames"),
	       *from = json_object_get(rule, "resourceNames");

	if (!to || !from ||
	    !json_equal(json_object_get(last, "apiGroups"), json_object_get(rule, "apiGroups")) ||
	    !json_equal(json_object_get(last, "resources"), json_object_get(rule, "resources")) ||
	    !json_equal(json_object_get(last, "verbs"), json_object_get(rule, "verbs")))
		return false;
	(void)json_array_extend(to, from);
	json_decref(rule);
	return true;
}

static json_t *metadata(const struct ord_subject *who, const char *ns)
{
	json_t *meta = json_pack("{s:s}", "name", who->name);

	if (meta && *ns)
		(void)json_object_set_new(meta, "namespace", json_string(ns));
	return meta;
}

static json_t *binding_of(const struct ord_subject *who, const char *ns)
{
	json_t *subject = json_pack("{s:s, s:s}", "kind", who->kind, "name", who->who);

	if (subject && who->account_ns)
		(void)json_object_set_new(subject, "namespace", json_string(who->account_ns));
	else if (subject)
		(void)json_object_set_new(subject, "apiGroup", json_string(RBAC));
	return json_pack("{s:s, s:s, s:o, s:{s:s, s:s, s:s}, s:[o]}", "apiVersion", RBAC "/v1",
			 "kind", *ns ? "RoleBinding" : "ClusterRoleBinding", "metadata",
			 metadata(who, ns), "roleRef", "apiGroup", RBAC, "kind",
			 *ns ? "Role" : "ClusterRole", "name", who->name, "subjects", subject);
}

/* The rules of one namespace, which stand beside each other. */
static json_t *role_of(const struct ord_rule *v, size_t n, const struct ord_subject *who)
{
	json_t *rules = json_array();

	for (size_t i = 0, same; i < n; i += same) {
		json_t *rule;

		for (same = 1; i + same < n && same_object(&v[i], &v[i + same]);)
			same++;
		rule = rule_of(&v[i], same);
		if (!rule || (!join(rules, rule) && json_array_append_new(rules, rule))) {
			json_decref(rules);
			return NULL;
		}
	}
	return json_pack("{s:s, s:s, s:o, s:o}", "apiVersion", RBAC "/v1", "kind",
			 *v->ns ? "Role" : "ClusterRole", "metadata", metadata(who, v->ns), "rules",
			 rules);
}

json_t *ord_rules_roles(const struct ord_rules *r, const struct ord_subject *who)
{
	json_t *items = json_array();

	for (size_t i = 0, same; i < r->n; i += same) {
		for (same = 1; i + same < r->n && !strcmp(r->v[i].ns, r->v[i + same].ns);)
			same++;
		if (json_array_append_new(items, role_of(&r->v[i], same, who)) ||
		    json_array_append_new(items, binding_of(who, r->v[i].ns))) {
			json_decref(items);
			return NULL;
		}
	}
	return json_pack("{s:s, s:s, s:o}", "apiVersion", "v1", "kind", "List", "items", items);
}
