/* The types of single values. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/pattern.h"
#include "base/units.h"
#include "scheduler/spec/schema.h"
#include "scheduler/spec/table.h"

#define TEXT (1u << SCALAR_TEXT)
#define INT  (1u << SCALAR_INT)
#define BOOL (1u << SCALAR_BOOL)

const char *want_scalar(struct reader *r, const char *name, const char *what,
			const struct node *node, unsigned kinds)
{
	char shown[NODE_SHOWN];

	if (node->kind == NODE_SCALAR && kinds & (1u << node->scalar))
		return node->text;
	if (node->kind == NODE_SCALAR && !node->quoted && node->scalar == SCALAR_NULL)
		sink_add(r->sink, node, "'%s' has no value; it takes %s", name, what);
	else if (node->kind == NODE_SCALAR && node->quoted && !(kinds & TEXT))
		sink_add(r->sink, node, "'%s' takes %s, not the text %s; leave the quotes out",
			 name, what, node_show(node, shown));
	else if (node->kind == NODE_SCALAR && kinds & BOOL)
		sink_add(r->sink, node, "'%s' takes true or false, not %s", name,
			 node_show(node, shown));
	else if (node->kind == NODE_SCALAR && kinds == TEXT && !node->quoted)
		sink_add(r->sink, node,
			 "'%s' takes %s, and %s is not a text to every reader of YAML; put it in "
			 "quotes",
			 name, what, node_show(node, shown));
	else
		sink_add(r->sink, node, "'%s' takes %s, not %s", name, what,
			 node_show(node, shown));
	return NULL;
}

char *keep_text(struct reader *r, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		r->no_memory = true;
	return copy;
}

static void *at(const struct key *key, void *base)
{
	return (char *)base + key->offset;
}

/* Puts a text that is owned by the spec in its place. */
static void put_text(struct reader *r, const struct key *key, void *base, const char *text)
{
	char **place = at(key, base);

	free(*place);
	*place = keep_text(r, text);
}

static void text_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);

	if (!text)
		return;
	if (!node->size || (key->max && node->size > (size_t)key->max))
		sink_add(r->sink, node, "'%s' takes a text of 1 to %lld bytes; this has %zu",
			 key->name, (long long)key->max, node->size);
	else
		put_text(r, key, base, text);
}

/* The nearest name that would do: what is not allowed becomes a dash. */
static void name_near(const char *text, char *out, size_t size)
{
	size_t n = 0;

	for (; *text && n + 1 < size; text++) {
		unsigned char c = (unsigned char)*text;

		if (islower(c) || isdigit(c))
			out[n++] = (char)c;
		else if (isupper(c))
			out[n++] = (char)tolower(c);
		else if (n && out[n - 1] != '-')
			out[n++] = '-';
	}
	while (n && out[n - 1] == '-')
		n--;
	out[n] = '\0';
}

static void name_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);
	char near[ORD_NAME_MAX];
	size_t good;

	if (!text)
		return;
	good = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
	if (text[good] || !*text || *text == '-' || text[node->size - 1] == '-') {
		name_near(text, near, sizeof near);
		sink_add_within(r->sink, node, text[good] ? good : 0,
				"the name '%.64s' may hold small letters, digits and dashes "
				"between them%s%s%s",
				text, *near ? "; write '" : "", near, *near ? "'" : "");
	} else if (node->size >= ORD_NAME_MAX) {
		sink_add(r->sink, node, "the name is %zu characters long; at most %d are taken",
			 node->size, ORD_NAME_MAX - 1);
	} else {
		memcpy(at(key, base), text, node->size + 1);
	}
}

static void duration_read(struct reader *r, const struct key *key, const struct node *node,
			  void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT | INT);
	char lo[32], hi[32];
	struct ord_err err;
	int64_t ns;

	if (!text)
		return;
	if (ord_parse_duration(text, &ns, &err)) {
		sink_add(r->sink, node, "%s: %s", key->name, err.msg);
		return;
	}
	if (ns < key->min || ns > key->max) {
		sink_add(r->sink, node, "%s: '%s' is not within %s to %s", key->name, text,
			 ord_format_duration(key->min, lo), ord_format_duration(key->max, hi));
		return;
	}
	*(uint64_t *)at(key, base) = (uint64_t)ns;
}

