/* Orders, concurrency, limits, a clock that is wrong, a disk that is full. */
#include "tests/serve/harness.h"

#include <sys/resource.h>

static void test_run_now(void **state)
{
	struct test *t = *state;
	json_t *run, *all;

	write_experiment(t, "one", NEVER, 200);
	begin(t, 4);
	run = order(t, ORD_SERVE_RUN_NOW, "one");
	assert_string_equal(json_string_value(json_object_get(run, "key")), "d1");
	assert_string_equal(json_string_value(json_object_get(run, "reason")), "run-now");
	json_decref(run);
	await(t, "dispatched", "key", "d1");
	refuse(t, ORD_SERVE_RUN_NOW, "one", "runs already");
	refuse(t, ORD_SERVE_RUN_NOW, "two", "there is no schedule 'two'");
	all = ord_serve_runs(t->s);
	assert_int_equal(json_array_size(json_object_get(all, "runs")), 1);
	json_decref(all);
	await(t, "ended", "verdict", "passed");
	all = ord_serve_schedule(t->s, "one");
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(all, "last"), "verdict")),
		"passed");
	json_decref(all);
	stop(t);
}

static void test_abort(void **state)
{
	struct test *t = *state;

	write_experiment(t, "long", NEVER, 60000);
	begin(t, 4);
	json_decref(order(t, ORD_SERVE_RUN_NOW, "long"));
	await(t, "phase", "run", "d1");
	refuse(t, ORD_SERVE_ABORT, "d7", "no run 'd7'");
	json_decref(order(t, ORD_SERVE_ABORT, "d1"));
	await(t, "ended", "verdict", "aborted");
	refuse(t, ORD_SERVE_ABORT, "d1", "no run 'd1'");
	stop(t);
}

static void test_pause_and_skip(void **state)
{
	struct test *t = *state;
	json_t *one;

	write_experiment(t, "beat", SECONDS, 0);
	begin(t, 4);
	json_decref(order(t, ORD_SERVE_SKIP_NEXT, "beat"));
	await(t, "skipped", "reason", "skip-next");
	await(t, "ended", "verdict", "passed");
	assert_int_equal(count(t, "skipped", "reason", "skip-next"), 1);
	json_decref(order(t, ORD_SERVE_PAUSE, "beat"));
	await(t, "skipped", "reason", "paused");
	stop(t);
	/* It outlives a restart. */
	begin(t, 4);
	one = ord_serve_schedule(t->s, "beat");
	assert_true(json_is_true(json_object_get(one, "paused")));
	json_decref(one);
	(void)json_array_clear(t->events);
	await(t, "skipped", "reason", "paused");
	assert_int_equal(count(t, "dispatched", NULL, NULL), 0);
	json_decref(order(t, ORD_SERVE_RESUME, "beat"));
	await(t, "ended", "verdict", "passed");
	stop(t);
}

static void test_limit_of_runs(void **state)
{
	struct test *t = *state;

	write_experiment(t, "one", NEVER, 300);
	write_experiment(t, "two", NEVER, 0);
	begin(t, 1);
	json_decref(order(t, ORD_SERVE_RUN_NOW, "one"));
	json_decref(order(t, ORD_SERVE_RUN_NOW, "two"));
	await(t, "queued", "name", "two");
	assert_int_equal(count(t, "queued", "waits_for", "1 run, which is the limit"), 1);
	assert_int_equal(count(t, "ended", NULL, NULL), 0);
	await(t, "ended", "name", "two");
	assert_int_equal(count(t, "ended", "name", "one"), 1);
	stop(t);
}

static void test_concurrency(void **state)
{
	struct test *t = *state;

	write_experiment(t, "forbids", SECONDS, 60000);
	write_experiment(t, "queues", SECONDS ", concurrency: queue", 60000);
	write_experiment(t, "replaces", SECONDS ", concurrency: replace", 60000);
	begin(t, 8);
	await(t, "skipped", "reason", "forbid");
	await(t, "queued", "name", "queues");
	await(t, "ended", "name", "replaces");
	assert_int_equal(count(t, "ended", "name", "forbids"), 0);
	assert_int_equal(count(t, "ended", "name", "queues"), 0);
	turn(t, ORD_S);
	assert_true(count(t, "dispatched", "name", "replaces") >= 2);
	stop(t);
}

