/*
 * What a daemon finds when it begins: claims without an end, a machine that fell meanwhile, a
 * journal that was damaged, files that are broken.
 */
#include "tests/serve/harness.h"

static json_t *schedule(const struct test *t, const char *name)
{
	json_t *found = ord_serve_schedule(t->s, name);

	assert_non_null(found);
	return found;
}

/* A file that is broken while nobody watches goes on as it was; one that is gone does not. */
static void test_broken_at_the_start(void **state)
{
	struct test *t = *state;
	char path[256];
	json_t *one;
	FILE *f;

	write_experiment(t, "one", NEVER, 0);
	write_experiment(t, "two", NEVER, 0);
	begin(t, 4);
	stop(t);
	(void)snprintf(path, sizeof path, "%s/one.yaml", t->exp);
	f = fopen(path, "ae");
	assert_non_null(f);
	assert_true(fputs("  probs: []\n", f) >= 0);
	assert_int_equal(fclose(f), 0);
	(void)snprintf(path, sizeof path, "%s/two.yaml", t->exp);
	assert_int_equal(unlink(path), 0);
	for (int restarts = 0; restarts < 2; restarts++) {
		begin(t, 4);
		one = schedule(t, "one");
		assert_true(json_is_true(json_object_get(one, "stale")));
		assert_true(json_is_string(json_object_get(one, "message")));
		json_decref(one);
		assert_null(ord_serve_schedule(t->s, "two"));
		json_decref(order(t, ORD_SERVE_RUN_NOW, "one"));
		(void)json_array_clear(t->events);
		await(t, "ended", "verdict", "passed");
		stop(t);
	}
}
static char said[4096];

static void keep_said(void *arg, const char *line)
{
	(void)arg;
	(void)strncat(said, line, sizeof said - strlen(said) - 1);
}

/* As it looks to a machine that slept: CLOCK_BOOTTIME went on, and CLOCK_MONOTONIC did not. */
static void test_slept(void **state)
{
	struct test *t = *state;

	write_experiment(t, "one", NEVER, 0);
	begin(t, 4);
	said[0] = '\0';
	t->s->options.say = keep_said;
	t->s->boot_less_mono_ns -= 3600 * ORD_S;
	turn(t, 1500 * ORD_MS);
	assert_non_null(strstr(said, "the machine slept for 3600 s"));
	assert_int_equal(count(t, "clock", NULL, NULL), 0);
	stop(t);
}

static void read_boot(char out[static 37])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	assert_int_equal(read(fd, out, 36), 36);
	(void)close(fd);
	out[36] = '\0';
}

static void put_head(const struct test *t, const char *boot)
{
	put(t, json_pack("{s:s,s:i,s:s,s:s,s:i}", "c", "head", "v", 1, "id", "0123456789abcdef",
			 "boot", boot, "next", 4));
	know(t, "one", 0);
}

static void put_claim(const struct test *t, int key, const char *reason, int64_t less_now_s)
{
	int64_t at = (int64_t)ord_wall_ns() + less_now_s * (int64_t)ORD_S;

	put(t, json_pack("{s:s,s:i,s:s,s:I,s:I,s:s}", "c", "claim", "k", key, "n", "one", "p",
			 (json_int_t)at, "a", (json_int_t)at, "r", reason));
}

/* Claims as a death leaves them: before they began, and after. */
static void test_claims_of_before(void **state)
{
	struct test *t = *state;
	char boot[37];

	read_boot(boot);
	write_experiment(t, "one", NEVER, 0);
	put_head(t, boot);
	put_claim(t, 1, "run-now", 0);
	put_claim(t, 2, "run-now", 0);
	put_claim(t, 3, "schedule", -600);
	put(t, json_pack("{s:s,s:i}", "c", "begin", "k", 1));
	begin(t, 4);
	await(t, "ended", "key", "d2");
	turn(t, 300 * ORD_MS);
	assert_int_equal(count(t, "dispatched", "key", "d1"), 0);
	assert_int_equal(count(t, "dispatched", "key", "d3"), 0);
	assert_int_equal(t->s->next_key, 4);
	stop(t);
}

/* Of a machine that fell the last lines may be missing, whatever the clock says that it begins
 * with: what was claimed may have been begun. What was not run is told to the history again. */
static void test_machine_fell(void **state)
{
	struct test *t = *state;

	write_experiment(t, "one", NEVER, 0);
	put_head(t, "another");
	put_claim(t, 1, "schedule", 2);
	put_claim(t, 2, "schedule", -2);
	put(t, json_pack("{s:s,s:s,s:I,s:I,s:i,s:s}", "c", "skipped", "n", "one", "first",
			 (json_int_t)10, "last", (json_int_t)20, "times", 2, "why", "forbid"));
	begin(t, 4);
	turn(t, 2500 * ORD_MS);
	assert_int_equal(count(t, "dispatched", NULL, NULL), 0);
	assert_int_equal(count_missed(t, "\"outcome\":\"interrupted\""), 2);
	assert_int_equal(count_missed(t, "\"reason\":\"forbid\""), 1);
	stop(t);
}

/* One that was shut down in order had written all of it down. */
static void test_machine_shut_down(void **state)
{
	struct test *t = *state;

	write_experiment(t, "one", NEVER, 0);
	put_head(t, "another");
	put_claim(t, 1, "run-now", -2);
	put(t, json_pack("{s:s}", "c", "closed"));
	begin(t, 4);
	await(t, "ended", "key", "d1");
	stop(t);
}

/* Bits that changed on the disk: one line of two says that it began. */
static void test_damaged_lines(void **state)
{
	struct test *t = *state;
	int64_t now = (int64_t)ord_wall_ns();
	char boot[37], path[128];
	FILE *f;

	read_boot(boot);
	write_experiment(t, "one", NEVER, 0);
	put_head(t, boot);
	put_claim(t, 5, "run-now", 0); /* its `begin` is damaged */
	(void)snprintf(path, sizeof path, "%s/journal", t->state);
	f = fopen(path, "ae");
	assert_non_null(f);
	assert_true(fputs("01234567 {\"c\":\"begin\",\"k\":5}\n", f) >= 0);
	assert_int_equal(fclose(f), 0);
	/* Its claim is. */
	put(t, json_pack("{s:s,s:i,s:s,s:I,s:I,s:I}", "c", "begin", "k", 6, "n", "one", "p",
			 (json_int_t)now, "a", (json_int_t)now, "cur", (json_int_t)now));
	begin(t, 4);
	turn(t, 500 * ORD_MS);
	assert_int_equal(count(t, "dispatched", NULL, NULL), 0);
	assert_int_equal(count_missed(t, "\"outcome\":\"interrupted\""), 2);
	/* That of a claim of which nothing is left is not given out again. */
	assert_int_equal(t->s->next_key, 8);
	stop(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_broken_at_the_start, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_claims_of_before, setup, teardown),
		cmocka_unit_test_setup_teardown(test_machine_fell, setup, teardown),
		cmocka_unit_test_setup_teardown(test_machine_shut_down, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged_lines, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
