/* The way of an alert, stage by stage, on synthetic timelines; rules that were read before. */
#include "tests/unit/report_claims.h"

#define FIRING	 "prometheus:SlowOrders/firing"
#define NOTIFIED "alertmanager:SlowOrders{severity=\\\"page\\\"}/notified"
#define GOAL(channel)                                                                         \
	"{\"text\":\"detect\",\"kind\":\"detect\",\"channel\":\"" channel "\",\"within_ns\":" \
	"20000000000}"

static void stage(struct story *s, const char *alert, const char *name, int64_t lo, int64_t hi,
		  const char *detail)
{
	say(s,
	    "{\"e\":\"stage\",\"t\":%lld,\"rep\":1,\"alert\":\"%s\",\"stage\":\"%s\",\"lo_t\":%lld,"
	    "\"hi_t\":%lld,\"source\":\"%s\",\"detail\":{%s}}\n",
	    (long long)MS(hi), alert, name, (long long)MS(lo), (long long)MS(hi),
	    strchr("rn", *name) && strcmp(name, "resolved") != 0 ? "alertmanager" : "prometheus",
	    detail);
}

static void rules(struct story *s, const char *more)
{
	say(s,
	    "{\"e\":\"rules\",\"t\":1000000,\"rep\":1,\"source\":\"prometheus\",\"rules\":[{"
	    "\"alert\":\"SlowOrders\",\"group\":\"orders\",\"interval_ns\":2000000000,\"for_ns\":"
	    "3000000000,\"keep_firing_ns\":0,\"scrape_interval_ns\":1000000000,\"needs_ns\":"
	    "7000000000,\"impossible_below_ns\":3000000000%s}],\"route\":{\"group_wait_ns\":"
	    "2000000000,\"group_interval_ns\":5000000000,\"repeat_ns\":14400000000000}}\n",
	    more);
}

/* As it was measured with Prometheus 2.42 and Alertmanager 0.25, 5.1 s later: scrapes each second,
 * evaluations each 2 s, `for` 3 s, group_wait 2 s. */
static void as_measured(struct story *s, const char *alert, const char *detail)
{
	stage(s, alert, "scraped", 5607, 5607, detail);
	stage(s, alert, "pending", 5934, 5935, detail);
	stage(s, alert, "firing", 9933, 9935, detail);
	stage(s, alert, "received", 9936, 9938, detail);
	stage(s, alert, "notified", 11940, 11940, detail);
}

static void told(struct story *s)
{
	repetition(s, 1, 0, 5100, 14000, 25000);
	finish(s, 25000, "complete");
	tells(s);
}

static void stage_by_stage(void **state)
{
	struct ord_breakdown *b;
	struct story s;

	begin(&s, GOAL(FIRING) "," GOAL(NOTIFIED), "");
	rules(&s, ",\"can_fire\":\"yes\"");
	say(&s, "{\"e\":\"clock\",\"t\":2000000,\"rep\":1,\"source\":\"prometheus\",\"offset_ns\":"
		"[-1000000,2000000],\"rtt_ns\":3000000}\n");
	as_measured(&s, "SlowOrders", "\"labels\":{\"severity\":\"page\"}");
	stage(&s, "SlowOrders", "resolved", 17933, 17933, "");
	stage(&s, "SlowOrders", "resolved-notified", 21941, 21941, "");
	told(&s);
	assert_int_equal(s.a.n_alerts, 1);
	b = &s.a.reps[1].breakdowns[0];
	assert_true(b->any && b->from_impact);
	/* the impact is in (5000, 5100] */
	is_span(&b->leg[ORD_LEG_SCRAPE], ORD_SPAN_KNOWN, 507, 507, 607);
	is_span(&b->leg[ORD_LEG_EVALUATE], ORD_SPAN_KNOWN, 327, 328, 328);
	is_span(&b->leg[ORD_LEG_FOR], ORD_SPAN_KNOWN, 3998, 4000, 4001);
	is_span(&b->leg[ORD_LEG_DELIVER], ORD_SPAN_KNOWN, 1, 3, 5);
	is_span(&b->leg[ORD_LEG_GROUP_WAIT], ORD_SPAN_KNOWN, 2000, 2000, 2000);
	is_span(&b->leg[ORD_LEG_NOTIFY], ORD_SPAN_KNOWN, 2, 2, 4);
	assert_int_equal(b->for_ns, MS(3000));
	assert_int_equal(b->for_rounded_ns, MS(4000)); /* 3 s on a grid of 2 s */
	assert_int_equal(b->mean_ns, MS(500 + 1000 + 4000 + 2000));
	assert_int_equal(b->worst_ns, MS(1000 + 2000 + 4000 + 2000));
	assert_int_equal(b->reached, ORD_STAGE_NOTIFIED);
	assert_int_equal(b->untold, 0);
	assert_true(b->prometheus.known);
	assert_int_equal(b->prometheus.hi, MS(2));
	assert_false(b->alertmanager.known);
	assert_false(b->group_existed);
	assert_int_equal(s.a.n_warnings, 0);
	done(&s);
}

