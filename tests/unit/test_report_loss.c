/* What users lost, the error budget, burn rates and full recovery, on synthetic timelines. */
#include "tests/unit/report_claims.h"

#define S(x) ((int64_t)(x)*1000000000)

/* One user probe. extra: further members of the plan, with a comma before. */
static void lonely(struct story *s, int64_t every_ms, const char *objectives, const char *extra)
{
	*s = (struct story){0};
	s->f = open_memstream(&s->text, &s->size);
	say(s,
	    "{\"e\":\"run\",\"t\":0,\"version\":1,\"wall_ns\":1795000000000000000,\"plan\":{"
	    "\"name\":\"k\",\"probes\":[{\"name\":\"orders\",\"role\":\"user\",\"kind\":\"http\","
	    "\"every_ns\":%lld}],\"objectives\":[%s],\"faults\":[{\"name\":\"slow\",\"fault\":"
	    "\"net.delay\",\"class\":\"kernel\"}]%s}}\n",
	    (long long)MS(every_ms), objectives, extra);
}

static void stretch(struct story *s, int64_t from, int64_t to, int64_t every, char o)
{
	for (int64_t at = from; at < to; at += every)
		sample(s, 1, "orders", at, 1, o);
}

static void end_of(struct story *s, int64_t clear, int64_t end)
{
	fault(s, 1, clear, "reverting", ",\"cause\":\"removed\"");
	fault(s, 1, clear + 10, "reverted", ",\"residue\":0");
	finish(s, end, "complete");
	tells(s);
}

static void start_of(struct story *s, int64_t at)
{
	fault(s, 1, at, "requested", "");
	fault(s, 1, at, "injected", "");
}

/* 3 s of one of two users: 1.5 s of full outage. A skipped slot is lost at most. */
static void area_and_availability(void **state)
{
	struct ord_loss *l;
	struct story s;

	begin(&s, SELF, "");
	events(&s, 1, 0);
	samples(&s, 1, "orders", 0, 5000, 5, 'g');
	samples(&s, 1, "orders", 5000, 8000, 5, 'w');
	samples(&s, 1, "orders", 8000, 25000, 5, 'g');
	samples(&s, 1, "stock", 0, 7000, 1, 'g');
	samples(&s, 1, "stock", 7000, 7400, 1, 's');
	samples(&s, 1, "stock", 7400, 25000, 1, 'g');
	samples(&s, 1, "breaker", 0, 25000, 2, 'w');
	finish(&s, 25000, "complete");
	tells(&s);
	l = &s.a.reps[1].loss;
	assert_true(l->known);
	assert_int_equal(l->area_ns, MS(1500));
	assert_int_equal(l->area_hi_ns, MS(1700));
	assert_int_equal(l->bad, 30);
	assert_int_equal(l->unknown, 4);
	assert_int_equal(l->good, 400 - 34);
	assert_int_equal(l->ok_ppm, (400 - 34) * 1000000 / 396);
	assert_int_equal(l->bad_time_ns, MS(3000));
	assert_int_equal(l->window, MS(19900 + 5 - 5000 + 5000));
	assert_int_equal(l->time_ok_ppm, (19905 - 3000) * 1000000ll / 19905);
	done(&s);
}

/* Two users that fail in turn and together: the time is counted once. */
static void bad_time_is_counted_once(void **state)
{
	struct story s;

	begin(&s, SELF, "");
	events(&s, 1, 0);
	samples(&s, 1, "orders", 0, 5000, 5, 'g');
	samples(&s, 1, "orders", 5000, 7000, 5, 'w');
	samples(&s, 1, "orders", 7000, 25000, 5, 'g');
	samples(&s, 1, "stock", 0, 6000, 1, 'g');
	samples(&s, 1, "stock", 6000, 9000, 1, 'w');
	samples(&s, 1, "stock", 9000, 25000, 1, 'g');
	finish(&s, 25000, "complete");
	tells(&s);
	assert_int_equal(s.a.reps[1].loss.bad_time_ns, MS(4000));
	assert_int_equal(s.a.reps[1].loss.area_ns, MS(2500));
	done(&s);
}

