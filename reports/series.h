/*
 * The samples of one probe in one repetition, in the order of `sent`. They are reached by a cursor:
 * how they are kept is this library's own affair (series.c).
 */
#ifndef ORDEAL_REPORTS_SERIES_H
#define ORDEAL_REPORTS_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ord_store; /* series.c */

enum ord_tl_outcome {
	ORD_TL_OK,
	ORD_TL_WRONG,
	ORD_TL_REFUSED,
	ORD_TL_RESET,
	ORD_TL_TIMEOUT,
	ORD_TL_SKIPPED,
	ORD_TL_LOCAL_ERROR,
};
#define ORD_TL_OUTCOMES 7

/* What a sample says. Skipped slots and our own errors are unknown: neither good nor bad. */
enum ord_sample_state { ORD_SAMPLE_BAD, ORD_SAMPLE_GOOD, ORD_SAMPLE_UNKNOWN };
#define ORD_SAMPLE_STATES 3

/* Times are ns on the run's clock. */
struct ord_sample {
	int64_t due, sent, done;
	uint32_t line;
	uint8_t outcome; /* enum ord_tl_outcome */
	uint8_t state;	 /* enum ord_sample_state */
	uint8_t noise;	 /* an isolated background failure: not counted as bad
			    (docs/formats/verdicts.md) */
	uint8_t why;	 /* index into ord_timeline.why, 0: none */
};

#define ORD_BLOCK 512

/* What so many neighbours have in common. A pass that has nothing to learn from them steps over
 * them (ord_cursor_block). */
struct ord_block {
	size_t first; /* index; all blocks are full, save the last */
	uint16_t n, noise;
	uint16_t by_state[ORD_SAMPLE_STATES], by_outcome[ORD_TL_OUTCOMES];
	int64_t sent_first, sent_last, done_min, done_max;
	int64_t latency_min, latency_max; /* of all, the unknown ones too */
	int64_t gap;			  /* the longest between two that were sent */
};

struct ord_series {
	size_t n;
	int64_t last_done; /* of the sample that was added last */
	struct ord_store *store;
};

/* Appends; -1: no memory. Samples are added in the order of their lines, in any order of `sent`;
 * cheaply so where none comes more than some thousand samples late. */
int ord_series_add(struct ord_series *q, const struct ord_sample *s);
/* Gives back the memory that adding needs; more may be added later. */
int ord_series_rest(struct ord_series *q);
/* Once all were added, before any is read. */
int ord_series_seal(struct ord_series *q);
void ord_series_done(struct ord_series *q); /* fine on a zeroed struct */

/* Sample i of n. A cursor is quicker where several are read. */
struct ord_sample ord_series_at(const struct ord_series *q, size_t i);
/* The index of the first sample with sent >= t; n: there is none. */
size_t ord_series_find(const struct ord_series *q, int64_t t);
/* Sets `noise` of sample i, which is bad. Cursors that stand there already may not see it. */
void ord_series_excuse(struct ord_series *q, size_t i);
/* The block that holds sample i. */
const struct ord_block *ord_series_block(const struct ord_series *q, size_t i);

/* What the samples first..last-1 are. */
struct ord_counts {
	size_t by_state[ORD_SAMPLE_STATES], by_outcome[ORD_TL_OUTCOMES];
};
struct ord_counts ord_series_count(const struct ord_series *q, size_t first, size_t last);
/*
 * The latencies with these ranks, from 0, among those of the n samples of first..last-1 that are
 * good or bad; exact. ranks rise and are below n. -1: no memory.
 */
int ord_series_latencies(const struct ord_series *q, size_t first, size_t last, const size_t *ranks,
			 size_t n_ranks, int64_t *ret);

/* Stands between two samples, at first before all. */
#define ORD_CURSOR_READ 64
struct ord_cursor {
	const struct ord_series *q;
	size_t at;	 /* index of the sample that `next` gives */
	size_t from, to; /* what v holds */
	struct ord_sample v[ORD_CURSOR_READ];
};

static inline void ord_cursor_begin(const struct ord_series *q, struct ord_cursor *c)
{
	c->q = q;
	c->at = c->from = c->to = 0;
}

/* Reads what stands around sample i, which is one of the series. */
void ord_cursor_read(struct ord_cursor *c, size_t i);

/* The sample after the cursor, or before it; moves over it. False: there is none, *ret is
 * untouched. */
static inline bool ord_cursor_next(struct ord_cursor *c, struct ord_sample *ret)
{
	if (c->at >= c->to || c->at < c->from) {
		if (c->at >= c->q->n)
			return false;
		ord_cursor_read(c, c->at);
	}
	*ret = c->v[c->at++ - c->from];
	return true;
}

static inline bool ord_cursor_prev(struct ord_cursor *c, struct ord_sample *ret)
{
	if (!c->at)
		return false;
	if (c->at > c->to || c->at <= c->from)
		ord_cursor_read(c, c->at - 1);
	*ret = c->v[--c->at - c->from];
	return true;
}

/* To before sample i; i may be n, the end. */
static inline void ord_cursor_seek(struct ord_cursor *c, size_t i)
{
	c->at = i;
}

/* To before the first sample with sent >= t; false: there is none, the cursor stands at the end. */
static inline bool ord_cursor_seek_sent(struct ord_cursor *c, int64_t t)
{
	c->at = ord_series_find(c->q, t);
	return c->at < c->q->n;
}

/* The block before which the cursor stands; NULL: it stands within one, or at the end. */
static inline const struct ord_block *ord_cursor_block(const struct ord_cursor *c)
{
	return c->at % ORD_BLOCK || c->at >= c->q->n ? NULL : ord_series_block(c->q, c->at);
}

static inline void ord_cursor_skip(struct ord_cursor *c, const struct ord_block *b)
{
	c->at = b->first + b->n;
}

/* The next that is bad, noise or not; false: none is left. */
bool ord_cursor_next_bad(struct ord_cursor *c, struct ord_sample *ret);

/* The state that counts: a background failure that is excused is unknown. */
static inline enum ord_sample_state ord_sample_counts(const struct ord_sample *s)
{
	return s->noise ? ORD_SAMPLE_UNKNOWN : (enum ord_sample_state)s->state;
}

static inline int64_t ord_sample_latency(const struct ord_sample *s)
{
	return s->done - s->due;
}

#endif
