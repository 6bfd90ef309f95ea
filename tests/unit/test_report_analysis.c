/* What a timeline says of one repetition, on synthetic timelines: each pitfall of measuring has its
 * story here. */
#include "tests/unit/report_claims.h"

static void the_usual_story(void **state)
{
	struct story s;
	struct ord_rep *r;

	begin(&s, DETECT "," SELF "," AFTER, "");
	repetition(&s, 1, 0, 5100, 8000, 6000);
	finish(&s, 25000, "complete");
	tells(&s);
	r = &s.a.reps[1];
	assert_int_equal(r->state, ORD_REP_MEASURED);
	is_interval(&r->requested, 5000, 5000, 5000);
	is_interval(&r->in_force, 5000, 5010, 5010);
	is_interval(&r->impact, 5000, 5100, 5100);
	is_interval(&r->detections[2].at, 5900, 6002, 6002);
	is_interval(&r->recovered, 7900, 8005, 8005);
	is_interval(&r->cleared, 15000, 15020, 15020);
	assert_true(r->recovered_self);
	is_span(&r->detections[2].from_impact, ORD_SPAN_KNOWN, 800, 902, 1002);
	is_span(&r->detections[2].from_request, ORD_SPAN_KNOWN, 900, 1002, 1002);
	is_span(&r->self, ORD_SPAN_KNOWN, 2800, 2905, 3005);
	assert_int_equal(r->after.state, ORD_SPAN_NONE);
	assert_int_equal(r->goals[0].result, ORD_RESULT_MET);
	assert_int_equal(r->goals[1].result, ORD_RESULT_MET);
	assert_int_equal(r->goals[2].result, ORD_RESULT_MET);
	assert_int_equal(r->flaps, 0);
	ends(&s, 0, "passed: 3 of 3 objectives met");
	done(&s);
}

/* The evidence of an instant is the line on which the sample stands. */
static void evidence_is_the_line(void **state)
{
	struct story s;
	char *line, want[64];

	begin(&s, DETECT, "");
	repetition(&s, 1, 0, 5100, 8000, 6000);
	finish(&s, 25000, "complete");
	tells(&s);
	line = s.text;
	for (uint32_t i = 1; i < s.a.reps[1].impact.line; i++)
		line = strchr(line, '\n') + 1;
	(void)snprintf(want, sizeof want, "\"due\":%lld,", (long long)MS(5100));
	assert_non_null(strstr(line, want));
	assert_true(strstr(line, want) < strchr(line, '\n'));
	done(&s);
}

static void a_timeout_is_censored_never_a_recovery(void **state)
{
	struct story s;
	struct ord_rep *r;

	begin(&s, SELF "," AFTER, "");
	repetition(&s, 1, 0, 5100, 25000, 25000);
	finish(&s, 25000, "complete");
	tells(&s);
	r = &s.a.reps[1];
	is_span(&r->self, ORD_SPAN_CENSORED, 9900, 9900, 10000);
	is_span(&r->after, ORD_SPAN_CENSORED, 9980, 9980, 10000);
	assert_false(r->recovered.known);
	assert_int_equal(s.a.self.n, 1);
	assert_int_equal(s.a.self.never, 1);
	assert_false(s.a.self.has_median);
	assert_false(s.a.self.has_worst);
	ends(&s, 1, "failed: 2 of 2 objectives missed");
	done(&s);
}

/* Recovered only because the fault was taken away: the two figures stay apart. */
static void after_rollback_is_not_self(void **state)
{
	struct story s;
	struct ord_rep *r;

	begin(&s, SELF "," AFTER, "");
	repetition(&s, 1, 0, 5100, 16000, 25000);
	finish(&s, 25000, "complete");
	tells(&s);
	r = &s.a.reps[1];
	assert_int_equal(r->self.state, ORD_SPAN_CENSORED);
	is_span(&r->after, ORD_SPAN_KNOWN, 880, 985, 1005);
	assert_false(r->recovered_self);
	assert_int_equal(r->goals[0].result, ORD_RESULT_MISSED);
	assert_int_equal(r->goals[1].result, ORD_RESULT_MET);
	done(&s);
}

/* In force for less long than the objective allows: nobody can tell. */
static void a_short_fault_decides_nothing(void **state)
{
	struct story s;

	begin(&s,
	      "{\"text\":\"recover(self) within "
	      "60s\",\"kind\":\"recover\",\"mode\":\"self\",\"within_ns\":60000000000,\"hold_ns\":"
	      "1000000000}",
	      "");
	repetition(&s, 1, 0, 5100, 16000, 25000);
	finish(&s, 25000, "complete");
	tells(&s);
	assert_int_equal(s.a.reps[1].goals[0].result, ORD_RESULT_INCONCLUSIVE);
	ends(&s, 5, "watched for less than the 60.00 s allowed");
	done(&s);
}

