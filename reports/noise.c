/*
 * Background failures. A system may fail a request now and then without any fault; where it did so
 * before the faults, as many isolated failures after them are excused (docs/formats/verdicts.md,
 * "Background failures").
 */
#include "reports/analysis.h"

#define NEIGHBOURS 4 /* isolated: no other bad sample among so many decided ones on either side */
#define ALWAYS	   2 /* so many are excused however few there were before */
#define TIMES	   3 /* and this many times the share of before */

/* Calls visit for each isolated bad sample of the series, with its index and when it was done. */
static void each_isolated(struct ord_series *q, int64_t before,
			  void (*visit)(struct ord_series *q, size_t i, int64_t done, void *arg),
			  void *arg)
{
	struct ord_cursor c;
	struct ord_sample s;
	size_t bad = 0, since = NEIGHBOURS; /* the last bad one; good ones since it */
	int64_t bad_done = 0;
	bool any = false, alone = false; /* alone: nothing came too closely before the bad one */

	ord_cursor_begin(q, &c);
	for (;;) {
		const struct ord_block *b = ord_cursor_block(&c);

		if (b && !b->by_state[ORD_SAMPLE_BAD] && b->done_max < before) {
			since += b->by_state[ORD_SAMPLE_GOOD];
			ord_cursor_skip(&c, b);
			continue;
		}
		if (!ord_cursor_next(&c, &s) || s.done >= before)
			break;
		if (s.state == ORD_SAMPLE_UNKNOWN)
			continue;
		if (s.state == ORD_SAMPLE_GOOD) {
			since++;
			continue;
		}
		if (any && alone && since >= NEIGHBOURS)
			visit(q, bad, bad_done, arg);
		alone = since >= NEIGHBOURS;
		any = true;
		bad = c.at - 1;
		bad_done = s.done;
		since = 0;
	}
	if (any && alone && since > 0)
		visit(q, bad, bad_done, arg);
}

struct count {
	size_t isolated;
	int64_t from;
};

static void count(struct ord_series *q, size_t i, int64_t done, void *arg)
{
	struct count *c = arg;

	(void)q;
	(void)i;
	c->isolated += done >= c->from;
}

static void excuse(struct ord_series *q, size_t i, int64_t done, void *arg)
{
	const struct count *c = arg;

	if (done >= c->from)
		ord_series_excuse(q, i);
}

static size_t decided(const struct ord_series *q, int64_t from, int64_t before)
{
	struct ord_cursor c;
	struct ord_sample s;
	size_t n = 0;

	ord_cursor_begin(q, &c);
	while (c.at < q->n) {
		const struct ord_block *b = ord_cursor_block(&c);

		if (b && b->done_min >= from && b->done_max < before)
			n += (size_t)b->by_state[ORD_SAMPLE_GOOD] + b->by_state[ORD_SAMPLE_BAD];
		if (b && (b->done_min >= before || b->done_max < from ||
			  (b->done_min >= from && b->done_max < before)))
			ord_cursor_skip(&c, b);
		else if (ord_cursor_next(&c, &s))
			n += s.state != ORD_SAMPLE_UNKNOWN && s.done >= from && s.done < before;
	}
	return n;
}

static int64_t background_until(const struct ord_rep *r)
{
	return r->number && r->requested.known ? r->requested.value : INT64_MAX;
}

void ord_analyse_noise(struct ord_timeline *t, struct ord_analysis *a)
{
	for (uint32_t i = 0; i <= t->repetitions; i++)
		for (size_t p = 0; p < t->n_probes; p++) {
			struct ord_series *q = ord_timeline_series(t, i, p);
			struct count c = {.from = 0};

			if (t->probes[p].is_signal)
				continue;
			each_isolated(q, background_until(&a->reps[i]), count, &c);
			a->noise_bad += c.isolated;
			a->noise_total += decided(q, 0, background_until(&a->reps[i]));
		}
	for (uint32_t i = 0; a->noise_bad && i <= t->repetitions; i++)
		for (size_t p = 0; p < t->n_probes; p++) {
			struct ord_series *q = ord_timeline_series(t, i, p);
			int64_t from = background_until(&a->reps[i]);
			struct count before = {.from = 0}, c = {.from = from};
			size_t allowed;

			if (t->probes[p].is_signal)
				continue;
			each_isolated(q, from, excuse, &before);
			if (from == INT64_MAX)
				continue;
			each_isolated(q, INT64_MAX, count, &c);
			allowed =
				TIMES * a->noise_bad * decided(q, from, INT64_MAX) / a->noise_total;
			if (c.isolated <= (allowed > ALWAYS ? allowed : ALWAYS))
				each_isolated(q, INT64_MAX, excuse, &c);
		}
}
