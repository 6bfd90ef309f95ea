/*
 * The onset without thresholds: where latency or outcomes change, by segmentation of the series,
 * beside the first bad sample that the rule takes (docs/formats/verdicts.md, "Two onsets"). Of a
 * long series a bounded number of samples is looked at, ever closer to the change.
 */
#include "reports/analysis.h"

#include <math.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/clock.h"
#include "reports/stats/segment.h"
#include "reports/write/text.h"

#define POINTS	320   /* that are looked at at once */
#define TOTAL	60000 /* over all repetitions */
#define LEAST	8     /* samples on either side of the request */
#define CLOSER	8     /* times, each look */
#define SLOWER	1.25  /* a smaller change of latency is none */
#define PERIODS 2     /* of disagreement */

struct look {
	const struct ord_rep *r;
	const struct ord_series *q;
	bool timed;
	size_t max, n;
	size_t index[POINTS];
	int64_t sent[POINTS];
	double latency[POINTS], bad[POINTS]; /* latency: its logarithm */
};

/* The decided samples nearest after each of at most `max` places in [from, to). */
static size_t sample_points(struct look *l, size_t from, size_t to)
{
	size_t stride = (to - from + l->max - 1) / l->max, last = SIZE_MAX;
	struct ord_cursor c;
	struct ord_sample s;

	ord_cursor_begin(l->q, &c);
	l->n = 0;
	for (size_t at = from; at < to; at += stride) {
		bool got;

		ord_cursor_seek(&c, at);
		while ((got = ord_cursor_next(&c, &s)) && c.at <= to &&
		       ord_sample_counts(&s) == ORD_SAMPLE_UNKNOWN)
			if (c.at >= at + stride)
				break;
		if (!got || ord_sample_counts(&s) == ORD_SAMPLE_UNKNOWN || c.at - 1 == last)
			continue;
		last = c.at - 1;
		l->index[l->n] = last;
		l->sent[l->n] = s.sent;
		l->latency[l->n] = log((double)(ord_sample_latency(&s) > (int64_t)ORD_US
							? ord_sample_latency(&s)
							: (int64_t)ORD_US));
		l->bad[l->n++] = s.state == ORD_SAMPLE_BAD;
	}
	return stride;
}

/* The first change for the worse that was sent from `from` on; n: there is none. */
static int worse(const struct look *l, const double *v, double least, int64_t from, size_t *best,
		 struct ord_err *err)
{
	ord_autofree struct ord_change *changes = NULL;
	size_t n = 0;

	if (ord_segment(v, l->n, &ord_segment_usual, &changes, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (changes[i].after - changes[i].before >= least &&
		    l->sent[changes[i].at] >= from) {
			*best = changes[i].at < *best ? changes[i].at : *best;
			break;
		}
	return 0;
}

static int earliest(const struct look *l, int64_t from, size_t *ret, struct ord_err *err)
{
	*ret = l->n;
	if (l->n < 2 * (size_t)LEAST)
		return 0;
	if (l->timed && worse(l, l->latency, log(SLOWER), from, ret, err))
		return -1;
	return worse(l, l->bad, 1e-9, from, ret, err);
}

/* From the places looked at to the sample itself. */
static int search(struct look *l, size_t from, size_t to, int64_t period, struct ord_instant *ret,
		  int64_t *ret_blur, struct ord_err *err)
{
	for (;;) {
		size_t stride = sample_points(l, from, to), at, reach, here;
		int64_t blur = (int64_t)stride * period;

		if (earliest(l, l->r->requested.value - PERIODS * blur, &at, err))
			return -1;
		if (at == l->n)
			return 0;
		*ret_blur = blur;
		*ret = (struct ord_instant){.known = true,
					    .value = l->sent[at],
					    .lo = at ? l->sent[at - 1] : l->sent[at],
					    .hi = l->sent[at],
					    .line = ord_series_at(l->q, l->index[at]).line};
		if (stride == 1)
			return 0;
		reach = (stride + CLOSER - 1) / CLOSER * l->max / 2;
		here = l->index[at];
		from = here > from + reach ? here - reach : from;
		to = here + reach < to ? here + reach : to;
	}
}

static void compare(const struct ord_instant *rule, struct ord_rep *r, int64_t blur)
{
	int64_t apart = r->onset_segmented.value - rule->value;

	if (!rule->known)
		r->onset = r->onset_segmented.known ? ORD_ONSET_ONLY_SEGMENTS : ORD_ONSET_NEITHER;
	else if (!r->onset_segmented.known)
		r->onset = ORD_ONSET_ONLY_RULE;
	else
		r->onset = (apart < 0 ? -apart : apart) > PERIODS * blur ? ORD_ONSET_DIFFERS
									 : ORD_ONSET_AGREES;
}

static size_t first_user(const struct ord_timeline *t)
{
	size_t p = 0;

	while (p < t->n_probes && t->probes[p].is_signal)
		p++;
	return p;
}

static void warn(struct ord_analysis *a, const struct ord_rep *r)
{
	char rule[ORD_TEXT], segments[ORD_TEXT];

	if (r->onset != ORD_ONSET_DIFFERS)
		return;
	ord_warn(a, r->number, r->onset_segmented.line,
		 "the impact begins at %s by its first bad sample and at %s by segmentation of the "
		 "series: more than two periods apart",
		 ord_text_relative(r->impact.value, r->zero, rule),
		 ord_text_relative(r->onset_segmented.value, r->zero, segments));
}

int ord_analyse_onset(struct ord_analysis *a, struct ord_rep *r, struct ord_err *err)
{
	const struct ord_timeline *t = a->t;
	size_t probe = r->impact.known ? r->impact.probe : first_user(t), at, from, to;
	int64_t until = r->cleared.known ? r->cleared.value : r->end, blur;
	ord_autofree struct look *l = NULL;

	if (!r->requested.known || probe == t->n_probes)
		return 0;
	l = malloc(sizeof *l);
	if (!l)
		return ord_fail_nomem(err);
	l->r = r;
	l->q = ord_timeline_series(t, r->number, probe);
	l->timed = !t->probes[probe].asks_nobody;
	l->max = TOTAL / (t->repetitions + 1) < POINTS ? TOTAL / (t->repetitions + 1) : POINTS;
	/* As much before the fault as under it: else a long wait would thin the fault out. */
	at = ord_series_find(l->q, r->requested.value);
	to = ord_series_find(l->q, until);
	from = at > to - at ? at - (to - at) : 0;
	if (at - from < LEAST || to - at < LEAST || l->max < 4 * LEAST)
		return 0;
	blur = t->probes[probe].every;
	if (search(l, from, to, t->probes[probe].every, &r->onset_segmented, &blur, err))
		return -1;
	r->onset_segmented.probe = probe;
	compare(&r->impact, r, blur);
	warn(a, r);
	return 0;
}
