/* Reading by tables: maps and lists. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "scheduler/spec/schema.h"
#include "scheduler/spec/table.h"

#define NAMES_MAX 96

bool choice_find(const char *choices, const char *word, size_t *ret_index)
{
	size_t len = strlen(word), i = 0;

	for (const char *p = choices; len; i++) {
		size_t n = strcspn(p, "|");

		if (n == len && !memcmp(p, word, n)) {
			if (ret_index)
				*ret_index = i;
			return true;
		}
		if (!p[n])
			break;
		p += n + 1;
	}
	return false;
}

bool choice_get(const char *choices, size_t n, char *out, size_t size)
{
	const char *p = choices;

	for (; n; n--) {
		p += strcspn(p, "|");
		if (!*p++)
			return false;
	}
	(void)snprintf(out, size, "%.*s", (int)strcspn(p, "|"), p);
	return true;
}

/* "a, b and c" */
static void join(const char *const *names, size_t n, char *out, size_t size)
{
	size_t used = 0;

	*out = '\0';
	for (size_t i = 0; i < n && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s",
					 !i	      ? ""
					 : i + 1 == n ? " and "
						      : ", ",
					 names[i]);
}

void choices_join(const char *choices, char *out, size_t size)
{
	char words[NAMES_MAX / 3][48];
	const char *names[NAMES_MAX / 3];
	size_t n = 0;

	for (; n < ORD_COUNT(names) && choice_get(choices, n, words[n], sizeof words[n]); n++)
		names[n] = words[n];
	join(names, n, out, size);
}

void unknown_word(struct reader *r, const struct node *node, size_t offset, const char *kind,
		  const char *word, const char *in, const char *const *names, size_t n)
{
	const char *near = ord_nearest(word, names, n), *within = *in ? " in " : "";
	char list[600];

	join(names, n, list, sizeof list);
	if (near)
		sink_add_within(r->sink, node, offset, "unknown %s '%.60s'%s%s; did you mean '%s'?",
				kind, word, within, in, near);
	else
		sink_add_within(r->sink, node, offset, "unknown %s '%.60s'%s%s; there %s %s", kind,
				word, within, in, n == 1 ? "is" : "are", n ? list : "none");
}

void unknown_choice(struct reader *r, const struct node *node, const char *kind, const char *word,
		    const char *choices)
{
	char words[NAMES_MAX / 3][48];
	const char *names[NAMES_MAX / 3];
	size_t n = 0;

	for (; n < ORD_COUNT(names) && choice_get(choices, n, words[n], sizeof words[n]); n++)
		names[n] = words[n];
	unknown_word(r, node, 0, kind, word, "", names, n);
}

bool misspelt(const struct node *map, const char *name, const char *const *known, size_t n)
{
	for (size_t i = 0; i < map->n; i++) {
		const char *key = map->keys[i]->text, *near;
		bool is_known = false;

		for (size_t j = 0; j < n; j++)
			is_known = is_known || !strcmp(known[j], key);
		near = is_known ? NULL : ord_nearest(key, known, n);
		if (near && !strcmp(near, name))
			return true;
	}
	return false;
}

static const struct key *key_find(const struct table *table, const char *name)
{
	for (size_t i = 0; i < table->n; i++)
		if (!strcmp(table->keys[i].name, name))
			return &table->keys[i];
	return NULL;
}

/* The table in which a key of this name stands, where there is but one. */
static const struct table *elsewhere(const char *name)
{
	const struct table *found = NULL;

	for (size_t i = 0; i < n_tables; i++)
		if (key_find(tables[i], name)) {
			if (found)
				return NULL;
			found = tables[i];
		}
	return found;
}

/* The keys that this version knows. */
static size_t known_keys(const struct table *table, const char *names[static NAMES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < table->n && n < NAMES_MAX; i++)
		if (!(table->keys[i].flags & KEY_LATER))
			names[n++] = table->keys[i].name;
	return n + (table->names ? table->names(names + n, NAMES_MAX - n) : 0);
}

static void unknown_key(struct reader *r, const struct table *table, const struct node *key)
{
	const struct table *other = r->other_language ? NULL : elsewhere(key->text);
	const char *names[NAMES_MAX];
	size_t n = known_keys(table, names);

	if (!key->quoted && key->scalar != SCALAR_TEXT)
		return; /* said when it was read */
	if (other && !ord_nearest(key->text, names, n))
		sink_add(r->sink, key, "unknown key '%s' in %s; it belongs in %s", key->text,
			 table->name, other->path);
	else
		unknown_word(r, key, 0, "key", key->text, table->name, names, n);
}

static void read_default(struct reader *r, const struct key *key, const struct node *map,
			 void *base)
{
	struct node *node = tree_text(r->tree, map, key->def);

	if (node)
		key->type->read(r, key, node, base);
}

