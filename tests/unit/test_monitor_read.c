/* What the monitor reads and reckons without a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "scheduler/monitor/read/needs.h"
#include "scheduler/monitor/read/notice.h"
#include "scheduler/monitor/read/number.h"
#include "scheduler/monitor/read/promql.h"
#include "scheduler/monitor/read/route.h"
#include "scheduler/monitor/read/scrapes.h"

#define S ORD_S

static void durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = {{"15s", 15 * S},
		    {"1m30s", 90 * S},
		    {"1h", 3600 * S},
		    {"250ms", 250 * ORD_MS},
		    {"1d12h", 129600 * S},
		    {"0", 0},
		    {"0s", 0},
		    {"1m5ms", 60 * S + 5 * ORD_MS}};
	static const char *const bad[] = {"",	 "5",	 "s",		"5x",  "1s1m",	    "1m1m",
					  "-1s", "1.5s", "9999999999s", "1 s", "999999999y"};
	uint64_t ns = 7;

	for (size_t i = 0; i < ORD_COUNT(good); i++) {
		assert_int_equal(mon_duration(good[i].text, &ns), 0);
		assert_int_equal(ns, good[i].ns);
	}
	ns = 7;
	for (size_t i = 0; i < ORD_COUNT(bad); i++)
		assert_int_equal(mon_duration(bad[i], &ns), -1);
	assert_int_equal(mon_duration(NULL, &ns), -1);
	assert_int_equal(ns, 7);
	assert_int_equal(mon_seconds(0.5), 500 * ORD_MS);
	assert_int_equal(mon_seconds(-1), 0);
}

/* measurement.md 3.5's own example, and the edges on both sides. */
static void what_can_fire(void **state)
{
	struct mon_needs n = mon_needs_of(1 * S, 2 * S, 3 * S);

	assert_int_equal(n.guaranteed_ns, 7 * S);
	assert_int_equal(n.impossible_ns, 3 * S);
	assert_int_equal(mon_can_fire(&n, 7 * S), MON_CAN_YES);
	assert_int_equal(mon_can_fire(&n, 7 * S - 1), MON_CAN_PERHAPS);
	assert_int_equal(mon_can_fire(&n, 3 * S), MON_CAN_PERHAPS);
	assert_int_equal(mon_can_fire(&n, 3 * S - 1), MON_CAN_NO);
	n = mon_needs_of(15 * S, 15 * S, 0);
	assert_int_equal(n.guaranteed_ns, 30 * S);
	assert_int_equal(n.impossible_ns, 0);
	assert_int_equal(mon_can_fire(&n, 0), MON_CAN_PERHAPS);
	/* `for` that is a multiple of the interval is not rounded further. */
	n = mon_needs_of(1 * S, 2 * S, 4 * S);
	assert_int_equal(n.guaranteed_ns, 7 * S);
	n = mon_needs_of(1 * S, 0, 4 * S);
	assert_int_equal(n.guaranteed_ns, 5 * S);
}

static void clocks(void **state)
{
	const int64_t anchor = 1000 * (int64_t)S;
	struct mon_clock c = {0};

	/* It is 5 s ahead, the answer took 100 ms. */
	assert_false(mon_clock_seen(&c, (int64_t)(1005 * S + 50 * ORD_MS),
				    (int64_t)(1005 * S + 51 * ORD_MS), 0, 100 * ORD_MS, anchor));
	assert_true(c.known);
	assert_int_equal(c.lo_ns, (int64_t)(5 * S) - (int64_t)(50 * ORD_MS));
	assert_int_equal(c.hi_ns, 5 * S + 51 * ORD_MS);
	assert_int_equal(c.rtt_ns, 100 * ORD_MS);
	/* A quicker one narrows it. */
	assert_false(mon_clock_seen(&c, (int64_t)(1006 * S + ORD_MS),
				    (int64_t)(1006 * S + 2 * ORD_MS), S, S + 2 * ORD_MS, anchor));
	assert_in_range(c.hi_ns - c.lo_ns, 1, 4 * ORD_MS);
	assert_true(c.lo_ns <= (int64_t)(5 * S) && c.hi_ns >= (int64_t)(5 * S));
	assert_int_equal(c.rtt_ns, 2 * ORD_MS);
	/* A minute on, it fits still; a clock that was stepped does not. */
	assert_false(mon_clock_seen(&c, (int64_t)(1065 * S + 3 * ORD_MS),
				    (int64_t)(1065 * S + 4 * ORD_MS), 60 * S, 60 * S + 5 * ORD_MS,
				    anchor));
	assert_true(mon_clock_seen(&c, (int64_t)(1080 * S), (int64_t)(1080 * S), 61 * S, 61 * S,
				   anchor));
	assert_int_equal(c.lo_ns, 19 * S);
}

