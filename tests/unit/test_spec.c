/* The language: what a good file becomes. What bad files are told stands in test_spec_bad.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "ordeal/spec.h"

static void print(const struct ord_mistakes *m)
{
	for (size_t i = 0; i < m->n; i++)
		print_message("%u:%u: %s%s\n", m->v[i].line, m->v[i].column,
			      m->v[i].warning ? "warning: " : "", m->v[i].text);
}

static void read_good(const char *yaml, const struct ord_override *set, size_t n,
		      struct ord_spec *spec)
{
	struct ord_mistakes m = {0};
	int rc = ord_spec_parse(yaml, strlen(yaml), set, n, spec, &m);

	if (rc)
		print(&m);
	ord_mistakes_done(&m);
	assert_int_equal(rc, 0);
}

static char *golden(const char *name)
{
	struct ord_err err;
	char path[512];
	char *text;

	(void)snprintf(path, sizeof path, "%s/tests/golden/%s", SOURCE_DIR, name);
	if (ord_file_read(path, 1 << 20, &text, NULL, &err))
		fail_msg("%s", err.msg);
	return text;
}

static void whole_experiment(void **state)
{
	ord_autofree char *yaml = golden("orders.yaml");
	static struct ord_spec spec;

	read_good(yaml, NULL, 0, &spec);
	assert_string_equal(spec.name, "orders-survive-slow-database");
	assert_int_equal(spec.n_labels, 1);
	assert_string_equal(spec.labels[0].key, "team");
	assert_string_equal(spec.labels[0].value, "payments");
	assert_int_equal(spec.n_probes, 2);
	assert_string_equal(spec.probes[0].name, "orders");
	assert_string_equal(spec.probes[0].method, "GET");
	assert_int_equal(spec.probes[0].role, ORD_ROLE_USER);
	assert_int_equal(spec.probes[0].every_ns, 100 * ORD_MS);
	assert_int_equal(spec.probes[0].timeout_ns, ORD_S);
	assert_int_equal(spec.probes[0].expect.status_lo, 200);
	assert_int_equal(spec.probes[0].expect.status_hi, 200);
	assert_int_equal(spec.probes[0].expect.within_ns, 300 * ORD_MS);
	assert_false(spec.probes[0].keep_alive);
	assert_int_equal(spec.probes[1].role, ORD_ROLE_SIGNAL);
	assert_string_equal(spec.probes[1].expect.body, "orders_breaker_open 1");
	assert_int_equal(spec.probes[1].timeout_ns, ORD_S);
	assert_int_equal(spec.n_steady, 2);
	assert_int_equal(spec.steady[0].metric, ORD_METRIC_OK_RATIO);
	assert_int_equal(spec.steady[0].op, ORD_OP_GE);
	assert_int_equal(spec.steady[0].value, 990000);
	assert_int_equal(spec.steady[0].window_ns, 5 * ORD_S);
	assert_int_equal(spec.steady[1].metric, ORD_METRIC_P95);
	assert_int_equal(spec.steady[1].value, 300 * ORD_MS);
	assert_int_equal(spec.n_abort, 1);
	assert_int_equal(spec.n_faults, 1);
	assert_string_equal(spec.faults[0].args->fault->name, "net.delay");
	assert_int_equal(ord_arg_int(spec.faults[0].args, "delay"), 200 * ORD_MS);
	assert_int_equal(ord_arg(spec.faults[0].args, "to")->eps.n, 1);
	assert_int_equal(ord_arg(spec.faults[0].args, "to")->eps.v[0].port_lo, 5432);
	assert_int_equal(spec.faults[0].target.kind, ORD_TARGET_PROCESS);
	assert_string_equal(spec.faults[0].target.text, "orders");
	assert_int_equal(spec.faults[0].for_ns, 90 * ORD_S);
	assert_int_equal(spec.n_objectives, 3);
	assert_int_equal(spec.objectives[0].probe, 1);
	assert_int_equal(spec.objectives[1].hold_ns, 3 * ORD_S);
	assert_int_equal(spec.objectives[2].hold_ns, ORD_S);
	assert_int_equal(spec.repetitions, 5);
	assert_int_equal(spec.recovery_ns, 30 * ORD_S);
	assert_int_equal(spec.cooldown_ns, 2 * ORD_S);
	assert_int_equal(spec.limit_targets, 1);
	assert_true(spec.has_seed);
	assert_int_equal(spec.seed, 7);
	ord_spec_done(&spec);
}

static void overrides(void **state)
{
	static const struct ord_override set[] = {
		{"spec.repetitions", "1"},
		{"spec.faults[0].for", "2s"},
		{"spec.probes[orders].every", "50ms"},
		{"spec.faults[slow-database].net.delay.delay", "30ms"},
		{"spec.limits.wholeHost", "true"},
		{"spec.probes[breaker].http.connection", "keep-alive"},
		{"metadata.labels.run", "nightly"},
		{"metadata.labels[app.io/name]", "orders"},
		{"spec.abort", "[]"},
	};
	ord_autofree char *yaml = golden("orders.yaml");
	static struct ord_spec spec;

	read_good(yaml, set, ORD_COUNT(set), &spec);
	assert_int_equal(spec.repetitions, 1);
	assert_int_equal(spec.faults[0].for_ns, 2 * ORD_S);
	assert_int_equal(spec.probes[0].every_ns, 50 * ORD_MS);
	assert_int_equal(spec.probes[1].every_ns, 100 * ORD_MS);
	assert_int_equal(ord_arg_int(spec.faults[0].args, "delay"), 30 * ORD_MS);
	assert_true(spec.whole_host);
	assert_true(spec.probes[1].keep_alive);
	assert_int_equal(spec.n_labels, 3);
	assert_string_equal(spec.labels[2].key, "app.io/name");
	assert_int_equal(spec.n_abort, 0);
	ord_spec_done(&spec);
}

static void every_form(void **state)
{
	ord_autofree char *yaml = golden("everything.yaml");
	static struct ord_spec s;
	const struct ord_probe_spec *p = s.probes;

	read_good(yaml, NULL, 0, &s);
	assert_int_equal(s.n_probes, 13);
	assert_string_equal(p[0].url, "https://[::1]:8443/x?y=1");
	assert_string_equal(p[0].method, "POST");
	assert_string_equal(p[0].request_body, "{}");
	assert_string_equal(p[0].headers[0], "A: b");
	assert_true(p[0].keep_alive && p[0].insecure);
	assert_int_equal(p[0].expect.status_lo, 200);
	assert_int_equal(p[0].expect.status_hi, 299);
	assert_string_equal(p[0].expect.header_name, "Content-Type");
	assert_string_equal(p[0].expect.header, "^text/");
	assert_string_equal(p[0].expect.json_path, "a.b[0].c");
	assert_string_equal(p[0].expect.json_value, "3.5");
	/* The merge key: what the map does not say itself. */
	assert_string_equal(p[1].name, "b");
	assert_string_equal(p[1].url, p[0].url);
	assert_int_equal(p[2].kind, ORD_PROBE_TCP);
	assert_string_equal(p[2].host, "localhost");
	assert_int_equal(p[2].port, 80);
	assert_string_equal(p[3].host, "::1");
	assert_int_equal(p[3].expect.within_ns, ORD_S);
	assert_int_equal(p[4].kind, ORD_PROBE_EXEC);
	assert_string_equal(p[4].argv[1], "-x");
	assert_null(p[4].argv[2]);
	assert_int_equal(p[4].expect.exit_status, 3);
	assert_int_equal(p[5].kind, ORD_PROBE_KUBE);
	assert_string_equal(p[5].kube->api_version, "apps/v1");
	assert_string_equal(p[5].kube->kind, "Deployment");
	assert_string_equal(p[5].kube->name, "orders");
	assert_string_equal(p[5].kube->ns, "shop");
	assert_int_equal(p[5].kube->that.n, 2);
	assert_string_equal(p[6].kube->name, "");
	assert_string_equal(p[6].kube->selector, "app=orders,!old");
	assert_string_equal(p[6].kube->field_selector, "spec.nodeName=a");
	assert_true(p[6].kube->that.of_set);
	assert_string_equal(p[7].kube->kind, "VirtualService");
	assert_int_equal(ord_arg_int(s.faults[0].args, "percent"), 125000);
	assert_int_equal(ord_arg(s.faults[0].args, "to")->eps.n, 2);
	assert_int_equal(ord_arg(s.faults[0].args, "to")->eps.v[0].prefix, 32);
	assert_int_equal(ord_arg(s.faults[0].args, "to")->eps.v[0].port_hi, 2);
	assert_int_equal(s.faults[0].target.kind, ORD_TARGET_LISTENING);
	assert_string_equal(s.faults[0].target.text, "53/udp");
	assert_string_equal(s.faults[1].target.text, "worker");
	assert_int_equal(s.schedule.catch_up, ORD_CATCH_UP_ALL);
	assert_int_equal(s.schedule.catch_up_max, 3);
	assert_int_equal(s.schedule.concurrency, ORD_CONCURRENCY_QUEUE);
	assert_true(s.share_targets);
	assert_int_equal(s.faults[1].target.percent_ppm, 500000);
	assert_int_equal(s.faults[2].target.kind, ORD_TARGET_CONTAINER);
	assert_true(s.faults[3].target.all);
	assert_int_equal(s.faults[4].target.kind, ORD_TARGET_HOST);
	assert_true(s.placebo && s.expect_impact && s.whole_host);
	assert_false(s.has_seed || s.random_phase);
	assert_true(p[0].traceparent && !p[2].traceparent);
	assert_int_equal(p[8].kind, ORD_PROBE_PROM);
	assert_int_equal(p[8].prom.op, ORD_OP_LT);
	assert_true(p[8].prom.value > 0.499 && p[8].prom.value < 0.501);
	assert_int_equal(p[8].prom.empty, ORD_PROM_UNKNOWN);
	assert_int_equal(p[8].prom.staleness_ns, 300 * ORD_S);
	assert_int_equal(p[9].prom.empty, ORD_PROM_BAD);
	assert_string_equal(p[9].prom.url, "http://127.0.0.1:9091");
	assert_int_equal(p[10].kind, ORD_PROBE_DNS);
	assert_null(p[10].dns.server);
	assert_int_equal(p[10].dns.n_addresses, 2);
	assert_int_equal(p[10].expect.within_ns, 50 * ORD_MS);
	assert_int_equal(p[11].dns.type, ORD_DNS_SRV);
	assert_true(p[11].dns.tcp && p[11].dns.has_answers);
	assert_int_equal(p[11].dns.answers, 2);
	assert_string_equal(p[12].dns.server, "127.0.0.1:53");
	assert_string_equal(p[12].dns.rcode, "NXDOMAIN");
	assert_string_equal(s.detection.prometheus.headers[0], "X-Scope-OrgID: secret");
	assert_int_equal(s.detection.prometheus.every_ns, 500 * ORD_MS);
	assert_true(s.detection.alertmanager.insecure);
	assert_string_equal(s.detection.webhook, "127.0.0.1:9199");
	assert_int_equal(s.detection.n_logs, 2);
	assert_string_equal(s.detection.logs[1].unit, "orders@1.service");
	assert_null(s.detection.logs[1].file);
	assert_int_equal(s.slo.target_ppm, 999500);
	assert_int_equal(s.slo.method, ORD_BUDGET_RATIO_TIMESLICES);
	assert_int_equal(s.n_full, 2);
	assert_int_equal(s.full[1].probe, 8);
	assert_string_equal(s.abort[2].channel,
			    "alertmanager:SlowOrders{severity=\"page\"}/active");
	assert_string_equal(s.abort[3].state, "pending");
	assert_true(s.sequential.set);
	assert_int_equal(s.sequential.good_ppm, 50000);
	assert_int_equal(s.sequential.bad_ppm, 200000);
	assert_int_equal(s.sequential.alpha_ppm, 100000);
	assert_int_equal(s.sequential.beta_ppm, 100000);
	/* As the objective itself, whose white space is folded, too. */
	assert_string_equal(s.sequential.objective, s.objectives[10].text);
	assert_string_equal(s.objectives[12].against, "main");
	assert_int_equal(s.objectives[12].against_at.line, 52);
	assert_int_equal(s.objectives[12].against_at.column, 45);
	ord_spec_done(&s);
}

