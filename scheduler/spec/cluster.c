/* The filters of struct ord_kube_filter as keys: what each kind of object is selected by. */
#include "scheduler/spec/cluster.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "scheduler/spec/schema.h"

#define TEXT (1u << SCALAR_TEXT)

#define KEY(n, t, field, h)                                                                      \
	{                                                                                        \
		.name = n, .type = &type_##t, .offset = offsetof(struct ord_kube_filter, field), \
		.help = h                                                                        \
	}
#define NAMES(n, field, form, longest, h)                                                          \
	{                                                                                          \
		.name = n, .type = &type_names, .offset = offsetof(struct ord_kube_filter, field), \
		.min = ORD_KUBE_FORM_##form, .max = longest, .help = h                             \
	}
#define AGE(n, field, h)                                                              \
	{                                                                             \
		.name = n, .type = &type_duration,                                    \
		.offset = offsetof(struct ord_kube_filter, field), .min = 1000000000, \
		.max = 3650 * DAY_NS, .help = h                                       \
	}

#define NAME(form, longest) NAMES("name", names, form, longest, "its name, or one of these")
#define NAMESPACE                                 \
	NAMES("namespace", namespaces, LABEL, 63, \
	      "the namespace, or one of these; '*' is all, and none is assumed")
#define NAMESPACE_SELECTOR \
	KEY("namespaceSelector", selector, namespace_selector, "labels of the namespace")
#define SELECTOR                            \
	KEY("selector", selector, selector, \
	    "labels, in kubectl's language: 'app=orders,tier in (web,api),!canary'")
#define LABELS                             \
	KEY("labels", label_map, selector, \
	    "labels as a map; each must be there, besides the selector")
#define FIELDS                                       \
	KEY("fieldSelector", fields, field_selector, \
	    "fields that the API server can select by, as in 'spec.nodeName=a'")
#define ANNOTATIONS \
	KEY("annotations", annotations, annotations, "annotations, in the language of selectors")
#define OWNER                        \
	KEY("owner", owners, owners, \
	    "what owns it, at any level, as in Deployment/orders; may be a list")
#define NODE NAMES("node", nodes, SUBDOMAIN, 253, "runs on this node, or one of these")
#define ZONE                            \
	NAMES("zone", zones, VALUE, 63, \
	      "zone of the node (topology.kubernetes.io/zone), or one of these")
#define CONDITION                                     \
	KEY("condition", object_condition, condition, \
	    "a condition of its status, as in Ready=False; without a status, True")
#define CONTAINER NAMES("container", containers, LABEL, 63, "has a container of this name")
#define AGES                                           \
	AGE("olderThan", older_ns, "at least so old"), \
		AGE("youngerThan", younger_ns, "at most so old")
#define PHASE                                                                      \
	{                                                                          \
		.name = "phase", .type = &type_names,                              \
		.offset = offsetof(struct ord_kube_filter, phases), .max = 253,    \
		.choices = "Pending|Running|Succeeded|Failed|Unknown",             \
		.help = "phase of the pod, or one of these; none given: Pending, " \
			"Running or Unknown"                                       \
	}

static const struct key pod_keys[] = {
	NAME(SUBDOMAIN, 253),
	NAMESPACE,
	NAMESPACE_SELECTOR,
	SELECTOR,
	LABELS,
	FIELDS,
	ANNOTATIONS,
	OWNER,
	NODE,
	ZONE,
	PHASE,
	CONDITION,
	CONTAINER,
	AGES,
};
static const struct key node_keys[] = {
	NAME(SUBDOMAIN, 253), SELECTOR, LABELS, FIELDS, ANNOTATIONS, ZONE, CONDITION, AGES,
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
	NAME(SUBDOMAIN, 253),
	NAMESPACE,
	NAMESPACE_SELECTOR,
	SELECTOR,
	LABELS,
	FIELDS,
	ANNOTATIONS,
	OWNER,
	CONDITION,
	CONTAINER,
	AGES,
};
static const struct key service_keys[] = {
	NAME(LABEL, 63), NAMESPACE, NAMESPACE_SELECTOR, SELECTOR, LABELS, FIELDS, ANNOTATIONS,
	OWNER,		 AGES,
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
	NAME(ANY, 253),
	NAMES("namespace", namespaces, LABEL, 63,
	      "the namespace, or one of these; needed where the kind has namespaces"),
	NAMESPACE_SELECTOR,
	SELECTOR,
	LABELS,
	FIELDS,
	ANNOTATIONS,
	OWNER,
	CONDITION,
	AGES,
};
static const struct key exclude_keys[] = {
	NAME(ANY, 253), NAMESPACE, NAMESPACE_SELECTOR, SELECTOR,  LABELS, ANNOTATIONS, OWNER, NODE,
	ZONE,		PHASE,	   CONDITION,	       CONTAINER, AGES,
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

const struct table *cluster_table(enum ord_target_kind kind)
{
	return kind == ORD_TARGET_POD	     ? &table_pod
	       : kind == ORD_TARGET_NODE     ? &table_node
	       : kind == ORD_TARGET_WORKLOAD ? &table_workload
	       : kind == ORD_TARGET_SERVICE  ? &table_service
	       : kind == ORD_TARGET_OBJECT   ? &table_object
					     : NULL;
}

const struct key *table_key(const struct table *table, const char *name)
{
	for (size_t i = 0; i < table->n; i++)
		if (!strcmp(table->keys[i].name, name))
			return &table->keys[i];
	return NULL;
}