#define BUDGET(below)                                                                      \
	"{\"text\":\"budget(99.9%, 30d) < 1%\",\"kind\":\"budget\",\"target_ppm\":999000," \
	"\"window_ns\":2592000000000000,\"below_ppm\":" #below "}"

/* 12.031 s of full outage are 0.4642 % of 30 days' budget at 99.9 %. */
static void budget_by_occurrences(void **state)
{
	static const struct {
		const char *objective;
		enum ord_result result;
	} table[] = {{BUDGET(10000), ORD_RESULT_MET},
		     {BUDGET(4643), ORD_RESULT_MET},
		     {BUDGET(4642), ORD_RESULT_MISSED}};

	for (size_t i = 0; i < 3; i++) {
		struct ord_goal_result *g;
		struct story s;

		lonely(&s, 1, table[i].objective, "");
		stretch(&s, 0, 1000, 1, 'g');
		start_of(&s, 1000);
		stretch(&s, 1000, 13031, 1, 't');
		stretch(&s, 13031, 15000, 1, 'g');
		end_of(&s, 13000, 15000);
		g = &s.a.reps[1].goals[0];
		assert_int_equal(g->budget.burnt_ppm, 4642);
		assert_int_equal(g->budget.burnt_hi_ppm, 4642);
		assert_int_equal(g->budget.total, 2592000000);
		assert_int_equal(g->result, table[i].result);
		/* shorter than 51.84 s: no page at all */
		for (size_t k = 0; k < ORD_PAGES; k++)
			assert_false(g->budget.pages[k].at.known);
		assert_int_equal(g->budget.pages[0].needs_ns, MS(51840));
		done(&s);
	}
}

/* Skipped slots may have been bad: between the two lies the limit. */
static void pitfall_11_a_skipped_slot_is_neither_good_nor_bad(void **state)
{
	struct ord_goal_result *g;
	struct story s;

	lonely(&s, 10, BUDGET(600), "");
	stretch(&s, 0, 1000, 10, 'g');
	start_of(&s, 1000);
	stretch(&s, 1000, 2000, 10, 't');
	stretch(&s, 2000, 3000, 10, 's');
	stretch(&s, 3000, 9000, 10, 'g');
	end_of(&s, 5000, 9000);
	g = &s.a.reps[1].goals[0];
	/* 1 s of 2592 s, and 2 s */
	assert_int_equal(g->budget.burnt_ppm, 386);
	assert_int_equal(g->budget.burnt_hi_ppm, 772);
	assert_int_equal(g->result, ORD_RESULT_INCONCLUSIVE);
	assert_int_equal(s.a.reps[1].loss.ok_ppm, 600 * 1000000 / 700);
	done(&s);
}

/* OpenSLO's own example: two weeks, 24,000 requests a day, 95 %: 16,800 may fail; of slices of a
 * minute 1,008 may. */
static void budget_of_the_example(void **state)
{
	static const char *const methods[] = {"occurrences", "timeslices", "ratio-timeslices"};
	static const int64_t totals[] = {336000, 20160, 20160};
	/* 100 requests, 360 s, six slices; of 16,800 and of 1,008 */
	static const int64_t burnt[] = {100000000 / 16800, 6000000 / 1008, 6000000 / 1008};

	for (size_t i = 0; i < 3; i++) {
		struct ord_budget *b;
		struct story s;
		char extra[200];

		(void)snprintf(extra, sizeof extra,
			       ",\"slo\":{\"target_ppm\":950000,\"window_ns\":1209600000000000,"
			       "\"method\":\"%s\",\"slice_target_ppm\":950000,\"slice_ns\":"
			       "60000000000}",
			       methods[i]);
		lonely(&s, 3600, "", extra);
		stretch(&s, 0, 36000, 3600, 'g');
		start_of(&s, 36000);
		stretch(&s, 36000, 396000, 3600, 't');
		stretch(&s, 396000, 720000, 3600, 'g');
		end_of(&s, 396000, 720000);
		b = &s.a.reps[1].budget;
		assert_true(b->known);
		assert_int_equal(b->total, totals[i]);
		assert_true(b->burnt_ppm - burnt[i] <= 1 && b->burnt_ppm >= burnt[i]);
		done(&s);
	}
}