static void an_interval_over_the_threshold_is_undecided(void **state)
{
	struct story s;

	/* recovered in (2.8, 3.0] s after the impact; allowed 2.9 s */
	begin(&s,
	      "{\"text\":\"recover(self) within "
	      "2900ms\",\"kind\":\"recover\",\"mode\":\"self\",\"within_ns\":2900000000,\"hold_"
	      "ns\":1000000000}",
	      "");
	repetition(&s, 1, 0, 5100, 8000, 25000);
	finish(&s, 25000, "complete");
	tells(&s);
	ends(&s, 5, "straddles");
	done(&s);
}

static void pitfall_14_no_impact_is_no_recovery_of_0_s(void **state)
{
	struct story s;

	begin(&s, DETECT "," SELF, "");
	repetition(&s, 1, 0, 25000, 25000, 25000);
	finish(&s, 25000, "complete");
	tells(&s);
	assert_int_equal(s.a.reps[1].self.state, ORD_SPAN_NONE);
	assert_int_equal(s.a.reps[1].goals[0].result, ORD_RESULT_NOT_APPLICABLE);
	assert_int_equal(s.a.reps[1].goals[1].result, ORD_RESULT_MET);
	assert_int_equal(s.a.self.n, 0);
	ends(&s, 0, "passed, no impact observed: 1 of 2 objectives met, 1 not applicable");
	done(&s);
	begin(&s, DETECT "," SELF, ",\"expect_impact\":true");
	repetition(&s, 1, 0, 25000, 25000, 25000);
	finish(&s, 25000, "complete");
	tells(&s);
	ends(&s, 5, "an impact was expected");
	done(&s);
}

static void pitfall_12_onset_before_the_fault_is_invalid(void **state)
{
	struct story s;

	begin(&s, SELF, "");
	repetition(&s, 1, 0, 4700, 8000, 6000);
	finish(&s, 25000, "complete");
	tells(&s);
	assert_int_equal(s.a.reps[1].state, ORD_REP_INVALID);
	ends(&s, 5, "onset before injection");
	done(&s);
}

static void a_signal_that_was_on_is_no_detection(void **state)
{
	struct story s;

	begin(&s, DETECT, "");
	repetition(&s, 1, 0, 5100, 8000, 3000);
	finish(&s, 25000, "complete");
	tells(&s);
	assert_int_equal(s.a.reps[1].detections[2].kind, ORD_DETECTION_ALREADY);
	ends(&s, 5, "it was noticing before the fault was requested");
	done(&s);
}

/* The breaker opens and so answers those who wait: their request was sent before it opened, and is
 * the first good one. Sent at 6.0 s, answered at 6.15 s; the breaker was seen closed at 6.0 s, open
 * at 6.1 s. */
static void detection_made_the_recovery(void **state)
{
	struct story s;

	begin(&s, DETECT "," SELF, "");
	events(&s, 1, 0);
	samples(&s, 1, "orders", 0, 5100, 5, 'g');
	samples(&s, 1, "orders", 5100, 6000, 5, 'w');
	samples(&s, 1, "orders", 6000, 6100, 150, 'g');
	samples(&s, 1, "orders", 6100, 25000, 5, 'g');
	samples(&s, 1, "stock", 0, 25000, 1, 'g');
	samples(&s, 1, "breaker", 0, 6100, 2, 'w');
	samples(&s, 1, "breaker", 6100, 25000, 2, 'g');
	finish(&s, 25000, "complete");
	tells(&s);
	assert_int_equal(s.a.reps[1].detections[2].kind, ORD_DETECTION_NOTICED);
	is_interval(&s.a.reps[1].recovered, 5900, 6105, 6105);
	ends(&s, 0, "passed: 2 of 2");
	done(&s);
}

/* Paused for 10 s, 6 s allowed: what was sent into its last seconds is answered in time, but only
 * when it runs again. Well since then, and not by itself. */
