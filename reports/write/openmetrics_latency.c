/* The latency of each probe as a histogram over the repetitions: buckets can be added up over runs,
 * as percentiles cannot. */
#include "base/auto.h"
#include "base/clock.h"
#include "reports/write/openmetrics.h"

static const struct ord_family latency = {
	"ordeal_probe_latency_seconds", ORD_METRIC_HISTOGRAM, "seconds",
	"From the intended start to the answer, or to the end of the wait for it; of the "
	"repetitions without the placebo."};

static const int64_t bounds[] = {500 * ORD_US, ORD_MS,	     2500 * ORD_US, 5 * ORD_MS,
				 10 * ORD_MS,  25 * ORD_MS,  50 * ORD_MS,   100 * ORD_MS,
				 250 * ORD_MS, 500 * ORD_MS, ORD_S,	    2500 * ORD_MS,
				 5 * ORD_S,    10 * ORD_S,   30 * ORD_S};

/* By the number of bits of a latency: the first bucket that it may be in. Ten million of them are
 * counted. */
struct buckets {
	uint8_t first[65];
};

static void prepare(struct buckets *b)
{
	for (unsigned bits = 0; bits <= 64; bits++) {
		uint8_t i = 0;

		while (i < ORD_COUNT(bounds) && bits && (uint64_t)bounds[i] < 1ull << (bits - 1))
			i++;
		b->first[bits] = i;
	}
}

struct histogram {
	uint64_t counts[ORD_COUNT(bounds) + 1], n;
	int64_t sum;
};

static void count(struct histogram *h, const struct buckets *b, int64_t ns)
{
	unsigned bits = ns ? 64 - (unsigned)__builtin_clzll((uint64_t)ns) : 0;
	unsigned i = b->first[bits];

	while (i < ORD_COUNT(bounds) && ns > bounds[i])
		i++;
	h->counts[i]++;
	h->n++;
	/* Only what no clock has shown adds up to that much. */
	if (__builtin_add_overflow(h->sum, ns, &h->sum))
		h->sum = INT64_MAX;
}

/* Before the request, from it until the faults were cleared, and after. */
static void add(struct histogram h[ORD_PARTS], const struct buckets *b, const struct ord_rep *r,
		const struct ord_series *q)
{
	struct ord_cursor c;
	struct ord_sample s;

	ord_cursor_begin(q, &c);
	while (ord_cursor_next(&c, &s)) {
		unsigned part = !r->requested.known || s.sent < r->requested.value ? ORD_PART_BEFORE
				: r->cleared.known && s.sent >= r->cleared.value   ? ORD_PART_AFTER
										 : ORD_PART_DURING;

		if (s.state != ORD_SAMPLE_UNKNOWN)
			count(&h[part], b, s.done > s.due ? s.done - s.due : 0);
	}
}

void ord_om_latency(struct ord_metrics *m)
{
	static const char *const parts[] = {"before", "during", "after"};
	const struct ord_timeline *t = m->a->t;
	struct buckets b;

	prepare(&b);
	m->at = t->last_t;
	for (size_t p = 0; p < t->n_probes && !t->probes[p].is_channel; p++) {
		struct histogram h[ORD_PARTS] = {0};

		if (t->probes[p].asks_nobody || ord_om_probe_twin(t, p))
			continue;
		for (uint32_t i = 1; i <= t->repetitions; i++)
			add(h, &b, &m->a->reps[i], ord_timeline_series(t, i, p));
		for (unsigned k = 0; k < ORD_PARTS; k++)
			if (h[k].n)
				ord_metric_histogram(
					m, &latency,
					(struct ord_label[]){{"probe", t->probes[p].name},
							     {"role", t->probes[p].is_signal
									      ? "signal"
									      : "user"},
							     {"part", parts[k]},
							     {0}},
					bounds, ORD_COUNT(bounds), h[k].counts, h[k].sum);
	}
}