static void bool_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, BOOL);

	if (text)
		*(bool *)at(key, base) = tolower((unsigned char)*text) == 't';
}

static bool int_read(struct reader *r, const struct key *key, const struct node *node, int64_t *ret)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, INT);
	struct ord_err err;

	if (!text)
		return false;
	if (!ord_parse_int(text, key->min, key->max, ret, &err))
		return true;
	sink_add(r->sink, node, "%s: %s", key->name, err.msg);
	return false;
}

static void count_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	int64_t v;

	if (int_read(r, key, node, &v))
		*(uint32_t *)at(key, base) = (uint32_t)v;
}

static void seed_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	int64_t v;

	if (!int_read(r, key, node, &v))
		return;
	*(uint64_t *)at(key, base) = (uint64_t)v;
	*((bool *)base + key->n_offset) = true;
}

static bool choice_read(struct reader *r, const struct key *key, const struct node *node,
			size_t *ret)
{
	char words[200], what[220];

	*ret = 0;
	/* Quotes around it help where the word is right, and only there. */
	if (node->kind == NODE_SCALAR && node->scalar != SCALAR_NULL &&
	    !choice_find(key->choices, node->text, ret)) {
		unknown_choice(r, node, key->name, node->text, key->choices);
		return false;
	}
	choices_join(key->choices, words, sizeof words);
	(void)snprintf(what, sizeof what, "one of %s", words);
	return want_scalar(r, key->name, what, node, TEXT) != NULL;
}

static void choice_index_read(struct reader *r, const struct key *key, const struct node *node,
			      void *base)
{
	size_t i;

	if (choice_read(r, key, node, &i))
		*(unsigned *)at(key, base) = (unsigned)i;
}

static void choice_text_read(struct reader *r, const struct key *key, const struct node *node,
			     void *base)
{
	size_t i;

	if (choice_read(r, key, node, &i))
		put_text(r, key, base, node->text);
}

static void choice_flag_read(struct reader *r, const struct key *key, const struct node *node,
			     void *base)
{
	size_t i;

	if (choice_read(r, key, node, &i))
		*(bool *)at(key, base) = i == 1;
}

static void const_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);

	(void)base;
	if (text && strcmp(text, key->choices) != 0)
		sink_add(r->sink, node, "%s '%.60s' is not known; write '%s: %s'", key->name, text,
			 key->name, key->choices);
}

static void kind_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	const char *text = node->kind == NODE_SCALAR ? node->text : NULL;

	if (text && !strcmp(text, "Rules"))
		sink_add(r->sink, node,
			 "a rule file is what --policy takes: 'ordeal validate --policy FILE "
			 "EXPERIMENT' reads it");
	else if (text && choice_find("ExperimentTemplate|Policy", text, NULL))
		sink_add(r->sink, node, "kind '%s' is not in this version; 'Experiment' is", text);
	else
		const_read(r, key, node, base);
}

static void regex_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);
	struct ord_err err;
	regex_t re;

	if (!text)
		return;
	if (!node->size || node->size > 4096) {
		sink_add(r->sink, node, "'%s' takes an expression of 1 to 4096 bytes; this has %zu",
			 key->name, node->size);
		return;
	}
	if (ord_pattern_compile(text, 0, &re, &err)) {
		sink_add(r->sink, node, "%s: '%.60s' cannot be used as a regular expression: %s",
			 key->name, text, err.msg);
		return;
	}
	regfree(&re);
	put_text(r, key, base, text);
}