static void selectors(void **state)
{
	static const struct {
		const char *expression, *found; /* joined by ';' */
	} cases[] = {
		{"up == 0", "up"},
		{"sum by (job, code) (rate(http_requests_total{code=~\"5..\"}[5m])) / sum by (job) "
		 "(rate(http_requests_total[5m])) > 0.01",
		 "http_requests_total{code=~\"5..\"};http_requests_total"},
		{"a and on (x) group_left (y) b unless ignoring (z) c offset 5m", "a;b;c"},
		{"{__name__=\"x\", a=\"}\"} > 1e3", "{__name__=\"x\", a=\"}\"}"},
		{"sum(a) without (b) > bool 0x1F", "a"},
		{"job:errors:rate5m > (14.4 * 0.001) and up", "job:errors:rate5m;up"},
		{"time() - timestamp(a) > 60 # b is no metric\n or b @ start()", "a;b"},
		{"absent(up{job='x'})", "up{job='x'}"},
		{"quantile_over_time(0.9, a[1h:5m]) > inf", "a"},
		{"label_replace(a, \"b\", \"$1\", \"c\", \"(d)\")", "a"},
		{"1 + 1", ""},
		{"-a + sum", "a;sum"},
	};
	static const char *const bad[] = {"a{b=\"c", "a[5m", "\"x", "sum by (a"};
	struct mon_selectors s;

	for (size_t i = 0; i < ORD_COUNT(cases); i++) {
		char all[1024] = "";
		size_t n = 0;

		assert_int_equal(mon_selectors_of(cases[i].expression, &s), 0);
		for (size_t k = 0; k < s.n; k++)
			n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", k ? ";" : "",
					      s.v[k]);
		assert_string_equal(all, cases[i].found);
	}
	for (size_t i = 0; i < ORD_COUNT(bad); i++)
		assert_int_equal(mon_selectors_of(bad[i], &s), -1);
}

static struct mon_route route_of(const struct mon_routes *r, const char *labels, bool all)
{
	ord_auto(json) json_t *json = json_loads(labels, 0, NULL);
	struct mon_route found;

	assert_non_null(json);
	found = mon_routes_find(r, json, all);
	return found;
}

static void routes(void **state)
{
	static const char yaml[] =
		"global: {resolve_timeout: 5m}\n"
		"route:\n"
		"  receiver: default\n"
		"  group_wait: 10s\n"
		"  routes:\n"
		"    - {receiver: pager, matchers: ['severity=\"page\"', 'team=~\"a|b\"'], "
		"group_wait: 0s}\n"
		"    - receiver: old\n"
		"      match: {team: c}\n"
		"      group_interval: 1m\n"
		"      routes:\n"
		"        - {receiver: deep, match_re: {alertname: 'Slow.*'}, repeat_interval: 1h}\n"
		"    - {receiver: most, matchers: [team!=\"d\"], continue: true}\n";
	struct mon_routes *r = NULL;
	struct ord_err err = {0};
	struct mon_route f;

	assert_int_equal(mon_routes_parse(yaml, strlen(yaml), &r, &err), 0);
	f = mon_routes_find(r, NULL, false);
	assert_string_equal(f.receiver, "default");
	assert_int_equal(f.group_wait_ns, 10 * S);
	assert_int_equal(f.group_interval_ns, 300 * S);
	assert_int_equal(f.repeat_ns, 4 * 3600 * S);
	f = route_of(r, "{\"severity\":\"page\",\"team\":\"b\"}", true);
	assert_string_equal(f.receiver, "pager");
	assert_int_equal(f.group_wait_ns, 0);
	assert_true(f.sure);
	f = route_of(r, "{\"alertname\":\"SlowOrders\",\"team\":\"c\"}", true);
	assert_string_equal(f.receiver, "deep");
	assert_int_equal(f.group_wait_ns, 10 * S);
	assert_int_equal(f.group_interval_ns, 60 * S);
	assert_int_equal(f.repeat_ns, 3600 * S);
	/* It goes on to others. */
	f = route_of(r, "{\"team\":\"x\"}", true);
	assert_string_equal(f.receiver, "most");
	assert_false(f.sure);
	f = route_of(r, "{\"team\":\"d\"}", true);
	assert_string_equal(f.receiver, "default");
	assert_true(f.sure);
	/* What a rule will be labelled with is not known yet. */
	f = route_of(r, "{\"severity\":\"page\"}", false);
	assert_string_equal(f.receiver, "default");
	assert_false(f.sure);
	mon_routes_free(r);
	assert_int_equal(mon_routes_parse("a: [", 4, &r, &err), -1);
	assert_int_equal(mon_routes_parse("a: b", 4, &r, &err), -1);
}

