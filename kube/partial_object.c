/*
 * From protobuf to JSON: meta/v1 ObjectMeta and what is in it, each field as the API server's own
 * JSON has it (k8s.io/apimachinery, pkg/apis/meta/v1/generated.proto).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "kube/partial.h"

#define KEY_MAX 512 /* of a label or an annotation: 317 at most */

struct message {
	const unsigned char *at, *end;
};

static const unsigned char nothing[1];
#define EMPTY                    \
	{                        \
		nothing, nothing \
	}

struct field {
	unsigned n;
	uint64_t number;     /* of a varint */
	struct message body; /* of bytes */
	bool is_bytes;
};

static bool varint(struct message *m, uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && m->at < m->end; shift += 7) {
		unsigned char byte = *m->at++;

		v |= (uint64_t)(byte & 127) << shift;
		if (byte & 128)
			continue;
		*ret = v;
		return true;
	}
	return false;
}

/* -1: garbage; 0: the end; 1. */
static int next(struct message *m, struct field *ret)
{
	uint64_t tag, size = 0;

	if (m->at == m->end)
		return 0;
	if (!varint(m, &tag))
		return -1;
	*ret = (struct field){.n = (unsigned)(tag >> 3), .is_bytes = (tag & 7) == 2};
	switch (tag & 7) {
	case 0:
		return varint(m, &ret->number) ? 1 : -1;
	case 1:
		size = 8;
		break;
	case 2:
		if (!varint(m, &size))
			return -1;
		break;
	case 5:
		size = 4;
		break;
	default:
		return -1;
	}
	if (size > (uint64_t)(m->end - m->at))
		return -1;
	ret->body = (struct message){m->at, m->at + size};
	m->at += size;
	return 1;
}

static size_t size_of(const struct message *m)
{
	return (size_t)(m->end - m->at);
}

/* --- texts ------------------------------------------------------------------------------------ */

/* Bytes of the UTF-8 sequence that begins there, 0: none does (RFC 3629). */
static size_t sequence(const unsigned char *at, const unsigned char *end)
{
	size_t n = *at < 0x80	? 1
		   : *at < 0xc2 ? 0
		   : *at < 0xe0 ? 2
		   : *at < 0xf0 ? 3
		   : *at < 0xf5 ? 4
				: 0;

	if (!n || n > (size_t)(end - at))
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	/* Too long, a surrogate, beyond the last. */
	if ((*at == 0xe0 && at[1] < 0xa0) || (*at == 0xed && at[1] > 0x9f) ||
	    (*at == 0xf0 && at[1] < 0x90) || (*at == 0xf4 && at[1] > 0x8f))
		return 0;
	return n;
}

/* What is no UTF-8 becomes U+FFFD, byte for byte, as in the API server's JSON. */
static json_t *mended(struct message m)
{
	ord_autofree char *out = malloc(size_of(&m) * 3 + 1);
	size_t used = 0;

	if (!out)
		return NULL;
	while (m.at < m.end) {
		size_t n = sequence(m.at, m.end);

		memcpy(out + used, n ? (const char *)m.at : "\xef\xbf\xbd", n ? n : 3);
		used += n ? n : 3;
		m.at += n ? n : 1;
	}
	return json_stringn(out, used);
}

static json_t *text_of(const struct message *m)
{
	json_t *text = json_stringn((const char *)m->at, size_of(m));

	return text ? text : mended(*m);
}

/* "2026-01-02T03:04:05Z"; an empty one is no time. */
static json_t *time_of(struct message m)
{
	time_t seconds = 0;
	struct field f;
	char text[64];
	struct tm tm;
	int rc;

	while ((rc = next(&m, &f)) > 0)
		if (f.n == 1 && !f.is_bytes)
			seconds = (time_t)f.number;
	if (rc < 0 || !gmtime_r(&seconds, &tm))
		return NULL;
	(void)snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
		       tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	return json_string(text);
}

/* --- objects ---------------------------------------------------------------------------------- */

/* A member of `to` that is made when it is first needed. */
static json_t *member(json_t *to, const char *key, json_t *(*make)(void))
{
	json_t *found = json_object_get(to, key);

	if (!found && !json_object_set_new(to, key, make()))
		found = json_object_get(to, key);
	return found;
}

/* One entry of a map<string, string>. */
static bool add_pair(json_t *to, const char *key, struct message m)
{
	struct message name = EMPTY, value = EMPTY;
	char text[KEY_MAX];
	struct field f;
	int rc;

	while ((rc = next(&m, &f)) > 0)
		if (f.n == 1 && f.is_bytes)
			name = f.body;
		else if (f.n == 2 && f.is_bytes)
			value = f.body;
	if (rc < 0 || size_of(&name) >= sizeof text)
		return false;
	(void)snprintf(text, sizeof text, "%.*s", (int)size_of(&name), (const char *)name.at);
	return !json_object_set_new(member(to, key, json_object), text, text_of(&value));
}

