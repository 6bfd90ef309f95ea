/* Windows and conditions: what counts, from when, and what is unknown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "scheduler/run/window.h"

static const struct ord_probe_spec probe = {
	.name = "web", .every_ns = 100 * ORD_MS, .timeout_ns = ORD_S};
static struct run_window w;

static int setup(void **state)
{
	struct ord_err err;

	return run_window_init(&w, &probe, 10 * ORD_S, &err);
}

static int teardown(void **state)
{
	run_window_done(&w);
	return 0;
}

static void see(uint64_t done_ms, uint64_t latency_ms, enum ord_outcome o)
{
	struct ord_sample s = {
		.due = (done_ms - latency_ms) * ORD_MS, .done = done_ms * ORD_MS, .outcome = o};

	run_window_add(&w, &s);
}

static struct ord_condition condition(enum ord_metric m, enum ord_op op, int64_t value,
				      uint64_t window_ms)
{
	return (struct ord_condition){
		.metric = m, .op = op, .value = value, .window_ns = window_ms * ORD_MS};
}

/* *ret_value only where there is a figure. */
static enum run_truth judged(struct run_tally *t, uint64_t now, int64_t *ret_value)
{
	enum run_truth truth = run_condition(t, 0, now);

	if (truth == RUN_FALSE || truth == RUN_TRUE)
		*ret_value = run_condition_figure(t);
	return truth;
}

static void ratio(void **state)
{
	struct ord_condition c = condition(ORD_METRIC_OK_RATIO, ORD_OP_GE, 900000, 1000);
	struct run_tally t;
	int64_t value = -1;

	run_window_follow(&w, &c, &t);

	for (uint64_t ms = 100; ms <= 1000; ms += 100)
		see(ms, 10, ms == 500 ? ORD_OUTCOME_WRONG : ORD_OUTCOME_OK);
	/* Not before a whole window has passed. */
	assert_int_equal(run_condition(&t, 1, 1000 * ORD_MS), RUN_NOT_YET);
	assert_int_equal(judged(&t, 1000 * ORD_MS, &value), RUN_TRUE);
	assert_int_equal(value, 900000);
	see(1050, 10, ORD_OUTCOME_TIMEOUT);
	/* 9 of 11; and at 1,150 ms the first has left: 8 of 10, then the bad one of 500 leaves too.
	 */
	assert_int_equal(judged(&t, 1050 * ORD_MS, &value), RUN_FALSE);
	assert_int_equal(value, 818181);
	assert_int_equal(judged(&t, 1100 * ORD_MS, &value), RUN_FALSE);
	assert_int_equal(value, 800000);
	assert_int_equal(judged(&t, 1500 * ORD_MS, &value), RUN_FALSE);
	assert_int_equal(value, 833333);
	/* A window without anything decided is unknown, neither met nor missed. */
	assert_int_equal(judged(&t, 2051 * ORD_MS, &value), RUN_UNKNOWN);
	c.op = ORD_OP_LT;
	assert_int_equal(judged(&t, 2051 * ORD_MS, &value), RUN_UNKNOWN);
}

/* Two of three is no 666,667 ppm: thresholds are compared before anything is rounded. */
static void exact(void **state)
{
	struct ord_condition c = condition(ORD_METRIC_OK_RATIO, ORD_OP_GE, 666667, 1000);
	struct run_tally t;
	int64_t value;

	run_window_follow(&w, &c, &t);

	see(1000, 1, ORD_OUTCOME_OK);
	see(1001, 1, ORD_OUTCOME_OK);
	see(1002, 1, ORD_OUTCOME_WRONG);
	assert_int_equal(judged(&t, 1100 * ORD_MS, &value), RUN_FALSE);
	c.value = 666666;
	assert_int_equal(judged(&t, 1100 * ORD_MS, &value), RUN_TRUE);
}

