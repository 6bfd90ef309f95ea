/*
 * Counts and order statistics of a series, from its blocks as they are packed. A rank is found by
 * counting into equal cells, then into the cells of one cell, until few enough are left to be
 * sorted: a few passes over the latencies, whatever they are, and no copy of them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "reports/block.h"

#define CELL_BITS 12
#define CELLS	  ((size_t)1 << CELL_BITS)
#define FEW	  ((size_t)1 << 14)

struct ord_counts ord_series_count(const struct ord_series *q, size_t first, size_t last)
{
	struct ord_counts n = {0};
	struct ord_cursor c;
	struct ord_sample s;

	ord_cursor_begin(q, &c);
	ord_cursor_seek(&c, first);
	while (c.at < last) {
		const struct ord_block *b = ord_cursor_block(&c);

		if (b && b->first + b->n <= last) {
			for (size_t i = 0; i < ORD_SAMPLE_STATES; i++)
				n.by_state[i] += b->by_state[i];
			for (size_t i = 0; i < ORD_TL_OUTCOMES; i++)
				n.by_outcome[i] += b->by_outcome[i];
			ord_cursor_skip(&c, b);
		} else if (ord_cursor_next(&c, &s)) {
			n.by_state[s.state]++;
			n.by_outcome[s.outcome]++;
		}
	}
	return n;
}

/* Latencies of samples that are neither unknown nor outside of lo..hi, a block at a time. */
struct walk {
	const struct ord_series *q;
	size_t at, last;
	int64_t lo, hi;
};

static bool is_apart(const struct walk *w, const struct ord_block *b)
{
	return b->latency_max < w->lo || b->latency_min > w->hi ||
	       b->by_state[ORD_SAMPLE_UNKNOWN] == b->n;
}

static size_t known_of(const struct ord_packed *p, size_t i, size_t n, int64_t *v)
{
	struct ord_sample s[ORD_BLOCK];
	size_t known = 0;

	if (!ord_packed_block(p)->by_state[ORD_SAMPLE_UNKNOWN]) {
		ord_unpack_latency(p, i, n, v);
		return n;
	}
	ord_unpack(p, i, n, s);
	for (size_t k = 0; k < n; k++)
		if (s[k].state != ORD_SAMPLE_UNKNOWN)
			v[known++] = ord_sample_latency(&s[k]);
	return known;
}

/* False at the end; *ret_n may be 0. */
static bool step(struct walk *w, int64_t v[static ORD_BLOCK], size_t *ret_n)
{
	const struct ord_packed *p;
	const struct ord_block *b;
	size_t end, known;

	*ret_n = 0;
	if (w->at >= w->last)
		return false;
	p = ord_series_packed(w->q, w->at);
	b = ord_packed_block(p);
	end = b->first + b->n < w->last ? b->first + b->n : w->last;
	known = is_apart(w, b) ? 0 : known_of(p, w->at - b->first, end - w->at, v);
	w->at = end;
	for (size_t i = 0; i < known; i++)
		if (v[i] >= w->lo && v[i] <= w->hi)
			v[(*ret_n)++] = v[i];
	return true;
}

/* Where a rank is known to lie: in lo..hi, where `n` values are and `below` are less. */
struct part {
	int64_t lo, hi;
	size_t below, n;
};

static unsigned cell_shift(const struct part *in)
{
	uint64_t width = (uint64_t)in->hi - (uint64_t)in->lo;
	unsigned bits = width ? 64 - (unsigned)__builtin_clzll(width) : 0;

	return bits > CELL_BITS ? bits - CELL_BITS : 0;
}

static void count_cells(struct walk w, const struct part *in, size_t cells[static CELLS])
{
	unsigned shift = cell_shift(in);
	int64_t v[ORD_BLOCK];
	size_t n;

	w.lo = in->lo;
	w.hi = in->hi;
	memset(cells, 0, CELLS * sizeof *cells);
	while (step(&w, v, &n))
		for (size_t i = 0; i < n; i++)
			cells[(uint64_t)(v[i] - in->lo) >> shift]++;
}

static struct part cell_of(const struct part *in, const size_t *cells, size_t rank)
{
	unsigned shift = cell_shift(in);
	struct part p = {.below = in->below};
	size_t k = 0;

	while (k < CELLS - 1 && p.below + cells[k] <= rank)
		p.below += cells[k++];
	p.n = cells[k];
	p.lo = in->lo + (int64_t)((uint64_t)k << shift);
	p.hi = p.lo + (int64_t)(((uint64_t)1 << shift) - 1);
	return p;
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int64_t among_few(struct walk w, const struct part *in, size_t rank, int64_t *room)
{
	int64_t v[ORD_BLOCK];
	size_t n, all = 0;

	w.lo = in->lo;
	w.hi = in->hi;
	while (step(&w, v, &n))
		for (size_t i = 0; i < n && all < FEW; i++)
			room[all++] = v[i];
	qsort(room, all, sizeof *room, by_value);
	return room[rank - in->below];
}

static int among_all(struct walk w, const size_t *ranks, size_t n_ranks, int64_t *ret)
{
	ord_autofree int64_t *room = calloc(w.last - w.at + 1, sizeof *room);
	int64_t v[ORD_BLOCK];
	size_t n, all = 0;

	if (!room)
		return -1;
	for (; step(&w, v, &n); all += n)
		memcpy(room + all, v, n * sizeof *v);
	qsort(room, all, sizeof *room, by_value);
	for (size_t i = 0; i < n_ranks; i++)
		ret[i] = room[ranks[i]];
	return 0;
}

static struct part extent(const struct walk *w)
{
	struct part p = {.lo = INT64_MAX, .hi = INT64_MIN};

	for (size_t i = w->at; i < w->last;) {
		const struct ord_block *b = ord_series_block(w->q, i);

		p.lo = b->latency_min < p.lo ? b->latency_min : p.lo;
		p.hi = b->latency_max > p.hi ? b->latency_max : p.hi;
		i = b->first + b->n;
	}
	return p;
}

int ord_series_latencies(const struct ord_series *q, size_t first, size_t last, const size_t *ranks,
			 size_t n_ranks, int64_t *ret)
{
	struct walk w = {.q = q, .at = first, .last = last, .lo = INT64_MIN, .hi = INT64_MAX};
	ord_autofree size_t *cells = NULL;
	ord_autofree int64_t *room = NULL;
	struct part whole;

	if (!n_ranks)
		return 0;
	if (last - first <= FEW)
		return among_all(w, ranks, n_ranks, ret);
	cells = calloc(2 * CELLS, sizeof *cells);
	room = calloc(FEW, sizeof *room);
	if (!cells || !room)
		return -1;
	whole = extent(&w);
	count_cells(w, &whole, cells);
	for (size_t i = 0; i < n_ranks; i++) {
		struct part in = cell_of(&whole, cells, ranks[i]);

		while (in.n > FEW && in.lo < in.hi) {
			count_cells(w, &in, cells + CELLS);
			in = cell_of(&in, cells + CELLS, ranks[i]);
		}
		ret[i] = in.lo == in.hi ? in.lo : among_few(w, &in, ranks[i], room);
	}
	return 0;
}
