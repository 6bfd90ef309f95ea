/* What probes over HTTP and of programs say of an answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tests/support/probe_case.h"

static void http_outcomes(void **state)
{
	struct ord_probe_spec spec = http("/ok");
	char nowhere[64];

	assert_once(&spec, ORD_OUTCOME_OK, "");
	spec = http("/status/503");
	assert_once(&spec, ORD_OUTCOME_WRONG, "status 503");
	spec.expect.status_lo = 500;
	spec.expect.status_hi = 599;
	assert_once(&spec, ORD_OUTCOME_OK, "");
	spec = http("/reset");
	assert_once(&spec, ORD_OUTCOME_RESET, "");
	spec = http("/close");
	assert_once(&spec, ORD_OUTCOME_RESET, "");
	/* A redirect is an answer, and is not followed. */
	spec = http("/status/302");
	assert_once(&spec, ORD_OUTCOME_OK, "");
	spec.expect.status_lo = spec.expect.status_hi = 200;
	assert_once(&spec, ORD_OUTCOME_WRONG, "status 302, not 200");
	(void)snprintf(nowhere, sizeof nowhere, "http://127.0.0.1:%u/", http_free_port());
	spec.url = nowhere;
	assert_once(&spec, ORD_OUTCOME_REFUSED, "");
	/* Proxies of the environment have no say. */
	assert_int_equal(setenv("http_proxy", nowhere, 1), 0);
	spec = http("/ok");
	assert_once(&spec, ORD_OUTCOME_OK, "");
	assert_int_equal(unsetenv("http_proxy"), 0);
}

static void http_expectations(void **state)
{
	struct ord_probe_spec spec = http("/ok");

	spec.expect.body = (char[]){"^ok$"};
	assert_once(&spec, ORD_OUTCOME_OK, "");
	spec.expect.body = (char[]){"^k"};
	assert_once(&spec, ORD_OUTCOME_WRONG, "body");
	spec = http("/header");
	spec.expect.header_name = (char[]){"X-State"};
	spec.expect.header = (char[]){"leader"};
	assert_once(&spec, ORD_OUTCOME_OK, "");
	spec.expect.header = (char[]){"^leader"};
	assert_once(&spec, ORD_OUTCOME_WRONG, "ready, leader");
	spec.expect.header_name = (char[]){"X-Other"};
	assert_once(&spec, ORD_OUTCOME_WRONG, "no header");
	spec = http("/json");
	spec.expect.json_path = (char[]){"a.b[1].c"};
	spec.expect.json_value = (char[]){"up"};
	assert_once(&spec, ORD_OUTCOME_OK, "");
	spec.expect.json_value = (char[]){"down"};
	assert_once(&spec, ORD_OUTCOME_WRONG, "\"up\", not down");
	spec.expect.json_path = (char[]){"n"};
	spec.expect.json_value = (char[]){"2"};
	assert_once(&spec, ORD_OUTCOME_OK, "");
	spec.expect.json_path = (char[]){"a.b[7]"};
	assert_once(&spec, ORD_OUTCOME_WRONG, "no a.b[7]");
	spec = http("/ok");
	spec.expect.json_path = (char[]){"a"};
	assert_once(&spec, ORD_OUTCOME_WRONG, "not JSON");
	spec = http("/ok");
	spec.expect.within_ns = 1;
	assert_once(&spec, ORD_OUTCOME_WRONG, "not within");
}

static void exec_outcomes(void **state)
{
	struct ord_probe_spec spec = {.name = "script",
				      .kind = ORD_PROBE_EXEC,
				      .every_ns = ORD_S,
				      .timeout_ns = 2 * ORD_S,
				      .argv = {(char[]){"true"}}};
	struct ord_sample s;

	s = once(&spec);
	assert_int_equal(s.outcome, ORD_OUTCOME_OK);
	spec.argv[0] = (char[]){"false"};
	assert_once(&spec, ORD_OUTCOME_WRONG, "exit status 1, not 0");
	spec.expect.exit_status = 1;
	assert_once(&spec, ORD_OUTCOME_OK, "");
	spec.expect.exit_status = 0;
	spec.argv[0] = (char[]){"sh"};
	spec.argv[1] = (char[]){"-c"};
	spec.argv[2] = (char[]){"kill -9 $$"};
	assert_once(&spec, ORD_OUTCOME_WRONG, "signal 9");
	/* Never as root, with no descriptor of ours. */
	spec.argv[2] = (char[]){"id -u"};
	spec.expect.body = (char[]){"^[1-9][0-9]*$"};
	assert_once(&spec, ORD_OUTCOME_OK, "");
	spec.argv[2] = (char[]){"ls /proc/self/fd | wc -l"};
	spec.expect.body = (char[]){"^4$"};
	assert_once(&spec, ORD_OUTCOME_OK, "");
}

static void nothing(void *arg, const struct ord_sample *s)
{
}

static void cannot_open(void **state)
{
	struct ord_probe_spec spec = {.name = "x",
				      .kind = ORD_PROBE_EXEC,
				      .every_ns = ORD_S,
				      .timeout_ns = ORD_S,
				      .argv = {(char[]){"no-such-program-here"}}};
	struct ord_probes *probes = NULL;
	struct ord_err err = {0};

	assert_true(sd_event_new(&loop) >= 0);
	assert_int_equal(ord_probes_open(&spec, 1, loop, NULL, nothing, NULL, &probes, &err), -1);
	assert_int_equal(err.code, ORD_USAGE);
	assert_non_null(strstr(err.msg, "probe 'x'"));
	spec = http("/ok");
	spec.expect.body = (char[]){"("};
	assert_int_equal(ord_probes_open(&spec, 1, loop, NULL, nothing, NULL, &probes, &err), -1);
	assert_null(probes);
	loop = sd_event_unref(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(http_outcomes),
		cmocka_unit_test(http_expectations),
		cmocka_unit_test(exec_outcomes),
		cmocka_unit_test(cannot_open),
	};

	return run_with_server(tests);
}