static void texts_are(const struct ord_texts *t, const char *want)
{
	char all[512] = "";
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", i ? " " : "", t->v[i]);
	assert_string_equal(all, want);
}

static void every_target_in_a_cluster(void **state)
{
	ord_autofree char *yaml = golden("cluster.yaml");
	static struct ord_spec s;
	const struct ord_kube_filter *m;

	read_good(yaml, NULL, 0, &s);
	assert_string_equal(s.limit_cluster, "kind-test");
	assert_int_equal(s.n_faults, 10);
	assert_int_equal(s.faults[0].target.kind, ORD_TARGET_POD);
	assert_int_equal(s.faults[0].target.percent_ppm, 300000);
	assert_int_equal(s.faults[0].target.kube->spread, ORD_SPREAD_ZONE);
	assert_true(s.faults[0].target.kube->follow);
	m = &s.faults[0].target.kube->match;
	texts_are(&m->names, "orders-* stock-0");
	texts_are(&m->namespaces, "shop shop-*");
	texts_are(&m->owners, "Deployment/orders StatefulSet/stock");
	texts_are(&m->nodes, "worker-*");
	texts_are(&m->zones, "a b");
	texts_are(&m->phases, "Running");
	texts_are(&m->containers, "app");
	assert_string_equal(m->selector, "tier in (web,api),!canary,app.kubernetes.io/name=orders");
	assert_string_equal(m->namespace_selector, "env=test");
	assert_string_equal(m->field_selector, "spec.schedulerName=default-scheduler");
	assert_string_equal(m->annotations, "team=payments");
	assert_string_equal(m->condition, "Ready=True");
	assert_int_equal(m->older_ns, 60 * ORD_S);
	assert_int_equal(m->younger_ns, 30ull * 86400 * ORD_S);
	m = &s.faults[0].target.kube->exclude;
	assert_true(s.faults[0].target.kube->has_exclude);
	texts_are(&m->names, "orders-debug");
	assert_string_equal(m->selector, "app=mail");
	assert_string_equal(m->condition, "Ready=False");
	texts_are(&s.faults[1].target.kube->match.names, "orders-0");
	texts_are(&s.faults[1].target.kube->match.namespaces, "shop");
	assert_int_equal(s.faults[2].target.kind, ORD_TARGET_NODE);
	assert_int_equal(s.faults[2].target.count, 2);
	texts_are(&s.faults[3].target.kube->match.names, "worker-1");
	assert_int_equal(s.faults[4].target.kind, ORD_TARGET_WORKLOAD);
	assert_string_equal(s.faults[4].target.kube->kind, "Deployment");
	assert_string_equal(s.faults[4].target.kube->api_version, "apps/v1");
	assert_string_equal(s.faults[5].target.kube->kind, "");
	assert_string_equal(s.faults[6].target.kube->kind, "Job");
	assert_string_equal(s.faults[6].target.kube->api_version, "batch/v1");
	assert_int_equal(s.faults[7].target.kind, ORD_TARGET_SERVICE);
	assert_int_equal(s.faults[8].target.kind, ORD_TARGET_OBJECT);
	assert_string_equal(s.faults[8].target.kube->api_version, "v1");
	assert_string_equal(s.faults[8].target.kube->kind, "ConfigMap");
	texts_are(&s.faults[8].target.kube->match.names, "settings");
	assert_string_equal(s.faults[9].target.kube->api_version, "networking.istio.io/v1");
	ord_spec_done(&s);
}

