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
	assert_int_equal(spec.n_labels, 2);
	assert_int_equal(spec.n_abort, 0);
	ord_spec_done(&spec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_experiment),
		cmocka_unit_test(overrides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
