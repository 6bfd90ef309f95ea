/* The language of conditions and objectives, and where it says that a mistake is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/clock.h"
#include "ordeal/alert.h"
#include "scheduler/spec/condition.h"
#include "scheduler/spec/node.h"

static void conditions(void **state)
{
	static const struct {
		const char *text;
		enum ord_metric metric;
		enum ord_op op;
		int64_t value;
		uint64_t window;
	} good[] = {
		{"orders.ok_ratio >= 0.99 over 5s", ORD_METRIC_OK_RATIO, ORD_OP_GE, 990000,
		 5 * ORD_S},
		{"orders.ok_ratio>=99% over 1m", ORD_METRIC_OK_RATIO, ORD_OP_GE, 990000,
		 60 * ORD_S},
		{"  orders.latency.p50\t<  1ms   over 100ms ", ORD_METRIC_P50, ORD_OP_LT,
		 (int64_t)ORD_MS, 100 * ORD_MS},
		{"orders.latency.p90 <= 0 over 1h", ORD_METRIC_P90, ORD_OP_LE, 0, 3600 * ORD_S},
		{"orders.latency.p95 > 1.5s over 2s", ORD_METRIC_P95, ORD_OP_GT, 1500000000,
		 2 * ORD_S},
		{"orders.latency.p99 < 10us over 2s", ORD_METRIC_P99, ORD_OP_LT, 10000, 2 * ORD_S},
		{"orders.latency.max < 1d over 2s", ORD_METRIC_MAX, ORD_OP_LT,
		 86400 * (int64_t)ORD_S, 2 * ORD_S},
		{"orders.ok_ratio <= 1 over 1ms", ORD_METRIC_OK_RATIO, ORD_OP_LE, 1000000, ORD_MS},
		{"orders.value != -0.5 over 1s", ORD_METRIC_VALUE, ORD_OP_NE, -500000, ORD_S},
	};
	struct language_mistake m;
	struct language_probe probe;
	struct ord_condition c;

	for (size_t i = 0; i < ORD_COUNT(good); i++) {
		if (condition_parse(good[i].text, &c, &probe, &m))
			fail_msg("%s: at %zu: %s", good[i].text, m.at, m.text);
		assert_string_equal(probe.name, "orders");
		assert_int_equal(c.metric, good[i].metric);
		assert_int_equal(c.op, good[i].op);
		assert_int_equal(c.value, good[i].value);
		assert_int_equal(c.window_ns, good[i].window);
	}
	assert_int_equal(condition_parse("  a.ok_ratio \t >=  0.5   over  1s ", &c, &probe, &m), 0);
	assert_string_equal(c.text, "a.ok_ratio >= 0.5 over 1s");
}

static void objectives(void **state)
{
	static const struct {
		const char *text;
		enum ord_objective_kind kind;
		uint64_t within, hold;
	} good[] = {
		{"detect(breaker) within 2s", ORD_OBJECTIVE_DETECT, 2 * ORD_S, 0},
		{" detect ( breaker )  within 1m ", ORD_OBJECTIVE_DETECT, 60 * ORD_S, 0},
		{"recover(self) within 10s hold 3s", ORD_OBJECTIVE_RECOVER_SELF, 10 * ORD_S,
		 3 * ORD_S},
		{"recover(self) within 10s", ORD_OBJECTIVE_RECOVER_SELF, 10 * ORD_S, ORD_S},
		{"recover(self) within 10s hold 0", ORD_OBJECTIVE_RECOVER_SELF, 10 * ORD_S, 0},
		{"recover(after_rollback) within 500ms", ORD_OBJECTIVE_RECOVER_AFTER, 500 * ORD_MS,
		 ORD_S},
	};
	struct language_mistake m;
	struct language_probe probe;
	struct ord_objective o;

	for (size_t i = 0; i < ORD_COUNT(good); i++) {
		if (objective_parse(good[i].text, &o, &probe, &m))
			fail_msg("%s: at %zu: %s", good[i].text, m.at, m.text);
		assert_int_equal(o.kind, good[i].kind);
		assert_int_equal(o.within_ns, good[i].within);
		assert_int_equal(o.hold_ns, good[i].hold);
		assert_string_equal(probe.name, o.kind == ORD_OBJECTIVE_DETECT ? "breaker" : "");
	}
}

/* However an alert is written, it is called one thing. */
static void alerts(void **state)
{
	static const struct {
		const char *text, *called;
		enum ord_alert_stage stage;
	} good[] = {
		{"prometheus:Slow", "prometheus:Slow/firing", ORD_ALERT_FIRING},
		{"prometheus:Slow/pending", "prometheus:Slow/pending", ORD_ALERT_PENDING},
		{"alertmanager:Slow", "alertmanager:Slow/active", ORD_ALERT_ACTIVE},
		{"alertmanager:Slow/received", "alertmanager:Slow/received", ORD_ALERT_RECEIVED},
		{"alertmanager:\"Slow\"/notified", "alertmanager:Slow/notified",
		 ORD_ALERT_NOTIFIED},
		{"prometheus:\"too slow\"", "prometheus:\"too slow\"/firing", ORD_ALERT_FIRING},
		{"prometheus:Slow{b=\"x) y\",a=\"\\\"\\\\\"}",
		 "prometheus:Slow{a=\"\\\"\\\\\",b=\"x) y\"}/firing", ORD_ALERT_FIRING},
	};
	struct ord_that_mistake m;
	char called[ORD_CHANNEL_MAX], long_name[ORD_CHANNEL_MAX + 20] = "prometheus:";
	struct ord_alert a, again;

	for (size_t i = 0; i < ORD_COUNT(good); i++) {
		assert_int_equal(ord_alert_length(good[i].text), strlen(good[i].text));
		if (ord_alert_parse(good[i].text, &a, &m))
			fail_msg("%s: at %zu: %s", good[i].text, m.at, m.text);
		assert_int_equal(a.stage, good[i].stage);
		assert_int_equal(ord_alert_text(&a, called), 0);
		assert_string_equal(called, good[i].called);
		assert_int_equal(ord_alert_parse(called, &again, &m), 0);
		assert_memory_equal(&a, &again, sizeof a);
	}
	memset(long_name + 11, 'x', ORD_ALERT_NAME);
	assert_int_equal(ord_alert_parse(long_name, &a, &m), -1);
	/* Three labels of the longest values do not fit into what a channel is called. */
	assert_int_equal(ord_alert_parse("prometheus:x{a=\"\",b=\"\",c=\"\"}", &a, &m), 0);
	for (size_t i = 0; i < a.n_labels; i++)
		memset(a.labels[i].value, 'y', ORD_MATCHER_VALUE - 1);
	assert_int_equal(ord_alert_text(&a, called), -1);
}

