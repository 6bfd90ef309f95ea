/*
 * Background failures. A system may fail a request now and then without any fault; where it did so
 * before the faults, as many isolated failures after them are excused (docs/formats/verdicts.md,
 * "Background failures").
 */
#include "reports/analysis.h"

#define NEIGHBOURS 4 /* isolated: no other bad sample among so many decided ones on either side */
#define ALWAYS	   2 /* so many are excused however few there were before */
#define TIMES	   3 /* and this many times the share of before */

/* Calls visit for each isolated bad sample of the series. */
static void each_isolated(struct ord_series *q,
			  void (*visit)(struct ord_sample *s, bool last, void *arg), void *arg,
			  int64_t before)
{
	struct ord_sample *bad =
		NULL;		   /* the last bad one, until something follows it too closely */
	size_t since = NEIGHBOURS; /* good ones since the last bad one */
	bool alone = false;

	for (size_t i = 0; i < q->n; i++) {
		struct ord_sample *s = &q->v[i];

		if (s->done >= before)
			break;
		if (s->state == ORD_SAMPLE_UNKNOWN)
			continue;
		if (s->state == ORD_SAMPLE_GOOD) {
			since++;
			continue;
		}
		if (bad && alone && since >= NEIGHBOURS)
			visit(bad, false, arg);
		alone = since >= NEIGHBOURS;
		bad = s;
		since = 0;
	}
	if (bad && alone)
		visit(bad, since == 0, arg);
}

struct count {
	size_t isolated;
	int64_t from;
};

static void count(struct ord_sample *s, bool last, void *arg)
{
	struct count *c = arg;

	if (s->done >= c->from && !last)
		c->isolated++;
}

static void excuse(struct ord_sample *s, bool last, void *arg)
{
	const struct count *c = arg;

	if (s->done >= c->from && !last)
		s->noise = 1;
}

static size_t decided(const struct ord_series *q, int64_t from, int64_t before)
{
	size_t n = 0;

	for (size_t i = 0; i < q->n; i++)
		n += q->v[i].state != ORD_SAMPLE_UNKNOWN && q->v[i].done >= from &&
		     q->v[i].done < before;
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
			each_isolated(q, count, &c, background_until(&a->reps[i]));
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
			each_isolated(q, excuse, &before, from);
			if (from == INT64_MAX)
				continue;
			each_isolated(q, count, &c, INT64_MAX);
			allowed =
				TIMES * a->noise_bad * decided(q, from, INT64_MAX) / a->noise_total;
			if (c.isolated <= (allowed > ALWAYS ? allowed : ALWAYS))
				each_isolated(q, excuse, &c, INT64_MAX);
		}
}