static void missing_key(struct reader *r, const struct table *table, const struct key *key,
			const struct node *map)
{
	const char *names[NAMES_MAX];

	if (misspelt(map, key->name, names, known_keys(table, names)))
		return;
	if (table == &table_root)
		sink_add(r->sink, map, "'%s' is missing: %s; write '%s'", key->name, key->help,
			 key->example);
	else
		sink_add(r->sink, map, "%s lacks '%s': %s; write '%s'", table->name, key->name,
			 key->help, key->example);
}

/* Exactly one of the kinds that the table offers. */
static void check_one_of(struct reader *r, const struct table *table, const struct node *map)
{
	const struct node *first = NULL;
	char words[200];

	for (size_t i = 0; i < map->n; i++) {
		if (!choice_find(table->one_of, map->keys[i]->text, NULL))
			continue;
		if (first)
			sink_add(r->sink, map->keys[i], "'%s' beside '%s': %s takes one of them",
				 map->keys[i]->text, first->text, table->name);
		first = first ? first : map->keys[i];
	}
	for (size_t i = 0; i < table->n && !first; i++)
		if (table->keys[i].flags & KEY_LATER && node_find(map, table->keys[i].name))
			return; /* said already */
	if (first)
		return;
	choices_join(table->one_of, words, sizeof words);
	sink_add(r->sink, map, "%s needs one of %s", table->name, words);
}

static void read_key(struct reader *r, const struct table *table, const struct node *map, size_t i,
		     void *base)
{
	const struct node *name = map->keys[i];
	const struct key *key = key_find(table, name->text);

	for (size_t j = 0; j < i; j++)
		if (!strcmp(map->keys[j]->text, name->text))
			return; /* a duplicate: said when it was read */
	if (key && key->flags & KEY_LATER)
		sink_add(r->sink, name, "'%s' is not in this version", key->name);
	else if (key)
		key->type->read(r, key, map->items[i], base);
	else if (!table->other || !table->other(r, map, i, base))
		unknown_key(r, table, name);
}

void read_map(struct reader *r, const struct table *table, const struct node *map, void *base)
{
	for (size_t i = 0; i < map->n; i++)
		read_key(r, table, map, i, base);
	for (size_t i = 0; i < table->n; i++) {
		const struct key *key = &table->keys[i];

		if (node_find(map, key->name))
			continue;
		if (key->flags & KEY_REQUIRED)
			missing_key(r, table, key, map);
		else if (key->def)
			read_default(r, key, map, base);
	}
	if (table->one_of)
		check_one_of(r, table, map);
	if (table->finish)
		table->finish(r, map, base);
}

static bool is_null(const struct node *node)
{
	return node->kind == NODE_SCALAR && !node->quoted && node->scalar == SCALAR_NULL;
}

static void wrong_kind(struct reader *r, const struct key *key, const struct node *node,
		       const char *what)
{
	const char *example = key->example ? key->example : "", *as = *example ? "; write '" : "",
		   *end = *example ? "'" : "";
	char shown[NODE_SHOWN];

	if (is_null(node))
		sink_add(r->sink, node, "'%s' has no value; it takes %s%s%s%s", key->name, what, as,
			 example, end);
	else
		sink_add(r->sink, node, "'%s' takes %s, not %s%s%s%s", key->name, what,
			 node_show(node, shown), as, example, end);
}

static void map_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	static const struct node nothing = {.kind = NODE_MAP};
	struct node empty = nothing;

	if (node->kind == NODE_MAP) {
		read_map(r, key->table, node, (char *)base + key->offset);
	} else if (key->flags & KEY_EMPTY_OK && is_null(node)) {
		empty.line = node->line;
		empty.column = node->column;
		empty.origin = node->origin;
		read_map(r, key->table, &empty, (char *)base + key->offset);
	} else {
		wrong_kind(r, key, node, "a map");
	}
}

static void list_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	size_t *n = (size_t *)(void *)((char *)base + key->n_offset);

	if (node->kind != NODE_LIST) {
		wrong_kind(r, key, node, "a list");
		return;
	}
	if (node->n < (size_t)key->min)
		sink_add(r->sink, node, "'%s' needs at least %d item%s", key->name, (int)key->min,
			 key->min == 1 ? "" : "s");
	if (node->n > (size_t)key->max)
		sink_add(r->sink, node->items[key->max],
			 "'%s' takes at most %d items; this one is one too many", key->name,
			 (int)key->max);
	for (size_t i = 0; i < node->n && i < (size_t)key->max; i++) {
		key->item->type->read(r, key->item, node->items[i],
				      (char *)base + key->offset + i * key->item_size);
		*n = i + 1;
	}
}

const struct type type_map = {.what = "a map", .read = map_read, .schema = schema_type_map};
const struct type type_list = {.what = "a list", .read = list_read, .schema = schema_type_list};
