/* The timeline's writer: order, escaping, a disk that is full, a view that is stuck. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "scheduler/run/timeline.h"

static char dir[64];
static int dir_fd;
static atomic_size_t heard; /* the view is a thread */

static void on_line(void *arg, const char *line, size_t size)
{
	assert_true(size > 2 && line[0] == '{' && line[size - 2] == '}' && line[size - 1] == '\n');
	assert_null(memchr(line, '\n', size - 1));
	heard++;
}

static int setup(void **state)
{
	(void)snprintf(dir, sizeof dir, "/tmp/ordeal-test-timeline-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	heard = 0;
	return dir_fd < 0;
}

static int teardown(void **state)
{
	(void)unlinkat(dir_fd, "run.jsonl", 0);
	(void)close(dir_fd);
	return rmdir(dir);
}

static size_t read_lines(json_t **out, size_t max)
{
	ord_autofree char *text = NULL;
	struct ord_err err;
	size_t n = 0;

	assert_int_equal(ord_file_read_at(dir_fd, "run.jsonl", 1 << 20, &text, NULL, &err), 0);
	for (char *at = text, *nl; (nl = strchr(at, '\n')) && n < max; at = nl + 1) {
		out[n] = json_loadb(at, (size_t)(nl - at), JSON_REJECT_DUPLICATES, NULL);
		assert_non_null(out[n++]);
	}
	return n;
}

static json_int_t integer(const json_t *line, const char *key)
{
	assert_true(json_is_integer(json_object_get(line, key)));
	return json_integer_value(json_object_get(line, key));
}

static void lines_and_samples(void **state)
{
	uint64_t zero = ord_now_ns() - ORD_S;
	struct ord_sample good = {.n = 7,
				  .due = zero + 100,
				  .sent = zero + 110,
				  .first = zero + 150,
				  .done = zero + 200,
				  .status = 200};
	struct ord_sample bad = {.n = 8,
				 .due = zero + 300,
				 .sent = zero + 301,
				 .done = zero + 400,
				 .outcome = ORD_OUTCOME_WRONG,
				 .why = "he said \"no\\\n\x01\xc3\xa9"};
	struct ord_sample skipped = {.n = 9,
				     .due = zero + 500,
				     .sent = zero + 501,
				     .done = zero + 501,
				     .outcome = ORD_OUTCOME_SKIPPED,
				     .why = "too many in flight"};
	struct run_timeline *tl = NULL;
	struct ord_err err;
	json_t *line[8];
	size_t n = 0;

	assert_int_equal(run_timeline_open(dir_fd, zero, on_line, NULL, &tl, &err), 0);
	run_timeline_line(tl, "note", json_pack("{s:s}", "text", "begin"));
	run_timeline_sample(tl, 1, "web", &good);
	run_timeline_sample(tl, 1, "web", &bad);
	/* Samples wait, but never beyond a line that comes after them. */
	for (int i = 0; i < 1000 && (n = read_lines(line, 8)) == 0; i++)
		(void)usleep(1000);
	assert_int_equal(n, 1);
	json_decref(line[0]);
	run_timeline_line(tl, "phase", json_pack("{s:i, s:s}", "rep", 1, "phase", "hold"));
	run_timeline_sample(tl, 2, "web", &skipped);
	run_timeline_sync(tl);
	assert_int_equal(run_timeline_close(tl, &err), 0);
	assert_int_equal(read_lines(line, 8), 5);
	assert_int_equal(heard, 5);
	assert_true(integer(line[0], "t") >= (json_int_t)ORD_S);
	assert_int_equal(integer(line[1], "due"), 100);
	assert_int_equal(integer(line[1], "first"), 150);
	assert_int_equal(integer(line[1], "done"), 200);
	assert_int_equal(integer(line[1], "status"), 200);
	assert_true(json_is_true(json_object_get(line[1], "good")));
	assert_null(json_object_get(line[1], "why"));
	assert_true(json_is_false(json_object_get(line[2], "good")));
	assert_string_equal(json_string_value(json_object_get(line[2], "why")),
			    "he said \"no\\  ??");
	assert_null(json_object_get(line[2], "first"));
	assert_string_equal(json_string_value(json_object_get(line[3], "e")), "phase");
	assert_string_equal(json_string_value(json_object_get(line[4], "o")), "skipped");
	assert_null(json_object_get(line[4], "good"));
	assert_int_equal(integer(line[4], "rep"), 2);
	for (size_t i = 0; i < 5; i++)
		json_decref(line[i]);
}

/* No room for more: it is noticed, said once, and the lines before it are whole. */
static void full(void **state)
{
	const struct rlimit small = {4096, RLIM_INFINITY};
	struct rlimit before;
	struct run_timeline *tl = NULL;
	struct ord_err err = {0};
	json_t *line[256];
	size_t n = 0, whole;

	assert_int_equal(run_timeline_open(dir_fd, ord_now_ns(), NULL, NULL, &tl, &err), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	while (!run_timeline_broken(tl) && n++ < 1000) {
		run_timeline_line(tl, "note", json_pack("{s:s}", "text", "a line of some length"));
		(void)usleep(500); /* the writer's turn */
	}
	assert_true(n > 10 && n < 1000);
	run_timeline_line(tl, "note", NULL);
	assert_int_equal(run_timeline_close(tl, &err), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_non_null(strstr(err.msg, "timeline"));
	whole = read_lines(line, 256);
	assert_true(whole > 10 && whole <= n);
	while (whole)
		json_decref(line[--whole]);
}

static void on_line_stuck(void *arg, const char *line, size_t size)
{
	char byte;

	(void)!read(*(int *)arg, &byte, 1); /* as a terminal after Ctrl-S; end of file lets it go */
	heard++;
}

/* A view that takes nothing stops neither the loop nor the disk, and gets all in the end. */
static void stuck_view(void **state)
{
	const size_t lines = 200;
	uint64_t began = ord_now_ns();
	struct run_timeline *tl = NULL;
	struct ord_err err;
	json_t *line[256];
	size_t n = 0;
	int hose[2];

	assert_int_equal(pipe(hose), 0);
	assert_int_equal(run_timeline_open(dir_fd, began, on_line_stuck, &hose[0], &tl, &err), 0);
	for (size_t i = 0; i < lines; i++)
		run_timeline_line(tl, "note", json_pack("{s:s}", "text", "on its way"));
	assert_true(ord_now_ns() - began < ORD_S);
	for (int i = 0; i < 2000 && n < lines; i++) {
		while (n)
			json_decref(line[--n]);
		(void)usleep(1000);
		n = read_lines(line, 256);
	}
	assert_int_equal(n, lines);
	assert_int_equal(heard, 0);
	while (n)
		json_decref(line[--n]);
	(void)close(hose[1]);
	assert_int_equal(run_timeline_close(tl, &err), 0);
	assert_int_equal(heard, lines);
	(void)close(hose[0]);
}

static void never_over_another(void **state)
{
	struct run_timeline *tl = NULL, *second = NULL;
	struct ord_err err;

	assert_int_equal(run_timeline_open(dir_fd, ord_now_ns(), NULL, NULL, &tl, &err), 0);
	assert_int_equal(run_timeline_open(dir_fd, ord_now_ns(), NULL, NULL, &second, &err), -1);
	assert_null(second);
	assert_int_equal(run_timeline_close(tl, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lines_and_samples, setup, teardown),
		cmocka_unit_test_setup_teardown(full, setup, teardown),
		cmocka_unit_test_setup_teardown(stuck_view, setup, teardown),
		cmocka_unit_test_setup_teardown(never_over_another, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