/* A list of texts: argv. */
static void words_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	char **argv = at(key, base);
	char shown[NODE_SHOWN];

	if (node->kind != NODE_LIST || !node->n || node->n > ORD_ARGV_MAX) {
		sink_add(r->sink, node,
			 "'%s' takes a list of 1 to %d texts, the program first (there is no "
			 "shell), not %s",
			 key->name, ORD_ARGV_MAX,
			 node->kind == NODE_LIST && !node->n ? "an empty list"
							     : node_show(node, shown));
		return;
	}
	for (size_t i = 0; i < node->n; i++) {
		const char *text = want_scalar(r, key->name, "texts", node->items[i], TEXT);

		if (!text)
			continue;
		if (!i && !*text)
			sink_add(r->sink, node->items[i], "%s: the program's name is empty",
				 key->name);
		argv[i] = keep_text(r, text);
	}
}

void want_map(struct reader *r, const char *name, const struct node *node)
{
	char shown[NODE_SHOWN];

	sink_add(r->sink, node, "'%s' takes a map, not %s", name, node_show(node, shown));
}

static void check_label_key(struct reader *r, const struct node *key)
{
	size_t good = strspn(key->text,
			     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./");

	if (!key->size || key->size > 253 || key->text[good])
		sink_add(r->sink, key,
			 "the key '%.60s' may hold letters, digits, '-', '_', '.' and '/', at most "
			 "253",
			 key->text);
}

static void labels_read(struct reader *r, const struct key *key, const struct node *node,
			void *base)
{
	struct ord_spec *spec = base;

	if (node->kind != NODE_MAP) {
		want_map(r, key->name, node);
		return;
	}
	for (size_t i = 0; i < node->n; i++) {
		const char *text =
			want_scalar(r, node->keys[i]->text, "a text", node->items[i], TEXT);

		check_label_key(r, node->keys[i]);
		if (!text)
			continue;
		if (node->items[i]->size > 253)
			sink_add(r->sink, node->items[i], "the label '%s' is longer than 253 bytes",
				 node->keys[i]->text);
		else if (i >= ORD_LABELS_MAX)
			sink_add(r->sink, node->keys[i], "more than %d labels", ORD_LABELS_MAX);
		else
			spec->labels[spec->n_labels++] = (struct ord_label){
				keep_text(r, node->keys[i]->text), keep_text(r, text)};
	}
}

/* Annotations: for people and other tools. They are checked, and have no part in the plan. */
static void ignored_labels_read(struct reader *r, const struct key *key, const struct node *node,
				void *base)
{
	(void)base;
	if (node->kind != NODE_MAP) {
		want_map(r, key->name, node);
		return;
	}
	for (size_t i = 0; i < node->n; i++) {
		check_label_key(r, node->keys[i]);
		(void)want_scalar(r, node->keys[i]->text, "a text", node->items[i], TEXT);
	}
}

const struct type type_text = {"a text", text_read, schema_type_text};
const struct type type_name = {"a name of small letters, digits and dashes", name_read,
			       schema_type_name};
const struct type type_duration = {"a duration, as in '200ms'", duration_read,
				   schema_type_duration};
const struct type type_bool = {"true or false", bool_read, schema_type_bool};
const struct type type_count = {"a whole number", count_read, schema_type_int};
const struct type type_seed = {"a whole number", seed_read, schema_type_int};
const struct type type_choice = {"one of a few words", choice_index_read, schema_type_choice};
const struct type type_choice_text = {"one of a few words", choice_text_read, schema_type_choice};
const struct type type_choice_flag = {"one of a few words", choice_flag_read, schema_type_choice};
const struct type type_const = {"just this word", const_read, schema_type_choice};
const struct type type_kind = {"'Experiment'", kind_read, schema_type_choice};
const struct type type_regex = {"a regular expression (POSIX, extended)", regex_read,
				schema_type_text};
const struct type type_words = {"a list of texts", words_read, schema_type_words};
const struct type type_labels = {"a map of texts", labels_read, schema_type_labels};
const struct type type_ignored_labels = {"a map of texts", ignored_labels_read, schema_type_labels};
