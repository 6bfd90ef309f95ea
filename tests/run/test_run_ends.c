/* Runs that end before their time: by a guard, a person, a death, a full disk. The fault is always
 * gone after. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "ordeal/run.h"
#include "tests/support/run_case.h"

#define MS ((int64_t)ORD_MS)

#define PROBES                                                                                 \
	"  probes:\n"                                                                          \
	"    - {name: web, http: {url: \"http://127.0.0.1:%1$u/ok\", expect: {status: 200}}, " \
	"every: 20ms, timeout: 400ms}\n"                                                       \
	"  steadyState: [web.ok_ratio >= 0.9 over 300ms]\n"                                    \
	"  limits: {targets: 1, duration: 20s}\n"
#define HANG          \
	"  faults:\n" \
	"    - {name: hang, proc.pause: {}, target: {process: {pid: %2$d}}, for: 10s}\n"

static struct run_case c;

static int setup(void **state)
{
	case_begin(&c);
	return 0;
}

static int teardown(void **state)
{
	case_end(&c);
	return 0;
}

static void assert_ended(const char *cause)
{
	const json_t *end = case_line(&c, 0, "end", NULL, NULL);

	assert_non_null(end);
	assert_string_equal(case_text(end, "cause"), cause);
	assert_ptr_equal(end, c.lines[c.n - 1]);
}

/* The target runs on, and no record of a lease is left. */
static void assert_nothing_left(void)
{
	uint64_t end = ord_now_ns() + 2 * ORD_S;

	while ((case_state(c.server.pid) == 'T' || case_records(&c)) && ord_now_ns() < end)
		(void)usleep(1000);
	assert_int_not_equal(case_state(c.server.pid), 'T');
	assert_int_equal(case_records(&c), 0);
}

/* From the instant that an abort was due to the injector's proof: the bound is 200 ms. */
static void assert_prompt(void)
{
	const json_t *abort_line = case_line(&c, 0, "abort", NULL, NULL);
	const json_t *reverted = case_line(&c, 0, "fault", "state", "reverted");

	assert_non_null(abort_line);
	assert_non_null(reverted);
	assert_true(case_int(reverted, "at_t") - case_int(abort_line, "asked_t") <= 200 * MS);
	assert_int_equal(case_int(reverted, "residue"), 0);
}

static void by_a_condition(void **state)
{
	int64_t injected, asked;

	case_start(&c, PROBES HANG "  abort: [web.ok_ratio < 0.5 over 600ms]\n");
	assert_int_equal(case_wait(&c, 20), 0);
	assert_ended("aborted");
	assert_prompt();
	assert_nothing_left();
	injected = case_int(case_line(&c, 0, "fault", "state", "injected"), "at_t");
	asked = case_int(case_line(&c, 0, "abort", NULL, NULL), "asked_t");
	/* The first slot that hangs is decided after its 400 ms; then bad ones must outweigh the
	 * good. */
	assert_true(asked - injected > 400 * MS);
	assert_true(asked - injected < 1500 * MS);
	assert_non_null(strstr(case_text(case_line(&c, 0, "abort", NULL, NULL), "text"),
			       "web.ok_ratio < 0.5"));
}

/* The window is shorter than the timeout: while the first slots hang nothing is decided, and the
 * guard is blind. */
static void by_a_blind_condition(void **state)
{
	case_start(&c, "  probes:\n"
		       "    - {name: web, http: {url: \"http://127.0.0.1:%1$u/ok\"}, every: 20ms, "
		       "timeout: 3s}\n"
		       "  steadyState: [web.ok_ratio >= 0.9 over 4s]\n"
		       "  limits: {targets: 1, duration: 20s}\n" HANG
		       "  abort: [web.ok_ratio < 0.1 over 500ms]\n");
	assert_int_equal(case_wait(&c, 30), 0);
	assert_ended("aborted");
	assert_prompt();
	assert_nothing_left();
	assert_non_null(strstr(case_text(case_line(&c, 0, "abort", NULL, NULL), "text"),
			       "could not be evaluated"));
}

static void by_a_person(void **state)
{
	case_start(&c, PROBES HANG);
	(void)case_await(&c, "phase", "phase", "hold");
	assert_int_equal(case_state(c.server.pid), 'T');
	assert_int_equal(kill(c.pid, SIGINT), 0);
	assert_int_equal(case_wait(&c, 10), 0);
	assert_ended("interrupted");
	assert_prompt();
	assert_nothing_left();
	assert_string_equal(case_text(case_line(&c, 0, "abort", NULL, NULL), "text"), "SIGINT");
}

/* Before anything was injected there is nothing to revert, and a run says so by having no fault. */
static void by_a_person_early(void **state)
{
	case_start(&c, PROBES HANG);
	(void)case_await(&c, "phase", "phase", "steady-before");
	assert_int_equal(kill(c.pid, SIGTERM), 0);
	assert_int_equal(case_wait(&c, 10), 0);
	assert_ended("interrupted");
	assert_null(case_line(&c, 0, "fault", NULL, NULL));
}

