/* spec.faults[].target: who is hit in a cluster. The filters of struct ord_kube_filter as keys. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "scheduler/spec/schema.h"
#include "scheduler/spec/table.h"

#define TEXT (1u << SCALAR_TEXT)

static void *at(const struct key *key, void *base)
{
	return (char *)base + key->offset;
}

static struct ord_kube_target *kube_of(struct reader *r, struct ord_target *t)
{
	if (!t->kube) {
		t->kube = calloc(1, sizeof *t->kube);
		r->no_memory = r->no_memory || !t->kube;
	}
	return t->kube;
}

/* --- names ---------------------------------------------------------------------------------- */

/* key->max: the longest; key->choices: these words alone. */
static void name_take(struct reader *r, const struct key *key, const struct node *node,
		      struct ord_texts *out)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);
	struct ord_err err;

	if (!text)
		return;
	if (key->choices && !choice_find(key->choices, text, NULL)) {
		unknown_choice(r, node, key->name, text, key->choices);
		return;
	}
	if (!ord_kube_good_name(text, (size_t)key->max)) {
		sink_add(r->sink, node,
			 "%s: '%.60s' is no name; it may hold letters, digits, '-' and '.', and "
			 "the wild *, ? and [...]",
			 key->name, text);
		return;
	}
	if (ord_texts_add(out, text, &err))
		r->no_memory = true;
}

static void names_read_by(struct reader *r, const struct key *key, const struct node *node,
			  void *base,
			  void (*take)(struct reader *, const struct key *, const struct node *,
				       struct ord_texts *))
{
	struct ord_texts *out = at(key, base);

	if (node->kind != NODE_LIST) {
		take(r, key, node, out);
		return;
	}
	if (!node->n || node->n > 256)
		sink_add(r->sink, node, "'%s' takes one, or a list of 1 to 256", key->name);
	for (size_t i = 0; i < node->n && i < 256; i++)
		take(r, key, node->items[i], out);
}

static void names_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	names_read_by(r, key, node, base, name_take);
}

/* KIND/NAME */
static void owner_take(struct reader *r, const struct key *key, const struct node *node,
		       struct ord_texts *out)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT), *slash;
	struct ord_err err;

	if (!text)
		return;
	slash = strchr(text, '/');
	if (!slash || slash == text || !ord_kube_good_name(slash + 1, 253) ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ*?") !=
		    (size_t)(slash - text) ||
	    slash - text >= ORD_KUBE_KIND)
		sink_add(r->sink, node, "%s: '%.60s' is not KIND/NAME, as in Deployment/orders",
			 key->name, text);
	else if (ord_texts_add(out, text, &err))
		r->no_memory = true;
}

static void owners_read(struct reader *r, const struct key *key, const struct node *node,
			void *base)
{
	names_read_by(r, key, node, base, owner_take);
}

/* --- selectors ------------------------------------------------------------------------------ */

/* What is there already stays: `labels` and `selector` hold together. */
static void join(struct reader *r, char **text, const char *more)
{
	size_t size = (*text ? strlen(*text) : 0) + strlen(more) + 2;
	char *both = malloc(size);

	if (!both) {
		r->no_memory = true;
		return;
	}
	(void)snprintf(both, size, "%s%s%s", *text ? *text : "", *text ? "," : "", more);
	free(*text);
	*text = both;
}

static bool one_line(const struct node *node)
{
	for (const char *c = node->text; *c; c++)
		if (iscntrl((unsigned char)*c))
			return false;
	return node->size > 0 && node->size <= 4096;
}

static void selector_read(struct reader *r, const struct key *key, const struct node *node,
			  void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);

	if (!text)
		return;
	if (!one_line(node))
		sink_add(r->sink, node, "'%s' takes a selector of 1 to 4096 bytes in one line",
			 key->name);
	else
		join(r, at(key, base), text);
}

