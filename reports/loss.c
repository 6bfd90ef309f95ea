/*
 * What the users lost, in one pass over their samples. A slot stands for the time from its `due` to
 * the next; quality is the share of the user probes whose slot is not bad
 * (docs/formats/verdicts.md, "What was lost").
 */
#include "reports/loss_tally.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "reports/member.h"

static bool is_user(const struct ord_timeline *t, size_t p)
{
	return !t->probes[p].is_signal;
}

static int64_t least_period(const struct ord_timeline *t)
{
	int64_t least = INT64_MAX;

	for (size_t p = 0; p < t->n_probes; p++)
		if (is_user(t, p) && t->probes[p].every < least)
			least = t->probes[p].every;
	return least;
}

int64_t ord_tally_expected(const struct ord_timeline *t, int64_t window)
{
	int64_t n = 0;

	for (size_t p = 0; p < t->n_probes; p++)
		if (is_user(t, p))
			n += window / t->probes[p].every;
	return n;
}

/* A bucket is as wide as the shortest period: what burns is told no finer than by samples. */
static int make_buckets(struct ord_tally *y, const struct ord_timeline *t, const struct ord_rep *r,
			struct ord_err *err)
{
	int64_t extent = r->end - r->begin + 1;

	y->origin = r->begin;
	y->width = least_period(t);
	if (extent / y->width >= ORD_TALLY_BUCKETS)
		y->width = extent / ORD_TALLY_BUCKETS + 1;
	y->n_buckets = (size_t)(extent / y->width) + 1;
	y->bad = calloc(y->n_buckets, sizeof *y->bad);
	return y->bad ? 0 : ord_fail_nomem(err);
}

static int make_slices(struct ord_tally *y, struct ord_analysis *a, const struct ord_rep *r,
		       struct ord_err *err)
{
	const struct ord_timeline *t = a->t;
	int64_t n = t->has_slo ? (r->end - r->requested.value) / t->slo.slice + 1 : 0;
	char text[32];

	if (!n || t->slo.method == ORD_SLO_OCCURRENCES)
		return 0;
	if (n > ORD_TALLY_SLICES) {
		ord_warn(a, r->number, 0,
			 "no error budget is told: %" PRId64 " slices of %s are more than %d", n,
			 ord_format_duration(t->slo.slice, text), ORD_TALLY_SLICES);
		return 0;
	}
	y->slice = t->slo.slice;
	y->n_slices = (size_t)n;
	y->slices = calloc(y->n_slices, sizeof *y->slices);
	return y->slices ? 0 : ord_fail_nomem(err);
}

/* The slots that follow each other make one stretch. */
static int add_stretch(struct ord_tally *y, size_t first, int64_t from, int64_t to,
		       struct ord_err *err)
{
	struct ord_stretch *last =
		y->n_stretches > first ? &y->stretches[y->n_stretches - 1] : NULL;

	if (last && from <= last->to) {
		last->to = to > last->to ? to : last->to;
		return 0;
	}
	if (y->n_stretches == ORD_TALLY_STRETCHES) {
		y->too_many = true;
		return 0;
	}
	if (y->n_stretches == y->room) {
		size_t room = y->room ? y->room * 2 : 64;
		struct ord_stretch *v = reallocarray(y->stretches, room, sizeof *v);

		if (!v)
			return ord_fail_nomem(err);
		y->stretches = v;
		y->room = room;
	}
	y->stretches[y->n_stretches++] = (struct ord_stretch){from, to};
	return 0;
}

static int64_t clamp(int64_t v, int64_t below)
{
	return v < 0 ? 0 : v < below ? v : below - 1;
}

static int on_sample(struct ord_tally *y, const struct ord_rep *r, const struct ord_sample *s,
		     int64_t every, size_t first, struct ord_err *err)
{
	enum ord_sample_state state = ord_sample_counts(s);

	if (state == ORD_SAMPLE_BAD)
		y->bad[clamp((s->done - y->origin) / y->width, (int64_t)y->n_buckets)]++;
	if (s->done < r->requested.value)
		return 0;
	y->by_state[state]++;
	if (y->slices) {
		int64_t at = clamp((s->sent - r->requested.value) / y->slice, (int64_t)y->n_slices);

		y->slices[at].by_state[state]++;
	}
	if (state == ORD_SAMPLE_BAD)
		return add_stretch(y, first, s->due, s->due + every, err);
	return 0;
}

/* Many samples at once, none bad and all after the request; false: it is not that simple. */
static bool on_good_block(struct ord_tally *y, const struct ord_rep *r, const struct ord_block *b)
{
	int64_t zero = r->requested.value;

	if (b->by_state[ORD_SAMPLE_BAD] || (b->done_min < zero && b->done_max >= zero))
		return false;
	if (b->done_max < zero)
		return true;
	if (y->slices) {
		int64_t n = (int64_t)y->n_slices;
		int64_t at = clamp((b->sent_first - zero) / y->slice, n);

		if (clamp((b->sent_last - zero) / y->slice, n) != at)
			return false;
		for (unsigned s = 0; s < ORD_SAMPLE_STATES; s++)
			y->slices[at].by_state[s] += b->by_state[s];
	}
	for (unsigned s = 0; s < ORD_SAMPLE_STATES; s++)
		y->by_state[s] += b->by_state[s];
	return true;
}