/* That an alert is resolved, and that somebody is told so, comes when it comes. */
static void pitfall_10_a_resolved_alert_is_no_recovery(void **state)
{
	struct story with, without;

	begin(&without, GOAL(FIRING) "," SELF, "");
	as_measured(&without, "SlowOrders", "");
	told(&without);
	begin(&with, GOAL(FIRING) "," SELF, "");
	as_measured(&with, "SlowOrders", "");
	stage(&with, "SlowOrders", "resolved", 7000, 7000, "");
	stage(&with, "SlowOrders", "resolved-notified", 21941, 21941, "");
	told(&with);
	assert_true(with.a.reps[1].breakdowns[0].resolved_notified.known);
	assert_memory_equal(&with.a.reps[1].self, &without.a.reps[1].self,
			    sizeof with.a.reps[1].self);
	assert_int_equal(with.a.reps[1].recovered.value, without.a.reps[1].recovered.value);
	done(&with);
	done(&without);
}

static void pitfall_09_a_suppressed_alert(void **state)
{
	struct story s;

	begin(&s, GOAL("alertmanager:SlowOrders/active"), "");
	say(&s, "{\"e\":\"channel\",\"t\":1000000,\"rep\":1,\"channel\":"
		"\"alertmanager:SlowOrders/active\",\"state\":false}\n");
	stage(&s, "SlowOrders", "received", 9936, 9938, "");
	stage(&s, "SlowOrders", "suppressed", 9936, 9938, "\"silencedBy\":[\"4be1\"]");
	told(&s);
	assert_true(s.a.reps[1].breakdowns[0].suppressed.known);
	assert_string_equal(s.a.reps[1].breakdowns[0].suppressed_by, "4be1");
	assert_int_equal(s.a.n_warnings, 1);
	assert_non_null(strstr(s.a.warnings[0].text, "suppressed by 4be1: nobody was told"));
	/* it was received: received is not told */
	assert_int_equal(s.a.reps[1].detections[s.t.n_probes - 1].kind, ORD_DETECTION_NONE);
	assert_non_null(strstr(s.a.reps[1].goals[0].why, "suppressed, nobody was told"));
	done(&s);
}

/* What was not told is said; what comes later bounds what came sooner. */
static void stages_that_are_missing(void **state)
{
	struct ord_breakdown *b;
	struct story s;

	begin(&s, GOAL(NOTIFIED), "");
	stage(&s, "SlowOrders", "pending", 5900, 9990, "");
	stage(&s, "SlowOrders", "received", 9936, 9938, "");
	told(&s);
	b = &s.a.reps[1].breakdowns[0];
	assert_int_equal(b->reached, ORD_STAGE_RECEIVED);
	assert_int_equal(b->untold, 1u << ORD_STAGE_SCRAPED | 1u << ORD_STAGE_FIRING);
	assert_int_equal(b->at[ORD_STAGE_PENDING].hi, MS(9938));
	for (int i = 0; i < ORD_LEGS; i++)
		assert_int_equal(b->leg[i].state, ORD_SPAN_NONE);
	assert_int_equal(b->mean_ns, -1);
	done(&s);
}

/* Another alert, and one of the same name that the matchers do not mean. */
static void what_fired_on_something_else(void **state)
{
	struct ord_rep *r;
	struct story s;

	begin(&s, GOAL(NOTIFIED), "");
	as_measured(&s, "SlowOrders", "\"labels\":{\"severity\":\"ticket\"}");
	stage(&s, "DiskFull", "pending", 6000, 6000, "");
	stage(&s, "DiskFull", "firing", 7000, 7001, "");
	stage(&s, "Before", "firing", 4000, 4100, "");
	stage(&s, "OnlyPending", "pending", 7000, 7001, "");
	told(&s);
	r = &s.a.reps[1];
	assert_false(r->breakdowns[0].any);
	assert_int_equal(r->n_others, 2);
	assert_string_equal(r->others[0].alert, "SlowOrders");
	assert_string_equal(r->others[1].alert, "DiskFull");
	is_interval(&r->others[1].at, 7000, 7001, 7001);
	done(&s);
}

/* Sooner than the group's wait: the group was there already. */
static void a_group_that_existed(void **state)
{
	struct ord_breakdown *b;
	struct story s;

	begin(&s, GOAL(NOTIFIED), "");
	rules(&s, "");
	stage(&s, "SlowOrders", "received", 9936, 9938, "");
	stage(&s, "SlowOrders", "notified", 10500, 10500, "");
	told(&s);
	b = &s.a.reps[1].breakdowns[0];
	assert_true(b->group_existed);
	is_span(&b->leg[ORD_LEG_GROUP_WAIT], ORD_SPAN_KNOWN, 562, 562, 564);
	assert_int_equal(b->leg[ORD_LEG_NOTIFY].state, ORD_SPAN_NONE);
	done(&s);
}