static void a_pause_shorter_than_the_limit(void **state)
{
	struct story s;
	struct ord_rep *r;

	begin(&s, SELF "," AFTER, "");
	events(&s, 1, 0);
	samples(&s, 1, "orders", 0, 5100, 5, 'g');
	samples(&s, 1, "orders", 5100, 9000, 6000, 't');
	for (int64_t at = 9000; at < 15010; at += 100)
		sample(&s, 1, "orders", at, 15011 - at, 'g');
	samples(&s, 1, "orders", 15100, 25000, 5, 'g');
	samples(&s, 1, "stock", 0, 25000, 1, 'g');
	finish(&s, 25000, "complete");
	tells(&s);
	r = &s.a.reps[1];
	is_interval(&r->recovered, 8900, 15011, 15011);
	assert_false(r->recovered_self);
	assert_int_equal(r->self.state, ORD_SPAN_CENSORED);
	is_span(&r->after, ORD_SPAN_KNOWN, 0, 0, 11);
	done(&s);
}

static void pitfall_13_recovery_before_detection(void **state)
{
	struct story s;

	/* Well again after 0.9 s, noticed after 2.9 s: the time to detect is censored at the
	 * recovery. */
	begin(&s, DETECT, "");
	repetition(&s, 1, 0, 5100, 6000, 8000);
	finish(&s, 25000, "complete");
	tells(&s);
	assert_int_equal(s.a.reps[1].detections[2].kind, ORD_DETECTION_TOO_LATE);
	is_span(&s.a.reps[1].goals[0].span, ORD_SPAN_CENSORED, 800, 800, 900);
	ends(&s, 5, "not detected before recovery");
	done(&s);
	/* The impact outlasted what is allowed: missed, not undecided. */
	begin(&s, DETECT, "");
	repetition(&s, 1, 0, 5100, 9000, 25000);
	finish(&s, 25000, "complete");
	tells(&s);
	ends(&s, 1, "not detected before recovery");
	done(&s);
}

static void skipped_is_neither_good_nor_bad(void **state)
{
	struct story s;

	begin(&s, SELF, "");
	events(&s, 1, 0);
	samples(&s, 1, "orders", 0, 5100, 5, 'g');
	samples(&s, 1, "orders", 5100, 6000, 5, 's');
	samples(&s, 1, "orders", 6000, 7000, 5, 'w');
	samples(&s, 1, "orders", 7000, 7300, 5, 'e');
	samples(&s, 1, "orders", 7300, 25000, 5, 'g');
	samples(&s, 1, "stock", 0, 25000, 1, 'g');
	finish(&s, 25000, "complete");
	tells(&s);
	is_interval(&s.a.reps[1].impact, 5000, 6000, 6000);
	is_interval(&s.a.reps[1].recovered, 6900, 7305, 7305);
	assert_int_equal(s.a.reps[1].parts[ORD_PART_DURING].unknown, 12);
	done(&s);
}

/* A second blind inside the hold window: what nobody saw was not held. */
static void a_blind_hold_is_not_held(void **state)
{
	struct story s;

	begin(&s, SELF, "");
	events(&s, 1, 0);
	samples(&s, 1, "orders", 0, 5100, 5, 'g');
	samples(&s, 1, "orders", 5100, 6000, 5, 'w');
	samples(&s, 1, "orders", 6000, 6200, 5, 'g');
	samples(&s, 1, "orders", 6200, 7200, 5, 's');
	samples(&s, 1, "orders", 7200, 25000, 5, 'g');
	samples(&s, 1, "stock", 0, 25000, 1, 'g');
	finish(&s, 25000, "complete");
	tells(&s);
	is_interval(&s.a.reps[1].recovered, 5900, 7205, 7205);
	done(&s);
}

static void a_short_good_run_is_not_recovery(void **state)
{
	struct story s;

	begin(&s, SELF, "");
	events(&s, 1, 0);
	samples(&s, 1, "orders", 0, 5100, 5, 'g');
	samples(&s, 1, "orders", 5100, 6000, 5, 'w');
	samples(&s, 1, "orders", 6000, 6900, 5, 'g'); /* 0.9 s of the 1 s */
	samples(&s, 1, "orders", 6900, 8000, 5, 't');
	samples(&s, 1, "orders", 8000, 12000, 5, 'g');
	samples(&s, 1, "orders", 12000, 12200, 5, 'r'); /* a flap */
	samples(&s, 1, "orders", 12200, 25000, 5, 'g');
	samples(&s, 1, "stock", 0, 25000, 1, 'g');
	finish(&s, 25000, "complete");
	tells(&s);
	is_interval(&s.a.reps[1].recovered, 7900, 8005, 8005);
	assert_int_equal(s.a.reps[1].flaps, 1);
	done(&s);
}