/* app: orders -> app=orders */
static void labels_take(struct reader *r, const struct node *key, const struct node *value,
			char **out)
{
	const char *text = want_scalar(r, key->text, "a text", value, TEXT);
	char pair[400];
	size_t good = strspn(key->text,
			     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./");

	if (!text)
		return;
	if (!key->size || key->size > 317 || key->text[good])
		sink_add(r->sink, key, "'%.60s' is no key of a label", key->text);
	else if (value->size > 63 ||
		 text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "-_.")])
		sink_add(r->sink, value,
			 "%s: '%.70s' is no value of a label; it may hold letters, digits, '-', "
			 "'_' and '.', at most 63",
			 key->text, text);
	else {
		(void)snprintf(pair, sizeof pair, "%s=%s", key->text, text);
		join(r, out, pair);
	}
}

static void label_map_read(struct reader *r, const struct key *key, const struct node *node,
			   void *base)
{
	if (node->kind != NODE_MAP) {
		want_map(r, key->name, node);
		return;
	}
	if (!node->n)
		sink_add(r->sink, node, "'%s' is empty; leave it out", key->name);
	for (size_t i = 0; i < node->n; i++)
		labels_take(r, node->keys[i], node->items[i], at(key, base));
}

/* "status.phase=Running,spec.nodeName!=a": what the API server itself takes. */
static void fields_read(struct reader *r, const struct key *key, const struct node *node,
			void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);

	if (!text)
		return;
	for (const char *p = text; *p || p == text;) {
		size_t n = strcspn(p, ","), name = strcspn(p, "=!,");
		const char *op = p + name;

		if (!name || name == n || (*op == '!' && op[1] != '=')) {
			sink_add_within(r->sink, node, (size_t)(p - text),
					"%s: '%.*s' is not FIELD=VALUE or FIELD!=VALUE, as in "
					"spec.nodeName=worker-1",
					key->name, n > 60 ? 60 : (int)n, p);
			return;
		}
		p += n + (p[n] == ',');
	}
	join(r, at(key, base), text);
}

/* Ready, or Ready=False */
static void condition_read(struct reader *r, const struct key *key, const struct node *node,
			   void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT), *is;
	char all[400];
	char **out = at(key, base);

	if (!text)
		return;
	is = strchr(text, '=');
	if (strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./") !=
		    (is ? (size_t)(is - text) : node->size) ||
	    is == text || !node->size || node->size > 317) {
		sink_add(r->sink, node, "%s: '%.60s' is not TYPE or TYPE=STATUS, as in Ready=False",
			 key->name, text);
		return;
	}
	if (is && !choice_find("True|False|Unknown", is + 1, NULL)) {
		sink_add_within(r->sink, node, (size_t)(is + 1 - text),
				"%s: the status is True, False or Unknown, not '%.40s'", key->name,
				is + 1);
		return;
	}
	(void)snprintf(all, sizeof all, "%s%s", text, is ? "" : "=True");
	free(*out);
	*out = keep_text(r, all);
}

/* --- the types ------------------------------------------------------------------------------ */

static const struct type type_names = {"a name, or a list of them", names_read, schema_type_names};
static const struct type type_owners = {"KIND/NAME, or a list of them", owners_read,
					schema_type_owners};
static const struct type type_selector = {"a selector, as in 'app=orders,tier in (web,api)'",
					  selector_read, schema_type_text};
static const struct type type_label_map = {"a map of texts", label_map_read, schema_type_labels};
static const struct type type_fields = {"fields, as in 'spec.nodeName=worker-1'", fields_read,
					schema_type_text};
static const struct type type_object_condition = {"a condition, as in 'Ready=False'",
						  condition_read, schema_type_object_condition};

#define ITEMS(a) .keys = (a), .n = ORD_COUNT(a)
#define F(field) .offset = offsetof(struct ord_kube_filter, field)

#define NAME_KEY                                                           \
	{                                                                  \
		.name = "name", .type = &type_names, F(names), .max = 253, \
		.help = "its name, or one of these"                        \
	}
#define NAMESPACE_KEY                                                                     \
	{                                                                                 \
		.name = "namespace", .type = &type_names, F(namespaces), .max = 63,       \
		.help = "the namespace, or one of these; '*' is all, and none is assumed" \
	}
#define NAMESPACE_SELECTOR_KEY                                                              \
	{                                                                                   \
		.name = "namespaceSelector", .type = &type_selector, F(namespace_selector), \
		.help = "labels of the namespace"                                           \
	}
