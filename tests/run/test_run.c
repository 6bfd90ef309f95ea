/* Runs that go their way to the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "tests/support/run_case.h"

#define MS ((int64_t)ORD_MS)

#define PROBES                                                                                 \
	"  probes:\n"                                                                          \
	"    - {name: web, http: {url: \"http://127.0.0.1:%1$u/ok\", expect: {status: 200}}, " \
	"every: 20ms, timeout: 400ms}\n"                                                       \
	"  steadyState: [web.ok_ratio >= 0.9 over 300ms]\n"                                    \
	"  limits: {targets: 1, duration: 5s}\n"
#define HANG          \
	"  faults:\n" \
	"    - {name: hang, proc.pause: {}, target: {process: {pid: %2$d}}, for: 700ms}\n"

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

/* The phases of one repetition, in their order. */
static void assert_phases(int rep, const char *const *names, size_t n)
{
	size_t at = 0;

	for (size_t i = 0; i < c.n; i++) {
		if (strcmp(case_text(c.lines[i], "e"), "phase") != 0 ||
		    case_int(c.lines[i], "rep") != rep)
			continue;
		assert_true(at < n);
		assert_string_equal(case_text(c.lines[i], "phase"), names[at]);
		at++;
	}
	assert_int_equal(at, n);
}

static const json_t *fault_line(const char *state, int rep)
{
	for (size_t i = 0;; i++) {
		const json_t *line = case_line(&c, i, "fault", "state", state);

		if (!line)
			fail_msg("no fault %s in repetition %d", state, rep);
		if (case_int(line, "rep") == rep)
			return line;
	}
}

/* Samples of a repetition that were due between two instants. */
static void count_samples(int rep, int64_t from, int64_t to, size_t *ret_good, size_t *ret_bad)
{
	*ret_good = *ret_bad = 0;
	for (size_t i = 0; i < c.n; i++) {
		const json_t *good = json_object_get(c.lines[i], "good");

		if (!good || case_int(c.lines[i], "rep") != rep ||
		    case_int(c.lines[i], "due") < from || case_int(c.lines[i], "due") >= to)
			continue;
		*(json_is_true(good) ? ret_good : ret_bad) += 1;
	}
}

static void assert_whole_timeline(void)
{
	int64_t t = 0;

	assert_string_equal(case_text(c.lines[0], "e"), "run");
	assert_string_equal(case_text(c.lines[c.n - 1], "e"), "end");
	for (size_t i = 0; i < c.n; i++) {
		assert_true(case_int(c.lines[i], "t") >= t);
		t = case_int(c.lines[i], "t");
	}
}

/* Every slot of a probe once, due at its instant. */
static void assert_slots(const char *probe, int64_t every)
{
	int64_t first = -1, n = 0;

	for (size_t i = 0; i < c.n; i++) {
		if (strcmp(case_text(c.lines[i], "p"), probe) != 0)
			continue;
		if (first < 0)
			first = case_int(c.lines[i], "due") - case_int(c.lines[i], "n") * every;
		assert_int_equal(case_int(c.lines[i], "due"),
				 first + case_int(c.lines[i], "n") * every);
		n++;
	}
	assert_true(n > 20);
}

static void placebo_and_two(void **state)
{
	static const char *const whole[] = {"steady-before", "inject",	     "hold",	"revert",
					    "recovery",	     "steady-after", "cooldown"};
	size_t good, bad;
	int64_t from, to;

	case_start(&c,
		   PROBES HANG "  placebo: true\n  repetitions: 2\n  cooldown: 100ms\n"
			       "  objectives: [recover(after_rollback) within 3s hold 300ms]\n");
	assert_int_equal(case_wait(&c, 40), 0);
	assert_whole_timeline();
	assert_slots("web", 20 * MS);
	assert_phases(0, whole, 7);
	assert_phases(1, whole, 7);
	assert_phases(2, whole, 6);
	assert_string_equal(case_text(case_line(&c, 0, "end", NULL, NULL), "cause"), "complete");
	for (int rep = 0; rep <= 2; rep++) {
		from = case_int(fault_line("injected", rep), "at_t");
		to = case_int(fault_line("reverting", rep), "at_t");
		assert_true(to - from >= 700 * MS && to - from < 2000 * MS);
		assert_int_equal(case_int(fault_line("reverted", rep), "residue"), 0);
		count_samples(rep, from + 5 * MS, from + 250 * MS, &good, &bad);
		assert_true(good + bad >= 10);
		/* The placebo does everything but the fault. */
		assert_int_equal(rep == 0 ? bad : good, 0);
		assert_true(json_is_true(json_object_get(
			case_line(&c, (size_t)rep * 2, "steady", NULL, NULL), "holds")));
	}
	assert_int_equal(case_records(&c), 0);
}

