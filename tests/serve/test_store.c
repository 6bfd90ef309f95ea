/* More schedules than are held in memory, and more files than are read at once. */
#include "tests/serve/harness.h"

enum { MANY = 1400 };

static json_t *shown(const struct test *t, const char *name)
{
	json_t *found = ord_serve_schedule(t->s, name);

	assert_non_null(found);
	return found;
}

static void write_many(const struct test *t, const char *schedule)
{
	char name[32];

	for (unsigned i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof name, "many-%04u", i);
		write_experiment(t, name, schedule, 0);
	}
}

static size_t in_memory(const struct test *t)
{
	size_t n = 0;

	for (const struct entry *e = rows_first(t->s); e; e = e->next)
		n++;
	return n;
}

static void await_look(const struct test *t)
{
	for (int i = 0; t->s->look && i < 1000; i++)
		turn(t, 20 * ORD_MS);
	assert_null(t->s->look);
}

/* What is not in memory is listed, run, and known to have run, as what is. */
static void test_many(void **state)
{
	struct test *t = *state;
	json_t *page, *one, *all;

	write_many(t, NEVER);
	begin(t, 4);
	assert_int_equal(ord_agenda_count(t->s->agenda), MANY);
	json_decref(order(t, ORD_SERVE_RUN_NOW, "many-0001"));
	await(t, "ended", "verdict", "passed");
	turn(t, 700 * ORD_MS);
	assert_in_range(in_memory(t), 1, 1024);
	page = ord_serve_schedules_page(t->s, "many-0998", "many", 3);
	all = json_object_get(page, "schedules");
	assert_int_equal(json_array_size(all), 3);
	assert_int_equal(json_integer_value(json_object_get(page, "total")), MANY);
	for (size_t i = 0; i < 3; i++) {
		char name[32];

		(void)snprintf(name, sizeof name, "many-%04zu", 999 + i);
		one = json_array_get(all, i);
		assert_string_equal(json_string_value(json_object_get(one, "name")), name);
		assert_int_equal(strlen(json_string_value(json_object_get(one, "sha256"))), 64);
		assert_string_equal(json_string_value(json_object_get(
					    json_object_get(one, "labels"), "sleep_ms")),
				    "0");
	}
	json_decref(page);
	/* That it has run is known without it. */
	for (unsigned i = 0; i < MANY; i++)
		(void)store_entry(t->s, i);
	rows_trim(t->s);
	rows_trim(t->s);
	assert_in_range(in_memory(t), 1, 1024);
	one = shown(t, "many-0001");
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(one, "last"), "verdict")),
		"passed");
	json_decref(one);
	stop(t);
}

/* In slices, between which the loop turns; taken over whole at their end. */
static void test_many_changes(void **state)
{
	struct test *t = *state;
	json_t *one;

	write_many(t, NEVER);
	begin(t, 4);
	write_many(t, "at: \"2198-01-01T00:00Z\"");
	json_decref(order(t, ORD_SERVE_RELOAD, NULL));
	assert_non_null(t->s->look);
	for (int i = 0; t->s->look && i < 100000; i++) {
		one = shown(t, "many-0000");
		assert_int_equal(strncmp(json_string_value(json_object_get(
						 json_object_get(one, "next"), "at")),
					 "2199", 4),
				 0);
		json_decref(one);
		assert_true(sd_event_run(t->loop, 1000) >= 0);
	}
	await_look(t);
	for (unsigned i = 0; i < MANY; i += 37) {
		char name[32];

		(void)snprintf(name, sizeof name, "many-%04u", i);
		one = shown(t, name);
		assert_int_equal(strncmp(json_string_value(json_object_get(
						 json_object_get(one, "next"), "at")),
					 "2198", 4),
				 0);
		json_decref(one);
	}
	stop(t);
}

static void move(const struct test *t, const char *from, const char *to)
{
	char a[256], b[256];

	(void)snprintf(a, sizeof a, "%s/%s", t->exp, from);
	(void)snprintf(b, sizeof b, "%s/%s", t->exp, to);
	assert_int_equal(rename(a, b), 0);
	json_decref(order(t, ORD_SERVE_RELOAD, NULL));
	await_look(t);
}

/* A file that is called otherwise is the same schedule, with all that is known of it. */
static void test_moved(void **state)
{
	struct test *t = *state;
	json_t *one;

	write_experiment(t, "one", NEVER, 0);
	begin(t, 4);
	json_decref(order(t, ORD_SERVE_PAUSE, "one"));
	move(t, "one.yaml", "b.yml");
	move(t, "b.yml", "a.yaml");
	one = shown(t, "one");
	assert_string_equal(json_string_value(json_object_get(one, "file")), "a.yaml");
	assert_true(json_is_true(json_object_get(one, "paused")));
	json_decref(one);
	assert_int_equal(count(t, "removed", NULL, NULL), 0);
	/* Another file of that name waits until it goes. */
	write_experiment(t, "one", NEVER, 1);
	json_decref(order(t, ORD_SERVE_RELOAD, NULL));
	await_look(t);
	assert_int_equal(files_broken(t->s), 1);
	move(t, "a.yaml", "a.txt");
	one = shown(t, "one");
	assert_string_equal(json_string_value(json_object_get(one, "file")), "one.yaml");
	json_decref(one);
	assert_int_equal(files_broken(t->s), 0);
	stop(t);
}

/* What is there and cannot be looked at is broken, and not gone. */
static void test_not_to_be_looked_at(void **state)
{
	struct test *t = *state;
	char path[256];
	json_t *one;

	write_experiment(t, "one", NEVER, 0);
	begin(t, 4);
	(void)snprintf(path, sizeof path, "%s/one.yaml", t->exp);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("one.yaml", path), 0); /* ELOOP */
	json_decref(order(t, ORD_SERVE_RELOAD, NULL));
	await_look(t);
	one = shown(t, "one");
	assert_true(json_is_true(json_object_get(one, "stale")));
	json_decref(one);
	json_decref(order(t, ORD_SERVE_RUN_NOW, "one"));
	await(t, "ended", "verdict", "passed");
	assert_int_equal(unlink(path), 0);
	write_experiment(t, "one", NEVER, 0);
	json_decref(order(t, ORD_SERVE_RELOAD, NULL));
	await_look(t);
	one = shown(t, "one");
	assert_true(json_is_false(json_object_get(one, "stale")));
	json_decref(one);
	stop(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_moved, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_to_be_looked_at, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