/* A slice is bad as a whole, or by its share: one that is half bad. */
static void slices(void **state)
{
	static const struct {
		const char *method;
		int64_t target, bad_ppm;
	} table[] = {{"timeslices", 500000, 0},
		     {"timeslices", 500001, 1000000},
		     {"ratio-timeslices", 950000, 500000}};

	for (size_t i = 0; i < 3; i++) {
		struct story s;
		char extra[200];

		(void)snprintf(
			extra, sizeof extra,
			",\"slo\":{\"target_ppm\":999000,\"window_ns\":2592000000000000,"
			"\"method\":\"%s\",\"slice_target_ppm\":%lld,\"slice_ns\":1000000000}",
			table[i].method, (long long)table[i].target);
		lonely(&s, 100, "", extra);
		stretch(&s, 0, 1000, 100, 'g');
		start_of(&s, 1000);
		stretch(&s, 1000, 1500, 100, 't');
		stretch(&s, 1500, 8000, 100, 'g');
		end_of(&s, 5000, 8000);
		assert_int_equal(s.a.reps[1].budget.bad_ppm, table[i].bad_ppm);
		done(&s);
	}
}

/* 1,048,576 slices of a millisecond are the most; beyond that the report says why there is none. */
static void too_many_slices(void **state)
{
	static const struct {
		int64_t end;
		bool known;
	} table[] = {{1048576 + 999, true}, {1048576 + 1000, false}};

	for (size_t i = 0; i < 2; i++) {
		struct story s;

		lonely(&s, 1000, "",
		       ",\"slo\":{\"target_ppm\":999000,\"window_ns\":2592000000000000,"
		       "\"method\":\"timeslices\",\"slice_target_ppm\":500000,\"slice_ns\":"
		       "1000000}");
		stretch(&s, 0, 1000, 100, 'g');
		start_of(&s, 1000);
		stretch(&s, 1000, 1500, 100, 't');
		fault(&s, 1, table[i].end, "reverted", ",\"residue\":0");
		finish(&s, table[i].end, "complete");
		tells(&s);
		assert_int_equal(s.a.reps[1].budget.known, table[i].known);
		assert_int_equal(s.a.n_warnings, !table[i].known);
		if (!table[i].known)
			assert_string_equal(s.a.warnings[0].text,
					    "no error budget is told: 1048577 slices of 1ms are "
					    "more than 1048576");
		done(&s);
	}
}

/*
 * A constant ratio of errors e, from the request on: 14.4x fires after (1-s) 14.4/e of an hour, if
 * that is not longer; 51.84 s, 129.6 s, 259.2 s of a full outage.
 */
static void burn_rates(void **state)
{
	static const struct {
		int bad_of_10;
		int64_t at[ORD_PAGES]; /* ms after the onset; 0: never */
	} table[] = {{10, {51840, 129600, 259200}}, {1, {518400, 1296000, 2592000}}};

	for (size_t i = 0; i < 2; i++) {
		struct ord_budget *b;
		struct story s;
		int n = 0;

		lonely(&s, 100, "",
		       ",\"slo\":{\"target_ppm\":999000,\"window_ns\":2592000000000000,"
		       "\"method\":\"occurrences\"}");
		stretch(&s, 0, 10000, 100, 'g');
		start_of(&s, 10000);
		for (int64_t at = 10000; at < 2700000; at += 100)
			sample(&s, 1, "orders", at, 1, n++ % 10 < table[i].bad_of_10 ? 't' : 'g');
		end_of(&s, 2700000, 2700010);
		b = &s.a.reps[1].budget;
		for (size_t k = 0; k < ORD_PAGES; k++) {
			int64_t at = b->pages[k].at.value - MS(10000) - MS(table[i].at[k]);

			assert_true(b->pages[k].at.known);
			/* to the sample, or to where the next bad one comes */
			if (at < -MS(1000) || at > MS(1000))
				fail_msg("%s: off by %lld ns", b->pages[k].name, (long long)at);
			assert_true(b->pages[k].at.lo <= b->pages[k].at.hi);
		}
		assert_true(b->pages[2].ticket && !b->pages[0].ticket);
		done(&s);
	}
}

