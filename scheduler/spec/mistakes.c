#include "scheduler/spec/mistakes.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "scheduler/spec/node.h"

/* A file of one mistake a line would else cost more than the file. */
#define KEPT_MAX 1024

static void clear(struct ord_mistake *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i].text);
}

void ord_mistakes_done(struct ord_mistakes *m)
{
	clear(m->v, m->n);
	*m = (struct ord_mistakes){0};
}

void sink_done(struct sink *sink)
{
	clear(sink->v, sink->n);
	free(sink->v);
	*sink = (struct sink){0};
}

static void put(struct sink *sink, struct ord_mistake m)
{
	if (!m.warning)
		sink->n_errors++;
	if (sink->n == sink->room && sink->room < KEPT_MAX) {
		size_t room = sink->room ? 2 * sink->room : 16;
		struct ord_mistake *v = realloc(sink->v, room * sizeof *v);

		if (v) {
			sink->v = v;
			sink->room = room;
		}
	}
	if (!m.text || sink->n == sink->room) {
		free(m.text);
		sink->more++;
		return;
	}
	sink->v[sink->n++] = m;
}

static char *print(const char *origin, const char *fmt, va_list ap)
{
	ord_autofree char *text = NULL;
	char *out;

	if (vasprintf(&text, fmt, ap) < 0)
		return NULL;
	if (!origin)
		return ord_steal_ptr(text);
	if (asprintf(&out, "--set %s: %s", origin, text) < 0)
		return NULL;
	return out;
}

void sink_place(struct sink *sink, unsigned line, unsigned column, const char *fmt, ...)
{
	struct ord_mistake m = {.line = line, .column = column};
	va_list ap;

	va_start(ap, fmt);
	m.text = print(NULL, fmt, ap);
	va_end(ap);
	put(sink, m);
}

static void put_at(struct sink *sink, const struct node *node, struct ord_mistake m,
		   const char *fmt, va_list ap)
{
	m.line = node->origin ? 0 : node->line;
	m.column = node->origin ? 0 : m.column ? m.column : node->column;
	m.text = print(node->origin, fmt, ap);
	put(sink, m);
}

void sink_add(struct sink *sink, const struct node *node, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_at(sink, node, (struct ord_mistake){0}, fmt, ap);
	va_end(ap);
}

/* Columns count characters; so does this: bytes that do not continue one. */
static unsigned characters(const char *text, size_t n)
{
	unsigned out = 0;

	for (size_t i = 0; i < n; i++)
		out += ((unsigned char)text[i] & 0xc0) != 0x80;
	return out;
}

static unsigned column_within(const struct node *node, size_t offset)
{
	if (!node->exact)
		return node->column;
	return node->column + (node->quoted ? 1 : 0) + characters(node->text, offset);
}

struct ord_spec_place place_within(const struct node *node, size_t offset)
{
	if (node->origin)
		return (struct ord_spec_place){0};
	return (struct ord_spec_place){.line = node->line, .column = column_within(node, offset)};
}

void sink_add_within(struct sink *sink, const struct node *node, size_t offset, const char *fmt,
		     ...)
{
	struct ord_mistake m = {.column = column_within(node, offset)};
	va_list ap;

	va_start(ap, fmt);
	put_at(sink, node, m, fmt, ap);
	va_end(ap);
}

void sink_warn(struct sink *sink, const struct node *node, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_at(sink, node, (struct ord_mistake){.warning = true}, fmt, ap);
	va_end(ap);
}

static int compare(const void *a, const void *b)
{
	const struct ord_mistake *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return strcmp(x->text, y->text); /* a total order: the same text, the same list */
}

/* An alias brings the same mistake as often as it is used; once is enough. */
static void drop_repeated(struct sink *sink)
{
	size_t n = 0;

	for (size_t i = 0; i < sink->n; i++) {
		if (n && !compare(&sink->v[n - 1], &sink->v[i]))
			free(sink->v[i].text);
		else
			sink->v[n++] = sink->v[i];
	}
	sink->n = n;
}

void sink_hand_out(struct sink *sink, struct ord_mistakes *ret)
{
	if (sink->n)
		qsort(sink->v, sink->n, sizeof *sink->v, compare);
	drop_repeated(sink);
	*ret = (struct ord_mistakes){.more = sink->more};
	for (size_t i = 0; i < sink->n; i++) {
		if (ret->n < ORD_COUNT(ret->v)) {
			ret->v[ret->n++] = sink->v[i];
			continue;
		}
		free(sink->v[i].text);
		ret->more++;
	}
	sink->n = 0;
	sink_done(sink);
}
