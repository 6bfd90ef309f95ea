#include "kube/items.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 200

/* One call of feed: bytes from run to at belong to what is collected and are not in buf yet. */
struct cursor {
	const char *data;
	size_t size, at, run;
};

static bool collecting(const struct kube_items *s)
{
	return s->item || s->scalar;
}

static int garbage(struct ord_err *err)
{
	return ord_fail(err, ORD_SYS,
			"the API server sent something that is not the JSON it should be");
}

static int append(struct kube_items *s, const char *data, size_t size, struct ord_err *err)
{
	if (size > s->max - s->used)
		return ord_fail(err, ORD_SYS,
				"the API server sent an object of more than %zu bytes", s->max);
	if (s->used + size > s->room) {
		size_t room = s->room ? s->room : 8192;
		char *grown;

		while (room < s->used + size)
			room *= 2;
		grown = realloc(s->buf, room);
		if (!grown)
			return ord_fail_nomem(err);
		s->buf = grown;
		s->room = room;
	}
	memcpy(s->buf + s->used, data, size);
	s->used += size;
	return 0;
}

/* What was collected up to `to` goes into buf. */
static int flush(struct kube_items *s, struct cursor *c, size_t to, struct ord_err *err)
{
	size_t from = c->run;

	c->run = to;
	if (!collecting(s) || s->drop || to <= from)
		return 0;
	return append(s, c->data + from, to - from, err);
}

/* Depth of an object's own members. */
static unsigned members_at(const struct kube_items *s)
{
	return s->of == KUBE_ITEMS_LIST ? 3 : 2;
}

/* Whether members of metadata are looked at: only in objects, not in what stands beside them. */
static bool in_object(const struct kube_items *s)
{
	return !s->managed && s->item && !s->drop && (s->of == KUBE_ITEMS_WATCH || s->in_items);
}

static bool key_is(const struct kube_items *s, const char *text)
{
	return s->key_used == strlen(text) && !memcmp(s->key, text, s->key_used);
}

static void quote(struct kube_items *s, struct cursor *c)
{
	bool top = s->of == KUBE_ITEMS_LIST && s->depth == 1 && !s->scalar;

	s->quoted = true;
	if (top && s->want_value) {
		s->scalar = true;
		c->run = c->at;
		s->captured = false;
		return;
	}
	s->captured = top || (in_object(s) && (s->depth == members_at(s) ||
					       (s->in_metadata && s->depth == members_at(s) + 1)));
	s->key_used = s->captured ? 0 : s->key_used;
	if (s->captured)
		s->key_from = s->used + (c->at - c->run);
}

static void unquote(struct kube_items *s)
{
	s->quoted = false;
	if (!s->captured || s->of != KUBE_ITEMS_LIST || s->depth != 1)
		return;
	memcpy(s->top, s->key, s->key_used < sizeof s->top ? s->key_used : 0);
	s->top[s->key_used < sizeof s->top ? s->key_used : 0] = '\0';
}

/* Within a text: the fast way through all of it, unless it may be a key that matters. */
static void within(struct kube_items *s, struct cursor *c)
{
	char ch = c->data[c->at];

	if (s->escaped) {
		s->escaped = false;
		return;
	}
	if (!s->captured) {
		while (c->at < c->size && (ch = c->data[c->at]) != '"' && ch != '\\')
			c->at++;
		if (c->at == c->size)
			return;
	}
	if (ch == '\\') {
		s->escaped = true;
		s->key_used = s->captured ? sizeof s->key : s->key_used; /* none of ours */
	} else if (ch == '"') {
		unquote(s);
	} else if (s->key_used < sizeof s->key) {
		s->key[s->key_used++] = ch;
	}
}

static void collect(struct kube_items *s, struct cursor *c, unsigned depth)
{
	s->item = depth;
	s->used = 0;
	s->in_metadata = s->ate = false;
	s->key_used = 0;
	c->run = c->at;
}

static int open_outside(struct kube_items *s, struct cursor *c, char ch, struct ord_err *err)
{
	if (s->of == KUBE_ITEMS_WATCH || s->in_items) {
		if (ch != '{')
			return garbage(err);
		collect(s, c, s->depth + 1);
		return 0;
	}
	if (s->depth == 0)
		return ch == '{' && !s->over ? 0 : garbage(err);
	if (!s->want_value || s->scalar)
		return garbage(err);
	if (ch == '[' && !strcmp(s->top, "items"))
		s->in_items = true;
	else
		collect(s, c, s->depth + 1);
	return 0;
}

static int open_bracket(struct kube_items *s, struct cursor *c, char ch, struct ord_err *err)
{
	if (s->depth >= DEPTH_MAX)
		return ord_fail(err, ORD_SYS, "the API server sent JSON nested deeper than %d",
				DEPTH_MAX);
	if (!s->item && open_outside(s, c, ch, err))
		return -1;
	if (in_object(s) && ch == '{' && s->depth == members_at(s) && key_is(s, "metadata"))
		s->in_metadata = true;
	if (in_object(s) && ch == '[' && s->in_metadata && s->depth == members_at(s) + 1 &&
	    key_is(s, "managedFields")) {
		if (flush(s, c, c->at, err))
			return -1;
		s->used = s->key_from;
		s->drop = s->depth + 1;
	}
	s->depth++;
	return 0;
}