/* What is called detection, and by whom. */
static void channels(void **state)
{
	static const struct {
		const char *text, *channel, *metric;
		enum ord_channel_kind source;
		enum ord_objective_kind kind;
	} good[] = {
		{"detect(log:orders) within 2s", "log:orders", "", ORD_CHANNEL_LOG,
		 ORD_OBJECTIVE_DETECT},
		{"detect(mark) within 2m", "mark", "", ORD_CHANNEL_MARK, ORD_OBJECTIVE_DETECT},
		{"detect( mark:on-call ) within 2m", "mark:on-call", "", ORD_CHANNEL_MARK,
		 ORD_OBJECTIVE_DETECT},
		{"detect(prometheus:A{x=\")\"}) within 2m", "prometheus:A{x=\")\"}/firing", "",
		 ORD_CHANNEL_PROMETHEUS, ORD_OBJECTIVE_DETECT},
		{"no_regression(ttd:alertmanager:A) margin 25% against main",
		 "alertmanager:A/active", "ttd:alertmanager:A/active", ORD_CHANNEL_ALERTMANAGER,
		 ORD_OBJECTIVE_NO_REGRESSION},
		{"no_regression(ttr_self) margin 0 against ./a.json", "", "ttr_self",
		 ORD_CHANNEL_PROBE, ORD_OBJECTIVE_NO_REGRESSION},
		{"budget(99.9%,30d) < 1%", "", "", ORD_CHANNEL_PROBE, ORD_OBJECTIVE_BUDGET},
		{"recover(full) within 1m hold 5s", "", "", ORD_CHANNEL_PROBE,
		 ORD_OBJECTIVE_RECOVER_FULL},
	};
	struct language_mistake m;
	struct language_probe probe;
	struct ord_objective o;

	for (size_t i = 0; i < ORD_COUNT(good); i++) {
		if (objective_parse(good[i].text, &o, &probe, &m))
			fail_msg("%s: at %zu: %s", good[i].text, m.at, m.text);
		assert_string_equal(o.channel, good[i].channel);
		assert_string_equal(o.metric, good[i].metric);
		assert_int_equal(o.source, good[i].source);
		assert_int_equal(o.kind, good[i].kind);
	}
	assert_int_equal(
		objective_parse("no_regression(ttd:breaker) margin 5% against b", &o, &probe, &m),
		0);
	assert_string_equal(probe.name, "breaker");
	assert_int_equal(o.margin_ppm, 50000);
	assert_string_equal(o.against, "b");
}

