/*
 * Objects that were told, by uid: a hash table of 40 bytes an entry. Names are kept where one must
 * be able to say later who is gone.
 */
#ifndef ORDEAL_KUBE_TABLE_H
#define ORDEAL_KUBE_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

struct kube_entry {
	uint8_t id[16];
	uint64_t version; /* resourceVersion */
	char *name;	  /* owned: "NS/NAME", NULL: not kept */
	uint32_t round;	  /* of the list that saw it last; 0: the slot is free */
	bool uuid;	  /* id is its uid */
};

struct kube_table {
	struct kube_entry *v;
	size_t n, room;
};

/* 16 bytes that stand for the object: its uid (true), or its namespace and name where it has none
 * that can be kept so. */
bool kube_table_id(const json_t *metadata, uint8_t ret[16]);
/* A number for a resourceVersion; they grow, where they are numbers of 64 bits (true). */
bool kube_table_version(const char *text, uint64_t *ret);
struct kube_entry *kube_table_find(const struct kube_table *t, const uint8_t id[16]);
/* NULL: out of memory. The entry is new: version 0, no name, round 1. */
struct kube_entry *kube_table_add(struct kube_table *t, const uint8_t id[16]);
void kube_table_remove(struct kube_table *t, struct kube_entry *e);
/* The uid that id stands for. */
void kube_table_uid(const uint8_t id[16], char out[static 37]);
void kube_table_done(struct kube_table *t);

#endif
