#include "reports/block.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

enum column {
	COLUMN_DUE,	/* on its period: mostly no bits at all */
	COLUMN_LATENCY, /* done - due */
	COLUMN_LATE,	/* sent - due */
	COLUMN_LINE,
	COLUMN_SAYS, /* outcome, state, why */
};
#define COLUMNS 5

/* Samples are added to what a 64 bit word at any byte can hold besides 7 bits of the one before. */
#define WIDTH_MAX 57

struct line {
	uint64_t base, step;
	uint32_t at;	/* bit in data */
	uint32_t width; /* bits, 0 to WIDTH_MAX, or 64 */
};

struct ord_packed {
	struct ord_block sum;
	struct line columns[COLUMNS];
	uint64_t *excused; /* in data, a bit a sample; NULL where none is bad */
	uint64_t data[];
};

const struct ord_block *ord_packed_block(const struct ord_packed *p)
{
	return &p->sum;
}

static uint64_t value(const struct ord_sample *s, enum column c)
{
	switch (c) {
	case COLUMN_DUE:
		return (uint64_t)s->due;
	case COLUMN_LATENCY:
		return (uint64_t)(s->done - s->due);
	case COLUMN_LATE:
		return (uint64_t)(s->sent - s->due);
	case COLUMN_LINE:
		return s->line;
	case COLUMN_SAYS:
		break;
	}
	return (uint64_t)s->outcome | (uint64_t)s->state << 3 | (uint64_t)s->why << 5;
}

/* Writes what a column has above its line to ret. */
static struct line fit(const struct ord_sample *v, size_t n, enum column c, uint64_t *ret)
{
	bool rises = n > 1 && (c == COLUMN_DUE || c == COLUMN_LINE);
	struct line l = {0};
	int64_t least, most;

	if (rises)
		l.step = (uint64_t)((int64_t)(value(&v[n - 1], c) - value(&v[0], c)) /
				    (int64_t)(n - 1));
	least = most = (int64_t)value(&v[0], c);
	for (size_t i = 0; i < n; i++) {
		int64_t x = (int64_t)(value(&v[i], c) - i * l.step);

		ret[i] = (uint64_t)x;
		least = x < least ? x : least;
		most = x > most ? x : most;
	}
	for (size_t i = 0; i < n; i++)
		ret[i] -= (uint64_t)least;
	l.base = (uint64_t)least;
	l.width = most == least ? 0
				: 64 - (uint32_t)__builtin_clzll((uint64_t)most - (uint64_t)least);
	if (l.width > WIDTH_MAX)
		l.width = 64;
	return l;
}

static struct ord_block sum_up(const struct ord_sample *v, size_t n, size_t first)
{
	struct ord_block b = {.first = first,
			      .n = (uint16_t)n,
			      .sent_first = v[0].sent,
			      .sent_last = v[n - 1].sent,
			      .done_min = v[0].done,
			      .done_max = v[0].done,
			      .latency_min = ord_sample_latency(&v[0]),
			      .latency_max = ord_sample_latency(&v[0])};

	for (size_t i = 0; i < n; i++) {
		int64_t latency = ord_sample_latency(&v[i]);

		b.by_state[v[i].state]++;
		b.by_outcome[v[i].outcome]++;
		b.done_min = v[i].done < b.done_min ? v[i].done : b.done_min;
		b.done_max = v[i].done > b.done_max ? v[i].done : b.done_max;
		b.latency_min = latency < b.latency_min ? latency : b.latency_min;
		b.latency_max = latency > b.latency_max ? latency : b.latency_max;
		if (i && v[i].sent - v[i - 1].sent > b.gap)
			b.gap = v[i].sent - v[i - 1].sent;
	}
	return b;
}

/* Adds bits to words that are little endian in memory, as load() reads them. */
static void put_bits(uint64_t *word, uint64_t bits)
{
	*word = htole64(le64toh(*word) | bits);
}