#define SELECTOR_KEY                                                                            \
	{                                                                                       \
		.name = "selector", .type = &type_selector, F(selector),                        \
		.help = "labels, in kubectl's language: 'app=orders,tier in (web,api),!canary'" \
	}
#define LABELS_KEY                                                                  \
	{                                                                           \
		.name = "labels", .type = &type_label_map, F(selector),             \
		.help = "labels as a map; each must be there, besides the selector" \
	}
#define FIELDS_KEY                                                                          \
	{                                                                                   \
		.name = "fieldSelector", .type = &type_fields, F(field_selector),           \
		.help = "fields that the API server can select by, as in 'spec.nodeName=a'" \
	}
#define ANNOTATIONS_KEY                                                        \
	{                                                                      \
		.name = "annotations", .type = &type_selector, F(annotations), \
		.help = "annotations, in the language of selectors"            \
	}
#define OWNER_KEY                                                                            \
	{                                                                                    \
		.name = "owner", .type = &type_owners, F(owners),                            \
		.help = "what owns it, at any level, as in Deployment/orders; may be a list" \
	}
#define ZONE_KEY                                                                          \
	{                                                                                 \
		.name = "zone", .type = &type_names, F(zones), .max = 253,                \
		.help = "zone of the node (topology.kubernetes.io/zone), or one of these" \
	}
#define CONDITION_KEY                                                                      \
	{                                                                                  \
		.name = "condition", .type = &type_object_condition, F(condition),         \
		.help = "a condition of its status, as in Ready=False; without a status, " \
			"True"                                                             \
	}
#define AGE_KEYS                                                                                 \
	{.name = "olderThan",                                                                    \
	 .type = &type_duration,                                                                 \
	 F(older_ns),                                                                            \
	 .min = 1000000000,                                                                      \
	 .max = 3650 * DAY_NS,                                                                   \
	 .help = "at least so old"},                                                             \
	{                                                                                        \
		.name = "youngerThan", .type = &type_duration, F(younger_ns), .min = 1000000000, \
		.max = 3650 * DAY_NS, .help = "at most so old"                                   \
	}
#define CONTAINER_KEY                                                                \
	{                                                                            \
		.name = "container", .type = &type_names, F(containers), .max = 253, \
		.help = "has a container of this name"                               \
	}
#define NODE_KEY                                                           \
	{                                                                  \
		.name = "node", .type = &type_names, F(nodes), .max = 253, \
		.help = "runs on this node, or one of these"               \
	}
#define PHASE_KEY                                                                          \
	{                                                                                  \
		.name = "phase", .type = &type_names, F(phases), .max = 253,               \
		.choices = "Pending|Running|Succeeded|Failed|Unknown",                     \
		.help = "phase of the pod, or one of these; none given: Pending, Running " \
			"or Unknown"                                                       \
	}

static const struct key pod_keys[] = {
	NAME_KEY,	 NAMESPACE_KEY, NAMESPACE_SELECTOR_KEY,
	SELECTOR_KEY,	 LABELS_KEY,	FIELDS_KEY,
	ANNOTATIONS_KEY, OWNER_KEY,	NODE_KEY,
	ZONE_KEY,	 PHASE_KEY,	CONDITION_KEY,
	CONTAINER_KEY,	 AGE_KEYS,
};
static const struct key node_keys[] = {
	NAME_KEY,	 SELECTOR_KEY, LABELS_KEY,    FIELDS_KEY,
	ANNOTATIONS_KEY, ZONE_KEY,     CONDITION_KEY, AGE_KEYS,
};

/* --- the kinds ------------------------------------------------------------------------------ */

static const char workload_kinds[] = "Deployment|StatefulSet|DaemonSet|Job";

/* base: the filter that is the target's `match`. */
static struct ord_kube_target *of_match(void *base)
{
	return (struct ord_kube_target *)(void *)((char *)base -
						  offsetof(struct ord_kube_target, match));
}