/* A run that hangs is asked to end, and killed where it does not. */
static void test_hung(void **state)
{
	struct test *t = *state;
	pid_t pid;

	write_experiment(t, "hangs", NEVER, 60000);
	begin(t, 4);
	json_decref(order(t, ORD_SERVE_RUN_NOW, "hangs"));
	await(t, "phase", "run", "d1");
	/* A thread starts it. */
	for (int i = 0; i < 500 && ord_child_pid(t->s->first->child) <= 0; i++)
		turn(t, 10 * ORD_MS);
	pid = ord_child_pid(t->s->first->child);
	assert_true(pid > 0);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	t->s->first->ends_boot_ns = ord_boot_ns();
	await(t, "phase", "state", "ending");
	t->s->first->asked_boot_ns -= 3600 * ORD_S;
	await(t, "ended", "name", "hangs");
	assert_int_equal(count(t, "ended", "verdict", "aborted"), 0);
	stop(t);
}

/* What a clock that was put back by half an hour leaves: nothing is repeated. */
static void test_clock_put_back(void **state)
{
	struct test *t = *state;

	write_experiment(t, "beat", SECONDS, 0);
	know(t, "beat", 1800);
	begin(t, 4);
	turn(t, 2500 * ORD_MS);
	assert_int_equal(count(t, "dispatched", NULL, NULL), 0);
	/* More than a day in the future is no time at all. */
	t->s->wall_less_boot_ns += 3600 * (int64_t)ORD_S;
	await(t, "clock", NULL, NULL);
	turn(t, ORD_S);
	assert_int_equal(count(t, "dispatched", NULL, NULL), 0);
	stop(t);
}

static void test_clock_far_ahead(void **state)
{
	struct test *t = *state;

	write_experiment(t, "beat", SECONDS, 0);
	know(t, "beat", 40 * 86400);
	begin(t, 4);
	await(t, "ended", "verdict", "passed");
	stop(t);
}

/* An hour that nobody was there, or that the clock was put forward over. */
static void test_missed(void **state)
{
	struct test *t = *state;

	int64_t then = (int64_t)ord_wall_ns() / (int64_t)ORD_S - 1800;
	char each_day[64], once[96];

	(void)snprintf(each_day, sizeof each_day, "cron: \"%d %d * * *\"", (int)(then / 60 % 60),
		       (int)(then / 3600 % 24));
	(void)snprintf(once, sizeof once, "%s, catchUp: once", each_day);
	write_experiment(t, "skips", each_day, 0);
	write_experiment(t, "once", once, 0);
	know(t, "skips", -3600);
	know(t, "once", -3600);
	begin(t, 4);
	await(t, "ended", "reason", "catch-up");
	turn(t, 300 * ORD_MS);
	assert_int_equal(count(t, "ended", "reason", "catch-up"), 1);
	assert_int_equal(count(t, "skipped", "name", "skips"), 1);
	stop(t);
}

/* Nothing begins that cannot be written down; it goes on by itself. */
static void test_full_disk(void **state)
{
	struct test *t = *state;
	struct rlimit before, none;

	write_experiment(t, "beat", SECONDS ", concurrency: queue", 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	begin(t, 4);
	await(t, "ended", "verdict", "passed");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = before;
	none.rlim_cur = 16;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	turn(t, 2500 * ORD_MS);
	assert_true(journal_failing(t->s->journal));
	(void)json_array_clear(t->events);
	turn(t, 1500 * ORD_MS);
	assert_int_equal(count(t, "dispatched", NULL, NULL), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	await(t, "ended", "verdict", "passed");
	assert_false(journal_failing(t->s->journal));
	stop(t);
}

/* A process that may open nothing more: what could not be begun is told, also to the history. */
static void test_no_descriptors(void **state)
{
	struct test *t = *state;
	struct rlimit before, none;
	int fd;

	write_experiment(t, "beat", SECONDS, 0);
	begin(t, 4);
	await(t, "ended", "verdict", "passed");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	(void)close(fd);
	none = before;
	none.rlim_cur = (rlim_t)fd;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	(void)json_array_clear(t->events);
	await(t, "ended", "name", "beat");
	assert_int_equal(count(t, "ended", "verdict", "passed"), 0);
	assert_int_equal(count_missed(t, "\"reason\":\"failed\""), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	await(t, "ended", "verdict", "passed");
	turn(t, 1500 * ORD_MS);
	assert_true(count_missed(t, "\"reason\":\"failed\"") >= 1);
	stop(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_run_now, setup, teardown),
		cmocka_unit_test_setup_teardown(test_abort, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pause_and_skip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limit_of_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_concurrency, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hung, setup, teardown),
		cmocka_unit_test_setup_teardown(test_clock_put_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_clock_far_ahead, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_descriptors, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
