/* YAML text -> tree, by libyaml's events, everything bounded before it is stored. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/auto.h"
#include "ordeal/spec.h"
#include "scheduler/spec/mistakes.h"
#include "scheduler/spec/node.h"

#define DEPTH_MAX   32
#define VALUES_MAX  20000  /* as written */
#define WEIGHT_MAX  100000 /* with aliases written out */
#define KEYS_MAX    1000   /* of one map */
#define ANCHORS_MAX 256

struct anchor {
	char *name;
	struct node *node;
};

struct frame {
	struct node *node, *key, *merge;
};

struct reading {
	yaml_parser_t parser;
	struct tree *tree;
	struct sink *sink;
	const char *origin;
	struct frame stack[DEPTH_MAX];
	size_t depth;
	struct anchor anchors[ANCHORS_MAX];
	size_t n_anchors, n_values, n_merged;
	struct node *root;
	bool stopped; /* the reason is in the sink */
};

static int stop(struct reading *r)
{
	r->stopped = true;
	return -1;
}

static unsigned line_of(yaml_mark_t mark)
{
	return (unsigned)mark.line + 1;
}

static unsigned column_of(yaml_mark_t mark)
{
	return (unsigned)mark.column + 1;
}

/* A place without a node: for what is refused before it becomes one. */
static struct node here(const struct reading *r, yaml_mark_t mark)
{
	return (struct node){.line = line_of(mark), .column = column_of(mark), .origin = r->origin};
}

#define refuse(r, mark, ...) \
	(sink_add((r)->sink, &(const struct node[]){here(r, mark)}[0], __VA_ARGS__), stop(r))

static struct node *make(struct reading *r, enum node_kind kind, yaml_mark_t mark)
{
	return tree_node(r->tree, kind, line_of(mark), column_of(mark), r->origin);
}

static void forget_tag(struct reading *r, const struct node *node, const yaml_char_t *tag)
{
	static const char standard[] = "tag:yaml.org,2002:";
	const char *text = (const char *)tag;
	bool is_standard = tag && !strncmp(text, standard, sizeof standard - 1);

	if (tag)
		sink_add(r->sink, node,
			 "the tag '%s%.40s' has no meaning here; leave it out (quote a value to "
			 "make it text)",
			 is_standard ? "!!" : "", text + (is_standard ? sizeof standard - 1 : 0));
}

static int remember(struct reading *r, const yaml_char_t *name, struct node *node)
{
	struct anchor *a = &r->anchors[r->n_anchors];

	if (!name)
		return 0;
	if (r->n_anchors == ANCHORS_MAX) {
		sink_add(r->sink, node, "more than %d anchors", ANCHORS_MAX);
		return stop(r);
	}
	a->name = strdup((const char *)name);
	if (!a->name)
		r->tree->no_memory = true;
	else
		r->n_anchors++;
	a->node = node;
	return a->name ? 0 : -1;
}

/* Takes a key: only a text can be one, and only once. */
static int take_key(struct reading *r, struct frame *f, struct node *key)
{
	const struct node *map = f->node;
	char shown[NODE_SHOWN];

	f->key = key;
	if (key->kind != NODE_SCALAR) {
		sink_add(r->sink, key, "a key must be a text, not %s", node_show(key, shown));
		return 0;
	}
	if (!key->quoted && key->scalar != SCALAR_TEXT)
		sink_add(r->sink, key,
			 "the key %s is not a text to every reader of YAML; put it in quotes",
			 node_show(key, shown));
	for (size_t i = 0; i < map->n; i++)
		if (!strcmp(map->keys[i]->text, key->text)) {
			sink_add(r->sink, key,
				 "the key '%.40s' stands here a second time; the first is on line "
				 "%u",
				 key->text, map->keys[i]->line);
			break;
		}
	return 0;
}

