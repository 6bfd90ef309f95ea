/*
 * Runs that are prepared ahead of their instants: what waits is what runs then, and what is not to
 * run any more ends without a trace. The program in the place of `ordeal run` writes down each time
 * that it waits (`prepared`: key and pid) and each time that it begins (`starts`: key).
 */
#include "tests/serve/harness.h"

#include <errno.h>

#define ALL 160 /* more than are ever prepared at once */

static size_t lines_with(const struct test *t, const char *name, const char *key, pid_t *ret_pid)
{
	char path[128], line[128];
	size_t n = 0, size = strlen(key);
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s", t->runs, name);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f)) {
		if (strncmp(line, key, size) != 0 || !strchr(" \n", line[size]))
			continue;
		n++;
		if (ret_pid && line[size] == ' ')
			*ret_pid = (pid_t)strtol(line + size, NULL, 10);
	}
	if (f)
		(void)fclose(f);
	return n;
}

/* Until it waits. */
static pid_t await_prepared(const struct test *t, const char *key)
{
	uint64_t limit = ord_now_ns() + 20 * ORD_S;
	pid_t pid = 0;

	while (!lines_with(t, "prepared", key, &pid)) {
		assert_true(sd_event_run(t->loop, 2000) >= 0);
		if (ord_now_ns() > limit)
			fail_msg("%s was not prepared within 20 s", key);
	}
	return pid;
}

/* It has ended, and was reaped. */
static void await_gone(const struct test *t, pid_t pid)
{
	uint64_t limit = ord_now_ns() + 20 * ORD_S;

	while (kill(pid, 0) == 0 && ord_now_ns() < limit)
		assert_true(sd_event_run(t->loop, 2000) >= 0);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
}

/* And had not begun. */
static void assert_gone(const struct test *t, pid_t pid, const char *key)
{
	await_gone(t, pid);
	assert_int_equal(lines_with(t, "starts", key, NULL), 0);
}

/* Of the journal, the record of that key; owned. */
static json_t *record_of(const struct test *t, const char *what, int key)
{
	char path[128], line[4096];
	json_t *found = NULL;
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/journal", t->state);
	f = fopen(path, "re");
	assert_non_null(f);
	while (!found && fgets(line, sizeof line, f)) {
		json_t *r = record_read(line, strcspn(line, "\n"));

		if (r && !strcmp(json_string_value(json_object_get(r, "c")), what) &&
		    json_integer_value(json_object_get(r, "k")) == key)
			found = json_incref(r);
		json_decref(r);
	}
	assert_int_equal(fclose(f), 0);
	return found;
}

static void test_what_waits_is_what_runs(void **state)
{
	struct test *t = *state;
	json_t *claim, *begin_record;
	pid_t pid;

	write_experiment(t, "one", SECONDS, 0);
	begin(t, 4);
	pid = await_prepared(t, "d1");
	/* The claim was on the disk by then, and nothing had begun. */
	claim = record_of(t, "claim", 1);
	assert_non_null(claim);
	json_decref(claim);
	await(t, "ended", "key", "d1");
	begin_record = record_of(t, "begin", 1);
	assert_int_equal(json_integer_value(json_object_get(begin_record, "pid")), pid);
	assert_true(json_integer_value(json_object_get(begin_record, "st")) > 0);
	json_decref(begin_record);
	assert_int_equal(lines_with(t, "starts", "d1", NULL), 1);
	assert_int_equal(lines_with(t, "prepared", "d1", NULL), 1);
	assert_int_equal(count(t, "ended", "verdict", "passed"), count(t, "ended", NULL, NULL));
	stop(t);
}

/* With one experiment, whose first run is prepared. */
static pid_t begin_prepared(struct test *t, const char *schedule)
{
	write_experiment(t, "one", schedule, 0);
	begin(t, 4);
	return await_prepared(t, "d1");
}

static void test_halted(void **state)
{
	struct test *t = *state;
	pid_t pid = begin_prepared(t, SECONDS);

	halt_set(t->s, "a test", false);
	assert_int_equal(count(t, "skipped", "reason", "halted"), 1);
	assert_gone(t, pid, "d1");
	stop(t);
}

static void test_skipped(void **state)
{
	struct test *t = *state;
	pid_t pid = begin_prepared(t, SECONDS);

	json_decref(order(t, ORD_SERVE_SKIP_NEXT, "one"));
	await(t, "skipped", "reason", "skip-next");
	assert_gone(t, pid, "d1");
	stop(t);
}

static void test_paused(void **state)
{
	struct test *t = *state;
	pid_t pid = begin_prepared(t, SECONDS);

	json_decref(order(t, ORD_SERVE_PAUSE, "one"));
	await(t, "skipped", "reason", "paused");
	assert_gone(t, pid, "d1");
	/* What is paused is not prepared. */
	turn(t, 3 * ORD_S / 2);
	assert_int_equal(lines_with(t, "prepared", "d2", NULL), 0);
	stop(t);
}

static void test_removed(void **state)
{
	struct test *t = *state;
	char path[128];
	pid_t pid = begin_prepared(t, SECONDS);

	(void)snprintf(path, sizeof path, "%s/one.yaml", t->exp);
	assert_int_equal(unlink(path), 0);
	await(t, "removed", "name", "one");
	while (t->s->first)
		assert_true(sd_event_run(t->loop, 2000) >= 0);
	/* The instant may have come before the folder was looked at. */
	if (count(t, "dispatched", "key", "d1") == 0)
		assert_gone(t, pid, "d1");
	stop(t);
}

