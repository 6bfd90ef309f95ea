/* Probes against the clock: every slot on its instant, whatever the system under test does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/clock.h"
#include "ordeal/probe.h"
#include "tests/support/http_server.h"

#define SAMPLES 4096

static struct http_server server;
static char url[128];
static struct ord_sample seen[SAMPLES];
static size_t n_seen;
static sd_event *loop;
static uint64_t t0;

static void on_sample(void *arg, const struct ord_sample *s)
{
	if (n_seen < SAMPLES)
		seen[n_seen++] = *s;
}

static void turn_until(uint64_t end)
{
	for (uint64_t now = ord_now_ns(); now < end; now = ord_now_ns())
		assert_true(sd_event_run(loop, (end - now) / ORD_US + 1) >= 0);
}

static struct ord_probes *begin(const struct ord_probe_spec *specs, size_t n)
{
	struct ord_probes *probes = NULL;
	struct ord_err err = {0};

	n_seen = 0;
	assert_true(sd_event_new(&loop) >= 0);
	if (ord_probes_open(specs, n, loop, NULL, on_sample, NULL, &probes, &err) < 0)
		fail_msg("%s", err.msg);
	t0 = ord_now_ns() + 5 * ORD_MS;
	assert_int_equal(ord_probes_start(probes, t0, &err), 0);
	return probes;
}

/* Runs the probes for a while and collects what they say. */
static void run_for(const struct ord_probe_spec *specs, size_t n, uint64_t ns)
{
	struct ord_probes *probes = begin(specs, n);

	turn_until(t0 + ns);
	ord_probes_free(probes);
	loop = sd_event_unref(loop);
}

static struct ord_probe_spec http(const char *path)
{
	(void)snprintf(url, sizeof url, "http://127.0.0.1:%u%s", server.port, path);
	return (struct ord_probe_spec){.name = "web",
				       .kind = ORD_PROBE_HTTP,
				       .url = url,
				       .every_ns = 20 * ORD_MS,
				       .timeout_ns = ORD_S};
}

static size_t count(enum ord_outcome o)
{
	size_t n = 0;

	for (size_t i = 0; i < n_seen; i++)
		n += seen[i].outcome == o;
	return n;
}