static int add_weight(struct reading *r, struct node *node, const struct node *child)
{
	node->weight += child->weight;
	if (node->weight <= WEIGHT_MAX)
		return 0;
	sink_add(r->sink, node, "with its aliases written out this has more than %d values",
		 WEIGHT_MAX);
	return stop(r);
}

static bool is_merge(const struct node *key)
{
	return key->kind == NODE_SCALAR && !key->quoted && !strcmp(key->text, "<<");
}

/* Puts a complete or just opened value where it belongs. */
static int place(struct reading *r, struct node *value)
{
	struct frame *f;

	if (!r->depth) {
		r->root = value;
		return 0;
	}
	f = &r->stack[r->depth - 1];
	if (f->node->kind == NODE_LIST)
		return node_append(r->tree, f->node, NULL, value) ? 0 : -1;
	if (!f->key)
		return take_key(r, f, value);
	if (is_merge(f->key))
		f->merge = value;
	else if (f->key->kind == NODE_SCALAR) {
		if (f->node->n == KEYS_MAX) {
			sink_add(r->sink, f->key, "a map of more than %d keys", KEYS_MAX);
			return stop(r);
		}
		if (!node_append(r->tree, f->node, f->key, value))
			return -1;
	}
	f->key = NULL;
	return 0;
}

static int count_value(struct reading *r, yaml_mark_t mark)
{
	if (++r->n_values <= VALUES_MAX)
		return 0;
	return refuse(r, mark, "more than %d values in one file", VALUES_MAX);
}