/* An override changes one place, though the file shares it by an alias. */
static void overrides_leave_aliases(void **state)
{
	static const struct ord_override set[] = {{"spec.probes[b].http.url", "http://h/"},
						  {"spec.probes[1].http.expect.within", "5ms"}};
	ord_autofree char *yaml = golden("everything.yaml");
	static struct ord_spec s;

	read_good(yaml, set, ORD_COUNT(set), &s);
	assert_string_equal(s.probes[0].url, "https://[::1]:8443/x?y=1");
	assert_string_equal(s.probes[1].url, "http://h/");
	assert_int_equal(s.probes[0].expect.within_ns, 10 * ORD_MS);
	assert_int_equal(s.probes[1].expect.within_ns, 5 * ORD_MS);
	ord_spec_done(&s);
}

/* "..." at the end stands for whatever follows. */
static bool is_told(const char *text, const char *told)
{
	size_t n = strlen(told);

	if (n > 3 && !strcmp(told + n - 3, "..."))
		return !strncmp(text, told, n - 3);
	return !strcmp(text, told);
}

static void bad_overrides(void **state)
{
	static const struct {
		struct ord_override set;
		const char *told;
	} cases[] = {
		{{"spec.repetitoins", "1"},
		 "--set spec.repetitoins: unknown key 'repetitoins' in spec; did you mean "
		 "'repetitions'?"},
		{{"spec.repetitions", "many"},
		 "--set spec.repetitions: 'repetitions' takes a whole number, not 'many'"},
		{{"spec.faults[7].for", "1s"},
		 "--set spec.faults[7].for: there is no item [7]; the list has 1, counted from "
		 "[0]"},
		{{"spec.probes[ordres].every", "1s"},
		 "--set spec.probes[ordres].every: unknown item 'ordres'; did you mean 'orders'?"},
		{{"spec.limits[0]", "1"},
		 "--set spec.limits[0]: unknown key '0' in limits; there are targets, duration, "
		 "wholeHost and cluster"},
		{{"spec.repetitions[0]", "1"},
		 "--set spec.repetitions[0]: '0' is wanted of what is not a map"},
		{{"spec.faults[0].net.dealy.delay", "1"},
		 "--set spec.faults[0].net.dealy.delay: unknown key 'net' in a fault; there are "
		 "name, target, peer, at, for, engine, noop, ..."},
		{{"spec.faults.name", "x"},
		 "--set spec.faults.name: 'name' is wanted of what is not a map; write [0] or "
		 "[NAME] for an item of a list"},
		{{"spec..x", "1"},
		 "--set spec..x: this is not a path; write it as in spec.faults[0].for or "
		 "spec.probes[orders].every"},
		{{"spec.probes[", "1"},
		 "--set spec.probes[: this is not a path; write it as in spec.faults[0].for or "
		 "spec.probes[orders].every"},
		{{"", "1"},
		 "--set : this is not a path; write it as in spec.faults[0].for or "
		 "spec.probes[orders].every"},
		{{"spec.repetitions", ""},
		 "--set spec.repetitions: empty; write a value after the '='"},
		{{"spec.hypothesis", "a\xff"},
		 "--set spec.hypothesis: the byte 0xff is not valid UTF-8 here; save the file as "
		 "UTF-8"},
		{{"spec.abort", "[orders.ok_ratio < 2 over 5s]"},
		 "--set spec.abort: '2' is more than all; a ratio is between 0 and 1, or a "
		 "percentage as in '99%'"},
		{{"spec", "5"}, "--set spec: 'spec' takes a map, not '5'; write 'spec: {...}'"},
	};
	ord_autofree char *yaml = golden("orders.yaml");
	static struct ord_spec s;

	for (size_t i = 0; i < ORD_COUNT(cases); i++) {
		struct ord_mistakes m = {0};

		assert_int_equal(ord_spec_parse(yaml, strlen(yaml), &cases[i].set, 1, &s, &m), -1);
		if (m.n != 1 || m.v[0].line || !is_told(m.v[0].text, cases[i].told)) {
			print(&m);
			assert_string_equal(m.v[0].text, cases[i].told);
			assert_int_equal(m.n, 1);
		}
		ord_mistakes_done(&m);
	}
}

