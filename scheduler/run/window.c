#include "scheduler/run/window.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

#define SEEN_MAX 1000000u

int run_window_init(struct run_window *w, const struct ord_probe_spec *spec, uint64_t span_ns,
		    struct ord_err *err)
{
	/* Twice: slots that hung are decided beside those that do not. */
	uint64_t size = 2 * (span_ns / spec->every_ns) + 64;

	*w = (struct run_window){0};
	if (size > SEEN_MAX)
		return ord_fail(err, ORD_USAGE,
				"a window over probe '%s' would hold %llu samples: at most %u",
				spec->name, (unsigned long long)size / 2, SEEN_MAX / 2);
	w->v = calloc(size, sizeof *w->v);
	w->scratch = calloc(size, sizeof *w->scratch);
	if (!w->v || !w->scratch) {
		run_window_done(w);
		return ord_fail_nomem(err);
	}
	w->size = size;
	return 0;
}

void run_window_done(struct run_window *w)
{
	free(w->v);
	free(w->scratch);
	*w = (struct run_window){0};
}

/* A number as Prometheus writes it, NaN and infinities too; false: there is none to compare. */
static bool millionths_of(const char *text, int64_t *ret)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || *end || isnan(v))
		return false;
	v *= 1e6;
	*ret = v >= 0x1p63    ? INT64_MAX
	       : v <= -0x1p63 ? INT64_MIN
			      : (int64_t)(v < 0 ? v - 0.5 : v + 0.5);
	return true;
}

/* By its turn. */
static struct run_seen *seen_at(const struct run_window *w, uint64_t turn)
{
	return &w->v[turn % w->size];
}

static uint64_t oldest_kept(const struct run_window *w)
{
	return w->n > w->size ? w->n - w->size : 0;
}

/* by: 1 for one that comes into the window, -1 for one that leaves it. */
static void count(struct run_tally *t, const struct run_seen *s, int by)
{
	t->known += by;
	t->good += s->good ? by : 0;
	if (!s->timed)
		return;
	t->timed += by;
	t->below += s->latency < t->condition->value ? by : 0;
	t->upto += s->latency <= t->condition->value ? by : 0;
}

/* The window of that instant: it may lie before the one of the last look. */
static void move_to(struct run_tally *t, uint64_t now)
{
	const struct run_window *w = t->of;
	uint64_t length = t->condition->window_ns, from = now > length ? now - length : 0;

	for (; t->oldest < w->n && seen_at(w, t->oldest)->done <= from; t->oldest++)
		count(t, seen_at(w, t->oldest), -1);
	for (; t->oldest > oldest_kept(w) && seen_at(w, t->oldest - 1)->done > from; t->oldest--)
		count(t, seen_at(w, t->oldest - 1), 1);
}

void run_window_follow(struct run_window *w, const struct ord_condition *c, struct run_tally *ret)
{
	*ret = (struct run_tally){.condition = c, .of = w, .next = w->tallies, .oldest = w->n};
	w->tallies = ret;
}

/* The place of the next, which the oldest leaves where the ring is full. */
static struct run_seen *make_place(struct run_window *w)
{
	struct run_seen *s = seen_at(w, w->n);

	for (struct run_tally *t = w->tallies; t; t = t->next)
		if (t->oldest + w->size == w->n) {
			count(t, s, -1);
			t->oldest++;
		}
	return s;
}

void run_window_add(struct run_window *w, const struct ord_sample *s)
{
	struct run_seen *seen;

	if (!ord_sample_known(s))
		return;
	seen = make_place(w);
	*seen = (struct run_seen){
		.done = s->done,
		.latency = (int64_t)(s->done - s->due),
		.good = ord_sample_good(s),
		.answered = s->outcome == ORD_OUTCOME_OK || s->outcome == ORD_OUTCOME_WRONG,
		.timed = s->outcome != ORD_OUTCOME_REFUSED && s->outcome != ORD_OUTCOME_RESET,
	};
	seen->valued = millionths_of(s->value, &seen->value);
	w->n++;
	/* Those that are too old leave one by one, not all of them at the next look. */
	for (struct run_tally *t = w->tallies; t; t = t->next) {
		count(t, seen, 1);
		move_to(t, s->done);
	}
}