static void scrapes(void **state)
{
	static const char yaml[] = "global:\n"
				   "  scrape_interval: 15s\n"
				   "  external_labels: {scrape_interval: 1s}\n"
				   "scrape_configs:\n"
				   "- job_name: orders\n"
				   "  scrape_interval: 1m30s\n"
				   "- job_name: store\n"
				   "- {scrape_interval: 2s}\n"
				   "- {job_name: odd, scrape_interval: soon}\n";
	static const char bare[] = "scrape_configs: [{job_name: a}]\n"
				   "scrape_config_files: ['/etc/prometheus/more/*.yml']\n";
	struct mon_scrapes s;
	struct ord_err err = {0};

	(void)state;
	assert_int_equal(mon_scrapes_parse(yaml, strlen(yaml), &s, &err), 0);
	assert_int_equal(s.n, 3);
	assert_string_equal(s.v[0].job, "orders");
	assert_int_equal(s.v[0].interval_ns, 90 * S);
	assert_string_equal(s.v[1].job, "store");
	assert_int_equal(s.v[1].interval_ns, 15 * S);
	assert_int_equal(s.v[2].interval_ns, 15 * S);
	assert_false(s.more);
	mon_scrapes_done(&s);
	/* Prometheus's own default; and jobs that are told nowhere. */
	assert_int_equal(mon_scrapes_parse(bare, strlen(bare), &s, &err), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.v[0].interval_ns, 60 * S);
	assert_true(s.more);
	mon_scrapes_done(&s);
	assert_int_equal(mon_scrapes_parse("", 0, &s, &err), 0);
	assert_int_equal(s.n, 0);
	mon_scrapes_done(&s);
	assert_int_equal(mon_scrapes_parse("a: [", 4, &s, &err), -1);
}

#define ALERT                                                                    \
	"{\"status\":\"firing\",\"labels\":{\"alertname\":\"A\",\"x\":\"y\"},"   \
	"\"annotations\":{},\"startsAt\":\"2026-11-21T09:00:00.5Z\",\"endsAt\":" \
	"\"0001-01-01T00:00:00Z\",\"generatorURL\":\"\",\"fingerprint\":\"f\"}"

static void notices(void **state)
{
	static const char good[] =
		"{\"version\":\"4\",\"groupKey\":\"{}:{}\",\"truncatedAlerts\":2,\"status\":"
		"\"firing\",\"receiver\":\"hook\",\"notification_reason\":\"new\",\"alerts\":"
		"[" ALERT "]}";
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"version\":4,\"status\":\"firing\",\"alerts\":[]}",
		"{\"version\":\"3\",\"status\":\"firing\",\"alerts\":[]}",
		"{\"version\":\"4\",\"status\":\"broken\",\"alerts\":[]}",
		"{\"version\":\"4\",\"status\":\"firing\"}",
		"{\"version\":\"4\",\"status\":\"firing\",\"alerts\":[{}]}",
		"{\"version\":\"4\",\"version\":\"4\",\"status\":\"firing\",\"alerts\":[]}",
		"{\"version\":\"4\",\"status\":\"firing\",\"alerts\":[{\"status\":\"firing\","
		"\"labels\":{\"alertname\":1},\"startsAt\":\"2026-11-21T09:00:00Z\"}]}",
		"{\"version\":\"4\",\"status\":\"firing\",\"alerts\":[{\"status\":\"firing\","
		"\"labels\":{\"alertname\":\"A\"},\"startsAt\":\"yesterday\"}]}",
		"{\"version\":\"4\",\"status\":\"firing\",\"alerts\":[]",
	};
	struct mon_notice n;
	struct ord_err err = {0};

	assert_int_equal(mon_notice_parse(good, strlen(good), &n, &err), 0);
	assert_int_equal(n.n, 1);
	assert_true(n.v[0].firing);
	assert_string_equal(n.v[0].fingerprint, "f");
	assert_int_equal(n.v[0].starts_ns % (int64_t)S, S / 2);
	assert_int_equal(n.truncated, 2);
	mon_notice_done(&n);
	for (size_t i = 0; i < ORD_COUNT(bad); i++) {
		err = (struct ord_err){0};
		assert_int_equal(mon_notice_parse(bad[i], strlen(bad[i]), &n, &err), -1);
		assert_int_equal(err.code, ORD_USAGE);
	}
}

