/*
 * Onset and recovery without thresholds: where latency or outcomes of the users' series change, by
 * segmentation, beside the first bad sample and the held run of good ones that the rules take
 * (docs/formats/verdicts.md, "Two onsets"). Of a long series a bounded number of samples is looked
 * at, ever closer to the change.
 */
#include "reports/analysis.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "reports/stats/quantile.h"
#include "reports/stats/segment.h"
#include "reports/write/text.h"

#define POINTS	     320   /* that are looked at at once */
#define TOTAL	     60000 /* over all repetitions */
#define LEAST	     8	   /* samples on either side of the request */
#define CLOSER	     8	   /* times, each look */
#define PERIODS	     2	   /* of disagreement */
#define BACK	     3	   /* standard deviations: a single answer was seldom further off before */
#define LEAST_CHANGE 1e-9  /* of series that do not vary at all */

/* What a series was before the fault: a level, and its standard deviation. */
struct usual {
	double level, least;
};

/* A change of a series is looked for: the first for the worse, or the first that brings it back. */
struct look {
	const struct ord_series *q;
	int64_t period;
	bool timed; /* it has latencies */
	bool back;
	int64_t from; /* a change that was sent before is none */
	struct usual usual_latency, usual_bad;
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

static bool is_back(const struct usual *u, double v)
{
	return v <= u->level + BACK * u->least;
}

/* A change that is smaller than what single answers differ by is none. */
static bool is_wanted(const struct look *l, const struct usual *u, const struct ord_change *c)
{
	if (l->back)
		return c->after < c->before && is_back(u, c->after);
	return c->after - c->before >= u->least;
}

/* Of the changes in v the first that is wanted: moves *ret to it if it is the first of the two
 * series' for the worse, or the last that brings them back. */
static int change_in(const struct look *l, const double *v, const struct usual *u, int64_t from,
		     size_t *ret, struct ord_err *err)
{
	ord_autofree struct ord_change *changes = NULL;
	size_t n = 0, i = 0;

	if (ord_segment(v, l->n, &ord_segment_usual, &changes, &n, err))
		return -1;
	while (i < n && (l->sent[changes[i].at] < from || !is_wanted(l, u, &changes[i])))
		i++;
	if (i < n && (*ret == l->n || (l->back ? changes[i].at > *ret : changes[i].at < *ret)))
		*ret = changes[i].at;
	return 0;
}

/* *ret l->n: there is none. */
static int change(const struct look *l, int64_t from, size_t *ret, struct ord_err *err)
{
	*ret = l->n;
	if (l->n < 2 * (size_t)LEAST)
		return 0;
	if (l->timed && change_in(l, l->latency, &l->usual_latency, from, ret, err))
		return -1;
	return change_in(l, l->bad, &l->usual_bad, from, ret, err);
}

/* From the places looked at to the sample itself. *ret_blur: how exactly it was found. */
static int search(struct look *l, size_t from, size_t to, struct ord_instant *ret,
		  int64_t *ret_blur, struct ord_err *err)
{
	for (;;) {
		size_t stride = sample_points(l, from, to), at, reach, here;
		int64_t blur = (int64_t)stride * l->period;

		if (change(l, l->from - PERIODS * blur, &at, err))
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

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double median(const double *v, size_t n)
{
	double room[POINTS];

	memcpy(room, v, n * sizeof *room);
	qsort(room, n, sizeof *room, by_size);
	return ord_quantile(room, n, 0.5, ORD_QUANTILE_8);
}

/* From what was looked at last: of latencies by ranks, whatever a few of them are. */
static void learn(struct look *l)
{
	struct ord_part_moments bad = ord_moments(l->bad, l->n);
	double room[POINTS];

	l->usual_latency = (struct usual){
		.level = median(l->latency, l->n),
		.least = fmax(ord_mad(l->latency, l->n, room), LEAST_CHANGE),
	};
	l->usual_bad = (struct usual){
		.level = bad.mean,
		.least = fmax(sqrt(bad.mean * (1 - bad.mean)), LEAST_CHANGE),
	};
}

/* Back in one series, and still far from usual in the other, is not over. */
static bool is_usual(struct look *l, size_t from)
{
	(void)sample_points(l, from, l->q->n);
	return l->n && median(l->bad, l->n) < 0.5 &&
	       (!l->timed || is_back(&l->usual_latency, median(l->latency, l->n)));
}

struct found {
	bool looked;
	struct ord_instant onset, over;
	int64_t blur; /* of the onset */
};

/* The onset of one probe's series, and from where on it is over. */
static int look_at(struct look *l, const struct ord_rep *r, struct found *ret, struct ord_err *err)
{
	int64_t until = r->cleared.known ? r->cleared.value : r->end, ignored;
	size_t at = ord_series_find(l->q, r->requested.value);
	size_t to = ord_series_find(l->q, until), from;

	/* As much before the fault as under it: else a long wait would thin the fault out. */
	from = at > to - at ? at - (to - at) : 0;
	if (at - from < LEAST || to - at < LEAST || l->max < 4 * LEAST)
		return 0;
	(void)sample_points(l, from, at);
	if (!l->n)
		return 0;
	ret->looked = true;
	learn(l);
	l->from = r->requested.value;
	l->back = false;
	if (search(l, from, to, &ret->onset, &ret->blur, err))
		return -1;
	if (!ret->onset.known)
		return 0;
	l->back = true;
	l->from = ret->onset.value + 1;
	if (search(l, ord_series_find(l->q, ret->onset.value), l->q->n, &ret->over, &ignored, err))
		return -1;
	if (ret->over.known && !is_usual(l, ord_series_find(l->q, ret->over.value)))
		ret->over.known = false;
	return 0;
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

static size_t users_of(const struct ord_timeline *t)
{
	size_t n = 0;

	for (size_t p = 0; p < t->n_probes; p++)
		n += !t->probes[p].is_signal;
	return n;
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

/* Over the probes the first onset counts, and the last end; not ended where one is not. */
static void take(struct ord_rep *r, const struct found *f, size_t probe, bool *open, int64_t *blur)
{
	if (!f->onset.known)
		return;
	if (!r->onset_segmented.known || f->onset.value < r->onset_segmented.value) {
		r->onset_segmented = f->onset;
		r->onset_segmented.probe = probe;
		*blur = f->blur;
	}
	*open |= !f->over.known;
	if (!r->recovered_segmented.known || f->over.value > r->recovered_segmented.value) {
		r->recovered_segmented = f->over;
		r->recovered_segmented.probe = probe;
	}
}

int ord_analyse_onset(struct ord_analysis *a, struct ord_rep *r, struct ord_err *err)
{
	const struct ord_timeline *t = a->t;
	size_t looks = (t->repetitions + 1) * users_of(t);
	ord_autofree struct look *l = NULL;
	bool looked = false, open = false;
	int64_t blur = 0;

	if (!r->requested.known || !looks)
		return 0;
	l = calloc(1, sizeof *l);
	if (!l)
		return ord_fail_nomem(err);
	l->max = TOTAL / looks < POINTS ? TOTAL / looks : POINTS;
	for (size_t p = 0; p < t->n_probes; p++) {
		struct found f = {.looked = false};

		if (t->probes[p].is_signal)
			continue;
		l->q = ord_timeline_series(t, r->number, p);
		l->period = t->probes[p].every;
		l->timed = !t->probes[p].asks_nobody;
		if (look_at(l, r, &f, err))
			return -1;
		/* Where the rule saw it elsewhere, this probe's silence says nothing of it. */
		looked |= f.looked && (!r->impact.known || r->impact.probe == p || f.onset.known);
		take(r, &f, p, &open, &blur);
	}
	if (open)
		r->recovered_segmented = (struct ord_instant){.known = false};
	if (!looked)
		return 0;
	if (r->impact.known && t->probes[r->impact.probe].every > blur)
		blur = t->probes[r->impact.probe].every;
	compare(&r->impact, r, blur);
	warn(a, r);
	return 0;
}