/* The time that so many slots stand for; more than a timeline can be long is no more than that. */
static int64_t slots_ns(size_t n, int64_t every)
{
	return n > (size_t)(ORD_TIME_MAX / ORD_TL_LIST_MAX / every) ? ORD_TIME_MAX / ORD_TL_LIST_MAX
								    : (int64_t)n * every;
}

static int tally_probe(struct ord_tally *y, const struct ord_timeline *t, const struct ord_rep *r,
		       size_t p, struct ord_err *err)
{
	int64_t every = t->probes[p].every;
	size_t first = y->n_stretches, bad = y->by_state[ORD_SAMPLE_BAD];
	size_t unknown = y->by_state[ORD_SAMPLE_UNKNOWN];
	struct ord_cursor c;
	struct ord_sample s;

	ord_cursor_begin(ord_timeline_series(t, r->number, p), &c);
	while (c.at < c.q->n) {
		const struct ord_block *b = ord_cursor_block(&c);

		if (b && on_good_block(y, r, b))
			ord_cursor_skip(&c, b);
		else if (ord_cursor_next(&c, &s) && on_sample(y, r, &s, every, first, err))
			return -1;
	}
	y->lost += slots_ns(y->by_state[ORD_SAMPLE_BAD] - bad, every);
	y->dark += slots_ns(y->by_state[ORD_SAMPLE_UNKNOWN] - unknown, every);
	y->users++;
	return 0;
}

static int by_from(const void *a, const void *b)
{
	const struct ord_stretch *x = a, *y = b;

	return x->from < y->from ? -1 : x->from > y->from;
}

/* The length of the union of the stretches. */
static int64_t united(struct ord_tally *y)
{
	int64_t sum = 0, to = INT64_MIN;

	if (y->too_many)
		return -1;
	if (y->n_stretches)
		qsort(y->stretches, y->n_stretches, sizeof *y->stretches, by_from);
	for (size_t i = 0; i < y->n_stretches; i++) {
		const struct ord_stretch *s = &y->stretches[i];
		int64_t from = s->from > to ? s->from : to;

		if (s->to > from)
			sum += s->to - from;
		to = s->to > to ? s->to : to;
	}
	return sum;
}

static int64_t share_ppm(int64_t part, int64_t whole)
{
	return whole > 0 ? (int64_t)((double)part * ORD_PPM / (double)whole) : -1;
}

static void fill(struct ord_rep *r, struct ord_tally *y)
{
	struct ord_loss *l = &r->loss;
	int64_t window = r->end - r->requested.value;

	*l = (struct ord_loss){.known = true,
			       .window = window,
			       .area_ns = y->lost / y->users,
			       .area_hi_ns = (y->lost + y->dark) / y->users,
			       .good = y->by_state[ORD_SAMPLE_GOOD],
			       .bad = y->by_state[ORD_SAMPLE_BAD],
			       .unknown = y->by_state[ORD_SAMPLE_UNKNOWN],
			       .bad_time_ns = united(y)};
	l->ok_ppm = share_ppm((int64_t)l->good, (int64_t)(l->good + l->bad));
	l->time_ok_ppm = l->bad_time_ns < 0	   ? -1
			 : l->bad_time_ns > window ? 0
						   : share_ppm(window - l->bad_time_ns, window);
}

static void tally_done(struct ord_tally *y)
{
	free(y->bad);
	free(y->slices);
	free(y->stretches);
}

int ord_analyse_loss(struct ord_analysis *a, struct ord_rep *r, struct ord_err *err)
{
	const struct ord_timeline *t = a->t;
	struct ord_tally y = {0};
	int failed = 0;

	if (!r->requested.known || r->end <= r->requested.value || least_period(t) == INT64_MAX)
		return 0;
	failed = make_buckets(&y, t, r, err) || make_slices(&y, a, r, err);
	for (size_t p = 0; !failed && p < t->n_probes; p++)
		if (is_user(t, p))
			failed = tally_probe(&y, t, r, p, err);
	if (!failed && y.users) {
		fill(r, &y);
		if (t->has_slo)
			ord_budget_of(t, &y, &t->slo, &r->budget);
		for (size_t k = 0; k < t->n_objectives; k++)
			if (t->objectives[k].goal == ORD_GOAL_BUDGET)
				ord_budget_of(t, &y, &t->objectives[k].slo, &r->goals[k].budget);
	}
	tally_done(&y);
	return failed ? -1 : 0;
}
