/*
 * The language as tables: what keys a map takes, of which type, with which default and range.
 * Reading, the JSON Schema and the manual all come from them, so they cannot disagree.
 */
#ifndef ORDEAL_SPEC_TABLE_H
#define ORDEAL_SPEC_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "ordeal/spec.h"
#include "scheduler/spec/mistakes.h"
#include "scheduler/spec/node.h"

#define MS     1000000ll
#define SEC    1000000000ll
#define DAY_NS (24 * 3600 * SEC)

/* Of a table, and of a key. */
#define ITEMS(a)     .keys = (a), .n = ORD_COUNT(a)
#define AT(s, field) .offset = offsetof(struct s, field)

struct json_t;
struct key;

/* One reading of one text. */
struct reader {
	struct tree *tree;
	struct sink *sink;
	bool no_memory;
	bool other_language; /* than experiments: what they call a key is no help */
};

struct type {
	const char *what; /* what would be right: "a duration, as in '200ms'" */
	/* Writes to base + key->offset, or puts a mistake into the sink. */
	void (*read)(struct reader *r, const struct key *key, const struct node *node, void *base);
	/* Owned; NULL: out of memory. */
	struct json_t *(*schema)(const struct key *key);
};

enum key_flag {
	KEY_REQUIRED = 1 << 0,
	KEY_LATER = 1 << 1,    /* built by a later version: refused as such */
	KEY_EMPTY_OK = 1 << 2, /* a map without a value is a map without keys */
};

struct table;

struct key {
	const char *name;
	const struct type *type;
	const char *help;    /* one clause */
	const char *example; /* for "is missing": "duration: 90s" */
	const char *def;     /* read as if it stood there; NULL: none */
	unsigned flags;
	size_t offset;
	int64_t min, max;	    /* of the number, ns, bytes of a text, or items of a list */
	const char *choices;	    /* "fresh|keep-alive" */
	const struct table *table;  /* of a map */
	const struct key *item;	    /* of a list: type, range, table of each; its offset is 0 */
	size_t item_size, n_offset; /* n_offset: of a seed, where it is told that there is one */
};

#define LATER(n)                              \
	{                                     \
		.name = n, .flags = KEY_LATER \
	}

struct table {
	const char *name; /* in messages and the manual: "http" */
	const char *path; /* where it stands: "spec.probes[].http" */
	const char *help;
	const struct key *keys;
	size_t n;
	const char *one_of; /* exactly one of these keys: "http|tcp|exec"; NULL: no such rule */
	/* Optional: takes a key that is not in the table; false: unknown. */
	bool (*other)(struct reader *r, const struct node *map, size_t i, void *base);
	/* Optional: after all the keys. */
	void (*finish)(struct reader *r, const struct node *map, void *base);
	/* Optional: adds to the map's schema what `other` and `finish` do. -1: out of memory. */
	int (*schema)(struct json_t *schema);
	/* Optional: more names for "did you mean"; returns how many it wrote. */
	size_t (*names)(const char **names, size_t max);
};

/* tables.c */
extern const struct table table_root;
extern const struct key key_root;
/* tables_probe.c */
extern const struct table table_probe, table_http, table_http_expect, table_tcp, table_tcp_expect,
	table_exec, table_exec_expect;
/* Every table, in the order of the manual. */
extern const struct table *const tables[];
extern const size_t n_tables;

/* read.c: the types that hold others. */
extern const struct type type_map, type_list;
void read_map(struct reader *r, const struct table *table, const struct node *map, void *base);
/* Whether "a|b|c" holds the word; *ret_index (may be NULL) becomes its place. */
bool choice_find(const char *choices, const char *word, size_t *ret_index);
/* Copies the n-th of "a|b|c" to out; false where there is none. */
bool choice_get(const char *choices, size_t n, char *out, size_t size);
/* "a, b and c" of "a|b|c". */
void choices_join(const char *choices, char *out, size_t size);
/* Puts "unknown KIND 'word' in IN; did you mean ...?" or what is known into the sink; in "" is left
 * out. */
void unknown_word(struct reader *r, const struct node *node, size_t offset, const char *kind,
		  const char *word, const char *in, const char *const *names, size_t n);
/* The same of "a|b|c". */
void unknown_choice(struct reader *r, const struct node *node, const char *kind, const char *word,
		    const char *choices);
/* Whether an unknown key of the map is probably this one: then it is not also missing. */
bool misspelt(const struct node *map, const char *name, const char *const *known, size_t n);

/* types.c: one value. */
extern const struct type type_text, type_name, type_duration, type_bool, type_count, type_seed,
	type_choice, type_choice_text, type_choice_flag, type_const, type_kind, type_regex,
	type_words, type_labels, type_ignored_labels;
/* The text of a scalar whose kind is among the bits (1 << SCALAR_X); else NULL, and the mistake is
 * in the sink. */
const char *want_scalar(struct reader *r, const char *name, const char *what,
			const struct node *node, unsigned kinds);
char *keep_text(struct reader *r, const char *text);
void want_map(struct reader *r, const char *name, const struct node *node);

/* http.c */
extern const struct type type_url, type_status, type_headers, type_expect_header, type_expect_json,
	type_tcp, type_port, type_exit_status;
/* kube.c */
extern const struct type type_kube;
extern const struct table table_kube;
/* condition.c */
extern const struct type type_condition, type_abort;
/* objective.c */
extern const struct type type_objective;
/* target.c */
extern const struct table table_target, table_process, table_container;
/* cluster.c */
extern const struct table table_pod, table_node, table_workload, table_service, table_object,
	table_exclude;
/* cluster_target.c */
extern const struct type type_cluster_kind, type_beside, type_exclude, type_spread, type_follow,
	type_cluster_name;
void cluster_target_finish(struct reader *r, const struct node *map, struct ord_target *t);
/* fault.c */
extern const struct table table_fault, table_endpoint;
/* The fault key of an item of spec.faults and its place, or NULL. */
const struct node *fault_body(const struct node *item, const struct node **ret_key);

/* peer.c: of an item of spec.faults, whose effect is known. */
void peer_check(struct reader *r, const struct node *map, struct ord_fault_spec *spec);

#endif