static struct mon_number judged(enum ord_op op, double value, enum ord_prom_empty empty,
				const char *data)
{
	struct ord_prom_probe p = {.op = op, .value = value, .empty = empty, .value_text = "asked"};
	ord_auto(json) json_t *json = json_loads(data, 0, NULL);
	struct mon_number n;

	assert_non_null(json);
	mon_number_judge(&p, json, &n);
	return n;
}

#define VECTOR(...) "{\"resultType\":\"vector\",\"result\":[" __VA_ARGS__ "]}"
#define ELEMENT(v)  "{\"metric\":{},\"value\":[1795254449.123,\"" v "\"]}"

static void numbers(void **state)
{
	struct mon_number n;

	n = judged(ORD_OP_GE, 0.99, ORD_PROM_UNKNOWN,
		   "{\"resultType\":\"scalar\",\"result\":[1795254449,\"0.995\"]}");
	assert_int_equal(n.verdict, MON_GOOD);
	assert_string_equal(n.text, "0.995");
	assert_string_equal(n.why, "");
	/* Of several the first that fails is told, wherever it stands. */
	n = judged(ORD_OP_LT, 3, ORD_PROM_GOOD,
		   VECTOR(ELEMENT("1") "," ELEMENT("4") "," ELEMENT("5")));
	assert_int_equal(n.verdict, MON_BAD);
	assert_string_equal(n.text, "4");
	assert_string_equal(n.why, "4 is not asked");
	n = judged(ORD_OP_LT, 30, ORD_PROM_BAD, VECTOR(ELEMENT("1e+01") "," ELEMENT("2")));
	assert_int_equal(n.verdict, MON_GOOD);
	assert_string_equal(n.text, "1e+01");
	n = judged(ORD_OP_GT, 5, ORD_PROM_BAD, VECTOR(ELEMENT("+Inf")));
	assert_int_equal(n.verdict, MON_GOOD);
	n = judged(ORD_OP_EQ, 1, ORD_PROM_BAD, VECTOR(ELEMENT("1")));
	assert_int_equal(n.verdict, MON_GOOD);
	n = judged(ORD_OP_NE, 1, ORD_PROM_BAD, VECTOR(ELEMENT("1")));
	assert_int_equal(n.verdict, MON_BAD);
	/* Nothing, and what is no number. */
	assert_int_equal(judged(ORD_OP_LT, 3, ORD_PROM_UNKNOWN, VECTOR("")).verdict, MON_UNKNOWN);
	assert_int_equal(judged(ORD_OP_LT, 3, ORD_PROM_GOOD, VECTOR("")).verdict, MON_GOOD);
	n = judged(ORD_OP_LT, 3, ORD_PROM_BAD, VECTOR(ELEMENT("NaN")));
	assert_int_equal(n.verdict, MON_BAD);
	assert_string_equal(n.text, "");
	assert_non_null(strstr(n.why, "NaN"));
	n = judged(ORD_OP_LT, 3, ORD_PROM_BAD, VECTOR(ELEMENT("NaN") "," ELEMENT("1")));
	assert_int_equal(n.verdict, MON_GOOD);
	assert_int_equal(
		judged(ORD_OP_LT, 3, ORD_PROM_BAD, "{\"resultType\":\"matrix\",\"result\":[]}")
			.verdict,
		MON_UNKNOWN);
	assert_int_equal(judged(ORD_OP_LT, 3, ORD_PROM_BAD, "{}").verdict, MON_UNKNOWN);
}

static void age_queries(void **state)
{
	char query[512], small[16];

	assert_int_equal(mon_age_query("rate(a[1m]) / b", sizeof query, query), 0);
	assert_string_equal(query,
			    "time() - min(label_replace(min(timestamp(a)), \"n\", \"0\", \"\", "
			    "\"\") or label_replace(min(timestamp(b)), \"n\", \"1\", \"\", \"\"))");
	assert_int_equal(mon_age_query("vector(1)", sizeof query, query), -1);
	assert_int_equal(mon_age_query("a", sizeof small, small), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations),   cmocka_unit_test(what_can_fire),
		cmocka_unit_test(clocks),      cmocka_unit_test(selectors),
		cmocka_unit_test(routes),      cmocka_unit_test(scrapes),
		cmocka_unit_test(notices),     cmocka_unit_test(numbers),
		cmocka_unit_test(age_queries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