/* Every slot once, each due where it belongs. */
static void assert_slots(uint64_t every, size_t at_least)
{
	static bool there[SAMPLES];

	memset(there, 0, sizeof there);
	assert_true(n_seen >= at_least);
	for (size_t i = 0; i < n_seen; i++) {
		assert_true(seen[i].n < SAMPLES);
		assert_false(there[seen[i].n]);
		there[seen[i].n] = true;
		assert_int_equal(seen[i].due, t0 + seen[i].n * every);
		assert_true(seen[i].sent >= seen[i].due);
		assert_true(seen[i].done >= seen[i].sent);
	}
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t median_lateness(void)
{
	static uint64_t late[SAMPLES];

	for (size_t i = 0; i < n_seen; i++)
		late[i] = seen[i].sent - seen[i].due;
	qsort(late, n_seen, sizeof *late, by_size);
	return late[n_seen / 2];
}

static void on_schedule(void **state)
{
	struct ord_probe_spec spec = http("/ok");

	for (int keep = 0; keep < 2; keep++) {
		spec.keep_alive = keep;
		run_for(&spec, 1, 500 * ORD_MS);
		assert_slots(spec.every_ns, 20);
		assert_true(count(ORD_OUTCOME_OK) * 2 >= n_seen);
		assert_true(median_lateness() < 40 * ORD_MS);
		for (size_t i = 0; i < n_seen; i++)
			if (seen[i].outcome == ORD_OUTCOME_OK) {
				assert_int_equal(seen[i].status, 200);
				assert_true(seen[i].first >= seen[i].sent &&
					    seen[i].first <= seen[i].done);
			}
	}
}

/* A server that hangs for 500 ms: the slots go on, and each answer's latency counts from its own
 * slot. */
static void open_loop(void **state)
{
	struct ord_probe_spec spec = http("/ok");
	struct ord_probes *probes = begin(&spec, 1);
	uint64_t stopped, gone_on;
	size_t during = 0;

	turn_until(t0 + 200 * ORD_MS);
	stopped = ord_now_ns();
	assert_int_equal(kill(server.pid, SIGSTOP), 0);
	turn_until(stopped + 500 * ORD_MS);
	gone_on = ord_now_ns();
	assert_int_equal(kill(server.pid, SIGCONT), 0);
	turn_until(gone_on + 300 * ORD_MS);
	ord_probes_free(probes);
	loop = sd_event_unref(loop);
	assert_slots(spec.every_ns, 45);
	assert_true(count(ORD_OUTCOME_SKIPPED) <= n_seen / 3);
	assert_true(median_lateness() < 40 * ORD_MS);
	for (size_t i = 0; i < n_seen; i++) {
		uint64_t latency = seen[i].done - seen[i].due;

		if (seen[i].due < stopped + 5 * ORD_MS || seen[i].due > gone_on ||
		    seen[i].outcome == ORD_OUTCOME_SKIPPED)
			continue;
		during++;
		assert_true(seen[i].sent - seen[i].due < 50 * ORD_MS);
		assert_true(latency + ORD_MS >= gone_on - seen[i].due);
		assert_true(latency < gone_on - seen[i].due + 500 * ORD_MS);
	}
	/* A closed loop would have asked once. */
	assert_true(during >= 14);
}

/* Nobody answers: each slot times out on its own deadline, and none is skipped. */
static void black_hole(void **state)
{
	struct ord_probe_spec spec = http("/hang");
	size_t early = 0;

	spec.timeout_ns = 200 * ORD_MS;
	run_for(&spec, 1, 600 * ORD_MS);
	assert_slots(spec.every_ns, 15);
	assert_true(count(ORD_OUTCOME_SKIPPED) <= n_seen / 3);
	for (size_t i = 0; i < n_seen; i++) {
		if (seen[i].outcome == ORD_OUTCOME_SKIPPED)
			continue;
		assert_int_equal(seen[i].outcome, ORD_OUTCOME_TIMEOUT);
		assert_non_null(strstr(seen[i].why, "200ms"));
		assert_true(seen[i].done - seen[i].due >= spec.timeout_ns);
		assert_true(seen[i].done - seen[i].due < spec.timeout_ns + 500 * ORD_MS);
		early += seen[i].done - seen[i].due < spec.timeout_ns + 20 * ORD_MS;
	}
	assert_true(early * 2 > n_seen);
}

static void black_hole_of_a_process(void **state)
{
	struct ord_probe_spec specs[] = {
		{.name = "port",
		 .kind = ORD_PROBE_TCP,
		 .host = (char[]){"127.0.0.1"},
		 .port = server.port,
		 .every_ns = 20 * ORD_MS,
		 .timeout_ns = 100 * ORD_MS},
		{.name = "hung",
		 .kind = ORD_PROBE_EXEC,
		 .argv = {(char[]){"sleep"}, (char[]){"60"}},
		 .every_ns = 100 * ORD_MS,
		 .timeout_ns = 150 * ORD_MS},
	};

	run_for(specs, 2, 600 * ORD_MS);
	for (size_t i = 0; i < n_seen; i++)
		if (seen[i].outcome != ORD_OUTCOME_SKIPPED)
			assert_int_equal(seen[i].outcome,
					 seen[i].probe ? ORD_OUTCOME_TIMEOUT : ORD_OUTCOME_OK);
	assert_true(n_seen > 20);
	/* None of the children is left but the server. */
	assert_true(waitpid(-1, NULL, WNOHANG) <= 0);
}

/* One slot of a probe, decided. */
static struct ord_sample once(const struct ord_probe_spec *spec)
{
	struct ord_probes *probes = begin(spec, 1);
	uint64_t end = ord_now_ns() + 5 * ORD_S;
	size_t i = 0;

	while (ord_now_ns() < end) {
		while (i < n_seen && seen[i].outcome == ORD_OUTCOME_SKIPPED)
			i++;
		if (i < n_seen)
			break;
		assert_true(sd_event_run(loop, 100000) >= 0);
	}
	ord_probes_free(probes);
	loop = sd_event_unref(loop);
	assert_true(i < n_seen);
	return seen[i];
}

static void assert_once(const struct ord_probe_spec *spec, enum ord_outcome o, const char *why)
{
	struct ord_sample s = once(spec);

	if (s.outcome != o || !strstr(s.why, why))
		fail_msg("%s (%s), not %s (%s)", ord_outcome_name(s.outcome), s.why,
			 ord_outcome_name(o), why);
}

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

/* What came of a few slots: each outcome with its status, once. */
struct said {
	size_t n;
	struct ord_sample v[8];
};

static struct said ask_a_few(const struct ord_probe_spec *spec)
{
	struct said said = {0};

	run_for(spec, 1, 120 * ORD_MS);
	for (size_t i = 0; i < n_seen; i++) {
		size_t k = 0;

		if (seen[i].outcome == ORD_OUTCOME_SKIPPED)
			continue;
		while (k < said.n &&
		       (said.v[k].outcome != seen[i].outcome || said.v[k].status != seen[i].status))
			k++;
		if (k == said.n && said.n < 8)
			said.v[said.n++] = seen[i];
	}
	return said;
}

static struct said ask_the_path(const char *path, bool by_libcurl)
{
	static char named[] = "X-State", accept[] = "Accept: */*";
	struct ord_probe_spec spec = http(path);

	spec.keep_alive = true;
	if (!strcmp(path, "/hang"))
		spec.timeout_ns = 50 * ORD_MS;
	if (!strcmp(path, "/header") || !strcmp(path, "/raw/slow"))
		spec.expect.header_name = named;
	if (by_libcurl) {
		spec.headers[0] = accept;
		spec.n_headers = 1;
	}
	return ask_a_few(&spec);
}

/* Kept connections of a plain GET do not go through libcurl, save where an Accept is given, and be
 * it the one that libcurl sends anyway: whatever the server does, both say the same. */
static void the_lean_way_says_what_libcurl_says(void **state)
{
	static const char *const paths[] = {
		"/ok",
		"/status/302",
		"/status/404",
		"/status/503",
		"/header",
		"/json",
		"/close",
		"/reset",
		"/hang",
		"/raw/chunked",
		"/raw/bad-chunk",
		"/raw/continue",
		"/raw/old",
		"/raw/until-closed",
		"/raw/no-content",
		"/raw/once",
		"/raw/said-so",
		"/raw/short",
		"/raw/excess",
		"/raw/empty",
		"/raw/twice",
		"/raw/disagree",
		"/raw/folded",
		"/raw/bare-lf",
		"/raw/no-reason",
		"/raw/half",
		"/raw/garbage",
		"/raw/nothing",
		"/raw/large",
		"/raw/slow",
		"/ok?a=b%20c",
		"/a/../ok",
	};

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct said lean, curl;
		bool same = false;

		/* A machine that is busy makes slots late, which is no answer. */
		for (int go = 0; !same && go < 5; go++) {
			lean = ask_the_path(paths[i], false);
			curl = ask_the_path(paths[i], true);
			same = lean.n && lean.n == curl.n &&
			       lean.v[0].outcome == curl.v[0].outcome &&
			       lean.v[0].status == curl.v[0].status;
		}
		if (!same)
			fail_msg("%s: %zu, first %s %u (%s); libcurl %zu, first %s %u (%s)",
				 paths[i], lean.n, ord_outcome_name(lean.v[0].outcome),
				 lean.v[0].status, lean.v[0].why, curl.n,
				 ord_outcome_name(curl.v[0].outcome), curl.v[0].status,
				 curl.v[0].why);
	}
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
	assert_int_equal(ord_probes_open(&spec, 1, loop, NULL, on_sample, NULL, &probes, &err), -1);
	assert_int_equal(err.code, ORD_USAGE);
	assert_non_null(strstr(err.msg, "probe 'x'"));
	spec = http("/ok");
	spec.expect.body = (char[]){"("};
	assert_int_equal(ord_probes_open(&spec, 1, loop, NULL, on_sample, NULL, &probes, &err), -1);
	assert_null(probes);
	loop = sd_event_unref(loop);
}

/* Stopped for longer than is made up for: the slots of that time are skipped and said to be. */
static void we_were_late(void **state)
{
	struct ord_probe_spec spec = http("/ok");
	struct ord_probes *probes = begin(&spec, 1);

	turn_until(t0 + 100 * ORD_MS);
	(void)usleep(300000);
	turn_until(t0 + 600 * ORD_MS);
	ord_probes_free(probes);
	loop = sd_event_unref(loop);
	assert_slots(spec.every_ns, 28);
	assert_true(count(ORD_OUTCOME_SKIPPED) >= 10);
	assert_true(count(ORD_OUTCOME_SKIPPED) <= 28);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_schedule),
		cmocka_unit_test(open_loop),
		cmocka_unit_test(black_hole),
		cmocka_unit_test(black_hole_of_a_process),
		cmocka_unit_test(http_outcomes),
		cmocka_unit_test(http_expectations),
		cmocka_unit_test(the_lean_way_says_what_libcurl_says),
		cmocka_unit_test(exec_outcomes),
		cmocka_unit_test(cannot_open),
		cmocka_unit_test(we_were_late),
	};
	int failed;

	if (http_server_start(&server) < 0) {
		perror("http server");
		return 77;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	http_server_stop(&server);
	return failed;
}
