/* Lists of metadata in protobuf: what is in them, and what is none. Those of a real API server are
 * compared with its JSON in tests/cluster/client. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/json.h"
#include "kube/partial.h"

/* --- writing it --- */

struct bytes {
	char v[4096];
	size_t n;
};

static void put_number(struct bytes *b, uint64_t v)
{
	for (; v > 127; v >>= 7)
		b->v[b->n++] = (char)(v | 128);
	b->v[b->n++] = (char)v;
}

static void put_bytes(struct bytes *b, unsigned field, const void *data, size_t size)
{
	put_number(b, field << 3 | 2);
	put_number(b, size);
	memcpy(b->v + b->n, data, size);
	b->n += size;
}

static void put_text(struct bytes *b, unsigned field, const char *text)
{
	put_bytes(b, field, text, strlen(text));
}

static void put_varint(struct bytes *b, unsigned field, uint64_t v)
{
	put_number(b, field << 3);
	put_number(b, v);
}

static void put_in(struct bytes *b, unsigned field, const struct bytes *inner)
{
	put_bytes(b, field, inner->v, inner->n);
}

/* A list of one object with this metadata. */
static struct bytes list_of(const struct bytes *meta)
{
	struct bytes item = {.n = 0}, list = {.n = 0}, head = {.n = 0}, all = {.v = "k8s", .n = 4};

	put_in(&item, 1, meta);
	put_text(&head, 2, "77");
	put_text(&head, 3, "next");
	put_varint(&head, 4, 5);
	put_in(&list, 1, &head);
	put_in(&list, 2, &item);
	put_text(&all, 1, "\n\x02v1"); /* the type, which nobody reads */
	put_in(&all, 2, &list);
	put_text(&all, 3, "");
	return all;
}

/* --- reading it --- */

struct read {
	json_t *items;
	char version[64], token[64];
	struct ord_err err;
};

static int on_each(void *arg, json_t *item, struct ord_err *err)
{
	return json_array_append(((struct read *)arg)->items, item) ? ord_fail_nomem(err) : 0;
}

static int on_meta(void *arg, const char *version, const char *token, struct ord_err *err)
{
	struct read *r = arg;

	(void)snprintf(r->version, sizeof r->version, "%s", version);
	(void)snprintf(r->token, sizeof r->token, "%s", token);
	return 0;
}

static int read_in(struct read *r, const void *data, size_t size, size_t piece)
{
	struct kube_partial s = {.max = 2048, .each = on_each, .meta = on_meta, .arg = r};
	int rc = 0;

	*r = (struct read){.items = json_array()};
	for (size_t at = 0; at < size && !rc; at += piece)
		rc = kube_partial_feed(&s, (const char *)data + at,
				       size - at < piece ? size - at : piece, &r->err);
	if (!rc)
		rc = kube_partial_end(&s, &r->err);
	kube_partial_reset(&s);
	return rc;
}

/* However it is cut, this one object is in it. */
static void holds(const struct bytes *b, const char *json)
{
	ord_auto(json) json_t *want = json_loads(json, 0, NULL);

	assert_non_null(want);
	for (size_t piece = 1; piece <= b->n; piece++) {
		struct read r;

		if (read_in(&r, b->v, b->n, piece))
			fail_msg("in pieces of %zu: %s", piece, r.err.msg);
		assert_int_equal(json_array_size(r.items), 1);
		if (!json_equal(json_array_get(r.items, 0), want)) {
			ord_autofree char *text = json_dumps(r.items, 0);

			fail_msg("in pieces of %zu: %s\nnot: %s", piece, text, json);
		}
		assert_string_equal(r.version, "77");
		assert_string_equal(r.token, "next");
		json_decref(r.items);
	}
}

static void every_field(void **state)
{
	struct bytes meta = {.n = 0}, pair, owner = {.n = 0}, time = {.n = 0}, list;

	put_text(&meta, 1, "web");
	put_text(&meta, 2, "web-");
	put_text(&meta, 3, "shop");
	put_text(&meta, 4, "");
	put_text(&meta, 5, "00000000-0000-4000-8000-000000000001");
	put_text(&meta, 6, "18446744073709551615");
	put_varint(&meta, 7, 3);
	put_varint(&time, 1, 1791000001);
	put_varint(&time, 2, 999);
	put_in(&meta, 8, &time);
	put_in(&meta, 9, &time);
	put_varint(&meta, 10, 0);
	for (unsigned field = 11; field <= 12; field++) {
		for (unsigned i = 0; i < 2; i++) {
			pair = (struct bytes){.n = 0};
			put_text(&pair, 1, i ? "b/c" : "a");
			put_text(&pair, 2, i ? "" : "d\xc3\xa9\"\n");
			put_in(&meta, field, &pair);
		}
	}
	put_text(&owner, 1, "ReplicaSet");
	put_text(&owner, 3, "web-1");
	put_text(&owner, 4, "u");
	put_text(&owner, 5, "apps/v1");
	put_varint(&owner, 6, 1);
	put_varint(&owner, 7, 0);
	put_in(&meta, 13, &owner);
	put_text(&meta, 14, "one");
	put_text(&meta, 14, "two");
	put_text(&meta, 17, "managed fields are not read");
	put_text(&meta, 99, "nor what is not known");
	put_varint(&meta, 98, UINT64_MAX);
	put_number(&meta, 97 << 3 | 1);
	put_number(&meta, 1);
	meta.n += 7;
	put_number(&meta, 96 << 3 | 5);
	meta.n += 4;
	list = list_of(&meta);
	holds(&list,
	      "{\"metadata\":{\"name\":\"web\",\"generateName\":\"web-\",\"namespace\":\"shop\","
	      "\"uid\":\"00000000-0000-4000-8000-000000000001\",\"resourceVersion\":"
	      "\"18446744073709551615\",\"generation\":3,\"creationTimestamp\":"
	      "\"2026-10-03T04:00:01Z\",\"deletionTimestamp\":\"2026-10-03T04:00:01Z\","
	      "\"deletionGracePeriodSeconds\":0,\"labels\":{\"a\":\"d\u00e9\\\"\\n\",\"b/c\":\"\"},"
	      "\"annotations\":{\"a\":\"d\u00e9\\\"\\n\",\"b/c\":\"\"},\"ownerReferences\":[{"
	      "\"kind\":\"ReplicaSet\",\"name\":\"web-1\",\"uid\":\"u\",\"apiVersion\":\"apps/v1\","
	      "\"controller\":true,\"blockOwnerDeletion\":false}],\"finalizers\":[\"one\","
	      "\"two\"]}}");
}

