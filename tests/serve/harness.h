/*
 * The daemon in one process, for tests: a folder of experiments, and a program in the place of
 * `ordeal run` that takes as long as its experiment's label says.
 */
#ifndef ORDEAL_TESTS_SERVE_HARNESS_H
#define ORDEAL_TESTS_SERVE_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static inline int setup(void **state)
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

static inline void stop(struct test *t)
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
static inline int teardown(void **state)
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

static inline void write_experiment(const struct test *t, const char *name, const char *schedule,
				    int ms)
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

static inline void take(void *arg, const char *type, const json_t *data)
{
	const struct test *t = arg;

	(void)json_array_append_new(t->events, json_pack("[s,o]", type, json_deep_copy(data)));
}

static inline void begin(struct test *t, uint32_t max_runs)
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
static inline size_t count(const struct test *t, const char *type, const char *key,
			   const char *value)
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

static inline void turn(const struct test *t, uint64_t ns)
{
	uint64_t limit = ord_now_ns() + ns;

	while (ord_now_ns() < limit)
		assert_true(sd_event_run(t->loop, 20000) >= 0);
}

static inline void await(const struct test *t, const char *type, const char *key, const char *value)
{
	uint64_t limit = ord_now_ns() + 20 * ORD_S;

	while (!count(t, type, key, value)) {
		assert_true(sd_event_run(t->loop, 20000) >= 0);
		if (ord_now_ns() > limit)
			fail_msg("no event %s %s=%s within 20 s", type, key ? key : "",
				 value ? value : "");
	}
}

static inline json_t *order(const struct test *t, enum ord_serve_verb verb, const char *name)
{
	const struct ord_serve_order o = {.verb = verb, .name = name, .who = "a test"};
	struct ord_err err = {0};
	json_t *ret = NULL;

	if (ord_serve_do(t->s, &o, &ret, &err))
		fail_msg("%s", err.msg);
	return ret;
}

static inline void refuse(const struct test *t, enum ord_serve_verb verb, const char *name,
			  const char *why)
{
	const struct ord_serve_order o = {.verb = verb, .name = name, .who = "a test"};
	struct ord_err err = {0};

	assert_int_equal(ord_serve_do(t->s, &o, NULL, &err), -1);
	assert_int_equal(err.code, ORD_USAGE);
	if (!strstr(err.msg, why))
		fail_msg("'%s' does not say '%s'", err.msg, why);
}

static inline void put(const struct test *t, json_t *record)
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

static inline void know(const struct test *t, const char *name, int64_t less_now_s)
{
	put(t, json_pack("{s:s,s:s,s:s+,s:I}", "c", "seen", "n", name, "f", name, ".yaml", "cur",
			 (json_int_t)((int64_t)ord_wall_ns() + less_now_s * (int64_t)ORD_S)));
}

/* How often the history's own files have that. */
static inline size_t count_missed(const struct test *t, const char *text)
{
	char path[160], line[1024];
	size_t n = 0;
	glob_t found;

	(void)snprintf(path, sizeof path, "%s/missed/*.jsonl", t->runs);
	if (glob(path, 0, NULL, &found))
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		FILE *f = fopen(found.gl_pathv[i], "re");

		while (f && fgets(line, sizeof line, f))
			n += strstr(line, text) != NULL;
		assert_int_equal(f ? fclose(f) : -1, 0);
	}
	globfree(&found);
	return n;
}

#endif