/* It runs, but as the file is now, and once. */
static void test_changed(void **state)
{
	struct test *t = *state;
	pid_t pid;

	write_experiment(t, "one", "cron: \"*/2 * * * * *\"", 60000);
	begin(t, 4);
	pid = await_prepared(t, "d1");
	write_experiment(t, "one", "cron: \"*/2 * * * * *\"", 0);
	await(t, "phase", "run", "d1");
	assert_int_equal(lines_with(t, "starts", "d1", NULL), 1);
	/* Else the instant came before the folder was looked at. */
	if (lines_with(t, "prepared", "d1", NULL) == 2) {
		await(t, "ended", "key", "d1");
		await_gone(t, pid);
	}
}

/* The clock is put back by an hour: it is prepared anew when its instant is near again. */
static void test_clock(void **state)
{
	struct test *t = *state;
	pid_t pid = begin_prepared(t, SECONDS);

	warm_check(t->s, (int64_t)ord_wall_ns());
	assert_int_equal(t->s->n_warm, 1);
	warm_check(t->s, (int64_t)(ord_wall_ns() - 3600 * ORD_S));
	assert_int_equal(t->s->n_warm, 0);
	due_turn(t->s);
	await(t, "ended", "key", "d1");
	await_gone(t, pid);
	assert_int_equal(lines_with(t, "prepared", "d1", NULL), 2);
	assert_int_equal(lines_with(t, "starts", "d1", NULL), 1);
	stop(t);
}

/* The machine sleeps through its instant, for two minutes. */
static pid_t begin_and_sleep(struct test *t, const char *schedule)
{
	pid_t pid = begin_prepared(t, schedule);

	t->s->first->at_ns -= 120 * (int64_t)ORD_S;
	due_turn(t->s);
	return pid;
}

static void test_slept_and_left_out(void **state)
{
	struct test *t = *state;
	pid_t pid = begin_and_sleep(t, "cron: \"*/2 * * * * *\", catchUp: skip");

	assert_int_equal(count(t, "skipped", "reason", "catch-up"), 1);
	assert_gone(t, pid, "d1");
	stop(t);
}

/* By a process that looks at the targets as they are now. */
static void test_slept_and_made_up_for(void **state)
{
	struct test *t = *state;
	pid_t pid = begin_and_sleep(t, "cron: \"*/2 * * * * *\", catchUp: once");

	await(t, "ended", "key", "d1");
	await_gone(t, pid);
	assert_int_equal(count(t, "skipped", NULL, NULL), 0);
	assert_true(count(t, "dispatched", "reason", "catch-up") > 0);
	assert_int_equal(lines_with(t, "starts", "d1", NULL), 1);
	stop(t);
}

/* Whatever happens to what waits is of no account. */
static void test_fails_while_prepared(void **state)
{
	struct test *t = *state;
	char path[128];
	int fd;

	(void)snprintf(path, sizeof path, "%s/fail_once", t->runs);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	write_experiment(t, "one", SECONDS, 0);
	begin(t, 4);
	await(t, "ended", "key", "d1");
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(count(t, "ended", "verdict", "passed"), count(t, "ended", NULL, NULL));
	assert_int_equal(lines_with(t, "starts", "d1", NULL), 1);
	stop(t);
}

/* The same experiment, which shares its target with nobody. */
static void write_exclusive(const struct test *t, const char *name)
{
	static const char share[] = "  shareTargets: true\n";
	char path[128], text[8192], *at;
	size_t n;
	FILE *f;

	write_experiment(t, name, "cron: \"*/2 * * * * *\"", 60000);
	(void)snprintf(path, sizeof path, "%s/%s.yaml", t->exp, name);
	f = fopen(path, "re");
	assert_non_null(f);
	n = fread(text, 1, sizeof text - 1, f);
	text[n] = '\0';
	assert_int_equal(fclose(f), 0);
	at = strstr(text, share);
	assert_non_null(at);
	f = fopen(path, "we");
	assert_non_null(f);
	(void)fprintf(f, "%.*s%s", (int)(at - text), text, at + strlen(share));
	assert_int_equal(fclose(f), 0);
}

/* Those that wait for a target hold no process meanwhile. */
static void test_queued_by_locks(void **state)
{
	struct test *t = *state;

	write_exclusive(t, "one");
	write_exclusive(t, "two");
	begin(t, 4);
	await(t, "queued", NULL, NULL);
	turn(t, ORD_S / 2);
	assert_int_equal(t->s->n_warm, 0);
	assert_int_equal(t->s->n_running, 1);
	assert_int_equal(lines_with(t, "starts", "d1", NULL) + lines_with(t, "starts", "d2", NULL),
			 1);
}

static void check_bound(struct test *t, uint32_t max_runs, size_t most)
{
	size_t seen = 0;

	for (int i = 0; i < ALL; i++) {
		char name[16];

		(void)snprintf(name, sizeof name, "e%d", i);
		write_experiment(t, name, "cron: \"*/3 * * * * *\"", 0);
	}
	begin(t, max_runs);
	while (count(t, "ended", NULL, NULL) < ALL) {
		assert_true(sd_event_run(t->loop, 2000) >= 0);
		assert_true(t->s->n_warm <= most);
		assert_true(t->s->n_warm + t->s->n_running <= max_runs);
		seen = t->s->n_warm > seen ? t->s->n_warm : seen;
	}
	assert_true(seen > 2);
	stop(t);
}

static void test_bound_by_runs(void **state)
{
	check_bound(*state, 5, 5);
}

static void test_bound(void **state)
{
	check_bound(*state, 1000, 128);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_waits_is_what_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_halted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_skipped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_paused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_clock, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slept_and_left_out, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slept_and_made_up_for, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fails_while_prepared, setup, teardown),
		cmocka_unit_test_setup_teardown(test_queued_by_locks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bound_by_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bound, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