/* All user probes count: impact with the first of them, recovery with the last. */
static void two_user_probes(void **state)
{
	struct story s;

	begin(&s, SELF, "");
	events(&s, 1, 0);
	samples(&s, 1, "orders", 0, 6000, 5, 'g');
	samples(&s, 1, "orders", 6000, 7000, 5, 'w');
	samples(&s, 1, "orders", 7000, 25000, 5, 'g');
	samples(&s, 1, "stock", 50, 5250, 1, 'g');
	samples(&s, 1, "stock", 5250, 8050, 1, 'r');
	samples(&s, 1, "stock", 8050, 25000, 1, 'g');
	finish(&s, 25000, "complete");
	tells(&s);
	is_interval(&s.a.reps[1].impact, 5150, 5250, 5250);
	assert_int_equal(s.a.reps[1].impact.probe, 1);
	is_interval(&s.a.reps[1].recovered, 7950, 8051, 8051);
	done(&s);
}

/* Sent before the fault, hung through it: struck somewhere until its end. */
static void struck_in_flight(void **state)
{
	struct story s;

	begin(&s, SELF, "");
	events(&s, 1, 0);
	samples(&s, 1, "orders", 0, 4900, 5, 'g');
	sample(&s, 1, "orders", 4900, 1000, 't');
	samples(&s, 1, "orders", 5000, 5600, 5, 'g');
	samples(&s, 1, "orders", 5600, 7000, 5, 't');
	samples(&s, 1, "orders", 7000, 25000, 5, 'g');
	samples(&s, 1, "stock", 0, 25000, 1, 'g');
	finish(&s, 25000, "complete");
	tells(&s);
	/* not before the request, and proven at the latest by the one sent into the fault at 5.6 s
	 */
	is_interval(&s.a.reps[1].impact, 5000, 5000, 5600);
	done(&s);
}

/* One isolated failure before the fault: as few after it are excused, an outage is not, more of
 * them are not. */
static void background_failures(void **state)
{
	static const struct {
		int64_t bad, good, isolated;
		bool impact;
	} table[] = {{0, 0, 1, false}, {0, 0, 2, false}, {0, 0, 12, true}, {9000, 9300, 1, true}};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct story s;

		begin(&s, SELF, "");
		events(&s, 1, 0);
		for (int64_t at = 0; at < 25000; at += 100) {
			bool bad = at == 2000 || (at >= table[i].bad && at < table[i].good);

			bad |= at >= 6000 && at < 6000 + table[i].isolated * 1000 && at % 1000 == 0;
			sample(&s, 1, "orders", at, 5, bad ? 'w' : 'g');
		}
		samples(&s, 1, "stock", 0, 25000, 1, 'g');
		finish(&s, 25000, "complete");
		tells(&s);
		assert_int_equal(s.a.noise_bad, 1);
		assert_int_equal(s.a.reps[1].impact.known, table[i].impact);
		assert_int_equal(s.a.reps[1].state, ORD_REP_MEASURED);
		done(&s);
	}
}

/* Written in the order of done, read in the order of sent. */
static void late_samples_are_put_in_order(void **state)
{
	struct story s;

	begin(&s, SELF, "");
	events(&s, 1, 0);
	samples(&s, 1, "orders", 7000, 25000, 5, 'g');
	samples(&s, 1, "orders", 5100, 7000, 1000, 't');
	samples(&s, 1, "orders", 0, 5100, 5, 'g');
	samples(&s, 1, "stock", 0, 25000, 1, 'g');
	finish(&s, 25000, "complete");
	tells(&s);
	is_interval(&s.a.reps[1].impact, 5000, 5100, 5100);
	is_interval(&s.a.reps[1].recovered, 6900, 7005, 7005);
	done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_usual_story),
		cmocka_unit_test(evidence_is_the_line),
		cmocka_unit_test(a_timeout_is_censored_never_a_recovery),
		cmocka_unit_test(after_rollback_is_not_self),
		cmocka_unit_test(a_short_fault_decides_nothing),
		cmocka_unit_test(an_interval_over_the_threshold_is_undecided),
		cmocka_unit_test(pitfall_14_no_impact_is_no_recovery_of_0_s),
		cmocka_unit_test(pitfall_12_onset_before_the_fault_is_invalid),
		cmocka_unit_test(a_signal_that_was_on_is_no_detection),
		cmocka_unit_test(detection_made_the_recovery),
		cmocka_unit_test(a_pause_shorter_than_the_limit),
		cmocka_unit_test(pitfall_13_recovery_before_detection),
		cmocka_unit_test(skipped_is_neither_good_nor_bad),
		cmocka_unit_test(a_blind_hold_is_not_held),
		cmocka_unit_test(a_short_good_run_is_not_recovery),
		cmocka_unit_test(two_user_probes),
		cmocka_unit_test(struck_in_flight),
		cmocka_unit_test(background_failures),
		cmocka_unit_test(late_samples_are_put_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