static void workload_kind_read(struct reader *r, const struct key *key, const struct node *node,
			       void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);

	if (text && !ord_kube_workload_kind(text, of_match(base)))
		unknown_choice(r, node, key->name, text, key->choices);
}

static const struct type type_workload_kind = {"a kind of workload", workload_kind_read,
					       schema_type_word};

static void version_read(struct reader *r, const struct key *key, const struct node *node,
			 void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);
	struct ord_kube_target *t = of_match(base);

	if (!text)
		return;
	if (!ord_kube_good_version(text))
		sink_add(r->sink, node, "%s: '%.60s' is not one, as in v1 or apps/v1", key->name,
			 text);
	else
		(void)snprintf(t->api_version, sizeof t->api_version, "%s", text);
}

static void kind_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);
	struct ord_kube_target *t = of_match(base);

	if (!text)
		return;
	if (!ord_kube_good_kind(text))
		sink_add(r->sink, node, "%s: '%.60s' is not one, as in ConfigMap", key->name, text);
	else
		(void)snprintf(t->kind, sizeof t->kind, "%s", text);
}

static const struct type type_version = {"an API version, as in 'apps/v1'", version_read,
					 schema_type_word};
static const struct type type_object_kind = {"a kind, as in ConfigMap", kind_read,
					     schema_type_word};

static const struct key workload_keys[] = {
	{.name = "kind",
	 .type = &type_workload_kind,
	 .choices = workload_kinds,
	 .help = "none given: any of the four"},
	NAME_KEY,
	NAMESPACE_KEY,
	NAMESPACE_SELECTOR_KEY,
	SELECTOR_KEY,
	LABELS_KEY,
	FIELDS_KEY,
	ANNOTATIONS_KEY,
	OWNER_KEY,
	CONDITION_KEY,
	CONTAINER_KEY,
	AGE_KEYS,
};
static const struct key service_keys[] = {
	NAME_KEY,	 NAMESPACE_KEY, NAMESPACE_SELECTOR_KEY,
	SELECTOR_KEY,	 LABELS_KEY,	FIELDS_KEY,
	ANNOTATIONS_KEY, OWNER_KEY,	AGE_KEYS,
};
static const struct key object_keys[] = {
	{.name = "apiVersion",
	 .type = &type_version,
	 .flags = KEY_REQUIRED,
	 .example = "apiVersion: networking.istio.io/v1",
	 .help = "group and version of its kind"},
	{.name = "kind",
	 .type = &type_object_kind,
	 .flags = KEY_REQUIRED,
	 .example = "kind: VirtualService",
	 .help = "its kind"},
	NAME_KEY,
	{.name = "namespace",
	 .type = &type_names,
	 F(namespaces),
	 .max = 63,
	 .help = "the namespace, or one of these; needed where the kind has namespaces"},
	NAMESPACE_SELECTOR_KEY,
	SELECTOR_KEY,
	LABELS_KEY,
	FIELDS_KEY,
	ANNOTATIONS_KEY,
	OWNER_KEY,
	CONDITION_KEY,
	AGE_KEYS,
};
static const struct key exclude_keys[] = {
	NAME_KEY,     NAMESPACE_KEY, NAMESPACE_SELECTOR_KEY,
	SELECTOR_KEY, LABELS_KEY,    ANNOTATIONS_KEY,
	OWNER_KEY,    NODE_KEY,	     ZONE_KEY,
	PHASE_KEY,    CONDITION_KEY, CONTAINER_KEY,
	AGE_KEYS,
};

const struct table table_pod = {
	.name = "pod",
	.path = "spec.faults[].target.pod",
	.help = "Pods of a cluster. All that is said must hold. Names, namespaces, nodes, zones, "
		"owners and containers may hold the wild *, ? and [...].",
	ITEMS(pod_keys)};
const struct table table_node = {.name = "node",
				 .path = "spec.faults[].target.node",
				 .help = "Nodes of a cluster.",
				 ITEMS(node_keys)};
const struct table table_workload = {.name = "workload",
				     .path = "spec.faults[].target.workload",
				     .help = "Deployments, StatefulSets, DaemonSets and Jobs.",
				     ITEMS(workload_keys)};
