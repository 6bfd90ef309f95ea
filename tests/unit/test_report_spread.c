/* A figure over the repetitions: medians with intervals, the curve, what censors it. */
#include "tests/unit/report_claims.h"

#include <math.h>

#include "reports/spread.h"

/* A repetition each 30 s: bad from 5.1 s until good[i] ms after its start. */
static void told(struct story *s, const int64_t *good, int n, const char *more)
{
	char extra[80];

	(void)snprintf(extra, sizeof extra, ",\"repetitions\":%d", n);
	begin(s, SELF, extra);
	for (int i = 0; i < n; i++)
		repetition(s, i + 1, i * 30000, 5100, good[i], 6000);
	say(s, "%s", more);
	finish(s, n * 30000, *more ? "aborted" : "complete");
	tells(s);
}

/* Five times with figures, one that never recovered by itself. */
static void a_curve(void **state)
{
	static const int64_t good[] = {8000, 7000, 20000, 9000, 7000, 6000};
	struct ord_summary *self;
	struct story s;

	told(&s, good, 6, "");
	self = &s.a.self;
	assert_int_equal(self->n, 6);
	assert_int_equal(self->never, 1);
	assert_int_equal(self->n_steps, 4);
	assert_int_equal(self->steps[0].at_risk, 6);
	assert_true(fabs(self->steps[0].s - 5.0 / 6) < 1e-9);
	assert_int_equal(self->steps[1].events, 2);
	assert_true(fabs(self->steps[1].s - 0.5) < 1e-9);
	assert_true(fabs(self->steps[3].s - 1.0 / 6) < 1e-9);
	/* At most 1.005, 2.005 twice, 3.005, 4.005, the last good answer before being 0.1 s sooner
	 * than the first bad one; and the rollback at 9.9. */
	assert_int_equal(self->median, MS(2505));
	assert_true(self->has_lo);
	assert_int_equal(self->need, 0);
	assert_int_equal(self->worst, MS(4005));
	/* the mean of what was lost within tau, the one that never recovered counted as tau */
	assert_int_equal(self->rmst, (MS(1005 + 2005 + 2005 + 3005 + 4005) + self->tau + 3) / 6);
	done(&s);
}

static void pitfall_01_a_timeout_is_no_recovery_time(void **state)
{
	static const int64_t good[] = {8000, 20000};
	struct story s;

	told(&s, good, 2, "");
	assert_int_equal(s.a.self.never, 1);
	assert_int_equal(s.a.reps[2].self.state, ORD_SPAN_CENSORED);
	assert_int_equal(s.a.self.worst, MS(3005)); /* not the rollback's */
	assert_true(s.a.self.points[1].censored);
	done(&s);
}

static void pitfall_02_the_median_of_an_even_plateau(void **state)
{
	static const int64_t good[] = {7000, 8000, 9000, 10000};
	struct story s;

	told(&s, good, 4, "");
	assert_int_equal(s.a.self.median, MS(3505));
	assert_int_equal(s.a.self.need, 6);
	assert_false(s.a.self.has_lo);
	done(&s);
}

/* Who is censored at the time of an event was still at risk. */
static void pitfall_03_an_event_and_a_censoring_at_one_time(void **state)
{
	static const struct ord_span spans[] = {
		{.state = ORD_SPAN_CENSORED, .value = 2000000000, .lo = 2000000000},
		{.state = ORD_SPAN_KNOWN, .value = 2000000000, .hi = 2000000000},
		{.state = ORD_SPAN_KNOWN, .value = 3000000000, .hi = 3000000000},
	};
	struct ord_rep rep = {.number = 1};
	struct ord_summary s;
	struct ord_err err;

	assert_int_equal(ord_spread_room(&s, 3, &err), 0);
	for (size_t i = 0; i < 3; i++)
		ord_spread_add(&s, &rep, &spans[i]);
	assert_int_equal(ord_spread(&s, &err), 0);
	assert_int_equal(s.steps[0].at_risk, 3);
	assert_true(fabs(s.steps[0].s - 2.0 / 3) < 1e-9);
	assert_int_equal(s.steps[1].at_risk, 1);
	assert_int_equal(s.median, 3000000000);
	ord_spread_done(&s);
}

