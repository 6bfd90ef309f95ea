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

void run_window_add(struct run_window *w, const struct ord_sample *s)
{
	if (!ord_sample_known(s))
		return;
	struct run_seen *seen = &w->v[w->next];

	*seen = (struct run_seen){
		.done = s->done,
		.latency = s->done - s->due,
		.good = ord_sample_good(s),
		.answered = s->outcome == ORD_OUTCOME_OK || s->outcome == ORD_OUTCOME_WRONG,
		.timed = s->outcome != ORD_OUTCOME_REFUSED && s->outcome != ORD_OUTCOME_RESET,
	};
	seen->valued = millionths_of(s->value, &seen->value);
	w->next = (w->next + 1) % w->size;
	w->n += w->n < w->size;
}

/* The i-th youngest. */
static const struct run_seen *youngest(const struct run_window *w, size_t i)
{
	return &w->v[(w->next + w->size - 1 - i) % w->size];
}

/* The k-th smallest (from 0) of n, by quickselect; reorders v. */
static uint64_t select_kth(uint64_t *v, size_t n, size_t k)
{
	size_t lo = 0, hi = n - 1;

	while (lo < hi) {
		uint64_t pivot = v[lo + (hi - lo) / 2];
		size_t i = lo, j = hi;

		for (;;) {
			while (v[i] < pivot)
				i++;
			while (v[j] > pivot)
				j--;
			if (i >= j)
				break;
			uint64_t t = v[i];
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

static unsigned percent_of(enum ord_metric m)
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
static bool compare_ratio(size_t good, size_t known, enum ord_op op, int64_t ppm)
{
	return compare((int64_t)good * ORD_PPM, op, ppm * (int64_t)known);
}

/* The youngest that has a value decides. */
static enum run_truth judge_value(const struct ord_condition *c, const struct run_window *w,
				  uint64_t from, int64_t *ret_value)
{
	bool answered = false;

	for (size_t i = 0; i < w->n && youngest(w, i)->done > from; i++) {
		const struct run_seen *s = youngest(w, i);

		answered |= s->answered;
		if (!s->valued)
			continue;
		*ret_value = s->value;
		return compare(s->value, c->op, c->value) ? RUN_TRUE : RUN_FALSE;
	}
	return answered ? RUN_NO_FIGURE : RUN_UNKNOWN;
}

enum run_truth run_condition(const struct ord_condition *c, const struct run_window *w,
			     uint64_t since, uint64_t now, int64_t *ret_value)
{
	uint64_t from = now > c->window_ns ? now - c->window_ns : 0;
	size_t known = 0, good = 0, timed = 0, rank;
	bool met;

	if (now < since || now - since < c->window_ns)
		return RUN_NOT_YET;
	if (c->metric == ORD_METRIC_VALUE)
		return judge_value(c, w, from, ret_value);
	for (size_t i = 0; i < w->n && youngest(w, i)->done > from; i++) {
		const struct run_seen *s = youngest(w, i);

		known++;
		good += s->good;
		if (s->timed)
			w->scratch[timed++] = s->latency;
	}
	if (c->metric == ORD_METRIC_OK_RATIO) {
		if (!known)
			return RUN_UNKNOWN;
		*ret_value = (int64_t)(good * ORD_PPM / known);
		met = compare_ratio(good, known, c->op, c->value);
	} else {
		if (!timed)
			return known ? RUN_NO_FIGURE : RUN_UNKNOWN;
		/* Inverse of the empirical distribution: the smallest that so many do not exceed.
		 */
		rank = (timed * percent_of(c->metric) + 99) / 100;
		*ret_value = (int64_t)select_kth(w->scratch, timed, rank - 1);
		met = compare(*ret_value, c->op, c->value);
	}
	return met ? RUN_TRUE : RUN_FALSE;
}
