#include "scheduler/spec/document.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/spec/override.h"
#include "scheduler/spec/schema.h"

static void read_root(const struct document *d, struct reader *r, const struct node *root,
		      void *base)
{
	char shown[NODE_SHOWN];

	if (root->kind != NODE_MAP)
		sink_add(r->sink, root,
			 "%s is a map that starts with 'apiVersion: ordeal.dev/v1', not %s",
			 d->table->name, node_show(root, shown));
	else if (d->read)
		d->read(r, root, base);
	else
		read_map(r, d->table, root, base);
}

int document_parse(const struct document *d, const char *yaml, size_t size,
		   const struct ord_override *set, size_t n_set, void **ret,
		   struct ord_mistakes *mistakes)
{
	struct sink sink = {0};
	struct tree tree = {0};
	struct reader r = {.tree = &tree, .sink = &sink, .other_language = d->other_language};
	void *base = calloc(1, d->size);
	bool good;

	tree.root = tree_read(&tree, yaml, size, NULL, &sink);
	for (size_t i = 0; tree.root && i < n_set; i++)
		tree.root = override_apply(&r, tree.root, &set[i]);
	if (tree.root && base)
		read_root(d, &r, tree.root, base);
	if (!base || tree.no_memory || r.no_memory)
		sink_place(&sink, 0, 0, "out of memory");
	good = base && tree.root && !sink.n_errors;
	if (good) {
		*ret = base;
	} else if (base) {
		d->done(base);
		free(base);
	}
	tree_done(&tree);
	sink_hand_out(&sink, mistakes);
	return good ? 0 : -1;
}

bool document_is(const char *yaml, size_t size, const char *kind)
{
	struct sink sink = {0};
	struct tree tree = {0};
	const struct node *root, *said;
	bool is;

	/* A daemon asks this of a million files, most of which are experiments. */
	if (!memmem(yaml, size, kind, strlen(kind)))
		return false;
	root = tree_read(&tree, yaml, size, NULL, &sink);
	said = root && root->kind == NODE_MAP ? node_find(root, "kind") : NULL;
	is = said && said->kind == NODE_SCALAR && !strcmp(said->text, kind);
	tree_done(&tree);
	sink_done(&sink);
	return is;
}

json_t *document_schema(const struct document *d)
{
	json_t *s = schema_table(d->table);
	char id[100];

	(void)snprintf(id, sizeof id, "https://ordeal.dev/schema/v1/%s.json", d->schema);
	if (s &&
	    (json_object_set_new(s, "$schema",
				 json_string("https://json-schema.org/draft/2020-12/schema")) ||
	     json_object_set_new(s, "$id", json_string(id)) ||
	     json_object_set_new(s, "title", json_string(d->title)))) {
		json_decref(s);
		return NULL;
	}
	return s;
}