static void put(uint64_t *data, const struct line *l, const uint64_t *above, size_t n)
{
	size_t bit = l->at;

	for (size_t i = 0; l->width && i < n; i++, bit += l->width) {
		put_bits(&data[bit / 64], above[i] << bit % 64);
		if (bit % 64 + l->width > 64)
			put_bits(&data[bit / 64 + 1], above[i] >> (64 - bit % 64));
	}
}

static uint64_t load(const uint64_t *data, size_t bit)
{
	uint64_t word;

	memcpy(&word, (const char *)data + bit / 8, sizeof word);
	return le64toh(word) >> bit % 8;
}

struct ord_packed *ord_pack(const struct ord_sample *v, size_t n, size_t first)
{
	uint64_t above[COLUMNS][ORD_BLOCK];
	struct line columns[COLUMNS];
	struct ord_block sum = sum_up(v, n, first);
	size_t bits = sum.by_state[ORD_SAMPLE_BAD] ? ORD_BLOCK : 0, words;
	struct ord_packed *p;

	for (unsigned c = 0; c < COLUMNS; c++) {
		columns[c] = fit(v, n, (enum column)c, above[c]);
		bits = (bits + 63) / 64 * 64; /* a column of 64 bits is read by whole words */
		columns[c].at = (uint32_t)bits;
		bits += columns[c].width * n;
	}
	words = (bits + 63) / 64 + 1; /* load() reads a word where the last bit stands */
	p = calloc(1, sizeof *p + words * sizeof p->data[0]);
	if (!p)
		return NULL;
	p->sum = sum;
	if (sum.by_state[ORD_SAMPLE_BAD])
		p->excused = p->data;
	for (unsigned c = 0; c < COLUMNS; c++) {
		p->columns[c] = columns[c];
		put(p->data, &columns[c], above[c], n);
	}
	return p;
}

/* n values of a column from the i-th on. */
static void get(const struct ord_packed *p, enum column c, size_t i, size_t n, uint64_t *ret)
{
	const struct line *l = &p->columns[c];
	uint64_t mask = l->width == 64 ? UINT64_MAX : ((uint64_t)1 << l->width) - 1;
	uint64_t on = l->base + i * l->step;
	size_t bit = l->at + i * l->width;

	if (!l->width) {
		for (size_t k = 0; k < n; k++)
			ret[k] = on + k * l->step;
		return;
	}
	for (size_t k = 0; k < n; k++, bit += l->width, on += l->step)
		ret[k] = on + (load(p->data, bit) & mask);
}

void ord_unpack(const struct ord_packed *p, size_t i, size_t n, struct ord_sample *ret)
{
	uint64_t x[COLUMNS][ORD_CURSOR_READ];

	for (size_t k = 0; k < n; k += ORD_CURSOR_READ) {
		size_t part = n - k < ORD_CURSOR_READ ? n - k : ORD_CURSOR_READ;

		for (unsigned c = 0; c < COLUMNS; c++)
			get(p, (enum column)c, i + k, part, x[c]);
		for (size_t m = 0; m < part; m++) {
			uint64_t says = x[COLUMN_SAYS][m];

			ret[k + m] = (struct ord_sample){
				.due = (int64_t)x[COLUMN_DUE][m],
				.sent = (int64_t)(x[COLUMN_DUE][m] + x[COLUMN_LATE][m]),
				.done = (int64_t)(x[COLUMN_DUE][m] + x[COLUMN_LATENCY][m]),
				.line = (uint32_t)x[COLUMN_LINE][m],
				.outcome = says & 7,
				.state = says >> 3 & 3,
				.why = (uint8_t)(says >> 5)};
		}
	}
	for (size_t k = 0; p->sum.noise && k < n; k++)
		ret[k].noise = p->excused[(i + k) / 64] >> (i + k) % 64 & 1;
}

void ord_unpack_latency(const struct ord_packed *p, size_t i, size_t n, int64_t *ret)
{
	get(p, COLUMN_LATENCY, i, n, (uint64_t *)ret);
}

void ord_packed_excuse(struct ord_packed *p, size_t i)
{
	uint64_t bit = (uint64_t)1 << i % 64;

	if (!p->excused || p->excused[i / 64] & bit)
		return;
	p->excused[i / 64] |= bit;
	p->sum.noise++;
}