/* The mistake stands at the word that is wrong. */
static void places(void **state)
{
	static const struct {
		const char *text, *at; /* the rest of the text from there */
		bool objective;
	} bad[] = {
		{"", "", false},
		{">= 1 over 5s", ">= 1 over 5s", false},
		{"orders >= 1 over 5s", "orders >= 1 over 5s", false},
		{"orders. >= 1 over 5s", "orders. >= 1 over 5s", false},
		{"orders.p95 < 1s over 5s", "p95 < 1s over 5s", false},
		{"orders.ok_ratio = 1 over 5s", "= 1 over 5s", false},
		{"orders.ok_ratio >= over 5s", "over 5s", false},
		{"orders.ok_ratio >= 1.1 over 5s", "1.1 over 5s", false},
		{"orders.ok_ratio >= 100ms over 5s", "100ms over 5s", false},
		{"orders.latency.p95 < 99% over 5s", "99% over 5s", false},
		{"orders.ok_ratio >= 1 for 5s", "for 5s", false},
		{"orders.ok_ratio >= 1 over", "", false},
		{"orders.ok_ratio >= 1 over 5", "5", false},
		{"orders.ok_ratio >= 1 over 2h", "2h", false},
		{"orders.ok_ratio >= 1 over 5s now", "now", false},
		{"", "", true},
		{"detect", "", true},
		{"detect breaker within 2s", "breaker within 2s", true},
		{"detect() within 2s", ") within 2s", true},
		{"detect(breaker within 2s", "within 2s", true},
		{"detect(breaker) in 2s", "in 2s", true},
		{"detect(breaker) within soon", "soon", true},
		{"detect(breaker) within 0", "0", true},
		{"detect(breaker) within 2s hold 1s", "hold 1s", true},
		{"recover(itself) within 2s", "itself) within 2s", true},
		{"recover(self) within 2s hold", "", true},
		{"recover(self) within 2s hold 1s now", "now", true},
		{"recover(self) within 2s held 1s", "held 1s", true},
		{"restore(self) within 2s", "restore(self) within 2s", true},
		{"orders.value > 1s over 5s", "1s over 5s", false},
		{"orders.ok_ratio == 1 over 5s", "== 1 over 5s", false},
		{"detect(mark:) within 2s", ") within 2s", true},
		{"detect(log:A) within 2s", "A) within 2s", true},
		{"detect(prometheus:A/active) within 2s", "active) within 2s", true},
		{"detect(prometheus:A{b=\"c) within 2s", "\"c) within 2s", true},
		{"budget(99.9%) < 1%", ") < 1%", true},
		{"budget(99.9%, 30d) <= 1%", "<= 1%", true},
		{"no_regression(ttd:) margin 1% against x", ") margin 1% against x", true},
		{"no_regression(ttr) margin 25% against", "", true},
		{"no_regression(ttr) margin 25% against a b", "b", true},
	};
	struct language_mistake m;
	struct language_probe probe;
	struct ord_condition c;
	struct ord_objective o;

	for (size_t i = 0; i < ORD_COUNT(bad); i++) {
		int rc = bad[i].objective ? objective_parse(bad[i].text, &o, &probe, &m)
					  : condition_parse(bad[i].text, &c, &probe, &m);

		if (!rc || strcmp(bad[i].text + m.at, bad[i].at) != 0)
			fail_msg("%s: %d at %zu: %s", bad[i].text, rc, m.at, m.text);
	}
}