#define FULL(hold)                                                                      \
	"{\"text\":\"recover(full) within 10s hold 1s\",\"kind\":\"recover\",\"mode\":" \
	"\"full\",\"within_ns\":10000000000,\"hold_ns\":" #hold "}"
#define CONDITION                                                                           \
	",\"full_recovery\":[{\"text\":\"breaker.ok_ratio >= 0.5 over 1s\",\"probe\":"      \
	"\"breaker\",\"metric\":\"ok_ratio\",\"op\":\">=\",\"value\":500000,\"window_ns\":" \
	"1000000000}]"

/* Users are well at 8 s, the condition holds from when half of its window is good. */
static void full_recovery(void **state)
{
	struct ord_rep *r;
	struct story s;

	begin(&s, FULL(1000000000), CONDITION);
	events(&s, 1, 0);
	samples(&s, 1, "orders", 0, 5100, 5, 'g');
	samples(&s, 1, "orders", 5100, 8000, 5, 'w');
	samples(&s, 1, "orders", 8000, 25000, 5, 'g');
	samples(&s, 1, "stock", 0, 25000, 1, 'g');
	samples(&s, 1, "breaker", 0, 12000, 2, 'w');
	samples(&s, 1, "breaker", 12000, 25000, 2, 'g');
	finish(&s, 25000, "complete");
	tells(&s);
	r = &s.a.reps[1];
	assert_true(r->recovered_self);
	is_interval(&r->full, 12302, 12402, 12402); /* the fifth of ten good ones */
	is_span(&r->full_span, ORD_SPAN_KNOWN, 12302 - 5100, 12402 - 5100, 12402 - 5000);
	assert_int_equal(r->goals[0].result, ORD_RESULT_MET);
	/* the users' recovery is another figure */
	assert_true(r->self.value < r->full_span.value);
	done(&s);
}

static void full_recovery_that_does_not_come(void **state)
{
	struct ord_rep *r;
	struct story s;

	begin(&s, FULL(1000000000), CONDITION);
	repetition(&s, 1, 0, 5100, 8000, 25000);
	finish(&s, 25000, "complete");
	tells(&s);
	r = &s.a.reps[1];
	assert_false(r->full.known);
	assert_int_equal(r->full_span.state, ORD_SPAN_CENSORED);
	assert_int_equal(r->goals[0].result, ORD_RESULT_MISSED);
	done(&s);
}

/* By latency and by a number; the conditions hold together or not at all. */
static void conditions_of_full_recovery(void **state)
{
	static const struct {
		const char *metric, *op;
		int64_t value, full; /* ms, 0: never */
	} table[] = {
		{"latency.p50", "<", 100000000, 12502},
		{"latency.max", "<=", 5000000, 13102},
		{"latency.max", "<", 1000000, 0},
		{"value", "<", 10000000, 12002},
	};

	for (size_t i = 0; i < 4; i++) {
		struct story s;
		char extra[300];

		(void)snprintf(extra, sizeof extra,
			       ",\"full_recovery\":[{\"text\":\"x\",\"probe\":\"queue\","
			       "\"metric\":\"%s\",\"op\":\"%s\",\"value\":%lld,\"window_ns\":"
			       "1000000000}]",
			       table[i].metric, table[i].op, (long long)table[i].value);
		s = (struct story){0};
		s.f = open_memstream(&s.text, &s.size);
		say(&s,
		    "{\"e\":\"run\",\"t\":0,\"version\":1,\"wall_ns\":1,\"plan\":{\"name\":\"k\","
		    "\"probes\":[{\"name\":\"orders\",\"role\":\"user\",\"every_ns\":100000000},"
		    "{\"name\":\"queue\",\"role\":\"signal\",\"kind\":\"prom\",\"every_ns\":"
		    "100000000}],\"objectives\":[" FULL(
			    0) "],\"faults\":[{\"name\":\"slow\","
			       "\"fault\":\"net.delay\",\"class\":\"kernel\"}]%s}}\n",
		    extra);
		start_of(&s, 5000);
		samples(&s, 1, "orders", 0, 5100, 5, 'g');
		samples(&s, 1, "orders", 5100, 8000, 5, 'w');
		samples(&s, 1, "orders", 8000, 25000, 5, 'g');
		for (int64_t at = 0; at < 25000; at += 100) {
			int64_t took = at < 12000 ? 150 : 2;

			say(&s,
			    "{\"e\":\"sample\",\"t\":%lld,\"rep\":1,\"p\":\"queue\",\"due\":%lld,"
			    "\"sent\":%lld,\"done\":%lld,\"o\":\"ok\",\"good\":true,\"value\":\"%"
			    "s\"}"
			    "\n",
			    (long long)MS(at + took), (long long)MS(at), (long long)MS(at),
			    (long long)MS(at + took), at < 12000 ? "NaN" : "9.5");
		}
		end_of(&s, 15000, 25000);
		assert_int_equal(s.a.reps[1].full.known, table[i].full != 0);
		if (table[i].full && s.a.reps[1].full.value != MS(table[i].full))
			fail_msg("%s: %lld", table[i].metric,
				 (long long)s.a.reps[1].full.value / 1000000);
		done(&s);
	}
}

