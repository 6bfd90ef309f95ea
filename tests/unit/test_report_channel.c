/* Detection by alerts, lines of a log and people, on synthetic timelines. */
#include "tests/unit/report_claims.h"

#define CHANNEL(name)                                                                      \
	"{\"text\":\"detect(" name ") within 2s\",\"kind\":\"detect\",\"channel\":\"" name \
	"\",\"within_ns\":2000000000}"
#define ALERT "prometheus:SlowOrders/firing"

/* state: "true", "false", "null". */
static void channel(struct story *s, int rep, int64_t at, const char *name, const char *state,
		    int64_t lo, int64_t hi)
{
	say(s,
	    "{\"e\":\"channel\",\"t\":%lld,\"rep\":%d,\"channel\":\"%s\",\"state\":%s,\"lo_t\":%"
	    "lld,"
	    "\"hi_t\":%lld,\"source\":\"prometheus\"%s}\n",
	    (long long)MS(at), rep, name, state, (long long)MS(lo), (long long)MS(hi),
	    *state == 'n' ? ",\"message\":\"connection refused\"" : "");
}

struct told {
	int64_t at;
	const char *state;
	int64_t lo, hi;
};

/* Bad from 5.1 s to 8 s; what the channel told; ends at n. */
static void one(struct story *s, const char *objective, const char *name, const struct told *told,
		size_t n)
{
	begin(s, objective, "");
	for (size_t i = 0; i < n; i++)
		channel(s, 1, told[i].at, name, told[i].state, told[i].lo, told[i].hi);
	repetition(s, 1, 0, 5100, 8000, 6000);
	finish(s, 25000, "complete");
	tells(s);
}

static size_t last_probe(const struct story *s)
{
	return s->t.n_probes - 1;
}

static void an_alert_fires(void **state)
{
	static const struct told told[] = {{10, "false", 0, 10}, {6300, "true", 6100, 6200}};
	struct ord_detection *d;
	struct story s;

	one(&s, CHANNEL(ALERT), ALERT, told, 2);
	d = &s.a.reps[1].detections[last_probe(&s)];
	assert_int_equal(d->kind, ORD_DETECTION_NOTICED);
	is_interval(&d->at, 6100, 6200, 6200);
	/* impact in (5000, 5100] */
	is_span(&d->from_impact, ORD_SPAN_KNOWN, 1000, 1100, 1200);
	assert_int_equal(s.a.reps[1].goals[0].result, ORD_RESULT_MET);
	done(&s);
}

/* A source that cannot be asked has not failed to notice. */
static void a_deaf_channel_is_not_one_that_did_not_notice(void **state)
{
	static const struct told tables[][3] = {
		{{10, "null", 10, 10}},				    /* never */
		{{10, "false", 0, 10}, {6000, "null", 6000, 6000}}, /* not from then on */
		{{10, "null", 10, 10}, {9000, "false", 0, 9000}},   /* not when it mattered */
	};

	for (size_t i = 0; i < 3; i++) {
		struct ord_rep *r;
		struct story s;

		one(&s, CHANNEL(ALERT), ALERT, tables[i], i ? 2 : 1);
		r = &s.a.reps[1];
		assert_int_equal(r->detections[last_probe(&s)].kind, ORD_DETECTION_UNKNOWN);
		assert_int_equal(r->goals[0].result, ORD_RESULT_INCONCLUSIVE);
		assert_non_null(strstr(r->goals[0].why, "connection refused"));
		ends(&s, 5, "inconclusive");
		done(&s);
	}
}

static void an_alert_that_does_not_fire(void **state)
{
	static const struct told told[] = {{10, "false", 0, 10}};
	struct ord_detection *d;
	struct story s;

	one(&s, CHANNEL(ALERT), ALERT, told, 1);
	d = &s.a.reps[1].detections[last_probe(&s)];
	assert_int_equal(d->kind, ORD_DETECTION_NONE);
	/* at least until the recovery */
	assert_int_equal(d->from_impact.state, ORD_SPAN_CENSORED);
	assert_int_equal(s.a.reps[1].goals[0].result, ORD_RESULT_MISSED);
	done(&s);
}

static void pitfall_08_an_alert_that_fires_already(void **state)
{
	static const struct told told[] = {{10, "true", -5000, -4000}};
	struct story s;

	one(&s, CHANNEL(ALERT), ALERT, told, 1);
	assert_int_equal(s.a.reps[1].detections[last_probe(&s)].kind, ORD_DETECTION_ALREADY);
	assert_int_equal(s.a.reps[1].goals[0].result, ORD_RESULT_INCONCLUSIVE);
	done(&s);
}

/* One fires already; what another one of the same name does is a detection, and what the first does
 * again is none. */
