/* The verdict on a run, on synthetic timelines: faults that prove nothing, endings, repetitions. */
#include "tests/unit/report_claims.h"

static void pitfall_15_faults_that_prove_nothing(void **state)
{
	static const struct {
		const char *state, *more;
		int exit;
		const char *verdict;
	} table[] = {
		{"reverted", ",\"residue\":0,\"figures\":{\"matched_packets\":0}", 5,
		 "no traffic matched"},
		{"reverted", ",\"residue\":2,\"left\":[\"qdisc\",\"table\"]", 6,
		 "residue: 2 left behind"},
		{"failed", ",\"at\":\"inject\",\"code\":\"sys\",\"message\":\"no such device\"", 6,
		 "no such device"},
		{"lost", "", 6, "the injector is gone"},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct story s;

		begin(&s, SELF, "");
		phase(&s, 1, 0, "steady-before");
		fault(&s, 1, 5000, "requested", "");
		fault(&s, 1, 5010, "injected", "");
		fault(&s, 1, 15000, "reverting", "");
		fault(&s, 1, 15020, table[i].state, table[i].more);
		samples(&s, 1, "orders", 0, 25000, 5, 'g');
		samples(&s, 1, "stock", 0, 25000, 1, 'g');
		finish(&s, 25000, table[i].exit == 6 ? "failed" : "complete");
		tells(&s);
		ends(&s, table[i].exit, table[i].verdict);
		done(&s);
	}
}

/* The engine's lateness is told beyond its tolerance, and is no failure. */
static void an_engine_that_was_late(void **state)
{
	static const struct {
		const char *figures;
		size_t warnings;
	} table[] = {
		{"{\"matched_packets\":9,\"late_p99_ns\":31000,\"late_tolerance_ns\":1000000}", 0},
		{"{\"matched_packets\":9,\"late_p99_ns\":1000000,\"late_tolerance_ns\":1000000}",
		 0},
		{"{\"matched_packets\":9,\"late_p99_ns\":2300000,\"late_tolerance_ns\":1000000}",
		 1},
		{"{\"matched_packets\":9,\"late_p99_ns\":2300000}", 0},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		char more[160];
		struct story s;

		begin(&s, SELF, "");
		phase(&s, 1, 0, "steady-before");
		fault(&s, 1, 5000, "requested", "");
		fault(&s, 1, 5010, "injected", "");
		fault(&s, 1, 15000, "reverting", "");
		(void)snprintf(more, sizeof more, ",\"residue\":0,\"figures\":%s",
			       table[i].figures);
		fault(&s, 1, 15020, "reverted", more);
		samples(&s, 1, "orders", 0, 25000, 5, 'g');
		samples(&s, 1, "stock", 0, 25000, 1, 'g');
		finish(&s, 25000, "complete");
		tells(&s);
		assert_int_equal(s.a.n_warnings, table[i].warnings);
		if (table[i].warnings)
			assert_non_null(strstr(s.a.warnings[0].text,
					       "slow: one packet of a hundred left more than "
					       "2.30 ms after it was due, beyond the tolerance of "
					       "1.00 ms"));
		done(&s);
	}
}

/* A safety rule's no is the caller's affair before anything was done, and an abort after. */
static void a_refusal(void **state)
{
	static const char more[] =
		",\"at\":\"check\",\"code\":\"guard\",\"message\":\"this host is halted\"";
	struct story s;

	begin(&s, SELF, "");
	phase(&s, 1, 0, "steady-before");
	fault(&s, 1, 5000, "requested", "");
	fault(&s, 1, 5010, "failed", more);
	samples(&s, 1, "orders", 0, 5000, 5, 'g');
	finish(&s, 5020, "failed");
	tells(&s);
	ends(&s, 2, "refused: repetition 1: slow failed at check: this host is halted");
	done(&s);

	begin(&s, SELF, ",\"repetitions\":2");
	repetition(&s, 1, 0, 5100, 8000, 6000);
	phase(&s, 2, 30000, "steady-before");
	fault(&s, 2, 35000, "requested", "");
	fault(&s, 2, 35010, "failed", more);
	samples(&s, 2, "orders", 30000, 35000, 5, 'g');
	finish(&s, 35020, "failed");
	tells(&s);
	ends(&s, 3, "aborted: repetition 2: slow failed at check: this host is halted");
	done(&s);
}