/* Skipped slots and local errors are unknown; refusals have no latency; timeouts do. */
static void what_counts(void **state)
{
	struct ord_condition r = condition(ORD_METRIC_OK_RATIO, ORD_OP_GE, 1000000, 1000);
	struct ord_condition m = condition(ORD_METRIC_MAX, ORD_OP_LE, (int64_t)(20 * ORD_MS), 1000);
	struct run_tally tr, tm;
	int64_t value;

	run_window_follow(&w, &r, &tr);
	run_window_follow(&w, &m, &tm);

	see(1000, 0, ORD_OUTCOME_SKIPPED);
	see(1000, 0, ORD_OUTCOME_LOCAL_ERROR);
	assert_int_equal(judged(&tr, 1500 * ORD_MS, &value), RUN_UNKNOWN);
	see(1010, 20, ORD_OUTCOME_OK);
	see(1020, 0, ORD_OUTCOME_SKIPPED);
	assert_int_equal(judged(&tr, 1500 * ORD_MS, &value), RUN_TRUE);
	see(1030, 1, ORD_OUTCOME_REFUSED);
	assert_int_equal(judged(&tr, 1500 * ORD_MS, &value), RUN_FALSE);
	assert_int_equal(judged(&tm, 1500 * ORD_MS, &value), RUN_TRUE);
	assert_int_equal(value, 20 * ORD_MS);
	/* Refusals alone: something was seen, but no latency. */
	assert_int_equal(judged(&tm, 2015 * ORD_MS, &value), RUN_NO_FIGURE);
	assert_int_equal(judged(&tm, 2040 * ORD_MS, &value), RUN_UNKNOWN);
	see(1400, 300, ORD_OUTCOME_TIMEOUT);
	assert_int_equal(judged(&tm, 1500 * ORD_MS, &value), RUN_FALSE);
	assert_int_equal(value, 300 * ORD_MS);
}

/* The ring holds a window of hung slots beside a whole one of others, and forgets the oldest. */
static void ring(void **state)
{
	struct ord_condition c = condition(ORD_METRIC_OK_RATIO, ORD_OP_GE, 1000000, 10000);
	struct run_tally t;
	int64_t value;

	run_window_follow(&w, &c, &t);

	for (uint64_t ms = 1000; ms < 100000; ms += 100)
		see(ms, 10, ms < 80000 ? ORD_OUTCOME_WRONG : ORD_OUTCOME_OK);
	assert_int_equal(judged(&t, 99900 * ORD_MS, &value), RUN_TRUE);
	assert_true(w.size >= 200 && w.size < 1000);
}

static void bounded(void **state)
{
	struct ord_probe_spec fast = {.name = "fast", .every_ns = ORD_MS};
	struct run_window huge;
	struct ord_err err;

	assert_int_equal(run_window_init(&huge, &fast, 3600 * ORD_S, &err), -1);
	assert_int_equal(err.code, ORD_USAGE);
}

/* The last value decides; who was asked and had none is not who could not be asked. */
static void values(void **state)
{
	static const struct {
		const char *values[3]; /* NULL: refused; "": answered without one */
		enum run_truth truth;
		int64_t value;
	} cases[] = {
		{{"1", "2", "3.5"}, RUN_TRUE, 3500000},
		{{"9", "8", "-2"}, RUN_FALSE, -2000000},
		{{"9", "4", ""}, RUN_TRUE, 4000000},
		{{"9", "NaN", NULL}, RUN_TRUE, 9000000},
		{{"+Inf", NULL, NULL}, RUN_TRUE, INT64_MAX},
		{{"-Inf", "NaN", "NaN"}, RUN_FALSE, INT64_MIN},
		{{"", "", ""}, RUN_NO_FIGURE, 0},
		{{NULL, NULL, NULL}, RUN_UNKNOWN, 0},
		{{"1e-7", "x", "2 "}, RUN_FALSE, 0},
	};
	struct ord_condition c = condition(ORD_METRIC_VALUE, ORD_OP_GT, 1500000, 1000);
	const struct ord_probe_spec spec = {.every_ns = 100 * ORD_MS};
	struct run_tally t;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t value = 0;

		assert_int_equal(run_window_init(&w, &spec, ORD_S, NULL), 0);
		run_window_follow(&w, &c, &t);
		for (size_t k = 0; k < 3; k++) {
			const char *text = cases[i].values[k];
			struct ord_sample s = {.due = (1100 + 100 * k) * ORD_MS,
					       .done = (1110 + 100 * k) * ORD_MS,
					       .outcome =
						       text ? ORD_OUTCOME_OK : ORD_OUTCOME_REFUSED};

			(void)snprintf(s.value, sizeof s.value, "%s", text ? text : "");
			run_window_add(&w, &s);
		}
		assert_int_equal(judged(&t, 1500 * ORD_MS, &value), cases[i].truth);
		assert_int_equal(value, cases[i].value);
		run_window_done(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ratio, setup, teardown),
		cmocka_unit_test_setup_teardown(exact, setup, teardown),
		cmocka_unit_test_setup_teardown(what_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(ring, setup, teardown),
		cmocka_unit_test(bounded),
		cmocka_unit_test(values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