enum as {
	AS_TEXT,    /* left out where it is empty */
	AS_WORD,    /* there even so */
	AS_NUMBER,  /* left out where it is 0 */
	AS_SECONDS, /* a number that is there even so */
	AS_FLAG,
	AS_TIME,
	AS_PAIRS,
	AS_TEXTS,
	AS_OWNERS,
};

struct known {
	unsigned n;
	enum as as;
	const char *key;
};

static json_t *object_of(struct message m, const struct known *fields, size_t n);

static const struct known owner_fields[] = {
	{1, AS_WORD, "kind"},	    {3, AS_WORD, "name"},	{4, AS_WORD, "uid"},
	{5, AS_WORD, "apiVersion"}, {6, AS_FLAG, "controller"}, {7, AS_FLAG, "blockOwnerDeletion"},
};

static bool set(json_t *to, const struct known *k, const struct field *f)
{
	switch (k->as) {
	case AS_TEXT:
		return !size_of(&f->body) || !json_object_set_new(to, k->key, text_of(&f->body));
	case AS_WORD:
		return !json_object_set_new(to, k->key, text_of(&f->body));
	case AS_NUMBER:
		return !f->number ||
		       !json_object_set_new(to, k->key, json_integer((json_int_t)f->number));
	case AS_SECONDS:
		return !json_object_set_new(to, k->key, json_integer((json_int_t)f->number));
	case AS_FLAG:
		return !json_object_set_new(to, k->key, json_boolean(f->number));
	case AS_TIME:
		return !size_of(&f->body) || !json_object_set_new(to, k->key, time_of(f->body));
	case AS_PAIRS:
		return add_pair(to, k->key, f->body);
	case AS_TEXTS:
		return !json_array_append_new(member(to, k->key, json_array), text_of(&f->body));
	case AS_OWNERS:
		break;
	}
	return !json_array_append_new(member(to, k->key, json_array),
				      object_of(f->body, owner_fields, ORD_COUNT(owner_fields)));
}

static bool is_bytes(enum as as)
{
	return as != AS_NUMBER && as != AS_SECONDS && as != AS_FLAG;
}

/* Fields that are not known are passed over, as protobuf wants it; one of another type is garbage.
 */
static json_t *object_of(struct message m, const struct known *fields, size_t n)
{
	json_t *object = json_object();
	struct field f;
	int rc = object ? 1 : -1;

	while (rc > 0 && (rc = next(&m, &f)) > 0)
		for (size_t i = 0; i < n; i++)
			if (fields[i].n == f.n &&
			    (f.is_bytes != is_bytes(fields[i].as) || !set(object, &fields[i], &f)))
				rc = -1;
	if (!rc)
		return object;
	json_decref(object);
	return NULL;
}

json_t *kube_partial_object(const char *data, size_t size)
{
	static const struct known fields[] = {
		{1, AS_TEXT, "name"},
		{2, AS_TEXT, "generateName"},
		{3, AS_TEXT, "namespace"},
		{4, AS_TEXT, "selfLink"},
		{5, AS_TEXT, "uid"},
		{6, AS_TEXT, "resourceVersion"},
		{7, AS_NUMBER, "generation"},
		{8, AS_TIME, "creationTimestamp"},
		{9, AS_TIME, "deletionTimestamp"},
		{10, AS_SECONDS, "deletionGracePeriodSeconds"},
		{11, AS_PAIRS, "labels"},
		{12, AS_PAIRS, "annotations"},
		{13, AS_OWNERS, "ownerReferences"},
		{14, AS_TEXTS, "finalizers"},
	};
	struct message m = {(const unsigned char *)data, (const unsigned char *)data + size};
	struct message metadata = EMPTY;
	json_t *meta, *item;
	struct field f;
	int rc;

	while ((rc = next(&m, &f)) > 0)
		if (f.n == 1 && f.is_bytes)
			metadata = f.body;
	meta = rc ? NULL : object_of(metadata, fields, ORD_COUNT(fields));
	item = meta ? json_object() : NULL;
	if (item && !json_object_set_new(item, "metadata", meta))
		return item;
	if (!item)
		json_decref(meta);
	json_decref(item);
	return NULL;
}

bool kube_partial_meta(const char *data, size_t size, struct kube_partial_text *ret_version,
		       struct kube_partial_text *ret_token)
{
	struct message m = {(const unsigned char *)data, (const unsigned char *)data + size};
	struct field f;
	int rc;

	*ret_version = *ret_token = (struct kube_partial_text){"", 0};
	while ((rc = next(&m, &f)) > 0) {
		struct kube_partial_text text = {(const char *)f.body.at, size_of(&f.body)};

		if (f.n == 2 && f.is_bytes)
			*ret_version = text;
		else if (f.n == 3 && f.is_bytes)
			*ret_token = text;
	}
	return !rc;
}