/* A fault that cannot be taken back: whatever recovers, recovers by itself. */
static void a_kill_has_no_rollback(void **state)
{
	struct story s;

	begin(&s, SELF "," AFTER, ",\"faults\":[]");
	done(&s);
	*&s = (struct story){0};
	s.f = open_memstream(&s.text, &s.size);
	say(&s,
	    "{\"e\":\"run\",\"t\":0,\"version\":1,\"wall_ns\":1,\"plan\":{\"name\":\"k\","
	    "\"probes\":[{\"name\":\"orders\",\"role\":\"user\",\"every_ns\":100000000}],"
	    "\"objectives\":[" SELF "," AFTER
	    "],\"faults\":[{\"name\":\"slow\",\"fault\":\"proc.kill\",\"class\":\"none\"}]}}\n");
	fault(&s, 1, 5000, "requested", "");
	fault(&s, 1, 5001, "injected", "");
	fault(&s, 1, 5002, "reverting", "");
	fault(&s, 1, 5003, "reverted", ",\"residue\":-1");
	samples(&s, 1, "orders", 0, 5100, 5, 'g');
	samples(&s, 1, "orders", 5100, 7000, 5, 'r');
	samples(&s, 1, "orders", 7000, 20000, 5, 'g');
	finish(&s, 20000, "complete");
	tells(&s);
	is_span(&s.a.reps[1].self, ORD_SPAN_KNOWN, 1800, 1905, 2005);
	assert_int_equal(s.a.reps[1].goals[1].result, ORD_RESULT_NOT_APPLICABLE);
	ends(&s, 0, "passed: 1 of 2 objectives met, 1 not applicable");
	done(&s);
}

/* Two faults at once: requested and in force with the first, gone when the last is; one not cleared
 * keeps it open. */
static void several_faults(void **state)
{
	static const char run[] =
		"{\"e\":\"run\",\"t\":0,\"version\":1,\"wall_ns\":1,\"plan\":{\"name\":\"k\","
		"\"probes\":[{\"name\":\"orders\",\"role\":\"user\",\"every_ns\":100000000}],"
		"\"objectives\":[" AFTER
		"],\"faults\":[{\"name\":\"a\",\"fault\":\"net.loss\",\"class\":\"kernel\"},{"
		"\"name\":\"b\",\"fault\":\"cpu.burn\",\"class\":\"kernel\"}]}}\n";
	static const struct {
		int64_t t;
		const char *fault, *state;
	} told[] = {{5000, "a", "requested"},  {5010, "a", "injected"},	 {7000, "b", "requested"},
		    {7010, "b", "injected"},   {9000, "a", "reverting"}, {9020, "a", "reverted"},
		    {11000, "b", "reverting"}, {11030, "b", "reverted"}};

	for (size_t n = 7; n <= 8; n++) {
		struct story s = {0};

		s.f = open_memstream(&s.text, &s.size);
		say(&s, "%s", run);
		for (size_t i = 0; i < n; i++)
			say(&s,
			    "{\"e\":\"fault\",\"t\":%lld,\"rep\":1,\"fault\":\"%s\",\"state\":\"%"
			    "s\"}\n",
			    (long long)MS(told[i].t), told[i].fault, told[i].state);
		samples(&s, 1, "orders", 0, 5100, 5, 'g');
		samples(&s, 1, "orders", 5100, 12000, 5, 't');
		samples(&s, 1, "orders", 12000, 20000, 5, 'g');
		finish(&s, 20000, "complete");
		tells(&s);
		is_interval(&s.a.reps[1].in_force, 5000, 5010, 5010);
		is_interval(&s.a.reps[1].rollback, 11000, 11000, 11000);
		assert_int_equal(s.a.reps[1].cleared.known, n == 8);
		if (n == 8) {
			is_interval(&s.a.reps[1].cleared, 11000, 11030, 11030);
			is_span(&s.a.reps[1].after, ORD_SPAN_KNOWN, 870, 975, 1005);
			ends(&s, 0, "passed");
		} else {
			ends(&s, 6, "the timeline ends in the middle of it");
		}
		done(&s);
	}
}

/* Missed, aborted, residue: the worst decides, in the order 6, 3, 1. */
static void the_worst_decides(void **state)
{
	static const struct {
		bool abort, residue;
		int exit;
	} table[] = {{false, false, 1}, {true, false, 3}, {true, true, 6}, {false, true, 6}};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct story s;

		begin(&s, SELF, ",\"repetitions\":2");
		repetition(&s, 1, 0, 5100, 20000, 6000);
		repetition(&s, 2, 30000, 5100, 7000, 6000);
		if (table[i].residue)
			fault(&s, 2, 45021, "reverted", ",\"residue\":1,\"left\":[\"a qdisc\"]");
		if (table[i].abort)
			say(&s, "{\"e\":\"abort\",\"t\":46000000000,\"rep\":2,\"cause\":\"signal\","
				"\"text\":\"x\"}\n");
		finish(&s, 55000, table[i].abort ? "aborted" : "complete");
		tells(&s);
		assert_int_equal(s.a.exit, table[i].exit);
		done(&s);
	}
}

static void endings(void **state)
{
	struct story s;

	begin(&s, SELF, "");
	phase(&s, 1, 0, "steady-before");
	samples(&s, 1, "orders", 0, 5000, 5, 'w');
	steady(&s, 1, 5000, "before", "false");
	finish(&s, 5000, "steady-state");
	tells(&s);
	assert_int_equal(s.a.reps[1].state, ORD_REP_NO_STEADY);
	ends(&s, 4, "the steady state did not hold before the fault");
	done(&s);

	begin(&s, SELF, "");
	repetition(&s, 1, 0, 5100, 8000, 6000);
	say(&s, "{\"e\":\"abort\",\"t\":9000000000,\"rep\":1,\"cause\":\"signal\",\"text\":"
		"\"interrupted by a person\"}\n");
	finish(&s, 25000, "aborted");
	tells(&s);
	ends(&s, 3, "aborted: interrupted by a person");
	done(&s);

	begin(&s, SELF, "");
	repetition(&s, 1, 0, 5100, 8000, 6000);
	tells(&s);
	ends(&s, 6, "the timeline has no end");
	done(&s);

	begin(&s, SELF, ",\"repetitions\":2");
	repetition(&s, 1, 0, 5100, 8000, 6000);
	finish(&s, 25000, "complete");
	tells(&s);
	ends(&s, 5, "planned, not run");
	done(&s);
}