static unsigned characters(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static int on_scalar(struct reading *r, const yaml_event_t *e)
{
	struct node *node = make(r, NODE_SCALAR, e->start_mark);
	yaml_scalar_style_t style = e->data.scalar.style;

	if (!node)
		return -1;
	node->size = e->data.scalar.length;
	node->text = strndup((const char *)e->data.scalar.value, node->size);
	if (!node->text) {
		r->tree->no_memory = true;
		return -1;
	}
	if (strlen(node->text) != node->size) {
		sink_add(r->sink, node, "a text may not hold a NUL");
		node->size = strlen(node->text);
	}
	node->quoted = style != YAML_PLAIN_SCALAR_STYLE;
	node->scalar = node->quoted ? SCALAR_TEXT : scalar_of(node->text);
	node->exact = e->start_mark.line == e->end_mark.line &&
		      style != YAML_LITERAL_SCALAR_STYLE && style != YAML_FOLDED_SCALAR_STYLE &&
		      e->end_mark.index - e->start_mark.index ==
			      characters(node->text) + (node->quoted ? 2u : 0u);
	forget_tag(r, node, e->data.scalar.tag);
	return remember(r, e->data.scalar.anchor, node) ? -1 : place(r, node);
}

static int on_alias(struct reading *r, const yaml_event_t *e)
{
	const char *name = (const char *)e->data.alias.anchor;

	for (size_t i = r->n_anchors; i-- > 0;) {
		struct node *node = r->anchors[i].node;

		if (strcmp(r->anchors[i].name, name) != 0)
			continue;
		if (!node->open)
			return place(r, node);
		return refuse(r, e->start_mark, "the alias '*%.40s' stands inside of what it names",
			      name);
	}
	return refuse(r, e->start_mark,
		      "the alias '*%.40s' names nothing; its anchor '&%.40s' must stand before it",
		      name, name);
}

static int on_open(struct reading *r, enum node_kind kind, const yaml_event_t *e)
{
	const yaml_char_t *tag =
		kind == NODE_MAP ? e->data.mapping_start.tag : e->data.sequence_start.tag;
	const yaml_char_t *anchor =
		kind == NODE_MAP ? e->data.mapping_start.anchor : e->data.sequence_start.anchor;
	struct node *node;

	if (r->depth == DEPTH_MAX) {
		return refuse(r, e->start_mark, "nested more than %d deep", DEPTH_MAX);
	}
	node = make(r, kind, e->start_mark);
	if (!node)
		return -1;
	node->open = true;
	forget_tag(r, node, tag);
	if (remember(r, anchor, node) || place(r, node))
		return -1;
	r->stack[r->depth++] = (struct frame){.node = node};
	return 0;
}

static int merge_map(struct reading *r, struct node *into, const struct node *at,
		     const struct node *from)
{
	char shown[NODE_SHOWN];

	if (from->kind != NODE_MAP) {
		sink_add(r->sink, at, "'<<' takes a map or a list of maps by alias, not %s",
			 node_show(from, shown));
		return 0;
	}
	for (size_t i = 0; i < from->n; i++) {
		if (node_find(into, from->keys[i]->text))
			continue; /* the map's own key is the stronger */
		if (into->n == KEYS_MAX || ++r->n_merged > VALUES_MAX) {
			sink_add(r->sink, at, "'<<' merges too many keys");
			return stop(r);
		}
		if (!node_append(r->tree, into, from->keys[i], from->items[i]))
			return -1;
	}
	return 0;
}

static int merge(struct reading *r, struct frame *f)
{
	const struct node *m = f->merge;

	if (!m || m->kind != NODE_LIST)
		return m ? merge_map(r, f->node, m, m) : 0;
	for (size_t i = 0; i < m->n; i++)
		if (merge_map(r, f->node, m, m->items[i]))
			return -1;
	return 0;
}

static int on_close(struct reading *r)
{
	struct frame *f = &r->stack[r->depth - 1];

	if (merge(r, f))
		return -1;
	for (size_t i = 0; i < f->node->n; i++)
		if (add_weight(r, f->node, f->node->items[i]))
			return -1;
	f->node->open = false;
	r->depth--;
	return 0;
}

static int on_event(struct reading *r, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (!r->root)
			return 0;
		return refuse(r, e->start_mark,
			      "a second document starts here; one file holds one experiment");
	case YAML_ALIAS_EVENT:
		return count_value(r, e->start_mark) ? -1 : on_alias(r, e);
	case YAML_SCALAR_EVENT:
		return count_value(r, e->start_mark) ? -1 : on_scalar(r, e);
	case YAML_SEQUENCE_START_EVENT:
		return count_value(r, e->start_mark) ? -1 : on_open(r, NODE_LIST, e);
	case YAML_MAPPING_START_EVENT:
		return count_value(r, e->start_mark) ? -1 : on_open(r, NODE_MAP, e);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_close(r);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
	return 0;
}

/* What libyaml says, and what a person can do about it. */
static void syntax_mistake(struct reading *r)
{
	static const struct {
		const char *problem, *hint;
	} hints[] = {
		{"found character that cannot start any token",
		 "indent with spaces, not tabs, and quote a value that starts with @, ` or %"},
		{"mapping values are not allowed",
		 "quote a text that holds ': ', or check the indentation"},
		{"did not find expected key",
		 "check the indentation of this line and the ones before"},
		{"could not find expected ':'", "a key needs a ':' and a space after it"},
		{"did not find expected '-' indicator", "check the indentation of this line"},
		{"did not find expected <document start>",
		 "check the indentation; one file holds one map"},
		{"found unexpected end of stream", "a quote or a bracket is not closed"},
		{"did not find expected ',' or",
		 "a bracket or a quote is not closed, or a ',' is missing"},
		{"did not find expected node content", "a value is missing before this"},
		{"found unexpected ':'", "put a space after the ':', or quote the text"},
		{"found unknown escape character",
		 "write '\\\\' for a backslash, or use single quotes"},
		{"found a tab character", "indent with spaces, not tabs"},
	};
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem ? p->problem : "cannot be read", *hint = NULL;
	char from[32] = "";
	struct node at;

	if (p->error == YAML_MEMORY_ERROR) {
		r->tree->no_memory = true;
		return;
	}
	for (size_t i = 0; i < ORD_COUNT(hints) && !hint; i++)
		if (strstr(problem, hints[i].problem))
			hint = hints[i].hint;
	/* Where a bracket or a quote was opened: the mistake is often there. */
	if (p->context && !r->origin && p->context_mark.line != p->problem_mark.line)
		(void)snprintf(from, sizeof from, " (from line %u on)", line_of(p->context_mark));
	at = here(r, p->problem_mark);
	sink_add(r->sink, &at, "not YAML: %s%s%s%s%s%s", p->context ? p->context : "", from,
		 p->context ? ", " : "", problem, hint ? "; " : "", hint ? hint : "");
}

/* One event, and the next; 1 at the end, -1 when it cannot go on. */
static int step(struct reading *r)
{
	yaml_event_t e;
	int rc;

	if (!yaml_parser_parse(&r->parser, &e)) {
		syntax_mistake(r);
		return -1;
	}
	rc = on_event(r, &e) ? -1 : e.type == YAML_STREAM_END_EVENT;
	yaml_event_delete(&e);
	return rc;
}

/* Length of the UTF-8 character at p, 0 where there is none or YAML forbids it. */
static size_t character(const unsigned char *p, size_t left)
{
	static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = *p < 0x80 ? 1 : *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : 2;
	unsigned c;

	if (n == 1)
		return *p >= 0x20 ? *p != 0x7f : *p == '\t' || *p == '\n' || *p == '\r';
	if (*p < 0xc2 || *p > 0xf4 || left < n)
		return 0;
	c = *p & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) || c == 0xfffe ||
	    c == 0xffff)
		return 0;
	return c < 0xa0 && c != 0x85 ? 0 : n;
}

