/* Probes against the clock: every slot on its instant, whatever the system under test does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/support/probe_case.h"

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
	end(probes);
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

/* Stopped for longer than is made up for: the slots of that time are skipped and said to be. */
static void we_were_late(void **state)
{
	struct ord_probe_spec spec = http("/ok");
	struct ord_probes *probes = begin(&spec, 1);

	turn_until(t0 + 100 * ORD_MS);
	(void)usleep(300000);
	/* A machine that is late itself has more of them skipped, or answered later. */
	for (uint64_t ms = 600; n_seen < 28 && ms < 3000; ms += 100)
		turn_until(t0 + ms * ORD_MS);
	end(probes);
	assert_slots(spec.every_ns, 28);
	assert_true(count(ORD_OUTCOME_SKIPPED) >= 10);
	assert_true(count(ORD_OUTCOME_SKIPPED) + 2 <= n_seen);
}

static size_t open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir)) /* one thread */
		n++;
	(void)closedir(dir);
	return n;
}

/* From 10,000 slots a second on. */
static void spinning(void **state)
{
	struct ord_probe_spec spec = http("/ok");

	spec.keep_alive = true;
	spec.every_ns = 100 * ORD_US;
	run_for(&spec, 1, 200 * ORD_MS);
	assert_slots(spec.every_ns, 1500);
	assert_true(count(ORD_OUTCOME_OK) * 2 > n_seen);
}

/* What a moment's stop has left is made up on the connections that are there: answers are taken
 * between the slots. */
static void made_up(void **state)
{
	struct ord_probe_spec spec = http("/ok");
	size_t least = SIZE_MAX;

	spec.keep_alive = true;
	spec.every_ns = 100 * ORD_US;
	/* A server that has to wait for a CPU makes us open more, which is right. */
	for (int go = 0; go < 10 && least > 150; go++) {
		struct ord_probes *probes = begin(&spec, 1);
		size_t before = open_files(), after;
		uint64_t stopped;

		turn_until(t0 + 20 * ORD_MS);
		stopped = ord_now_ns();
		(void)usleep(30000);
		turn_until(stopped + 80 * ORD_MS);
		/* As long as a busy machine takes. */
		for (int more = 0; more < 40 && n_seen < 500; more++)
			turn_until(ord_now_ns() + 50 * ORD_MS);
		after = open_files();
		end(probes);
		assert_slots(spec.every_ns, 500);
		least = after - before < least ? after - before : least;
	}
	assert_true(least <= 150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_schedule),	cmocka_unit_test(open_loop),
		cmocka_unit_test(black_hole),	cmocka_unit_test(black_hole_of_a_process),
		cmocka_unit_test(we_were_late), cmocka_unit_test(spinning),
		cmocka_unit_test(made_up),
	};

	return run_with_server(tests);
}