static void unsteady(void **state)
{
	case_start(
		&c,
		"  probes:\n"
		"    - {name: web, http: {url: \"http://127.0.0.1:%1$u/status/503\"}, every: 20ms, "
		"timeout: 100ms}\n"
		"  steadyState: [web.ok_ratio >= 0.9 over 300ms]\n"
		"  limits: {targets: 1, duration: 20s}\n" HANG);
	assert_int_equal(case_wait(&c, 30), 0);
	assert_ended("steady-state");
	assert_null(case_line(&c, 0, "fault", NULL, NULL));
	assert_true(
		json_is_false(json_object_get(case_line(&c, 0, "steady", NULL, NULL), "holds")));
}

/* limits.duration is a bound on what is measured, not on what was written. */
static void too_long(void **state)
{
	case_start(
		&c,
		"  probes:\n"
		"    - {name: web, http: {url: \"http://127.0.0.1:%1$u/ok\"}, every: 20ms, "
		"timeout: 100ms}\n"
		"  faults:\n"
		"    - {name: hang, proc.pause: {}, target: {process: {pid: %2$d}}, for: 500ms}\n"
		"  limits: {targets: 1, duration: 500ms}\n");
	(void)case_await(&c, "phase", "phase", "hold");
	/* We sleep through the end of the hold; the lease's own clock ends it, and the limit is not
	 * said to be broken. */
	assert_int_equal(kill(c.pid, SIGSTOP), 0);
	(void)usleep(1500000);
	assert_int_not_equal(case_state(c.server.pid), 'T');
	assert_int_equal(kill(c.pid, SIGCONT), 0);
	assert_int_equal(case_wait(&c, 20), 0);
	assert_int_equal(case_int(case_line(&c, 0, "fault", "state", "reverted"), "residue"), 0);
	assert_string_equal(case_text(case_line(&c, 0, "fault", "state", "reverted"), "cause"),
			    "deadline");
	assert_ended("complete");
	assert_nothing_left();
}

/* SIGKILL of the run in each of its phases. */
static void killed(void **state)
{
	static const char *const phases[] = {"steady-before", "inject",	  "hold",
					     "revert",	      "recovery", "steady-after"};

	for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
		case_start(
			&c, PROBES
			"  faults:\n"
			"    - {name: hang, proc.pause: {}, target: {process: {pid: %2$d}}, for: "
			"300ms}\n");
		(void)case_await(&c, "phase", "phase", phases[i]);
		assert_int_equal(kill(c.pid, SIGKILL), 0);
		assert_int_equal(case_wait(&c, 5), 128 + SIGKILL);
		assert_nothing_left();
		/* What was written by then can be read. */
		assert_true(c.n > 0);
		assert_string_equal(case_text(c.lines[0], "e"), "run");
	}
}

static void holder_killed(void **state)
{
	const json_t *reverted;
	pid_t holder;

	case_start(&c, PROBES HANG);
	(void)case_await(&c, "phase", "phase", "hold");
	holder = case_child(&c, "ordeal-injector");
	assert_true(holder > 0);
	assert_int_equal(kill(holder, SIGKILL), 0);
	assert_int_equal(case_wait(&c, 20), 0);
	assert_ended("failed");
	assert_non_null(case_line(&c, 0, "fault", "state", "lost"));
	reverted = case_line(&c, 0, "fault", "state", "reverted");
	assert_non_null(reverted);
	assert_string_equal(case_text(reverted, "cause"), "rescued");
	assert_int_equal(case_int(reverted, "residue"), 0);
	assert_nothing_left();
}

/* An injector that does not work, and a fault that is not possible, are told before anything is
 * waited for. */
static void no_injector(void **state)
{
	const char *env = getenv("ORDEAL_INJECTOR");
	char *before = env ? strdup(env) : NULL;

	assert_int_equal(setenv("ORDEAL_INJECTOR", "/bin/false", 1), 0);
	case_start(&c, PROBES HANG);
	assert_int_equal(
		before ? setenv("ORDEAL_INJECTOR", before, 1) : unsetenv("ORDEAL_INJECTOR"), 0);
	free(before);
	assert_int_equal(case_wait(&c, 20), 6);
	assert_non_null(strstr(c.message, "status 1"));
	assert_int_equal(access(c.runs, F_OK), -1);
	assert_nothing_left();
}

/* The target goes between the steady state and the injection: the fault does not get in force. */
static void target_dies_first(void **state)
{
	case_start(&c, "  probes:\n"
		       "    - {name: web, exec: {command: [\"true\"]}, every: 100ms, timeout: 2s}\n"
		       "  steadyState: [web.ok_ratio >= 0.1 over 500ms]\n"
		       "  limits: {targets: 1, duration: 20s}\n" HANG);
	(void)case_await(&c, "phase", "phase", "steady-before");
	http_server_stop(&c.server);
	assert_int_equal(case_wait(&c, 20), 0);
	assert_ended("failed");
	assert_null(case_line(&c, 0, "phase", "phase", "hold"));
	assert_int_equal(case_records(&c), 0);
}