const struct table table_service = {.name = "service",
				    .path = "spec.faults[].target.service",
				    .help = "Services of a cluster.",
				    ITEMS(service_keys)};
const struct table table_object = {.name = "object",
				   .path = "spec.faults[].target.object",
				   .help = "Objects of any kind.",
				   ITEMS(object_keys)};
const struct table table_exclude = {.name = "exclude",
				    .path = "spec.faults[].target.exclude",
				    .help = "Who is never hit: objects of which all of this holds.",
				    ITEMS(exclude_keys)};

/* --- the short forms ------------------------------------------------------------------------ */

static const struct key *key_of(const struct table *table, const char *name)
{
	for (size_t i = 0; i < table->n; i++)
		if (!strcmp(table->keys[i].name, name))
			return &table->keys[i];
	return NULL;
}

/* NAME; workload: KIND/NAME; object: APIVERSION/KIND/NAME */
static void read_short(struct reader *r, const struct key *key, const struct node *node,
		       struct ord_kube_target *t)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);
	struct ord_err err;

	if (text && ord_kube_target_parse(t, (int)key->min, text, &err))
		sink_add(r->sink, node, "%s: %s", key->name, err.msg);
}

static void cluster_kind_read(struct reader *r, const struct key *key, const struct node *node,
			      void *base)
{
	struct ord_target *t = base;
	struct ord_kube_target *k = kube_of(r, t);

	t->kind = (enum ord_target_kind)key->min;
	if (!k)
		return;
	if (node->kind == NODE_MAP)
		read_map(r, key->table, node, &k->match);
	else
		read_short(r, key, node, k);
}

/* A key of the filter beside the short form: namespace: shop. */
static void beside_read(struct reader *r, const struct key *key, const struct node *node,
			void *base)
{
	const struct key *of = key_of(key->table, key->name);
	struct ord_kube_target *k = kube_of(r, base);

	if (k)
		of->type->read(r, of, node, &k->match);
}

static void exclude_read(struct reader *r, const struct key *key, const struct node *node,
			 void *base)
{
	struct ord_kube_target *k = kube_of(r, base);

	if (!k)
		return;
	if (node->kind != NODE_MAP) {
		want_map(r, key->name, node);
		return;
	}
	if (!node->n)
		sink_add(r->sink, node, "'%s' is empty; leave it out", key->name);
	k->has_exclude = true;
	read_map(r, key->table, node, &k->exclude);
}

static void spread_read(struct reader *r, const struct key *key, const struct node *node,
			void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);
	struct ord_kube_target *k = kube_of(r, base);
	size_t i;

	if (!text || !k)
		return;
	if (choice_find(key->choices, text, &i))
		k->spread = i ? ORD_SPREAD_ZONE : ORD_SPREAD_NODE;
	else
		unknown_choice(r, node, key->name, text, key->choices);
}

static void follow_read(struct reader *r, const struct key *key, const struct node *node,
			void *base)
{
	struct ord_kube_target *k = kube_of(r, base);

	if (k)
		type_bool.read(r, key, node, k);
}

static void cluster_name_read(struct reader *r, const struct key *key, const struct node *node,
			      void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);
	char *out = at(key, base);

	if (!text)
		return;
	if (!one_line(node) || node->size > (size_t)key->max)
		sink_add(r->sink, node, "'%s' takes a name of 1 to %lld bytes in one line",
			 key->name, (long long)key->max);
	else
		memcpy(out, text, node->size + 1);
}

const struct type type_cluster_kind = {"a name, or a map", cluster_kind_read,
				       schema_type_text_or_map};
const struct type type_beside = {"as in the target's map", beside_read, schema_type_beside};
const struct type type_exclude = {"a map", exclude_read, schema_type_map};
const struct type type_spread = {"one of a few words", spread_read, schema_type_choice};
const struct type type_follow = {"true or false", follow_read, schema_type_bool};
const struct type type_cluster_name = {"the name of a context or a cluster", cluster_name_read,
				       schema_type_text};

struct json_t *schema_type_beside(const struct key *key)
{
	const struct key *of = key_of(key->table, key->name);

	return of->type->schema(of);
}