/* The k-th smallest (from 0) of n, by quickselect; reorders v. */
static int64_t select_kth(int64_t *v, size_t n, size_t k)
{
	size_t lo = 0, hi = n - 1;

	while (lo < hi) {
		int64_t pivot = v[lo + (hi - lo) / 2];
		size_t i = lo, j = hi;

		for (;;) {
			while (v[i] < pivot)
				i++;
			while (v[j] > pivot)
				j--;
			if (i >= j)
				break;
			int64_t t = v[i];
			v[i++] = v[j];
			v[j--] = t;
		}
		if (k <= j)
			hi = j;
		else
			lo = j + 1;
	}
	return v[k];
}

static int64_t percent_of(enum ord_metric m)
{
	switch (m) {
	case ORD_METRIC_P50:
		return 50;
	case ORD_METRIC_P90:
		return 90;
	case ORD_METRIC_P95:
		return 95;
	case ORD_METRIC_P99:
		return 99;
	case ORD_METRIC_MAX:
	case ORD_METRIC_OK_RATIO:
	case ORD_METRIC_VALUE:
		break;
	}
	return 100;
}

static bool compare(int64_t value, enum ord_op op, int64_t with)
{
	switch (op) {
	case ORD_OP_LT:
		return value < with;
	case ORD_OP_LE:
		return value <= with;
	case ORD_OP_GT:
		return value > with;
	case ORD_OP_EQ:
		return value == with;
	case ORD_OP_NE:
		return value != with;
	case ORD_OP_GE:
		break;
	}
	return value >= with;
}

/* A ratio is compared exactly: good * 1e6 against value * known, not through the rounded quotient.
 */
static bool ratio_holds(const struct run_tally *t)
{
	return compare(t->good * ORD_PPM, t->condition->op, t->condition->value * t->known);
}

/* Inverse of the empirical distribution: the smallest that so many do not exceed. From 1. */
static int64_t rank_of(const struct run_tally *t)
{
	return (t->timed * percent_of(t->condition->metric) + 99) / 100;
}

/* The sample of that rank is faster than the threshold where at least so many are. */
static bool quantile_holds(const struct run_tally *t)
{
	int64_t rank = rank_of(t), side = t->below >= rank ? -1 : t->upto >= rank ? 0 : 1;

	return compare(side, t->condition->op, 0);
}

/* The youngest that has a value decides; NULL: none has. */
static const struct run_seen *youngest_valued(const struct run_tally *t, bool *ret_answered)
{
	for (uint64_t turn = t->of->n; turn > t->oldest; turn--) {
		const struct run_seen *s = seen_at(t->of, turn - 1);

		*ret_answered |= s->answered;
		if (s->valued)
			return s;
	}
	return NULL;
}

static enum run_truth judge_value(const struct run_tally *t)
{
	bool answered = false;
	const struct run_seen *s = youngest_valued(t, &answered);

	if (!s)
		return answered ? RUN_NO_FIGURE : RUN_UNKNOWN;
	return compare(s->value, t->condition->op, t->condition->value) ? RUN_TRUE : RUN_FALSE;
}

enum run_truth run_condition(struct run_tally *t, uint64_t since, uint64_t now)
{
	const struct ord_condition *c = t->condition;

	if (now < since || now - since < c->window_ns)
		return RUN_NOT_YET;
	move_to(t, now);
	if (!t->known)
		return RUN_UNKNOWN;
	if (c->metric == ORD_METRIC_VALUE)
		return judge_value(t);
	if (c->metric == ORD_METRIC_OK_RATIO)
		return ratio_holds(t) ? RUN_TRUE : RUN_FALSE;
	if (!t->timed)
		return RUN_NO_FIGURE;
	return quantile_holds(t) ? RUN_TRUE : RUN_FALSE;
}

static int64_t quantile(const struct run_tally *t)
{
	size_t n = 0;

	for (uint64_t turn = t->oldest; turn < t->of->n; turn++)
		if (seen_at(t->of, turn)->timed)
			t->of->scratch[n++] = seen_at(t->of, turn)->latency;
	return select_kth(t->of->scratch, n, (size_t)rank_of(t) - 1);
}

int64_t run_condition_figure(const struct run_tally *t)
{
	bool answered = false;
	const struct run_seen *s;

	if (t->condition->metric == ORD_METRIC_VALUE) {
		s = youngest_valued(t, &answered);
		return s ? s->value : 0;
	}
	if (t->condition->metric == ORD_METRIC_OK_RATIO)
		return t->good * ORD_PPM / t->known;
	return quantile(t);
}