/* A byte order mark, and lines as Windows ends them; places stay what an editor shows. */
static void foreign_lines(void **state)
{
	ord_autofree char *yaml = golden("orders.yaml"), *foreign = NULL;
	struct ord_mistakes m = {0};
	static struct ord_spec s;
	size_t size;
	FILE *f = open_memstream(&foreign, &size);

	(void)fputs("\xef\xbb\xbf", f);
	for (const char *p = yaml; *p; p++)
		if (*p == '\n')
			(void)fputs("\r\n", f);
		else
			(void)fputc(*p, f);
	(void)fputs("  colldown: 3s\r\n", f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(ord_spec_parse(foreign, size, NULL, 0, &s, &m), -1);
	print(&m);
	assert_int_equal(m.n, 1);
	assert_int_equal(m.v[0].line, 36);
	assert_int_equal(m.v[0].column, 3);
	ord_mistakes_done(&m);
}

/* One spec is what comes out, whatever else is wrong with the call before. */
static void untouched_on_failure(void **state)
{
	static struct ord_spec s;
	struct ord_mistakes m = {0};

	s.repetitions = 77;
	assert_int_equal(ord_spec_parse("{", 1, NULL, 0, &s, &m), -1);
	assert_int_equal(s.repetitions, 77);
	assert_int_equal(m.n, 1);
	ord_mistakes_done(&m);
	ord_mistakes_done(&m);
}

/* The manual's example, out of its source, is an experiment. */
static void example_of_the_manual(void **state)
{
	static struct ord_spec s;
	ord_autofree char *page = NULL, *yaml = NULL;
	const char *from, *to;
	size_t size, n = 0;
	FILE *f = open_memstream(&page, &size);

	ord_spec_manual(f);
	assert_int_equal(fclose(f), 0);
	from = strstr(page, ".nf\n");
	to = strstr(page, ".fi\n");
	assert_true(from && to && from < to);
	yaml = malloc(size);
	assert_non_null(yaml);
	for (const char *p = from + 4; p < to; p++)
		if (*p != '\\' || p[1] != '-')
			yaml[n++] = *p;
	yaml[n] = '\0';
	read_good(yaml, NULL, 0, &s);
	ord_spec_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_experiment),
		cmocka_unit_test(overrides),
		cmocka_unit_test(every_form),
		cmocka_unit_test(every_target_in_a_cluster),
		cmocka_unit_test(overrides_leave_aliases),
		cmocka_unit_test(bad_overrides),
		cmocka_unit_test(untouched_on_failure),
		cmocka_unit_test(foreign_lines),
		cmocka_unit_test(example_of_the_manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