/* A channel fits as "/firing", and not as "/pending": cut, it would be an alert that never is. */
static void a_channel_of_the_longest(void **state)
{
	static const char form[] = "prometheus:N{a=\"%.*s\",b=\"%.*s\",c=\"%.*s\"}%s";
	char text[ORD_CHANNEL_MAX + 64], v[ORD_CHANNEL_MAX];
	struct language_probe probe;
	struct language_mistake m;
	struct ord_condition c;
	int all, third;

	memset(v, 'v', sizeof v);
	all = ORD_CHANNEL_MAX - 1 - snprintf(text, sizeof text, form, 0, v, 0, v, 0, v, "/firing");
	third = all / 3;
	(void)snprintf(text, sizeof text, form, third, v, third, v, all - 2 * third, v, " firing");
	assert_int_equal(abort_parse(text, &c, &probe, &m), 0);
	assert_int_equal(strlen(c.channel), ORD_CHANNEL_MAX - 1);
	(void)snprintf(text, sizeof text, form, third, v, third, v, all - 2 * third, v, " pending");
	assert_int_equal(abort_parse(text, &c, &probe, &m), -1);
	assert_non_null(strstr(m.text, "a channel of more than"));
}

/* What a plain scalar is to every reader of YAML. */
static void scalars(void **state)
{
	static const struct {
		enum scalar kind;
		const char *words[24];
	} cases[] = {
		{SCALAR_NULL, {"", "~", "null"}},
		{SCALAR_BOOL, {"true", "False", "TRUE"}},
		{SCALAR_INT, {"0", "1", "-7", "+3", "5432"}},
		{SCALAR_FLOAT, {"0.5", "-1.25", ".5", "12.0"}},
		{SCALAR_ODD,
		 {"yes", "No", "on", "OFF", "0755", "0x1f", "0b1", "1_000", "12:30", "1:02:03",
		  "2026-11-21", "1e3", "1.5e+3", ".inf", "-.Inf", ".NaN", "089",
		  "2026-11-21T10:00:00"}},
		{SCALAR_TEXT,
		 {"orders",	 "200ms", "10.0.0.1", "10.0.0.0/8", "127.0.0.1:80", "8000-8099",
		  "0-3,6",	 "1.2.3", "::1",      ":5432",	    "5432/tcp",	    "25%",
		  "y",		 "n",	  "-",	      "1.5s",	    "<=",	    "a:b",
		  "2001:db8::1", "1-",	  "e5",	      "0xg"}},
	};

	for (size_t i = 0; i < ORD_COUNT(cases); i++)
		for (size_t j = 0; j < ORD_COUNT(cases[i].words) && cases[i].words[j]; j++)
			if (scalar_of(cases[i].words[j]) != cases[i].kind)
				fail_msg("'%s' is %d, not %d", cases[i].words[j],
					 (int)scalar_of(cases[i].words[j]), (int)cases[i].kind);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions),
		cmocka_unit_test(objectives),
		cmocka_unit_test(alerts),
		cmocka_unit_test(channels),
		cmocka_unit_test(places),
		cmocka_unit_test(scalars),
		cmocka_unit_test(a_channel_of_the_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