/* A timeline that no plan of ours makes. */
static void a_latency_is_below_or_above(void **state)
{
	static const struct {
		const char *condition, *why;
	} table[] = {
		{"\"metric\":\"latency.p95\",\"op\":\"==\",\"value\":5", "never '=='"},
		{"\"metric\":\"latency.max\",\"op\":\"!=\",\"value\":5", "never '!='"},
		{"\"metric\":\"ok_ratio\",\"op\":\">=\",\"value\":1000001", "no ratio"},
	};

	for (size_t i = 0; i < 3; i++) {
		struct story s;
		char extra[200];

		(void)snprintf(extra, sizeof extra,
			       ",\"full_recovery\":[{\"probe\":\"orders\",%s,\"window_ns\":1000}]",
			       table[i].condition);
		begin(&s, "", extra);
		assert_int_equal(read_story(&s), -1);
		assert_non_null(strstr(s.err.msg, table[i].why));
		free(s.text);
	}
}

/* By Occurrences what is burnt adds up; slices of two repetitions may be the same minute. */
static void repetitions_burn_one_budget(void **state)
{
	static const char *const methods[] = {"occurrences", "timeslices"};

	for (size_t i = 0; i < 2; i++) {
		struct story s;
		char extra[200];

		(void)snprintf(extra, sizeof extra,
			       ",\"repetitions\":3,\"slo\":{\"target_ppm\":999000,\"window_ns\":"
			       "2592000000000000,\"method\":\"%s\"}",
			       methods[i]);
		begin(&s, SELF, extra);
		for (int k = 0; k < 3; k++)
			repetition(&s, k + 1, k * 30000, 5100, 8100, 6000);
		finish(&s, 90000, "complete");
		tells(&s);
		assert_int_equal(s.a.budget.n, i ? 0 : 3);
		if (!i)
			assert_int_equal(s.a.budget.burnt_ppm, 3 * s.a.reps[1].budget.burnt_ppm);
		assert_true(s.a.reps[1].budget.burnt_ppm > 0);
		done(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(area_and_availability),
		cmocka_unit_test(bad_time_is_counted_once),
		cmocka_unit_test(budget_by_occurrences),
		cmocka_unit_test(pitfall_11_a_skipped_slot_is_neither_good_nor_bad),
		cmocka_unit_test(budget_of_the_example),
		cmocka_unit_test(slices),
		cmocka_unit_test(too_many_slices),
		cmocka_unit_test(burn_rates),
		cmocka_unit_test(full_recovery),
		cmocka_unit_test(full_recovery_that_does_not_come),
		cmocka_unit_test(conditions_of_full_recovery),
		cmocka_unit_test(a_latency_is_below_or_above),
		cmocka_unit_test(repetitions_burn_one_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
