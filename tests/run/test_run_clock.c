/*
 * A wall clock that is stepped by an hour to and fro while a run goes on. The program brings its
 * own clock_gettime, which the libraries that it loads use as well; only CLOCK_REALTIME lies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "ordeal/run.h"
#include "tests/support/run_case.h"

#define MS ((int64_t)ORD_MS)

static unsigned long asked;

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *t)
{
	int r = (int)syscall(SYS_clock_gettime, clock, t);

	if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
		t->tv_sec += ++asked % 2 ? 3600 : -3600;
	return r;
}

__attribute__((visibility("default"))) int gettimeofday(struct timeval *restrict tv,
							void *restrict tz)
{
	struct timespec t;

	(void)tz;
	(void)clock_gettime(CLOCK_REALTIME, &t);
	*tv = (struct timeval){.tv_sec = t.tv_sec, .tv_usec = t.tv_nsec / 1000};
	return 0;
}

__attribute__((visibility("default"))) time_t time(time_t *out)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	if (out)
		*out = t.tv_sec;
	return t.tv_sec;
}

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

static void stepped(void **state)
{
	const json_t *injected, *reverting, *end;
	int64_t first = -1, due = 0, held;
	size_t bad = 0;

	case_start(&c, "  probes:\n"
		       "    - {name: web, http: {url: \"http://127.0.0.1:%1$u/ok\"}, every: 20ms, "
		       "timeout: 200ms}\n"
		       "  steadyState: [web.ok_ratio >= 0.9 over 300ms]\n"
		       "  faults: [{name: hang, proc.pause: {}, target: {process: {pid: %2$d}}, "
		       "for: 600ms}]\n"
		       "  limits: {targets: 1, duration: 5s}\n");
	assert_int_equal(case_wait(&c, 30), 0);
	end = case_line(&c, 0, "end", NULL, NULL);
	assert_string_equal(case_text(end, "cause"), "complete");
	assert_true(case_int(end, "t") < 20000 * MS);
	injected = case_line(&c, 0, "fault", "state", "injected");
	reverting = case_line(&c, 0, "fault", "state", "reverting");
	held = case_int(reverting, "at_t") - case_int(injected, "at_t");
	assert_true(held >= 600 * MS && held < 1000 * MS);
	for (size_t i = 0; i < c.n; i++) {
		if (strcmp(case_text(c.lines[i], "e"), "sample") != 0)
			continue;
		due = case_int(c.lines[i], "due");
		if (first < 0)
			first = due - case_int(c.lines[i], "n") * 20 * MS;
		assert_int_equal(due, first + case_int(c.lines[i], "n") * 20 * MS);
		assert_true(case_int(c.lines[i], "done") - due < 1000 * MS);
		bad += json_is_false(json_object_get(c.lines[i], "good"));
	}
	assert_true(bad >= 10 && bad < 60);
}

/* A line of a log, and a person's word: on the run's clock too, between the phases in which they
 * were said. */
static void words(void **state)
{
	const json_t *mark, *heard, *hold, *revert;
	char body[1024], path[128], dir[ORD_PATH_MAX];
	struct ord_err err;
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/log", c.dir);
	(void)snprintf(body, sizeof body,
		       "  probes:\n"
		       "    - {name: web, http: {url: \"http://127.0.0.1:%%1$u/ok\"}, every: 20ms, "
		       "timeout: 200ms}\n"
		       "  detection: {logs: [{name: own, file: %s, match: noticed}]}\n"
		       "  faults: [{name: nothing, noop: {}, target: {process: {pid: %%2$d}}, "
		       "for: 2s}]\n"
		       "  limits: {targets: 1, duration: 5s}\n",
		       path);
	case_start(&c, body);
	(void)case_await(&c, "phase", "phase", "hold");
	f = fopen(path, "we");
	assert_non_null(f);
	(void)fputs("noticed\n", f);
	assert_int_equal(fclose(f), 0);
	(void)snprintf(dir, sizeof dir, "%s/latest", c.runs);
	if (ord_mark(dir, "detected", "on-call", NULL, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(case_wait(&c, 30), 0);
	hold = case_line(&c, 0, "phase", "phase", "hold");
	revert = case_line(&c, 0, "phase", "phase", "revert");
	mark = case_line(&c, 0, "mark", "by", "on-call");
	assert_non_null(mark);
	assert_true(case_int(mark, "t") > case_int(hold, "t") &&
		    case_int(mark, "t") < case_int(revert, "t"));
	heard = NULL;
	for (size_t i = 0; i < c.n; i++)
		if (json_is_true(json_object_get(c.lines[i], "state")))
			heard = c.lines[i];
	assert_non_null(heard);
	assert_true(case_int(heard, "hi_t") > case_int(hold, "t") &&
		    case_int(heard, "hi_t") < case_int(revert, "t"));
	assert_true(case_int(heard, "lo_t") < case_int(heard, "hi_t"));
	for (size_t i = 1; i < c.n; i++)
		assert_true(case_int(c.lines[i], "t") >= case_int(c.lines[i - 1], "t"));
}

/* The lie is told to those who ask: without this the test above would prove nothing. */
static void the_clock_lies(void **state)
{
	uint64_t a = ord_wall_ns(), b = ord_wall_ns();

	assert_true((a > b ? a - b : b - a) > 7000 * ORD_S);
	assert_true(asked >= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clock_lies),
		cmocka_unit_test_setup_teardown(stepped, setup, teardown),
		cmocka_unit_test_setup_teardown(words, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
