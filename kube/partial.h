/*
 * A list of metadata in protobuf that arrives in pieces: each object is handed out as the JSON that
 * the API server would have written, without managedFields, which are passed over unread. To it
 * that costs a quarter of JSON, and to us too (ADR 0014). Pure; what it holds in memory is one
 * object.
 *
 * "k8s\0", then a runtime.Unknown whose raw is a meta/v1 PartialObjectMetadataList:
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding-idl
 * https://protobuf.dev/programming-guides/encoding/
 */
#ifndef ORDEAL_KUBE_PARTIAL_H
#define ORDEAL_KUBE_PARTIAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

enum kube_partial_state {
	KUBE_PARTIAL_MAGIC,
	KUBE_PARTIAL_TAG,
	KUBE_PARTIAL_LENGTH,
	KUBE_PARTIAL_NUMBER, /* one that is passed over */
	KUBE_PARTIAL_COLLECT,
	KUBE_PARTIAL_SKIP,
};

struct kube_partial {
	size_t max; /* bytes of one object */
	/* item is borrowed, and the callee's to change: {"metadata":{...}}. */
	int (*each)(void *arg, json_t *item, struct ord_err *err);
	/* The list's own; token "": there is no further page. Borrowed. */
	int (*meta)(void *arg, const char *version, const char *token, struct ord_err *err);
	void *arg;

	/* The rest is its own; zero at the start. */
	enum kube_partial_state state;
	unsigned magic;	   /* bytes of it that were there */
	bool inside, seen; /* in the list; it was there */
	uint64_t at, end;  /* bytes so far; where the list ends */
	uint64_t number;   /* a varint that arrives... */
	unsigned shift;	   /* ...and its bits so far */
	unsigned field;
	uint64_t left; /* bytes to collect, or to pass over */
	char *buf;
	size_t used, room;
};

/* -1: not what it should be, too large, or a callback said so; feed it no more then. */
int kube_partial_feed(struct kube_partial *s, const char *data, size_t size, struct ord_err *err);
/* At the end of the input: -1 where it ended in the middle. */
int kube_partial_end(const struct kube_partial *s, struct ord_err *err);
/* Frees what it owns and is ready for another list. */
void kube_partial_reset(struct kube_partial *s);

/* partial_object.c: the whole of a PartialObjectMetadata. Owned; NULL: it is none, or no memory. */
json_t *kube_partial_object(const char *data, size_t size);
/* Of a ListMeta: resourceVersion and continue, in the text itself, which is as long as it says. */
struct kube_partial_text {
	const char *text;
	size_t size;
};
bool kube_partial_meta(const char *data, size_t size, struct kube_partial_text *ret_version,
		       struct kube_partial_text *ret_token);

#endif
