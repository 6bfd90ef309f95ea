/* What every kind of file has in common: its first keys, how a text is read, and its schema. */
#ifndef ORDEAL_SPEC_DOCUMENT_H
#define ORDEAL_SPEC_DOCUMENT_H

#include "scheduler/spec/table.h"

struct document {
	const struct table *table; /* of its root; its name is what messages call such a file */
	size_t size;		   /* of the struct that a text is read into */
	/* Optional: instead of read_map(); the root is a map. */
	void (*read)(struct reader *r, const struct node *root, void *base);
	void (*done)(void *base); /* frees what the struct owns */
	bool other_language;	  /* than experiments: what they call a key is no help */
	const char *schema;	  /* the name of its schema's file: "gameday" */
	const char *title;	  /* of the schema: "ordeal game day" */
};

/* *ret: what was read, owned (free() after done()). -1: the mistakes say why. */
int document_parse(const struct document *d, const char *yaml, size_t size,
		   const struct ord_override *set, size_t n_set, void **ret,
		   struct ord_mistakes *mistakes);
/* Whether a text says `kind: KIND`, be it right or wrong beside that. */
bool document_is(const char *yaml, size_t size, const char *kind);
/* Owned; NULL: out of memory. */
struct json_t *document_schema(const struct document *d);

#define KEY_API_VERSION                                                             \
	{                                                                           \
		.name = "apiVersion", .type = &type_const, .flags = KEY_REQUIRED,   \
		.choices = "ordeal.dev/v1", .example = "apiVersion: ordeal.dev/v1", \
		.help = "the version of the language",                              \
	}
#define KEY_KIND_AS(t, word)                                                           \
	{                                                                              \
		.name = "kind", .type = (t), .flags = KEY_REQUIRED, .choices = (word), \
		.example = "kind: " word, .help = "what this is",                      \
	}
#define KEY_KIND(word) KEY_KIND_AS(&type_const, word)
#define KEY_METADATA(t, n, h)                                                               \
	{                                                                                   \
		.name = "metadata", .type = &type_map, .table = (t), .flags = KEY_REQUIRED, \
		.example = "metadata: {name: " n "}", .help = (h),                          \
	}
#define KEY_SPEC(t, h)                                                                  \
	{                                                                               \
		.name = "spec", .type = &type_map, .table = (t), .flags = KEY_REQUIRED, \
		.example = "spec: {...}", .help = (h),                                  \
	}
/* In metadata. The name is the struct's field `name`. */
#define KEY_NAME(s, n, h)                                                               \
	{                                                                               \
		.name = "name", .type = &type_name, .flags = KEY_REQUIRED, AT(s, name), \
		.example = "name: " n, .help = (h),                                     \
	}
#define KEY_ANNOTATIONS(h)                                                       \
	{                                                                        \
		.name = "annotations", .type = &type_ignored_labels, .help = (h) \
	}

#endif
