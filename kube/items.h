/*
 * Finds the objects in JSON that arrives in pieces, without reading it: those in the "items" of a
 * list, or the documents of a watch, one after the other. Each is handed out as text when its last
 * byte is there, and forgotten. Pure; what it holds in memory is one object.
 */
#ifndef ORDEAL_KUBE_ITEMS_H
#define ORDEAL_KUBE_ITEMS_H

#include <stdbool.h>
#include <stddef.h>

#include "ordeal/err.h"

enum kube_items_of {
	KUBE_ITEMS_LIST,  /* {"metadata":{...},"items":[A,B,...],...}: A, B... */
	KUBE_ITEMS_WATCH, /* A B ...: each whole */
};

#define KUBE_ITEMS_KEY 32

struct kube_items {
	enum kube_items_of of;
	bool managed; /* keep metadata.managedFields of the objects */
	size_t max;   /* bytes of one object */
	int (*each)(void *arg, const char *text, size_t size, struct ord_err *err);
	/* Of a list: another top-level member, its value as text. May be NULL. */
	int (*other)(void *arg, const char *key, const char *text, size_t size,
		     struct ord_err *err);
	void *arg;

	/* The rest is its own; zero at the start. */
	char *buf;
	size_t used, room;
	unsigned depth; /* of open brackets */
	unsigned item;	/* depth within what is being collected; 0: no object or array is */
	unsigned drop;	/* depth within what is being left out; 0: nothing is */
	bool scalar;	/* a text or a number at the top level is being collected */
	bool quoted, escaped, captured;
	bool want_value; /* at the top level: after the colon */
	bool in_items, in_metadata;
	bool ate;  /* a member was left out, and the comma before or after it is one too many */
	bool over; /* the list's last bracket came */
	char key[KUBE_ITEMS_KEY]; /* the last text where keys matter */
	size_t key_used, key_from;
	char top[KUBE_ITEMS_KEY]; /* the top-level key that we are in */
};

/* -1: not what it should be, too large, too deep, or each() said so; feed it no more then. */
int kube_items_feed(struct kube_items *s, const char *data, size_t size, struct ord_err *err);
/* At the end of the input: -1 where it ended in the middle. */
int kube_items_end(const struct kube_items *s, struct ord_err *err);
/* Frees what it owns and is ready for another text. */
void kube_items_reset(struct kube_items *s);

#endif
