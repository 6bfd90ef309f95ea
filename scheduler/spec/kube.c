/* A probe of an object of the cluster, or of a set: what is watched, and what must be true of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "scheduler/spec/cluster.h"
#include "scheduler/spec/schema.h"

#define TEXT (1u << SCALAR_TEXT)

/* Read by kube_finish, which needs them together; here it is only said what they must be. */
static void late_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	(void)base;
	(void)want_scalar(r, key->name, key->type->what, node, TEXT);
}

static const char *text_of(const struct node *map, const char *name, const struct node **ret_node)
{
	const struct node *node = node_find(map, name);

	*ret_node = node ? node : map;
	return node && node->kind == NODE_SCALAR && node->scalar == SCALAR_TEXT ? node->text : NULL;
}

/* A DNS subdomain, as names of objects are (RFC 1123). */
static bool name_ok(const char *name, size_t max)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-");

	return n && n <= max && !name[n] && *name != '-' && *name != '.' && name[n - 1] != '-' &&
	       name[n - 1] != '.';
}

static bool read_kind(struct reader *r, const struct node *map, const char *word,
		      const struct node *at, struct ord_kube_watch *w)
{
	const struct node *node;
	const char *version = text_of(map, "apiVersion", &node), *near = NULL;
	bool namespaced = false;

	if (version && (strlen(version) >= sizeof w->api_version || !*version)) {
		sink_add(r->sink, node, "apiVersion: '%.60s' is not one, as in 'apps/v1'", version);
		return false;
	}
	if (version) {
		(void)snprintf(w->api_version, sizeof w->api_version, "%s", version);
		(void)snprintf(w->kind, sizeof w->kind, "%.63s", word);
		return true;
	}
	if (ord_kind_word(word, w->api_version, w->kind, &namespaced, &near)) {
		sink_add(r->sink, at,
			 near ? "watch: unknown kind '%.60s'; did you mean '%s'?"
			      : "watch: unknown kind '%.60s'; a kind that is not Kubernetes' own "
				"needs its 'apiVersion' beside it%s",
			 word, near ? near : "");
		return false;
	}
	if (namespaced && !node_find(map, "namespace"))
		sink_add(r->sink, map,
			 "kube lacks 'namespace': a %s is in one; write 'namespace: "
			 "shop'",
			 w->kind);
	else if (!namespaced && node_find(map, "namespace"))
		sink_add(r->sink, node_find(map, "namespace"),
			 "namespace: a %s is in none; leave it out", w->kind);
	return true;
}

static bool read_watch(struct reader *r, const struct node *map, struct ord_kube_watch *w)
{
	const struct node *node;
	const char *text = text_of(map, "watch", &node), *slash;
	char word[ORD_KUBE_KIND];
	size_t n;

	if (!text)
		return false;
	slash = strchr(text, '/');
	n = slash ? (size_t)(slash - text) : strlen(text);
	if (!n || n >= sizeof word || (slash && !name_ok(slash + 1, ORD_KUBE_NAME - 1))) {
		sink_add_within(r->sink, node, slash ? n + 1 : 0,
				"watch: '%.80s' is not KIND/NAME, as in 'deployment/orders', nor a "
				"KIND for a set, as in 'pods'",
				text);
		return false;
	}
	(void)snprintf(word, sizeof word, "%.*s", (int)n, text);
	if (slash)
		(void)snprintf(w->name, sizeof w->name, "%s", slash + 1);
	return read_kind(r, map, word, node, w);
}

static void check_selectors(struct reader *r, const struct node *map,
			    const struct ord_kube_watch *w)
{
	static const char *const keys[] = {"selector", "fieldSelector"};

	for (size_t i = 0; i < ORD_COUNT(keys); i++) {
		const struct node *node = node_find(map, keys[i]);

		if (!node || node->kind != NODE_SCALAR)
			continue;
		if (*w->name)
			sink_add(r->sink, node,
				 "%s: it chooses from a set, and '%s' names one object", keys[i],
				 w->name);
		else if (i)
			(void)fields_check(r, keys[i], node);
		else
			(void)selector_check(r, keys[i], node);
	}
}

static void kube_finish(struct reader *r, const struct node *map, void *base)
{
	struct ord_kube_watch *w = base;
	const struct node *node;
	const char *text = text_of(map, "namespace", &node);
	struct ord_that_mistake m;

	if (text && !name_ok(text, ORD_KUBE_NS - 1))
		sink_add(r->sink, node, "namespace: '%.63s' is not the name of one", text);
	else if (text)
		(void)snprintf(w->ns, sizeof w->ns, "%s", text);
	if (!read_watch(r, map, w))
		return;
	check_selectors(r, map, w);
	text = text_of(map, "that", &node);
	if (text && ord_that_parse(text, w->kind, !*w->name, &w->that, &m))
		sink_add_within(r->sink, node, m.at, "that: %s", m.text);
}

static const struct type type_watch = {"a kind and a name, as in 'deployment/orders'", late_read,
				       schema_type_kube_watch};
static const struct type type_that = {"a test, as in 'available >= 3'", late_read,
				      schema_type_text};
static const struct type type_late_text = {"a text", late_read, schema_type_text};

static const struct key kube_keys[] = {
	{.name = "watch",
	 .type = &type_watch,
	 .flags = KEY_REQUIRED,
	 .example = "watch: deployment/orders",
	 .help = "KIND/NAME for one object, KIND for the set of those that match: pod, node, "
		 "service, deployment, "
		 "statefulset, daemonset, replicaset, job, endpointslice, hpa, pdb and others, as "
		 "kubectl names them"},
	{.name = "apiVersion",
	 .type = &type_late_text,
	 .max = ORD_KUBE_VERSION - 1,
	 .help = "of a kind that is not Kubernetes' own, as in 'networking.istio.io/v1'; the kind "
		 "is then "
		 "written as in its objects"},
	{.name = "namespace",
	 .type = &type_late_text,
	 .max = ORD_KUBE_NS - 1,
	 .help = "where it is; needed where the kind is in namespaces"},
	{.name = "selector",
	 .type = &type_text,
	 .offset = offsetof(struct ord_kube_watch, selector),
	 .min = 1,
	 .max = 1024,
	 .help = "of a set: labels, as in 'app=orders,tier in (a,b)'"},
	{.name = "fieldSelector",
	 .type = &type_text,
	 .offset = offsetof(struct ord_kube_watch, field_selector),
	 .min = 1,
	 .max = 1024,
	 .help = "of a set: fields, as in 'spec.nodeName=a'"},
	{.name = "that",
	 .type = &type_that,
	 .flags = KEY_REQUIRED,
	 .max = ORD_THAT_TEXT - 1,
	 .example = "that: available >= 3",
	 .help = "what a good state is; see KUBERNETES"},
};

const struct table table_kube = {
	.name = "kube",
	.path = "spec.probes[].kube",
	.help = "An object of the cluster, or a set of objects, as the API server's watch tells of "
		"it. A slot is good when the latest state that is known is; while the watch is "
		"broken, slots are unknown.",
	.keys = kube_keys,
	.n = ORD_COUNT(kube_keys),
	.finish = kube_finish};

static void kube_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	struct ord_probe_spec *probe = base;

	if (probe->kube)
		return; /* a duplicate key: said when it was read */
	probe->kube = calloc(1, sizeof *probe->kube);
	if (!probe->kube)
		r->no_memory = true;
	else if (node->kind != NODE_MAP)
		want_map(r, key->name, node);
	else
		read_map(r, key->table, node, probe->kube);
}

const struct type type_kube = {"a map", kube_read, schema_type_map};
