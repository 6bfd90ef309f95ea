/*
 * How a series is kept: packed blocks in the order of `sent`, and before them a window of the last
 * samples that were added, since a timeline has them in the order of `done`. What comes too late
 * even for the window waits in a list of its own and is merged in the end.
 */
#include "reports/series.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "reports/block.h"

#define WINDOW	    (8 * ORD_BLOCK)
#define WINDOW_BITS 12
_Static_assert(1 << WINDOW_BITS == WINDOW, "an index into the window has so many bits");

struct samples {
	size_t n, room;
	struct ord_sample *v;
};

struct ord_store {
	size_t n_blocks, room_blocks;
	struct ord_packed **blocks;
	struct samples window, late;
	struct ord_sample *other; /* as large as the window: what is sorted goes there */
	bool sorted;		  /* the window is */
};

static int by_sent(const void *a, const void *b)
{
	const struct ord_sample *x = a, *y = b;

	if (x->sent != y->sent)
		return x->sent < y->sent ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

static int append(struct samples *to, const struct ord_sample *s)
{
	if (to->n == to->room) {
		size_t room = to->room ? to->room * 2 : 64;
		struct ord_sample *v = reallocarray(to->v, room, sizeof *v);

		if (!v)
			return -1;
		to->v = v;
		to->room = room;
	}
	to->v[to->n++] = *s;
	return 0;
}

static void release(struct samples *s)
{
	free(s->v);
	*s = (struct samples){0};
}

static int push_block(struct ord_store *w, const struct ord_sample *v, size_t n)
{
	struct ord_packed *p;

	if (w->n_blocks == w->room_blocks) {
		size_t room = w->room_blocks ? w->room_blocks * 2 : 8;
		struct ord_packed **blocks = reallocarray(w->blocks, room, sizeof(void *));

		if (!blocks)
			return -1;
		w->blocks = blocks;
		w->room_blocks = room;
	}
	p = ord_pack(v, n, w->n_blocks * ORD_BLOCK);
	if (!p)
		return -1;
	w->blocks[w->n_blocks++] = p;
	return 0;
}

/*
 * By sent, then by line: the window is in the order of lines where `sent` is the same, and the sort
 * is stable. keys: `sent` above the least of all, and the index.
 */
static void radix(uint64_t *keys, uint64_t *room, size_t n, unsigned bits)
{
	enum { DIGIT = 11, DIGITS = 1 << DIGIT };
	uint64_t *from = keys, *to = room;

	for (unsigned shift = WINDOW_BITS; shift < WINDOW_BITS + bits; shift += DIGIT) {
		size_t at[DIGITS] = {0}, sum = 0;
		uint64_t *other = from;

		for (size_t i = 0; i < n; i++)
			at[from[i] >> shift & (DIGITS - 1)]++;
		for (size_t d = 0; d < DIGITS; d++) {
			size_t here = at[d];

			at[d] = sum;
			sum += here;
		}
		for (size_t i = 0; i < n; i++)
			to[at[from[i] >> shift & (DIGITS - 1)]++] = from[i];
		from = to;
		to = other;
	}
	if (from != keys)
		memcpy(keys, from, n * sizeof *keys);
}

static int sort_window(struct ord_store *w)
{
	uint64_t keys[WINDOW], room[WINDOW];
	int64_t least = INT64_MAX, most = INT64_MIN;
	struct ord_sample *v = w->window.v;
	size_t n = w->window.n;
	unsigned bits;

	if (w->sorted)
		return 0;
	for (size_t i = 0; i < n; i++) {
		least = v[i].sent < least ? v[i].sent : least;
		most = v[i].sent > most ? v[i].sent : most;
	}
	bits = 64 - (unsigned)__builtin_clzll((uint64_t)(most - least) | 1);
	w->sorted = true;
	if (bits + WINDOW_BITS > 64) {
		qsort(v, n, sizeof *v, by_sent);
		return 0;
	}
	free(w->other);
	w->other = reallocarray(NULL, w->window.room, sizeof *w->other);
	if (!w->other)
		return -1;
	for (size_t i = 0; i < n; i++)
		keys[i] = (uint64_t)(v[i].sent - least) << WINDOW_BITS | i;
	radix(keys, room, n, bits);
	for (size_t i = 0; i < n; i++)
		w->other[i] = v[keys[i] & (WINDOW - 1)];
	w->window.v = w->other;
	w->other = v;
	return 0;
}

/* Packs what stands first in the window until no more than `keep` are left, in whole blocks if
 * there is one to keep. */
static int drain(struct ord_store *w, size_t keep)
{
	int64_t last =
		w->n_blocks ? ord_packed_block(w->blocks[w->n_blocks - 1])->sent_last : INT64_MIN;
	size_t from = 0, n = w->window.n;

	if (!n)
		return 0;
	if (sort_window(w))
		return -1;
	while (from < n && w->window.v[from].sent < last)
		if (append(&w->late, &w->window.v[from++]))
			return -1;
	while (n - from > keep) {
		size_t part = n - from < ORD_BLOCK ? n - from : ORD_BLOCK;

		if (part < ORD_BLOCK && keep)
			break;
		if (push_block(w, w->window.v + from, part))
			return -1;
		from += part;
	}
	memmove(w->window.v, w->window.v + from, (n - from) * sizeof *w->window.v);
	w->window.n = n - from;
	return 0;
}

/* What was packed last before a rest may be no whole block: it goes back to the window. */
static int wake(struct ord_store *w)
{
	const struct ord_block *b;
	struct ord_sample v[ORD_BLOCK];

	w->sorted = true;
	if (!w->n_blocks)
		return 0;
	b = ord_packed_block(w->blocks[w->n_blocks - 1]);
	if (b->n == ORD_BLOCK)
		return 0;
	ord_unpack(w->blocks[w->n_blocks - 1], 0, b->n, v);
	for (size_t i = 0; i < b->n; i++)
		if (append(&w->window, &v[i]))
			return -1;
	free(w->blocks[--w->n_blocks]);
	return 0;
}

int ord_series_add(struct ord_series *q, const struct ord_sample *s)
{
	struct ord_store *w = q->store;

	if (!w) {
		w = q->store = calloc(1, sizeof *w);
		if (!w)
			return -1;
	}
	if (!w->window.n && wake(w))
		return -1;
	if (w->window.n == WINDOW && drain(w, WINDOW / 2))
		return -1;
	if (w->window.n && s->sent < w->window.v[w->window.n - 1].sent)
		w->sorted = false;
	if (append(&w->window, s))
		return -1;
	q->n++;
	q->last_done = s->done;
	return 0;
}

int ord_series_rest(struct ord_series *q)
{
	struct ord_store *w = q->store;

	if (!w)
		return 0;
	if (drain(w, 0))
		return -1;
	release(&w->window);
	free(ord_steal_ptr(w->other));
	return 0;
}

struct merge {
	struct ord_store *w;
	struct ord_sample v[ORD_BLOCK];
	size_t n;
};

static int merge_one(struct merge *m, const struct ord_sample *s)
{
	m->v[m->n++] = *s;
	if (m->n < ORD_BLOCK)
		return 0;
	m->n = 0;
	return push_block(m->w, m->v, ORD_BLOCK);
}

/* Blocks and late ones, both in order, into new blocks; the old ones are freed on the way. */
static int merge(struct ord_store *w, struct ord_packed **old, size_t n_old)
{
	struct merge m = {.w = w};
	const struct samples *late = &w->late;
	struct ord_sample v[ORD_BLOCK];
	size_t k = 0;
	int r = 0;

	for (size_t b = 0; b < n_old; b++) {
		size_t n = ord_packed_block(old[b])->n;

		ord_unpack(old[b], 0, n, v);
		free(old[b]);
		for (size_t i = 0; !r && i < n; i++) {
			while (!r && k < late->n && by_sent(&late->v[k], &v[i]) < 0)
				r = merge_one(&m, &late->v[k++]);
			r = r ? r : merge_one(&m, &v[i]);
		}
	}
	while (!r && k < late->n)
		r = merge_one(&m, &late->v[k++]);
	return r || !m.n ? r : push_block(w, m.v, m.n);
}

int ord_series_seal(struct ord_series *q)
{
	ord_autofree struct ord_packed **old = NULL;
	struct ord_store *w = q->store;
	size_t from = 0, n_old;

	if (!w)
		return 0;
	if (ord_series_rest(q))
		return -1;
	if (!w->late.n)
		return 0;
	qsort(w->late.v, w->late.n, sizeof *w->late.v, by_sent);
	while (from < w->n_blocks &&
	       ord_packed_block(w->blocks[from])->sent_last < w->late.v[0].sent)
		from++;
	n_old = w->n_blocks - from;
	old = reallocarray(NULL, n_old + 1, sizeof(void *));
	if (!old)
		return -1;
	memcpy(old, w->blocks + from, n_old * sizeof(void *));
	w->n_blocks = from;
	if (merge(w, old, n_old))
		return -1;
	release(&w->late);
	return 0;
}

void ord_series_done(struct ord_series *q)
{
	struct ord_store *w = q->store;

	if (w) {
		for (size_t i = 0; i < w->n_blocks; i++)
			free(w->blocks[i]);
		free(w->blocks);
		release(&w->window);
		release(&w->late);
		free(w->other);
		free(w);
	}
	*q = (struct ord_series){0};
}

static struct ord_packed *packed(const struct ord_series *q, size_t i)
{
	return q->store->blocks[i / ORD_BLOCK];
}

const struct ord_packed *ord_series_packed(const struct ord_series *q, size_t i)
{
	return packed(q, i);
}

const struct ord_block *ord_series_block(const struct ord_series *q, size_t i)
{
	return ord_packed_block(packed(q, i));
}

struct ord_sample ord_series_at(const struct ord_series *q, size_t i)
{
	struct ord_sample s;

	ord_unpack(packed(q, i), i % ORD_BLOCK, 1, &s);
	return s;
}

size_t ord_series_find(const struct ord_series *q, int64_t t)
{
	size_t lo = 0, hi;

	if (!q->store)
		return 0;
	hi = q->store->n_blocks;
	while (lo < hi) { /* the first block that ends at t or later */
		size_t mid = lo + (hi - lo) / 2;

		if (ord_packed_block(q->store->blocks[mid])->sent_last < t)
			lo = mid + 1;
		else
			hi = mid;
	}
	lo = lo * ORD_BLOCK < q->n ? lo * ORD_BLOCK : q->n;
	hi = lo + ORD_BLOCK < q->n ? lo + ORD_BLOCK : q->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (ord_series_at(q, mid).sent < t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void ord_series_excuse(struct ord_series *q, size_t i)
{
	ord_packed_excuse(packed(q, i), i % ORD_BLOCK);
}

void ord_cursor_read(struct ord_cursor *c, size_t i)
{
	size_t from = i / ORD_CURSOR_READ * ORD_CURSOR_READ, n = ORD_CURSOR_READ;

	if (c->q->n - from < n)
		n = c->q->n - from;
	ord_unpack(packed(c->q, i), from % ORD_BLOCK, n, c->v);
	c->from = from;
	c->to = from + n;
}

bool ord_cursor_next_bad(struct ord_cursor *c, struct ord_sample *ret)
{
	const struct ord_block *b;
	struct ord_sample s;

	while (c->at < c->q->n) {
		b = ord_cursor_block(c);
		if (b && !b->by_state[ORD_SAMPLE_BAD]) {
			ord_cursor_skip(c, b);
			continue;
		}
		if (ord_cursor_next(c, &s) && s.state == ORD_SAMPLE_BAD) {
			*ret = s;
			return true;
		}
	}
	return false;
}
