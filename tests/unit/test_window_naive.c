/*
 * Conditions against their definition: random streams of samples, each look computed once more from
 * all that the window kept, by sorting. ORDEAL_TEST_SEED takes the printed seed back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/rng.h"
#include "base/units.h"
#include "scheduler/run/window.h"

#define STREAMS	   400
#define SAMPLES	   600
#define CONDITIONS 12

static struct ord_rng rng;

static uint64_t below(uint64_t n)
{
	return ord_rng_below(&rng, n);
}

static int64_t below_signed(uint64_t n)
{
	return (int64_t)below(n);
}

/* --- the definition -------------------------------------------------------------------------- */

static struct ord_sample seen[SAMPLES]; /* the known ones, as they were decided */
static size_t n_seen;

static bool holds(int64_t v, enum ord_op op, int64_t with)
{
	const bool by_op[] = {
		[ORD_OP_LT] = v<with, [ORD_OP_LE] = v <= with, [ORD_OP_GT] = v> with,
		[ORD_OP_GE] = v >= with,
		[ORD_OP_EQ] = v == with,
		[ORD_OP_NE] = v != with,
	};

	return by_op[op];
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static enum run_truth latency_truth(const struct ord_condition *c, int64_t *v, size_t n,
				    int64_t *ret)
{
	static const size_t percent[] = {[ORD_METRIC_P50] = 50,
					 [ORD_METRIC_P90] = 90,
					 [ORD_METRIC_P95] = 95,
					 [ORD_METRIC_P99] = 99,
					 [ORD_METRIC_MAX] = 100};
	size_t rank = (n * percent[c->metric] + 99) / 100;

	if (!n)
		return RUN_NO_FIGURE;
	qsort(v, n, sizeof *v, by_size);
	*ret = v[rank - 1];
	return holds(*ret, c->op, c->value) ? RUN_TRUE : RUN_FALSE;
}

/* The last number; values of the streams are whole, empty or NaN. */
static enum run_truth value_truth(const struct ord_condition *c, size_t first, int64_t *ret)
{
	bool answered = false;

	for (size_t i = n_seen; i > first; i--) {
		const struct ord_sample *s = &seen[i - 1];

		answered |= s->outcome == ORD_OUTCOME_OK || s->outcome == ORD_OUTCOME_WRONG;
		if (!*s->value || !strcmp(s->value, "NaN"))
			continue;
		*ret = strtoll(s->value, NULL, 10) * 1000000;
		return holds(*ret, c->op, c->value) ? RUN_TRUE : RUN_FALSE;
	}
	return answered ? RUN_NO_FIGURE : RUN_UNKNOWN;
}

static enum run_truth defined(const struct ord_condition *c, size_t kept, uint64_t since,
			      uint64_t now, int64_t *ret)
{
	size_t first = n_seen > kept ? n_seen - kept : 0, timed = 0;
	int64_t known = 0, good = 0, latency[SAMPLES];

	if (now < since || now - since < c->window_ns)
		return RUN_NOT_YET;
	while (first < n_seen && seen[first].done <= now - c->window_ns)
		first++;
	for (size_t i = first; i < n_seen; i++) {
		const struct ord_sample *s = &seen[i];

		known++;
		good += s->outcome == ORD_OUTCOME_OK;
		if (s->outcome != ORD_OUTCOME_REFUSED && s->outcome != ORD_OUTCOME_RESET)
			latency[timed++] = (int64_t)(s->done - s->due);
	}
	if (!known)
		return RUN_UNKNOWN;
	if (c->metric == ORD_METRIC_VALUE)
		return value_truth(c, first, ret);
	if (c->metric != ORD_METRIC_OK_RATIO)
		return latency_truth(c, latency, timed, ret);
	*ret = good * ORD_PPM / known;
	return holds(good * ORD_PPM, c->op, c->value * known) ? RUN_TRUE : RUN_FALSE;
}

/* --- streams --------------------------------------------------------------------------------- */

/* Thresholds that are met exactly, too: latencies and ratios of the streams are few. */
static struct ord_condition any_condition(void)
{
	struct ord_condition c = {.metric = (enum ord_metric)below(ORD_METRIC_VALUE + 1),
				  .op = (enum ord_op)below(ORD_OP_NE + 1),
				  .window_ns = (1 + below(3000)) * ORD_MS};

	if (c.metric == ORD_METRIC_OK_RATIO)
		c.value = below(4) ? below_signed(ORD_PPM + 1) : below_signed(5) * ORD_PPM / 4;
	else if (c.metric == ORD_METRIC_VALUE)
		c.value = below_signed(4) * ORD_PPM;
	else
		c.value = below_signed(12) * 10 * (int64_t)ORD_MS;
	return c;
}

/* Decided at done, long after it was due where nobody answered. */
static struct ord_sample any_sample(uint64_t done, unsigned trouble)
{
	static const char *const values[] = {"", "NaN", "0", "1", "2", "3"};
	struct ord_sample s = {.done = done, .outcome = ORD_OUTCOME_OK};
	uint64_t latency = below(12) * 10 * ORD_MS;

	if (below(10) < trouble)
		s.outcome = (enum ord_outcome)below(ORD_OUTCOME_LOCAL_ERROR + 1);
	if (s.outcome == ORD_OUTCOME_TIMEOUT)
		latency = ORD_S;
	s.due = done > latency ? done - latency : 0;
	if (s.outcome == ORD_OUTCOME_OK || s.outcome == ORD_OUTCOME_WRONG)
		(void)snprintf(s.value, sizeof s.value, "%s", values[below(6)]);
	return s;
}

static void look(struct run_tally *t, size_t kept, uint64_t since, uint64_t now, size_t *tally)
{
	int64_t value = 0;
	enum run_truth truth = defined(t->condition, kept, since, now, &value);

	assert_int_equal(run_condition(t, since, now), truth);
	if (truth == RUN_FALSE || truth == RUN_TRUE)
		assert_int_equal(run_condition_figure(t), value);
	tally[truth]++;
}

/* One of them is followed from the middle of the stream on only. */
static void stream(size_t *tally)
{
	const struct ord_probe_spec spec = {.name = "any", .every_ns = (1 + below(60)) * ORD_MS};
	struct ord_condition c[CONDITIONS];
	struct run_tally t[CONDITIONS];
	struct run_window w;
	struct ord_err err;
	unsigned trouble = (unsigned)below(11);
	uint64_t now = below(2) * 5 * ORD_S, since = now + below(1000) * ORD_MS;
	size_t followed = 0;

	assert_int_equal(run_window_init(&w, &spec, (1 + below(3)) * ORD_S, &err), 0);
	n_seen = 0;
	for (size_t i = 0; i < CONDITIONS; i++)
		c[i] = any_condition();
	for (size_t n = 0; n < SAMPLES; n++) {
		struct ord_sample s;

		for (; followed < (n < SAMPLES / 2 ? CONDITIONS - 1 : CONDITIONS); followed++)
			run_window_follow(&w, &c[followed], &t[followed]);
		/* Some at the same instant, and now and then a silence longer than a window. */
		now += below(100) ? below(3) * below(30) * ORD_MS : 4 * ORD_S;
		s = any_sample(now, trouble);
		run_window_add(&w, &s);
		if (ord_sample_known(&s))
			seen[n_seen++] = s;
		/* At once, later, and before the last look. */
		for (size_t i = 0; i < followed; i++)
			if (!below(4))
				look(&t[i], w.size, since, now + below(3) * below(2000) * ORD_MS,
				     tally);
	}
	run_window_done(&w);
}

static void as_defined(void **state)
{
	const char *given = getenv("ORDEAL_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : 20261121;
	size_t tally[RUN_TRUE + 1] = {0};

	print_message("seed %llu (ORDEAL_TEST_SEED)\n", (unsigned long long)seed);
	ord_rng_init(&rng, seed);
	for (size_t i = 0; i < STREAMS; i++)
		stream(tally);
	print_message("not yet %zu, unknown %zu, no figure %zu, false %zu, true %zu\n",
		      tally[RUN_NOT_YET], tally[RUN_UNKNOWN], tally[RUN_NO_FIGURE],
		      tally[RUN_FALSE], tally[RUN_TRUE]);
	for (size_t i = 0; i < ORD_COUNT(tally); i++)
		assert_true(tally[i] > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(as_defined)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
