#include "scheduler/spec/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

struct node *tree_node(struct tree *tree, enum node_kind kind, unsigned line, unsigned column,
		       const char *origin)
{
	struct node *node;

	if (tree->n == tree->room) {
		size_t room = tree->room ? 2 * tree->room : 64;
		struct node **all = realloc(tree->all, room * sizeof(*all));

		if (!all)
			goto fail;
		tree->all = all;
		tree->room = room;
	}
	node = calloc(1, sizeof *node);
	if (!node)
		goto fail;
	*node = (struct node){
		.kind = kind, .line = line, .column = column, .origin = origin, .weight = 1};
	tree->all[tree->n++] = node;
	return node;
fail:
	tree->no_memory = true;
	return NULL;
}

struct node *tree_text(struct tree *tree, const struct node *near, const char *text)
{
	struct node *node = tree_node(tree, NODE_SCALAR, near->line, near->column, near->origin);

	if (!node)
		return NULL;
	node->size = strlen(text);
	node->scalar = scalar_of(text);
	node->text = strdup(text);
	if (!node->text) {
		tree->no_memory = true;
		return NULL;
	}
	return node;
}

bool node_append(struct tree *tree, struct node *node, struct node *key, struct node *item)
{
	if (node->n == node->room) {
		size_t room = node->room ? 2 * node->room : 8;
		struct node **items = realloc(node->items, room * sizeof(*items));
		struct node **keys;

		if (items)
			node->items = items;
		keys = items ? realloc(node->keys, room * sizeof(*keys)) : NULL;
		if (!keys) {
			tree->no_memory = true;
			return false;
		}
		node->keys = keys;
		node->room = room;
	}
	node->keys[node->n] = key;
	node->items[node->n++] = item;
	return true;
}

struct node *tree_copy(struct tree *tree, const struct node *node)
{
	struct node *copy = tree_node(tree, node->kind, node->line, node->column, node->origin);

	if (!copy)
		return NULL;
	copy->weight = node->weight;
	for (size_t i = 0; i < node->n; i++)
		if (!node_append(tree, copy, node->keys[i], node->items[i]))
			return NULL;
	if (node->kind != NODE_SCALAR)
		return copy;
	copy->size = node->size;
	copy->scalar = node->scalar;
	copy->quoted = node->quoted;
	copy->exact = node->exact;
	copy->text = strdup(node->text);
	if (!copy->text) {
		tree->no_memory = true;
		return NULL;
	}
	return copy;
}

void tree_done(struct tree *tree)
{
	for (size_t i = 0; i < tree->n; i++) {
		free(tree->all[i]->text);
		free(tree->all[i]->keys);
		free(tree->all[i]->items);
		free(tree->all[i]);
	}
	free(tree->all);
	*tree = (struct tree){0};
}

struct node *node_find(const struct node *map, const char *key)
{
	if (!map || map->kind != NODE_MAP)
		return NULL;
	for (size_t i = 0; i < map->n; i++)
		if (!strcmp(map->keys[i]->text, key))
			return map->items[i];
	return NULL;
}

char *node_show(const struct node *node, char out[static NODE_SHOWN])
{
	int keep = 40;

	if (node->kind == NODE_LIST)
		(void)snprintf(out, NODE_SHOWN, "a list");
	else if (node->kind == NODE_MAP)
		(void)snprintf(out, NODE_SHOWN, "a map");
	else if (node->scalar == SCALAR_NULL && !node->quoted)
		(void)snprintf(out, NODE_SHOWN, "nothing");
	else {
		/* Not in the middle of a character. */
		if (node->size > 40)
			while (keep > 0 && ((unsigned char)node->text[keep] & 0xc0) == 0x80)
				keep--;
		(void)snprintf(out, NODE_SHOWN, "'%.*s%s'", keep, node->text,
			       node->size > 40 ? "..." : "");
	}
	return out;
}