static void another_alert_of_that_name(void **state)
{
	static const struct told told[] = {
		{10, "true", -5000, -4000},
		{5500, "true", 5400, 5500},
		{6300, "true,\"detail\":{\"another\":true}", 6100, 6200}};
	struct ord_detection *d;
	struct story s;

	one(&s, CHANNEL(ALERT), ALERT, told, 3);
	d = &s.a.reps[1].detections[last_probe(&s)];
	assert_int_equal(d->kind, ORD_DETECTION_NOTICED);
	is_interval(&d->at, 6100, 6200, 6200);
	done(&s);
}

/* Of an earlier repetition an alert may fire still; a line of a log was of that repetition. */
static void over_repetitions(void **state)
{
	static const struct {
		const char *objective, *name;
		enum ord_detection_kind kind;
	} table[] = {{CHANNEL(ALERT), ALERT, ORD_DETECTION_ALREADY},
		     {CHANNEL("log:orders"), "log:orders", ORD_DETECTION_NONE}};

	for (size_t i = 0; i < 2; i++) {
		struct story s;

		begin(&s, table[i].objective, ",\"repetitions\":2");
		channel(&s, 1, 10, table[i].name, "false", 0, 10);
		channel(&s, 1, 6300, table[i].name, "true", 6100, 6200);
		repetition(&s, 1, 0, 5100, 8000, 6000);
		repetition(&s, 2, 30000, 5100, 8000, 6000);
		finish(&s, 55000, "complete");
		tells(&s);
		assert_int_equal(s.a.reps[1].detections[3].kind, ORD_DETECTION_NOTICED);
		assert_int_equal(s.a.reps[2].detections[3].kind, table[i].kind);
		done(&s);
	}
}

static void people(void **state)
{
	struct ord_rep *r;
	struct story s;

	begin(&s, CHANNEL("mark:on-call"), "");
	say(&s, "{\"e\":\"mark\",\"t\":5900000000,\"rep\":1,\"channel\":\"mark\",\"what\":"
		"\"detected\",\"by\":\"desk\",\"note\":\"\"}\n");
	say(&s, "{\"e\":\"mark\",\"t\":6600000000,\"rep\":1,\"channel\":\"mark\",\"what\":"
		"\"detected\",\"by\":\"on-call\",\"note\":\"page\"}\n");
	say(&s, "{\"e\":\"mark\",\"t\":7000000000,\"rep\":1,\"channel\":\"mark\",\"what\":"
		"\"acknowledged\",\"by\":\"on-call\",\"note\":\"\"}\n");
	say(&s, "{\"e\":\"mark\",\"t\":7500000000,\"rep\":1,\"channel\":\"mark\",\"what\":"
		"\"mitigated\",\"by\":\"on-call\",\"note\":\"rolled back\"}\n");
	repetition(&s, 1, 0, 5100, 8000, 9000);
	finish(&s, 25000, "complete");
	tells(&s);
	r = &s.a.reps[1];
	is_interval(&r->detections[3].at, 6600, 6600, 6600);
	assert_string_equal(r->detections[3].by, "on-call");
	assert_int_equal(r->n_marks, 4);
	/* from the first who noticed, the desk */
	is_span(&r->acknowledge, ORD_SPAN_KNOWN, 1100, 1100, 1100);
	is_span(&r->mitigate, ORD_SPAN_KNOWN, 2400, 2400, 2500);
	assert_int_equal(r->resolve.state, ORD_SPAN_NONE);
	done(&s);
}

/* Instants of a hostile timeline: out of all range, they are as good as absent. */
static void instants_out_of_range(void **state)
{
	struct ord_detection *d;
	struct story s;

	begin(&s, CHANNEL(ALERT), "");
	repetition(&s, 1, 0, 5100, 9000, 25000);
	say(&s,
	    "{\"e\":\"channel\",\"t\":1000000,\"rep\":1,\"channel\":\"%s\",\"state\":false}\n"
	    "{\"e\":\"channel\",\"t\":7000000000,\"rep\":1,\"channel\":\"%s\",\"state\":true,"
	    "\"lo_t\":%lld,\"hi_t\":%lld}\n",
	    ALERT, ALERT, (long long)INT64_MIN, (long long)INT64_MAX);
	finish(&s, 25000, "complete");
	tells(&s);
	d = &s.a.reps[1].detections[last_probe(&s)];
	assert_int_equal(d->kind, ORD_DETECTION_NOTICED);
	assert_int_equal(d->at.value, MS(7000));
	assert_true(d->from_impact.hi >= d->from_impact.lo && d->from_impact.lo >= 0);
	done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_alert_fires),
		cmocka_unit_test(a_deaf_channel_is_not_one_that_did_not_notice),
		cmocka_unit_test(an_alert_that_does_not_fire),
		cmocka_unit_test(pitfall_08_an_alert_that_fires_already),
		cmocka_unit_test(another_alert_of_that_name),
		cmocka_unit_test(over_repetitions),
		cmocka_unit_test(instants_out_of_range),
		cmocka_unit_test(people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
