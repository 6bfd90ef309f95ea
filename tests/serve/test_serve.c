/*
 * The daemon in one process, with a program in the place of `ordeal run` that takes as long as its
 * experiment's label says: orders, concurrency, limits, a clock that is wrong, a disk that is full.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/clock.h"
#include "ordeal/serve.h"
#include "scheduler/serve/record.h"
#include "scheduler/serve/serve.h"

#define SECONDS "cron: \"* * * * * *\""
#define NEVER	"at: \"2199-01-01T00:00Z\""

struct test {
	char dir[64], exp[80], state[80], runs[80];
	sd_event *loop;
	struct ord_serve *s;
	json_t *events; /* [type, data], as they came */
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int setup(void **state)
{
	struct test *t = calloc(1, sizeof *t);
	sigset_t set;

	if (!t)
		return -1;
	*state = t;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	(void)snprintf(t->dir, sizeof t->dir, "/tmp/ordeal-test-serve-XXXXXX");
	if (!mkdtemp(t->dir))
		return -1;
	(void)snprintf(t->exp, sizeof t->exp, "%s/exp", t->dir);
	(void)snprintf(t->state, sizeof t->state, "%s/state", t->dir);
	(void)snprintf(t->runs, sizeof t->runs, "%s/runs", t->dir);
	t->events = json_array();
	return mkdir(t->exp, 0700) || mkdir(t->runs, 0700) ||
	       setenv("ORDEAL_RUNTIME_DIR", t->dir, 1);
}

static void stop(struct test *t)
{
	if (t->s) {
		ord_serve_stop(t->s);
		assert_true(sd_event_loop(t->loop) >= 0);
		ord_serve_close(t->s);
		(void)sd_event_unref(t->loop);
	}
	t->s = NULL;
}

/* As if it had been killed: nothing is told to what runs, nothing more is written. */
static int teardown(void **state)
{
	struct test *t = *state;

	ord_serve_close(t->s);
	if (t->s)
		(void)sd_event_unref(t->loop);
	json_decref(t->events);
	(void)nftw(t->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(t);
	return 0;
}

static void write_experiment(const struct test *t, const char *name, const char *schedule, int ms)
{
	char path[256];
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s.yaml", t->exp, name);
	f = fopen(path, "we");
	assert_non_null(f);
	(void)fprintf(
		f,
		"apiVersion: ordeal.dev/v1\nkind: Experiment\n"
		"metadata: {name: %s, labels: {sleep_ms: \"%d\"}}\nspec:\n"
		"  hypothesis: nothing happens\n  schedule: {%s}\n  shareTargets: true\n"
		"  probes: [{name: here, tcp: {host: 127.0.0.1, port: 9}, every: 1s, timeout: "
		"1s}]\n"
		"  faults: [{name: none, noop: {}, target: {host: true}, for: 1s}]\n"
		"  limits: {targets: 1, duration: 10s}\n",
		name, ms, schedule);
	assert_int_equal(fclose(f), 0);
}

static void take(void *arg, const char *type, const json_t *data)
{
	const struct test *t = arg;

	(void)json_array_append_new(t->events, json_pack("[s,o]", type, json_deep_copy(data)));
}

static void begin(struct test *t, uint32_t max_runs)
{
	const struct ord_serve_options options = {.dir = t->exp,
						  .state = t->state,
						  .runs = t->runs,
						  .max_runs = max_runs,
						  .program = QUICK_RUN};
	struct ord_err err = {0};

	assert_true(sd_event_new(&t->loop) >= 0);
	if (ord_serve_open(t->loop, &options, &t->s, &err))
		fail_msg("%s", err.msg);
	ord_serve_listen(t->s, take, t);
}

/* How often that has come; key NULL: whatever its data. */
static size_t count(const struct test *t, const char *type, const char *key, const char *value)
{
	const json_t *event;
	size_t i, n = 0;

	json_array_foreach (t->events, i, event) {
		const char *found =
			key ? json_string_value(json_object_get(json_array_get(event, 1), key))
			    : "";

		n += !strcmp(json_string_value(json_array_get(event, 0)), type) &&
		     (!key || (found && !strcmp(found, value)));
	}
	return n;
}

static void turn(const struct test *t, uint64_t ns)
{
	uint64_t limit = ord_now_ns() + ns;

	while (ord_now_ns() < limit)
		assert_true(sd_event_run(t->loop, 20000) >= 0);
}

static void await(const struct test *t, const char *type, const char *key, const char *value)
{
	uint64_t limit = ord_now_ns() + 20 * ORD_S;

	while (!count(t, type, key, value)) {
		assert_true(sd_event_run(t->loop, 20000) >= 0);
		if (ord_now_ns() > limit)
			fail_msg("no event %s %s=%s within 20 s", type, key ? key : "", value);
	}
}

static json_t *order(const struct test *t, enum ord_serve_verb verb, const char *name)
{
	const struct ord_serve_order o = {.verb = verb, .name = name, .who = "a test"};
	struct ord_err err = {0};
	json_t *ret = NULL;

	if (ord_serve_do(t->s, &o, &ret, &err))
		fail_msg("%s", err.msg);
	return ret;
}

static void refuse(const struct test *t, enum ord_serve_verb verb, const char *name,
		   const char *why)
{
	const struct ord_serve_order o = {.verb = verb, .name = name, .who = "a test"};
	struct ord_err err = {0};

	assert_int_equal(ord_serve_do(t->s, &o, NULL, &err), -1);
	assert_int_equal(err.code, ORD_USAGE);
	if (!strstr(err.msg, why))
		fail_msg("'%s' does not say '%s'", err.msg, why);
}

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

	write_experiment(t, "hangs", NEVER, 60000);
	begin(t, 4);
	json_decref(order(t, ORD_SERVE_RUN_NOW, "hangs"));
	await(t, "phase", "run", "d1");
	assert_int_equal(kill(ord_child_pid(t->s->first->child), SIGSTOP), 0);
	t->s->first->ends_boot_ns = ord_boot_ns();
	await(t, "phase", "state", "ending");
	t->s->first->asked_boot_ns -= 3600 * ORD_S;
	await(t, "ended", "name", "hangs");
	assert_int_equal(count(t, "ended", "verdict", "aborted"), 0);
	stop(t);
}