static void steady_after(void **state)
{
	struct story s;

	begin(&s, SELF, "");
	repetition(&s, 1, 0, 5100, 8000, 6000);
	steady(&s, 1, 24950, "after", "false");
	finish(&s, 25000, "complete");
	tells(&s);
	ends(&s, 1, "the steady state did not hold after the fault");
	done(&s);

	begin(&s, SELF, "");
	repetition(&s, 1, 0, 5100, 8000, 6000);
	say(&s, "{\"e\":\"steady\",\"t\":24950000000,\"rep\":1,\"when\":\"after\",\"holds\":false,"
		"\"conditions\":[{\"text\":\"x\",\"value\":null,\"met\":null}]}\n");
	finish(&s, 25000, "complete");
	tells(&s);
	ends(&s, 5, "too few samples");
	done(&s);
}

/* Met only if met in every repetition; nothing is averaged. */
static void over_the_repetitions(void **state)
{
	struct story s;

	begin(&s, SELF, ",\"repetitions\":3");
	repetition(&s, 1, 0, 5100, 7000, 6000);	    /* 1.9 s, 2.0 at most */
	repetition(&s, 2, 30000, 5100, 7400, 6000); /* 2.3 s, 2.4 at most */
	repetition(&s, 3, 60000, 5100, 14000,
		   6000); /* never, while in force: held for only 1.0 s from 14.0 s */
	finish(&s, 90000, "complete");
	tells(&s);
	assert_int_equal(s.a.goals[0].met, 3 - 1);
	assert_int_equal(s.a.self.n, 3);
	assert_true(s.a.self.has_median);
	assert_int_equal(s.a.self.median, MS(2405));
	assert_int_equal(s.a.goals[0].result, ORD_RESULT_MISSED);
	ends(&s, 1, "repetition 3");
	done(&s);
}

static void the_placebo_stands_beside(void **state)
{
	struct story s;

	begin(&s, SELF, ",\"placebo\":true");
	phase(&s, 0, 0, "steady-before");
	phase(&s, 0, 5000, "hold");
	phase(&s, 0, 15000, "recovery");
	samples(&s, 0, "orders", 0, 20000, 5, 'g');
	samples(&s, 0, "stock", 0, 20000, 5, 'g');
	repetition(&s, 1, 30000, 5100, 7000, 6000);
	finish(&s, 60000, "complete");
	tells(&s);
	assert_int_equal(s.a.reps[0].state, ORD_REP_MEASURED);
	assert_false(s.a.placebo_impact);
	assert_int_equal(s.a.self.n, 1);
	ends(&s, 0, "passed");
	done(&s);

	begin(&s, SELF, ",\"placebo\":true");
	phase(&s, 0, 0, "steady-before");
	phase(&s, 0, 5000, "hold");
	phase(&s, 0, 15000, "recovery");
	samples(&s, 0, "orders", 0, 8000, 5, 'g');
	samples(&s, 0, "orders", 8000, 9000, 5, 'w');
	samples(&s, 0, "orders", 9000, 20000, 5, 'g');
	samples(&s, 0, "stock", 0, 20000, 5, 'g');
	repetition(&s, 1, 30000, 5100, 7000, 6000);
	finish(&s, 60000, "complete");
	tells(&s);
	assert_true(s.a.placebo_impact);
	ends(&s, 5, "the placebo had an impact too");
	done(&s);
}

static void a_probe_that_tells_nothing(void **state)
{
	struct story s;

	begin(&s, SELF, "");
	events(&s, 1, 0);
	samples(&s, 1, "orders", 0, 5000, 5, 'g');
	samples(&s, 1, "orders", 5000, 25000, 5, 'e');
	samples(&s, 1, "stock", 0, 25000, 1, 'g');
	finish(&s, 25000, "complete");
	tells(&s);
	ends(&s, 6, "'orders' told nothing");
	done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pitfall_15_faults_that_prove_nothing),
		cmocka_unit_test(an_engine_that_was_late),
		cmocka_unit_test(a_refusal),
		cmocka_unit_test(a_kill_has_no_rollback),
		cmocka_unit_test(several_faults),
		cmocka_unit_test(the_worst_decides),
		cmocka_unit_test(endings),
		cmocka_unit_test(steady_after),
		cmocka_unit_test(over_the_repetitions),
		cmocka_unit_test(the_placebo_stands_beside),
		cmocka_unit_test(a_probe_that_tells_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