static void rules_that_warn(void **state)
{
	static const struct {
		const char *more, *text;
	} table[] = {
		{",\"can_fire\":\"no\"",
		 "cannot fire: it needs a fault of 7.00 s, planned are 10.00"},
		{",\"can_fire\":\"perhaps\"", "fires for sure from 7.00 s on"},
		{",\"can_fire\":\"yes\",\"already\":true,\"state\":\"firing\"",
		 "was firing before the fault"},
		{",\"can_fire\":\"yes\",\"health\":\"err\"", "is not well: err"},
	};

	for (size_t i = 0; i < 4; i++) {
		struct story s;

		begin(&s, GOAL(FIRING), "");
		rules(&s, table[i].more);
		told(&s);
		assert_int_equal(s.a.n_rules, 1);
		assert_true(s.a.rules[0].watched);
		assert_int_equal(s.a.n_warnings, 1);
		if (!strstr(s.a.warnings[0].text, table[i].text))
			fail_msg("'%s' is not '%s'", s.a.warnings[0].text, table[i].text);
		done(&s);
	}
}

static void a_rule_that_is_not_there(void **state)
{
	struct story s;

	begin(&s, GOAL("prometheus:Typo/firing"), "");
	rules(&s, "");
	told(&s);
	assert_string_equal(s.a.warnings[0].text, "no rule is named Typo");
	assert_false(s.a.rules[0].watched);
	done(&s);
}

/* Prometheus may feel what no user has felt yet: then the way begins at the request. */
static void sooner_than_the_users(void **state)
{
	struct ord_breakdown *b;
	struct story s;

	begin(&s, GOAL(FIRING), "");
	stage(&s, "SlowOrders", "scraped", 5200, 5200, "");
	stage(&s, "SlowOrders", "pending", 5500, 5500, "");
	repetition(&s, 1, 0, 7000, 14000, 25000);
	finish(&s, 25000, "complete");
	tells(&s);
	b = &s.a.reps[1].breakdowns[0];
	assert_false(b->from_impact);
	is_span(&b->leg[ORD_LEG_SCRAPE], ORD_SPAN_KNOWN, 200, 200, 200);
	done(&s);
}

#define PART(name) "\"labels\":{\"severity\":\"page\",\"part\":\"" name "\"}"

/* Two alerts of one name: the way of the one that fires first, not a stage of each. */
static void two_of_one_name(void **state)
{
	struct ord_breakdown *b;
	struct story s;

	begin(&s, GOAL(NOTIFIED), "");
	rules(&s, "");
	stage(&s, "SlowOrders", "pending", 5500, 5500, PART("a"));
	stage(&s, "SlowOrders", "received", 5600, 5600, PART("c") ",\"x\":1");
	as_measured(&s, "SlowOrders", PART("b"));
	stage(&s, "SlowOrders", "pending", 9000, 9000, PART("a"));
	stage(&s, "SlowOrders", "firing", 13000, 13000, PART("a"));
	told(&s);
	b = &s.a.reps[1].breakdowns[0];
	is_interval(&b->at[ORD_STAGE_PENDING], 5934, 5935, 5935);
	is_interval(&b->at[ORD_STAGE_RECEIVED], 9936, 9938, 9938);
	is_span(&b->leg[ORD_LEG_FOR], ORD_SPAN_KNOWN, 3998, 4000, 4001);
	done(&s);
}

/* Seen to be over by a look; then a notification tells when that was. */
static void an_end_that_is_told_later(void **state)
{
	struct ord_breakdown *b;
	struct story s;

	begin(&s, GOAL(NOTIFIED), "");
	as_measured(&s, "SlowOrders", PART("b"));
	stage(&s, "SlowOrders", "resolved", 17000, 18000, PART("b"));
	stage(&s, "SlowOrders", "resolved", 17933, 17934,
	      PART("b") "},\"stamp\":\"2026-11-21T20:00:17.933Z\",\"more\":{");
	stage(&s, "SlowOrders", "resolved-notified", 21941, 21941, PART("b"));
	/* Another occurrence's is none of this one's. */
	stage(&s, "SlowOrders", "resolved", 23000, 23001,
	      PART("b") "},\"stamp\":\"2026-11-21T20:00:23.000Z\",\"more\":{");
	told(&s);
	b = &s.a.reps[1].breakdowns[0];
	is_interval(&b->resolved, 17933, 17934, 17934);
	is_interval(&b->resolved_notified, 21941, 21941, 21941);
	done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stage_by_stage),
		cmocka_unit_test(pitfall_10_a_resolved_alert_is_no_recovery),
		cmocka_unit_test(pitfall_09_a_suppressed_alert),
		cmocka_unit_test(stages_that_are_missing),
		cmocka_unit_test(what_fired_on_something_else),
		cmocka_unit_test(two_of_one_name),
		cmocka_unit_test(an_end_that_is_told_later),
		cmocka_unit_test(a_group_that_existed),
		cmocka_unit_test(rules_that_warn),
		cmocka_unit_test(a_rule_that_is_not_there),
		cmocka_unit_test(sooner_than_the_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
