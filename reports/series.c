#include "reports/series.h"

#include <stdlib.h>

int ord_series_add(struct ord_series *q, const struct ord_sample *s)
{
	if (q->n == q->room) {
		size_t room = q->room ? q->room * 2 : 256;
		struct ord_sample *v = reallocarray(q->v, room, sizeof *v);

		if (!v)
			return -1;
		q->v = v;
		q->room = room;
	}
	q->v[q->n++] = *s;
	q->last_done = s->done;
	return 0;
}

static int by_sent(const void *a, const void *b)
{
	const struct ord_sample *x = a, *y = b;

	if (x->sent != y->sent)
		return x->sent < y->sent ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

int ord_series_seal(struct ord_series *q)
{
	for (size_t k = 1; k < q->n; k++)
		if (by_sent(&q->v[k - 1], &q->v[k]) > 0) {
			qsort(q->v, q->n, sizeof *q->v, by_sent);
			break;
		}
	return 0;
}

void ord_series_done(struct ord_series *q)
{
	free(q->v);
	*q = (struct ord_series){0};
}

struct ord_sample ord_series_at(const struct ord_series *q, size_t i)
{
	return q->v[i];
}

size_t ord_series_find(const struct ord_series *q, int64_t t)
{
	size_t lo = 0, hi = q->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (q->v[mid].sent < t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void ord_series_excuse(struct ord_series *q, size_t i)
{
	q->v[i].noise = 1;
}

void ord_cursor_begin(const struct ord_series *q, struct ord_cursor *c)
{
	*c = (struct ord_cursor){.q = q};
}

bool ord_cursor_next(struct ord_cursor *c, struct ord_sample *ret)
{
	if (c->at >= c->q->n)
		return false;
	*ret = ord_series_at(c->q, c->at++);
	return true;
}

bool ord_cursor_prev(struct ord_cursor *c, struct ord_sample *ret)
{
	if (!c->at)
		return false;
	*ret = ord_series_at(c->q, --c->at);
	return true;
}

bool ord_cursor_seek_sent(struct ord_cursor *c, int64_t t)
{
	ord_cursor_seek(c, ord_series_find(c->q, t));
	return c->at < c->q->n;
}

void ord_cursor_seek(struct ord_cursor *c, size_t i)
{
	c->at = i;
}