/* Each fault has its own offset and duration; the repetition goes on until the last of them is
 * over. */
static void two_faults_of_their_own(void **state)
{
	const json_t *a, *b;
	int64_t late;

	case_start(&c, PROBES
		   "  faults:\n"
		   "    - {name: long, noop: {}, target: {process: {pid: %2$d}}, for: 800ms}\n"
		   "    - {name: short, noop: {}, target: {process: {pid: %2$d}}, at: 300ms, for: "
		   "200ms}\n");
	assert_int_equal(case_wait(&c, 20), 0);
	a = case_line(&c, 0, "fault", "state", "injected");
	b = case_line(&c, 1, "fault", "state", "injected");
	assert_string_equal(case_text(a, "fault"), "long");
	assert_string_equal(case_text(b, "fault"), "short");
	late = case_int(b, "at_t") - case_int(a, "at_t");
	assert_true(late >= 290 * MS && late < 900 * MS);
	a = case_line(&c, 0, "fault", "state", "reverted");
	assert_string_equal(case_text(a, "fault"), "short");
	assert_true(case_int(a, "at_t") - case_int(b, "at_t") >= 200 * MS);
	assert_true(case_int(a, "at_t") - case_int(b, "at_t") < 900 * MS);
	/* The revert phase begins with the last of them. */
	assert_true(case_int(case_line(&c, 0, "phase", "phase", "revert"), "t") > case_int(a, "t"));
	assert_string_equal(case_text(case_line(&c, 0, "end", NULL, NULL), "cause"), "complete");
}

/* Recovery is watched until its hold is over, not for ever; and not cut off before. */
static void recovery_is_watched(void **state)
{
	int64_t cleared, end;

	case_start(
		&c, PROBES HANG
		"  objectives: [recover(after_rollback) within 5s hold 900ms]\n  recovery: 10s\n");
	assert_int_equal(case_wait(&c, 30), 0);
	cleared = case_int(case_line(&c, 0, "fault", "state", "reverted"), "at_t");
	end = case_int(case_line(&c, 0, "phase", "phase", "steady-after"), "t");
	assert_true(end - cleared >= 900 * MS);
	assert_true(end - cleared < 4000 * MS);
}

/* A keep-alive probe, an exec probe and a JSON path beside each other. */
static void kinds(void **state)
{
	static const char *const names[] = {"keep", "script", "port"};
	size_t good[3] = {0};

	case_start(&c, "  probes:\n"
		       "    - {name: keep, http: {url: \"http://127.0.0.1:%1$u/json\", connection: "
		       "keep-alive, "
		       "expect: {json: {\"a.b[1].c\": up}}}, every: 50ms, timeout: 400ms}\n"
		       "    - {name: script, exec: {command: [sh, -c, exit 3], expect: {status: "
		       "3}}, every: 100ms, "
		       "timeout: 2s}\n"
		       "    - {name: port, tcp: {host: 127.0.0.1, port: %1$u}, every: 50ms, "
		       "timeout: 400ms}\n"
		       "  steadyState: [keep.latency.p95 < 400ms over 500ms]\n"
		       "  faults: [{name: nothing, noop: {}, target: {host: true}, for: 300ms}]\n"
		       "  limits: {targets: 1, duration: 5s}\n");
	assert_int_equal(case_wait(&c, 20), 0);
	for (size_t i = 0; i < c.n; i++)
		for (size_t k = 0; k < 3; k++)
			if (!strcmp(case_text(c.lines[i], "p"), names[k]))
				good[k] += json_is_true(json_object_get(c.lines[i], "good"));
	for (size_t k = 0; k < 3; k++)
		assert_true(good[k] >= 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(placebo_and_two, setup, teardown),
		cmocka_unit_test_setup_teardown(two_faults_of_their_own, setup, teardown),
		cmocka_unit_test_setup_teardown(recovery_is_watched, setup, teardown),
		cmocka_unit_test_setup_teardown(kinds, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