static bool readable(const char *yaml, size_t size, const char *origin, struct sink *sink)
{
	const unsigned char *p = (const unsigned char *)yaml;
	unsigned line = 1, column = 1;

	for (size_t i = 0, n; i < size; i += n) {
		n = character(p + i, size - i);
		if (!n) {
			sink_add(sink,
				 &(const struct node){
					 .line = line, .column = column, .origin = origin},
				 p[i] == 0 ? "the NUL byte 0x%02x; this is not a text file"
				 : p[i] < 0x80
					 ? "the control character 0x%02x may not stand in YAML"
					 : "the byte 0x%02x is not valid UTF-8 here; save the file "
					   "as UTF-8",
				 p[i]);
			return false;
		}
		column++;
		if (p[i] == '\n' || (p[i] == '\r' && !(i + 1 < size && p[i + 1] == '\n'))) {
			line++;
			column = 1;
		}
	}
	return true;
}

struct node *tree_read(struct tree *tree, const char *yaml, size_t size, const char *origin,
		       struct sink *sink)
{
	struct reading r = {.tree = tree, .sink = sink, .origin = origin};
	int rc;

	if (size > ORD_SPEC_BYTES_MAX) {
		sink_place(sink, 0, 0, "larger than 1 MiB; an experiment is a few hundred lines");
		return NULL;
	}
	if (size >= 3 &&
	    !memcmp(yaml, "\xef\xbb\xbf", 3)) { /* a byte order mark, which no editor shows */
		yaml += 3;
		size -= 3;
	}
	if (!readable(yaml, size, origin, sink))
		return NULL;
	if (!yaml_parser_initialize(&r.parser)) {
		tree->no_memory = true;
		return NULL;
	}
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)yaml, size);
	do {
		rc = step(&r);
	} while (!rc);
	yaml_parser_delete(&r.parser);
	for (size_t i = 0; i < r.n_anchors; i++)
		free(r.anchors[i].name);
	if (rc < 0)
		return NULL;
	if (!r.root)
		sink_add(sink, &(const struct node){.line = 1, .column = 1, .origin = origin},
			 origin ? "empty; write a value after the '='"
				: "empty; it starts with 'apiVersion: ordeal.dev/v1'");
	return r.root;
}