/* --- what goes together --------------------------------------------------------------------- */

static const struct table *table_of(enum ord_target_kind kind)
{
	return kind == ORD_TARGET_POD	     ? &table_pod
	       : kind == ORD_TARGET_NODE     ? &table_node
	       : kind == ORD_TARGET_WORKLOAD ? &table_workload
	       : kind == ORD_TARGET_SERVICE  ? &table_service
	       : kind == ORD_TARGET_OBJECT   ? &table_object
					     : NULL;
}

static const char beside_words[] = "namespace|selector|labels|fieldSelector|exclude|spread|follow";

static const struct node *key_node(const struct node *map, const char *name)
{
	for (size_t i = 0; i < map->n; i++)
		if (!strcmp(map->keys[i]->text, name))
			return map->keys[i];
	return map;
}

/* What stands beside a target of this machine, where it means nothing. */
static void check_beside(struct reader *r, const struct node *map, const struct ord_target *t)
{
	const char *kind = ord_target_kind_name(t->kind);

	for (size_t i = 0; i < map->n; i++)
		if (choice_find(beside_words, map->keys[i]->text, NULL))
			sink_add(r->sink, map->keys[i],
				 "'%s' goes with pod, node, workload, service or object, not with "
				 "'%s'",
				 map->keys[i]->text, kind);
}

/* A key that stands in the map and beside it, or that says nothing of this kind. */
static void check_keys(struct reader *r, const struct node *map, const struct table *table)
{
	const struct node *body = node_find(map, table->name), *exclude = node_find(map, "exclude");

	for (size_t i = 0; i < map->n; i++) {
		const char *name = map->keys[i]->text;

		if (!choice_find("namespace|selector|labels|fieldSelector", name, NULL))
			continue;
		if (!key_of(table, name))
			sink_add(r->sink, map->keys[i], "'%s' says nothing of a %s", name,
				 table->name);
		else if (body && body->kind == NODE_MAP && node_find(body, name))
			sink_add(r->sink, map->keys[i],
				 "'%s' stands in '%s' already; write it once", name, table->name);
	}
	for (size_t i = 0; exclude && exclude->kind == NODE_MAP && i < exclude->n; i++)
		if (key_of(&table_exclude, exclude->keys[i]->text) &&
		    !key_of(table, exclude->keys[i]->text))
			sink_add(r->sink, exclude->keys[i], "'%s' says nothing of a %s",
				 exclude->keys[i]->text, table->name);
}

static void check_spread(struct reader *r, const struct node *map, const struct ord_target *t)
{
	const struct node *node = key_node(map, "spread");

	if (!t->kube->spread)
		return;
	if (t->kind != ORD_TARGET_POD &&
	    !(t->kind == ORD_TARGET_NODE && t->kube->spread == ORD_SPREAD_ZONE))
		sink_add(r->sink, node,
			 "spread: pods are spread over nodes or zones, and nodes over zones; "
			 "nothing else is");
	else if (!t->count && !t->percent_ppm)
		sink_add(r->sink, node,
			 "spread: there is nothing to choose; it needs 'count' or 'percent'");
}

void cluster_target_finish(struct reader *r, const struct node *map, struct ord_target *t)
{
	const struct table *table = table_of(t->kind);

	if (!table) {
		if (t->kind != ORD_TARGET_UNSET)
			check_beside(r, map, t);
		return;
	}
	check_keys(r, map, table);
	if (!t->kube)
		return;
	check_spread(r, map, t);
	if (t->kube->follow && t->kind != ORD_TARGET_POD)
		sink_add(r->sink, key_node(map, "follow"), "follow: pods are followed, a %s is not",
			 table->name);
	if (t->kind != ORD_TARGET_NODE && t->kind != ORD_TARGET_OBJECT &&
	    !t->kube->match.namespaces.n && !t->kube->match.namespace_selector &&
	    !node_find(map, "namespace") &&
	    !(node_find(map, table->name) && node_find(node_find(map, table->name), "namespace")))
		sink_add(r->sink, key_node(map, table->name),
			 "%s lacks 'namespace': none is assumed; name it, or write '*' for all",
			 table->name);
}