/* Of an interval the curve takes the end that is surely true. */
static void an_interval_counts_by_its_safe_end(void **state)
{
	static const struct ord_span spans[] = {
		{.state = ORD_SPAN_KNOWN, .value = 20, .lo = 10, .hi = 30},
		{.state = ORD_SPAN_CENSORED, .value = 50, .lo = 40, .hi = 60},
	};
	struct ord_rep rep = {.number = 1};
	struct ord_summary s;
	struct ord_err err;

	assert_int_equal(ord_spread_room(&s, 2, &err), 0);
	for (size_t i = 0; i < 2; i++)
		ord_spread_add(&s, &rep, &spans[i]);
	assert_int_equal(ord_spread(&s, &err), 0);
	assert_int_equal(s.points[0].value, 30);
	assert_int_equal(s.points[1].value, 40);
	assert_int_equal(s.worst, 30);
	assert_int_equal(s.steps[0].t, 30);
	ord_spread_done(&s);
}

static void pitfall_04_all_censored(void **state)
{
	static const int64_t good[] = {20000, 20000, 20000};
	struct story s;

	told(&s, good, 3, "");
	assert_int_equal(s.a.self.n, 3);
	assert_int_equal(s.a.self.never, 3);
	assert_int_equal(s.a.self.n_steps, 0);
	assert_false(s.a.self.has_median || s.a.self.has_worst);
	/* S is 1 throughout: all of tau is lost */
	assert_int_equal(s.a.self.rmst, s.a.self.tau);
	done(&s);
}

static void pitfall_06_the_last_is_an_event(void **state)
{
	static const int64_t good[] = {7000, 8000};
	struct ord_step *last;
	struct story s;

	told(&s, good, 2, "");
	last = &s.a.self.steps[s.a.self.n_steps - 1];
	assert_true(last->s < 1e-12 && last->s >= 0);
	assert_true(isnan(last->lo) && isnan(last->hi));
	done(&s);
}

/* The first is slow, the others are not: told in the order in which they were run. */
static void pitfall_16_the_order_of_the_repetitions(void **state)
{
	static const int64_t good[] = {12000, 7000, 8000, 7000};
	struct story s;

	told(&s, good, 4, "");
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(s.a.self.points[i].rep, i + 1);
		assert_int_equal(s.a.self.points[i].value, MS(good[i] + 5 - 5000));
	}
	done(&s);
}

static void an_interval_by_order_statistics(void **state)
{
	static const int64_t good[] = {7000, 8000, 9000, 7500, 8500, 6500};
	struct story s;

	told(&s, good, 6, "");
	assert_int_equal(s.a.self.median_lo, MS(6500 + 5 - 5000));
	assert_int_equal(s.a.self.median_hi, MS(9000 + 5 - 5000));
	done(&s);
}

/* A person who ends the run because it looks bad makes the rest look good. */
static void an_abort_is_informative(void **state)
{
	static const struct {
		const char *cause;
		bool informative;
	} table[] = {{"signal", true}, {"halted", true}, {"condition", true}, {"limit", false}};

	for (size_t i = 0; i < 4; i++) {
		static const int64_t good[] = {7000, 20000};
		struct story s;
		char more[160];

		(void)snprintf(more, sizeof more,
			       "{\"e\":\"abort\",\"t\":50000000000,\"rep\":2,\"cause\":\"%s\","
			       "\"text\":\"enough\"}\n",
			       table[i].cause);
		told(&s, good, 2, more);
		assert_int_equal(s.a.self.n_informative, table[i].informative);
		assert_int_equal(s.a.self.points[1].informative, table[i].informative);
		assert_false(s.a.self.points[0].informative);
		assert_int_equal(s.a.n_warnings, table[i].informative);
		done(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_curve),
		cmocka_unit_test(pitfall_01_a_timeout_is_no_recovery_time),
		cmocka_unit_test(pitfall_02_the_median_of_an_even_plateau),
		cmocka_unit_test(pitfall_03_an_event_and_a_censoring_at_one_time),
		cmocka_unit_test(an_interval_counts_by_its_safe_end),
		cmocka_unit_test(pitfall_04_all_censored),
		cmocka_unit_test(pitfall_06_the_last_is_an_event),
		cmocka_unit_test(pitfall_16_the_order_of_the_repetitions),
		cmocka_unit_test(an_interval_by_order_statistics),
		cmocka_unit_test(an_abort_is_informative),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