static void empty_ones(void **state)
{
	struct bytes meta = {.n = 0}, none = {.n = 0}, list = list_of(&meta);

	holds(&list, "{\"metadata\":{}}");
	put_in(&meta, 8, &none);  /* no time */
	put_in(&meta, 11, &none); /* a pair without either */
	list = list_of(&meta);
	holds(&list, "{\"metadata\":{\"labels\":{\"\":\"\"}}}");
}

/* What the API server's JSON makes of bytes that are no UTF-8. */
static void no_utf8(void **state)
{
	static const struct {
		const char *bytes, *text;
	} all[] = {
		{"a\xff"
		 "b",
		 "a\\ufffdb"},
		{"\xc3", "\\ufffd"},
		{"\xc0\x80", "\\ufffd\\ufffd"},
		{"\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd"},
		{"\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"},
		{"\xf0\x9f\x98\x80\xe2\x82", "\\ud83d\\ude00\\ufffd\\ufffd"},
	};

	for (size_t i = 0; i < ORD_COUNT(all); i++) {
		struct bytes meta = {.n = 0}, list;
		char json[128];

		put_text(&meta, 1, all[i].bytes);
		list = list_of(&meta);
		(void)snprintf(json, sizeof json, "{\"metadata\":{\"name\":\"%s\"}}", all[i].text);
		holds(&list, json);
	}
}

static void refused(const struct bytes *b, const char *says)
{
	for (size_t piece = 1; piece <= b->n; piece++) {
		struct read r;

		assert_int_equal(read_in(&r, b->v, b->n, piece), -1);
		if (!strstr(r.err.msg, says))
			fail_msg("in pieces of %zu: said: %s\nnot: %s", piece, r.err.msg, says);
		json_decref(r.items);
	}
}

static void what_is_none(void **state)
{
	struct bytes meta = {.n = 0}, good, b, pair = {.n = 0};
	char key[600];

	put_text(&meta, 1, "web");
	good = list_of(&meta);
	/* Cut off anywhere; with the two bytes of the last, empty field gone it is whole. */
	for (size_t n = 1; n < good.n; n++) {
		b = good;
		b.n = n;
		if (n != good.n - 2)
			refused(&b, "");
	}
	b = good;
	b.v[3] = '1';
	refused(&b, "is not the protobuf it should be");
	b = good;
	put_in(&b, 2, &meta); /* two lists */
	refused(&b, "is not the protobuf it should be");
	meta = (struct bytes){.n = 0};
	put_varint(&meta, 1, 5); /* a name that is a number */
	b = list_of(&meta);
	refused(&b, "is not the protobuf it should be");
	meta = (struct bytes){.n = 0};
	put_text(&meta, 7, "5");
	b = list_of(&meta);
	refused(&b, "is not the protobuf it should be");
	meta = (struct bytes){.v = "\x0f", .n = 1}; /* a wire type that is none */
	b = list_of(&meta);
	refused(&b, "is not the protobuf it should be");
	memset(key, 'k', sizeof key - 1);
	key[sizeof key - 1] = '\0';
	put_text(&pair, 1, key);
	meta = (struct bytes){.n = 0};
	put_in(&meta, 11, &pair);
	b = list_of(&meta);
	refused(&b, "is not the protobuf it should be");
	meta = (struct bytes){.n = 0};
	for (unsigned i = 0; i < 4; i++)
		put_text(&meta, 99, key);
	b = list_of(&meta);
	refused(&b, "an object of more than 2048 bytes");
}

/* As one came from a real API server: an object that is being deleted. */
static void a_real_one(void **state)
{
	ord_autofree char *text = NULL;
	const json_t *meta;
	struct read r;
	size_t size;

	assert_int_equal(ord_file_read(SOURCE_DIR "/tests/fuzz/corpus/kube_partial/odd", 65536,
				       &text, &size, NULL),
			 0);
	assert_int_equal(read_in(&r, text + 1, size - 1, 100), 0);
	meta = json_object_get(json_array_get(r.items, 0), "metadata");
	assert_string_equal(json_string_value(json_object_get(meta, "name")), "odd");
	assert_non_null(json_object_get(meta, "deletionTimestamp"));
	assert_int_equal(json_array_size(json_object_get(meta, "ownerReferences")), 2);
	assert_int_equal(json_array_size(json_object_get(meta, "finalizers")), 2);
	assert_null(json_object_get(meta, "managedFields"));
	json_decref(r.items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field), cmocka_unit_test(empty_ones),
		cmocka_unit_test(no_utf8),     cmocka_unit_test(what_is_none),
		cmocka_unit_test(a_real_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