/* It dies while it is hit: the fault is over, the run goes on to the end of its watch. */
static void target_dies_in_the_hold(void **state)
{
	case_start(&c, "  probes:\n"
		       "    - {name: web, exec: {command: [\"true\"]}, every: 100ms, timeout: 2s}\n"
		       "  limits: {targets: 1, duration: 20s}\n" HANG);
	(void)case_await(&c, "phase", "phase", "hold");
	http_server_stop(&c.server);
	assert_int_equal(case_wait(&c, 20), 0);
	assert_ended("complete");
	assert_string_equal(case_text(case_line(&c, 0, "fault", "state", "reverted"), "cause"),
			    "target-gone");
	assert_int_equal(case_records(&c), 0);
}

/* Someone says `ordeal halt` while the fault is in force. */
static void halted(void **state)
{
	struct ord_holder *h = NULL;
	struct ord_err err = {0};
	json_t *event = NULL, *halt = json_pack("{s:i, s:s}", "protocol", 1, "op", "halt");
	json_t *resume = json_pack("{s:i, s:s}", "protocol", 1, "op", "resume");

	case_start(&c, PROBES HANG);
	(void)case_await(&c, "phase", "phase", "hold");
	assert_int_equal(ord_holder_spawn(ORD_PROGRAM_HOST, false, &h, &err), 0);
	assert_int_equal(ord_holder_send(h, halt, &err), 0);
	assert_int_equal(ord_holder_wait(h, 5 * ORD_S, &event, &err), 0);
	json_decref(event);
	ord_holder_free(h);
	assert_int_equal(case_wait(&c, 20), 0);
	assert_ended("aborted");
	assert_string_equal(case_text(case_line(&c, 0, "abort", NULL, NULL), "cause"), "halted");
	assert_nothing_left();
	assert_int_equal(ord_holder_spawn(ORD_PROGRAM_HOST, false, &h, &err), 0);
	assert_int_equal(ord_holder_send(h, resume, &err), 0);
	assert_int_equal(ord_holder_wait(h, 5 * ORD_S, &event, &err), 0);
	json_decref(event);
	ord_holder_free(h);
	json_decref(halt);
	json_decref(resume);
}

/* The disk of the run's folder fills while the fault is in force: it is reverted, and ord_run says
 * why it ended. */
static void full_disk(void **state)
{
	if (geteuid() != 0) {
		print_message("needs a mount of its own: root\n");
		skip();
	}
	assert_int_equal(mkdir(c.runs, 0755), 0);
	assert_int_equal(mount("tmpfs", c.runs, "tmpfs", 0, "size=48k"), 0);
	case_start(&c, PROBES HANG);
	(void)case_await(&c, "phase", "phase", "hold");
	assert_int_equal(case_state(c.server.pid), 'T');
	assert_int_equal(case_wait(&c, 30), 6);
	assert_nothing_left();
	assert_non_null(strstr(c.message, "No space left"));
	assert_non_null(strstr(c.message, "every fault reverted"));
	/* The lines that had room are whole. */
	assert_true(c.n > 50);
	assert_int_equal(umount2(c.runs, MNT_DETACH), 0);
}

static void no_such_target(void **state)
{
	case_start(
		&c, PROBES
		"  faults:\n"
		"    - {name: hang, proc.pause: {}, target: {process: {pid: 4194303}}, for: 1s}\n");
	assert_int_equal(case_wait(&c, 10), 6);
	assert_non_null(strstr(c.message, "fault 'hang'"));
	/* Told before anything was made. */
	assert_int_equal(access(c.runs, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(by_a_condition, setup, teardown),
		cmocka_unit_test_setup_teardown(by_a_blind_condition, setup, teardown),
		cmocka_unit_test_setup_teardown(by_a_person, setup, teardown),
		cmocka_unit_test_setup_teardown(by_a_person_early, setup, teardown),
		cmocka_unit_test_setup_teardown(unsteady, setup, teardown),
		cmocka_unit_test_setup_teardown(too_long, setup, teardown),
		cmocka_unit_test_setup_teardown(killed, setup, teardown),
		cmocka_unit_test_setup_teardown(holder_killed, setup, teardown),
		cmocka_unit_test_setup_teardown(no_injector, setup, teardown),
		cmocka_unit_test_setup_teardown(target_dies_first, setup, teardown),
		cmocka_unit_test_setup_teardown(target_dies_in_the_hold, setup, teardown),
		cmocka_unit_test_setup_teardown(halted, setup, teardown),
		cmocka_unit_test_setup_teardown(full_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(no_such_target, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