static void put(const struct test *t, json_t *record)
{
	char path[128];
	size_t size = 0;
	char *line = record_write(record, &size);
	FILE *f;

	(void)mkdir(t->state, 0700);
	(void)snprintf(path, sizeof path, "%s/journal", t->state);
	f = fopen(path, "ae");
	assert_non_null(f);
	assert_int_equal(fwrite(line, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
	free(line);
	json_decref(record);
}

static void know(const struct test *t, const char *name, int64_t less_now_s)
{
	put(t, json_pack("{s:s,s:s,s:s+,s:I}", "c", "seen", "n", name, "f", name, ".yaml", "cur",
			 (json_int_t)((int64_t)ord_wall_ns() + less_now_s * (int64_t)ORD_S)));
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

/* Claims as a death leaves them: before they began, and after. */
static void test_claims_of_before(void **state)
{
	struct test *t = *state;
	char boot[64] = "";
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	int64_t now = (int64_t)ord_wall_ns();
	size_t n = (size_t)read(fd, boot, sizeof boot - 1);

	(void)close(fd);
	assert_in_range(n, 36, 37);
	boot[36] = '\0';
	write_experiment(t, "one", NEVER, 0);
	put(t, json_pack("{s:s,s:i,s:s,s:s,s:i}", "c", "head", "v", 1, "id", "0123456789abcdef",
			 "boot", boot, "next", 4));
	know(t, "one", 0);
	for (int key = 1; key <= 3; key++)
		put(t, json_pack("{s:s,s:i,s:s,s:I,s:I,s:s}", "c", "claim", "k", key, "n", "one",
				 "p", (json_int_t)now, "a",
				 (json_int_t)(key == 3 ? now - 600 * (int64_t)ORD_S : now), "r",
				 key == 3 ? "schedule" : "run-now"));
	put(t, json_pack("{s:s,s:i}", "c", "begin", "k", 1));
	begin(t, 4);
	await(t, "ended", "key", "d2");
	turn(t, 300 * ORD_MS);
	assert_int_equal(count(t, "dispatched", "key", "d1"), 0);
	assert_int_equal(count(t, "dispatched", "key", "d3"), 0);
	assert_int_equal(t->s->next_key, 4);
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
		cmocka_unit_test_setup_teardown(test_claims_of_before, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
