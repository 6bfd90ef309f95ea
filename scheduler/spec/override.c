#include "scheduler/spec/override.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/units.h"

/* One step of a path: ".key", "[3]" or "[name]"; of a map, "[key]" serves for keys with points in
 * them. */
struct step {
	char word[128];
	bool brackets;
};

/* Length of a key at the start of p: up to a point or a bracket, but a fault's name holds a point
 * itself. */
static size_t key_length(const char *p)
{
	size_t n = strcspn(p, ".[");

	for (size_t i = 0; i < ord_n_faults; i++) {
		size_t len = strlen(ord_faults[i].name);

		if (len > n && !strncmp(p, ord_faults[i].name, len) &&
		    (!p[len] || strchr(".[", p[len])))
			n = len;
	}
	return n;
}

/* Takes a step off the path; NULL where it is not one. */
static const char *take_step(const char *p, bool first, struct step *step)
{
	size_t n;

	step->brackets = *p == '[';
	if (!step->brackets && !first && *p++ != '.')
		return NULL;
	if (step->brackets)
		n = strcspn(++p, "]");
	else
		n = key_length(p);
	if (!n || n >= sizeof step->word || (step->brackets && p[n] != ']'))
		return NULL;
	memcpy(step->word, p, n);
	step->word[n] = '\0';
	return p + n + (step->brackets ? 1 : 0);
}

/* A mistake in the path itself. */
#define wrong(r, path, ...) sink_add((r)->sink, &(const struct node){.origin = (path)}, __VA_ARGS__)

static size_t find_key(const struct node *map, const char *key)
{
	for (size_t i = 0; i < map->n; i++)
		if (!strcmp(map->keys[i]->text, key))
			return i;
	return map->n;
}

/* The item of a list by its index, or by the name in it. */
static bool find_item(struct reader *r, const char *path, const struct node *list, const char *word,
		      size_t *ret)
{
	const char *names[64];
	size_t n = 0;
	int64_t i;

	if (!ord_parse_int(word, 0, INT32_MAX, &i, NULL)) {
		*ret = (size_t)i;
		if (*ret < list->n)
			return true;
		wrong(r, path, "there is no item [%s]; the list has %zu, counted from [0]", word,
		      list->n);
		return false;
	}
	for (size_t k = 0; k < list->n; k++) {
		const struct node *name = node_find(list->items[k], "name");

		if (!name || name->kind != NODE_SCALAR)
			continue;
		if (!strcmp(name->text, word)) {
			*ret = k;
			return true;
		}
		if (n < ORD_COUNT(names))
			names[n++] = name->text;
	}
	unknown_word(r, &(const struct node){.origin = path}, 0, "item", word, "", names, n);
	return false;
}

/* The place of the child that a step leads to, made if it is a key that is not there. */
static struct node **child(struct reader *r, const char *path, struct node *node,
			   const struct step *step)
{
	size_t i;

	if (step->brackets && node->kind == NODE_LIST)
		return find_item(r, path, node, step->word, &i) ? &node->items[i] : NULL;
	if (node->kind != NODE_MAP) {
		wrong(r, path, "'%s' is wanted of what is not a map%s", step->word,
		      node->kind == NODE_LIST ? "; write [0] or [NAME] for an item of a list" : "");
		return NULL;
	}
	i = find_key(node, step->word);
	if (i == node->n) {
		struct node *key = tree_text(r->tree, node, step->word);
		struct node *empty = tree_node(r->tree, NODE_MAP, node->line, node->column, path);

		if (!key || !empty)
			return NULL;
		key->origin = path;
		key->quoted = true;
		if (!node_append(r->tree, node, key, empty))
			return NULL;
	}
	return &node->items[i];
}

struct node *override_apply(struct reader *r, struct node *root, const struct ord_override *set)
{
	struct node *value = tree_read(r->tree, set->value, strlen(set->value), set->path, r->sink);
	struct node *copy = tree_copy(r->tree, root), **place = &copy;
	const char *p = set->path;
	struct step step;

	if (!value || !copy)
		return root;
	do {
		p = take_step(p, p == set->path, &step);
		if (!p) {
			wrong(r, set->path,
			      "this is not a path; write it as in spec.faults[0].for or "
			      "spec.probes[orders].every");
			return root;
		}
		place = child(r, set->path, *place, &step);
		if (!place)
			return root;
		*place = tree_copy(r->tree, *place);
		if (!*place)
			return root;
	} while (*p);
	*place = value;
	return copy;
}
