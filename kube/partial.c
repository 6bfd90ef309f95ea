#include "kube/partial.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

/* Wire types. */
#define VARINT 0
#define FIXED8 1
#define BYTES  2
#define FIXED4 5

/* Fields of runtime.Unknown, and of a PartialObjectMetadataList. */
#define UNKNOWN_RAW   2
#define LIST_METADATA 1
#define LIST_ITEMS    2

static const char magic[4] = {'k', '8', 's', '\0'};

static int garbage(struct ord_err *err)
{
	return ord_fail(err, ORD_SYS,
			"the API server sent something that is not the protobuf it should be");
}

static int tell_meta(struct kube_partial *s, const char *data, size_t size, struct ord_err *err)
{
	ord_autofree char *version = NULL, *token = NULL;
	struct kube_partial_text v, t;

	if (!kube_partial_meta(data, size, &v, &t))
		return garbage(err);
	version = strndup(v.text, v.size);
	token = strndup(t.text, t.size);
	if (!version || !token)
		return ord_fail_nomem(err);
	return s->meta(s->arg, version, token, err);
}

static int tell_item(struct kube_partial *s, const char *data, size_t size, struct ord_err *err)
{
	json_t *item = kube_partial_object(data, size);
	int rc;

	if (!item)
		return garbage(err);
	rc = s->each(s->arg, item, err);
	json_decref(item);
	return rc;
}

static int tell(struct kube_partial *s, const char *data, size_t size, struct ord_err *err)
{
	s->state = KUBE_PARTIAL_TAG;
	return s->field == LIST_ITEMS ? tell_item(s, data, size, err)
				      : tell_meta(s, data, size, err);
}

static int make_room(struct kube_partial *s, size_t size, struct ord_err *err)
{
	size_t room = s->room ? s->room : 8192;
	char *grown;

	while (room < size)
		room *= 2;
	if (room == s->room)
		return 0;
	grown = realloc(s->buf, room);
	if (!grown)
		return ord_fail_nomem(err);
	s->buf = grown;
	s->room = room;
	return 0;
}

/* What lies in one piece is read where it lies. */
static int collect(struct kube_partial *s, const char *data, size_t n, struct ord_err *err)
{
	s->left -= n;
	if (!s->used && !s->left)
		return tell(s, data, n, err);
	if (make_room(s, s->used + n, err))
		return -1;
	memcpy(s->buf + s->used, data, n);
	s->used += n;
	if (s->left)
		return 0;
	n = s->used;
	s->used = 0;
	return tell(s, s->buf, n, err);
}

/* Whether so many bytes are still of the list. */
static bool fits(const struct kube_partial *s, uint64_t n)
{
	return n <= INT64_MAX && (!s->inside || n <= s->end - s->at);
}

static int pass_over(struct kube_partial *s, uint64_t n, struct ord_err *err)
{
	if (!fits(s, n))
		return garbage(err);
	s->left = n;
	s->state = n ? KUBE_PARTIAL_SKIP : KUBE_PARTIAL_TAG;
	return 0;
}

static int on_tag(struct kube_partial *s, struct ord_err *err)
{
	s->field = (unsigned)(s->number >> 3);
	switch (s->number & 7) {
	case VARINT:
		s->state = KUBE_PARTIAL_NUMBER;
		return 0;
	case BYTES:
		s->state = KUBE_PARTIAL_LENGTH;
		return 0;
	case FIXED8:
	case FIXED4:
		return pass_over(s, (s->number & 7) == FIXED8 ? 8 : 4, err);
	default:
		return garbage(err);
	}
}

static int on_length(struct kube_partial *s, struct ord_err *err)
{
	uint64_t n = s->number;

	if (!fits(s, n))
		return garbage(err);
	if (!s->inside && s->field == UNKNOWN_RAW) {
		if (s->seen)
			return garbage(err);
		s->inside = s->seen = true;
		s->end = s->at + n;
		s->state = KUBE_PARTIAL_TAG;
		return 0;
	}
	if (!s->inside || (s->field != LIST_METADATA && s->field != LIST_ITEMS))
		return pass_over(s, n, err);
	if (n > s->max)
		return ord_fail(err, ORD_SYS,
				"the API server sent an object of more than %zu bytes", s->max);
	s->left = n;
	s->state = KUBE_PARTIAL_COLLECT;
	return n ? 0 : collect(s, "", 0, err);
}

/* A byte of a varint: seven bits, the least significant first. */
static int on_number(struct kube_partial *s, unsigned char byte, struct ord_err *err)
{
	enum kube_partial_state state = s->state;

	if (s->shift > 63)
		return garbage(err);
	s->number |= (uint64_t)(byte & 127) << s->shift;
	s->shift += 7;
	if (byte & 128)
		return 0;
	s->shift = 0;
	s->state = KUBE_PARTIAL_TAG;
	if (state == KUBE_PARTIAL_TAG && on_tag(s, err))
		return -1;
	if (state == KUBE_PARTIAL_LENGTH && on_length(s, err))
		return -1;
	s->number = 0;
	return 0;
}

/* How much of so many bytes is taken at once. */
static size_t bite(const struct kube_partial *s, size_t size)
{
	if (s->state != KUBE_PARTIAL_COLLECT && s->state != KUBE_PARTIAL_SKIP)
		return 1;
	return s->left < size ? (size_t)s->left : size;
}

static int take(struct kube_partial *s, const char *data, size_t n, struct ord_err *err)
{
	switch (s->state) {
	case KUBE_PARTIAL_MAGIC:
		if (*data != magic[s->magic++])
			return garbage(err);
		s->state = s->magic == sizeof magic ? KUBE_PARTIAL_TAG : KUBE_PARTIAL_MAGIC;
		return 0;
	case KUBE_PARTIAL_TAG:
	case KUBE_PARTIAL_LENGTH:
	case KUBE_PARTIAL_NUMBER:
		return on_number(s, (unsigned char)*data, err);
	case KUBE_PARTIAL_COLLECT:
		return collect(s, data, n, err);
	case KUBE_PARTIAL_SKIP:
		s->left -= n;
		s->state = s->left ? KUBE_PARTIAL_SKIP : KUBE_PARTIAL_TAG;
		return 0;
	}
	return garbage(err);
}

/* Between two fields. */
static bool is_between(const struct kube_partial *s)
{
	return s->state == KUBE_PARTIAL_TAG && !s->shift;
}

int kube_partial_feed(struct kube_partial *s, const char *data, size_t size, struct ord_err *err)
{
	while (size) {
		size_t n = bite(s, size);

		s->at += n;
		if (take(s, data, n, err))
			return -1;
		data += n;
		size -= n;
		if (s->inside && s->at >= s->end) {
			if (!is_between(s))
				return garbage(err);
			s->inside = false;
		}
	}
	return 0;
}

int kube_partial_end(const struct kube_partial *s, struct ord_err *err)
{
	if (!s->seen || s->inside || !is_between(s))
		return ord_fail(err, ORD_SYS, "the API server's answer ended in the middle");
	return 0;
}

void kube_partial_reset(struct kube_partial *s)
{
	free(s->buf);
	*s = (struct kube_partial){.max = s->max, .each = s->each, .meta = s->meta, .arg = s->arg};
}
