/* spec.faults[].target in a cluster: its forms, and what of it goes together. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "scheduler/spec/cluster.h"
#include "scheduler/spec/schema.h"

#define TEXT (1u << SCALAR_TEXT)

static struct ord_kube_target *kube_of(struct reader *r, struct ord_target *t)
{
	if (!t->kube) {
		t->kube = calloc(1, sizeof *t->kube);
		r->no_memory = r->no_memory || !t->kube;
	}
	return t->kube;
}

/* --- the short forms ------------------------------------------------------------------------ */

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
	const struct key *of = table_key(key->table, key->name);
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
	char *out = (char *)base + key->offset;

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
	const struct key *of = table_key(key->table, key->name);

	return of->type->schema(of);
}

/* --- what goes together --------------------------------------------------------------------- */

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
		if (!table_key(table, name))
			sink_add(r->sink, map->keys[i], "'%s' says nothing of a %s", name,
				 table->name);
		else if (body && body->kind == NODE_MAP && node_find(body, name))
			sink_add(r->sink, map->keys[i],
				 "'%s' stands in '%s' already; write it once", name, table->name);
	}
	for (size_t i = 0; exclude && exclude->kind == NODE_MAP && i < exclude->n; i++)
		if (table_key(&table_exclude, exclude->keys[i]->text) &&
		    !table_key(table, exclude->keys[i]->text))
			sink_add(r->sink, exclude->keys[i], "'%s' says nothing of a %s",
				 exclude->keys[i]->text, table->name);
}

/* A key of the target's map, or beside it; NULL: neither. */
static const struct node *value_of(const struct node *map, const struct table *table,
				   const char *name)
{
	const struct node *beside = node_find(map, name), *body = node_find(map, table->name);

	return beside ? beside : node_find(body, name);
}

/* Selectable by nobody, because of two keys together, or of what API servers do. */
static void check_values(struct reader *r, const struct node *map, const struct table *table,
			 const struct ord_kube_filter *f)
{
	const struct node *fields = value_of(map, table, "fieldSelector");

	if (fields)
		fields_warn(r, fields, table->name);
	if (f->older_ns && f->younger_ns && f->older_ns > f->younger_ns)
		sink_add(r->sink, value_of(map, table, "youngerThan"),
			 "youngerThan is less than olderThan: nothing is both");
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
	const struct table *table = cluster_table(t->kind);

	if (!table) {
		if (t->kind != ORD_TARGET_UNSET)
			check_beside(r, map, t);
		return;
	}
	check_keys(r, map, table);
	if (!t->kube)
		return;
	check_values(r, map, table, &t->kube->match);
	check_spread(r, map, t);
	if (t->kube->follow && t->kind != ORD_TARGET_POD)
		sink_add(r->sink, key_node(map, "follow"), "follow: pods are followed, a %s is not",
			 table->name);
	if (t->kind != ORD_TARGET_NODE && t->kind != ORD_TARGET_OBJECT &&
	    !t->kube->match.namespaces.n && !t->kube->match.namespace_selector &&
	    !value_of(map, table, "namespace") && !value_of(map, table, "namespaceSelector"))
		sink_add(r->sink, key_node(map, table->name),
			 "%s lacks 'namespace': none is assumed; name it, or write '*' for all",
			 table->name);
}