/* The member that was left out was the last one. */
static void strip_comma(struct kube_items *s)
{
	while (s->used && strchr(" \t\r\n", s->buf[s->used - 1]))
		s->used--;
	if (s->used && s->buf[s->used - 1] == ',')
		s->used--;
}

static int tell_other(struct kube_items *s, struct ord_err *err)
{
	size_t size = s->used;

	s->scalar = false;
	s->used = 0;
	return s->other ? s->other(s->arg, s->top, s->buf, size, err) : 0;
}

static int close_outside(struct kube_items *s, struct cursor *c, char ch, struct ord_err *err)
{
	if (s->in_items && s->depth == 2) {
		s->in_items = s->want_value = false;
		return ch == ']' ? 0 : garbage(err);
	}
	if (s->scalar && (flush(s, c, c->at, err) || tell_other(s, err)))
		return -1;
	s->over = true;
	return ch == '}' ? 0 : garbage(err);
}

static int close_item(struct kube_items *s, struct cursor *c, struct ord_err *err)
{
	bool other = s->of == KUBE_ITEMS_LIST && !s->in_items;
	size_t size;

	if (flush(s, c, c->at + 1, err))
		return -1;
	s->item = 0;
	if (other) {
		s->want_value = false;
		return tell_other(s, err);
	}
	size = s->used;
	s->used = 0;
	return s->each(s->arg, s->buf, size, err);
}

static int close_bracket(struct kube_items *s, struct cursor *c, char ch, struct ord_err *err)
{
	int rc = 0;

	if (!s->depth)
		return garbage(err);
	if (s->drop) {
		if (s->depth == s->drop) {
			s->drop = 0;
			s->ate = true;
			c->run = c->at + 1;
		}
		s->depth--;
		return 0;
	}
	if (s->ate) {
		if (flush(s, c, c->at, err))
			return -1;
		strip_comma(s);
		s->ate = false;
	}
	if (!s->item)
		rc = close_outside(s, c, ch, err);
	else if (s->depth == s->item)
		rc = close_item(s, c, err);
	s->depth--;
	if (s->depth == members_at(s))
		s->in_metadata = false;
	return rc;
}

static bool blank(char ch)
{
	return ch == ' ' || ch == '\n' || ch == '\r' || ch == '\t';
}

/* A colon, a comma, or part of a number or a word, outside of what is collected. */
static int plain_outside(struct kube_items *s, struct cursor *c, char ch, struct ord_err *err)
{
	if (s->of == KUBE_ITEMS_WATCH || s->depth == 0)
		return garbage(err);
	if (s->in_items)
		return ch == ',' ? 0 : garbage(err);
	if (ch == ',') {
		if (s->scalar && (flush(s, c, c->at, err) || tell_other(s, err)))
			return -1;
		s->want_value = false;
	} else if (s->scalar) {
		return 0;
	} else if (ch == ':') {
		s->want_value = true;
	} else if (s->want_value) {
		s->scalar = true;
		c->run = c->at;
	} else {
		return garbage(err);
	}
	return 0;
}

static int plain(struct kube_items *s, struct cursor *c, char ch, struct ord_err *err)
{
	if (blank(ch) || s->drop)
		return 0;
	if (!s->item)
		return plain_outside(s, c, ch, err);
	if (s->ate && ch == ',') {
		if (flush(s, c, c->at, err))
			return -1;
		c->run = c->at + 1;
	}
	s->ate = false;
	return 0;
}

static int step(struct kube_items *s, struct cursor *c, struct ord_err *err)
{
	char ch = c->data[c->at];

	switch (ch) {
	case '"':
		if (!s->item && (s->of == KUBE_ITEMS_WATCH || s->depth != 1))
			return garbage(err);
		s->ate = s->ate && s->drop;
		quote(s, c);
		return 0;
	case '{':
	case '[':
		return open_bracket(s, c, ch, err);
	case '}':
	case ']':
		return close_bracket(s, c, ch, err);
	default:
		return plain(s, c, ch, err);
	}
}

int kube_items_feed(struct kube_items *s, const char *data, size_t size, struct ord_err *err)
{
	struct cursor c = {.data = data, .size = size};

	for (; c.at < size; c.at++) {
		if (s->quoted)
			within(s, &c);
		else if (step(s, &c, err))
			return -1;
	}
	return flush(s, &c, size, err);
}

int kube_items_end(const struct kube_items *s, struct ord_err *err)
{
	if (s->depth || (s->of == KUBE_ITEMS_LIST && !s->over))
		return ord_fail(err, ORD_SYS, "the API server's answer ended in the middle");
	return 0;
}

void kube_items_reset(struct kube_items *s)
{
	free(s->buf);
	*s = (struct kube_items){.of = s->of,
				 .managed = s->managed,
				 .max = s->max,
				 .each = s->each,
				 .other = s->other,
				 .arg = s->arg};
}
