/*
 * A YAML text as a tree that knows where each value stands. Aliases share nodes, so it is a graph
 * without cycles; how large it would be written out is bounded, so any walk over it is too.
 */
#ifndef ORDEAL_SPEC_NODE_H
#define ORDEAL_SPEC_NODE_H

#include <stdbool.h>
#include <stddef.h>

struct sink;

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

/* What a plain scalar is to every reader of YAML; ODD where YAML 1.1 and 1.2 disagree (yes, 0755,
 * 1_000, 12:30). */
enum scalar { SCALAR_TEXT, SCALAR_NULL, SCALAR_BOOL, SCALAR_INT, SCALAR_FLOAT, SCALAR_ODD };

struct node {
	enum node_kind kind;
	unsigned line, column; /* from 1, in characters */
	const char *origin;    /* borrowed: the path of the override that made it; NULL: the file */
	/* scalar */
	char *text;
	size_t size;
	enum scalar scalar;
	bool quoted;
	bool exact; /* its characters stand in the file as they are, on one line */
	/* list, map; the nodes belong to the tree */
	struct node **keys, **items;
	size_t n, room;
	size_t weight; /* nodes below it, aliases written out */
	bool open;     /* still being read: an alias to it would be a cycle */
};

struct tree {
	struct node **all; /* owned */
	size_t n, room;
	struct node *root;
	bool no_memory;
};

/*
 * Reads a text into the tree and returns its root, or NULL with the reason in the sink. Mistakes
 * that leave a tree (duplicate keys, tags) go to the sink alone.
 */
struct node *tree_read(struct tree *tree, const char *yaml, size_t size, const char *origin,
		       struct sink *sink);
void tree_done(struct tree *tree);

/* NULL: out of memory, which the tree remembers. */
struct node *tree_node(struct tree *tree, enum node_kind kind, unsigned line, unsigned column,
		       const char *origin);
struct node *tree_text(struct tree *tree, const struct node *near, const char *text);
bool node_append(struct tree *tree, struct node *node, struct node *key, struct node *item);
/* A new node with the same content, whose children are shared. */
struct node *tree_copy(struct tree *tree, const struct node *node);

/* The value of a key, or NULL. */
struct node *node_find(const struct node *map, const char *key);
enum scalar scalar_of(const char *text);
/* "a list", "a map", "nothing", "the text 'x'" (short): what stands there, for messages. Returns
 * out. */
#define NODE_SHOWN 64
char *node_show(const struct node *node, char out[static NODE_SHOWN]);

#endif
