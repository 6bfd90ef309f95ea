/*
 * Any bytes as a list or as the documents of a watch: however they are cut into pieces, the same is
 * found; and what a JSON parser takes for a list of objects is found to be that. The first byte
 * says which, the second where to cut.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "kube/items.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct found {
	char *text;
	size_t used, room;
	json_t *items; /* of a list */
};

static void keep(struct found *f, const char *text, size_t size)
{
	if (f->used + size + 1 > f->room) {
		f->room = (f->used + size + 1) * 2;
		f->text = realloc(f->text, f->room);
		if (!f->text)
			abort();
	}
	if (size)
		memcpy(f->text + f->used, text, size);
	f->text[f->used + size] = '|';
	f->used += size + 1;
}

static int on_each(void *arg, const char *text, size_t size, struct ord_err *err)
{
	struct found *f = arg;
	json_t *item = json_loadb(text, size, JSON_ALLOW_NUL, NULL);

	(void)err;
	keep(f, text, size);
	if (item && json_array_append_new(f->items, item))
		abort();
	return 0;
}

static int on_other(void *arg, const char *key, const char *text, size_t size, struct ord_err *err)
{
	(void)err;
	keep(arg, key, strlen(key));
	keep(arg, text, size);
	return 0;
}

/* In pieces of that many bytes. */
static int split(enum kube_items_of of, bool managed, const char *text, size_t size, size_t piece,
		 struct found *f)
{
	struct kube_items s = {.of = of,
			       .managed = managed,
			       .max = 4096,
			       .each = on_each,
			       .other = on_other,
			       .arg = f};
	struct ord_err err = {.code = ORD_OK};
	int rc = 0;

	f->items = json_array();
	if (!f->items)
		abort();
	for (size_t at = 0; at < size && !rc; at += piece)
		rc = kube_items_feed(&s, text + at, size - at < piece ? size - at : piece, &err);
	if (!rc)
		rc = kube_items_end(&s, &err);
	if (rc && err.code == ORD_OK)
		abort();
	kube_items_reset(&s);
	return rc;
}

static void done(struct found *f)
{
	free(f->text);
	json_decref(f->items);
}

/* What a parser that reads the whole finds. NULL: it says nothing about us. */
static json_t *reference(const char *text, size_t size, bool managed)
{
	json_t *list = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	json_t *items = json_object_get(list, "items"), *item, *copy = NULL;
	size_t i;

	/* A key may be written with escapes: to us it is another then. */
	if (json_is_object(list) && json_is_array(items) && !memchr(text, '\\', size))
		copy = json_incref(items);
	json_array_foreach (copy, i, item) {
		json_t *meta = json_object_get(item, "metadata");

		if (!json_is_object(item)) {
			json_decref(copy);
			copy = NULL;
			break;
		}
		if (!managed && json_is_array(json_object_get(meta, "managedFields")))
			(void)json_object_del(meta, "managedFields");
	}
	json_decref(list);
	return copy;
}

static void compare(const char *text, size_t size, bool managed, int rc, const struct found *f)
{
	json_t *expected = size < 4096 ? reference(text, size, managed) : NULL;

	if (expected && (rc || !json_equal(expected, f->items)))
		abort();
	json_decref(expected);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct found whole = {.used = 0}, pieces = {.used = 0};
	enum kube_items_of of;
	bool managed;
	const char *text = (const char *)data + 2;
	int rc;

	if (size < 2)
		return 0;
	of = data[0] & 1 ? KUBE_ITEMS_LIST : KUBE_ITEMS_WATCH;
	managed = data[0] & 2;
	size -= 2;
	rc = split(of, managed, text, size, size ? size : 1, &whole);
	if (split(of, managed, text, size, data[1] % 16 + 1, &pieces) != rc)
		abort();
	/* Where it fails, it may have told a part of it. */
	if (!rc && (whole.used != pieces.used ||
		    (whole.used && memcmp(whole.text, pieces.text, whole.used) != 0)))
		abort();
	if (of == KUBE_ITEMS_LIST)
		compare(text, size, managed, rc, &whole);
	done(&whole);
	done(&pieces);
	return 0;
}
