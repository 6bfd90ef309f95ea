/* Runs as child processes: against programs that print what a run prints, or nothing good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/clock.h"
#include "ordeal/child.h"

#define RUN                                                                               \
	"{\"t\":0,\"e\":\"run\",\"run\":\"r1\",\"plan\":{\"repetitions\":3,\"probes\":[{" \
	"\"name\":\"web\",\"role\":\"user\"},{\"name\":\"web-2\",\"role\":\"signal\"}],"  \
	"\"faults\":[{\"name\":\"slow\",\"fault\":\"net.delay\"}]}}\n"
#define SAMPLE(name, good)                                                                      \
	"{\"t\":7,\"e\":\"sample\",\"rep\":1,\"p\":\"" name "\",\"n\":1,\"due\":1000,\"sent\":" \
	"1000,\"done\":3500,\"o\":\"ok\",\"good\":" good "}\n"

struct seen {
	sd_event *loop;
	struct ord_child *child;
	size_t lines, ends, starts;
	int code;
	char dir[256], verdict[32], said[512];
};

static char dir[64], program[128];

static int setup(void **state)
{
	(void)snprintf(dir, sizeof dir, "/tmp/ordeal-test-child-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(program, sizeof program, "%s/program", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)unlink(program);
	return rmdir(dir);
}

static void write_program(const char *body)
{
	FILE *f = fopen(program, "we");

	assert_non_null(f);
	(void)fprintf(f, "#!/bin/sh\n%s\n", body);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(program, 0700), 0);
}

static void on_line(void *arg, struct ord_child *c, const char *line, size_t size)
{
	struct seen *s = arg;

	assert_ptr_equal(c, s->child);
	assert_null(memchr(line, '\n', size));
	s->lines++;
}

static void on_end(void *arg, struct ord_child *c, int code, const char *folder,
		   const char *verdict, const char *said)
{
	struct seen *s = arg;

	s->ends++;
	s->code = code;
	(void)snprintf(s->dir, sizeof s->dir, "%s", folder);
	(void)snprintf(s->verdict, sizeof s->verdict, "%s", verdict);
	(void)snprintf(s->said, sizeof s->said, "%.500s", said);
	assert_int_equal(sd_event_exit(s->loop, 0), 0);
}

static void begin(struct seen *s, const char *text)
{
	const struct ord_child_calls calls = {.on_line = on_line, .on_end = on_end};
	const char *const extra[] = {"--context", "here", NULL};
	const struct ord_child_options options = {.text = text,
						  .size = strlen(text),
						  .name = "exp/slow.yaml",
						  .output = "/out",
						  .dispatch = "d7",
						  .seed = 9,
						  .has_seed = true,
						  .extra = extra,
						  .program = program};
	struct ord_err err;

	*s = (struct seen){0};
	assert_true(sd_event_new(&s->loop) >= 0);
	assert_int_equal(ord_child_start(s->loop, &options, &calls, s, &s->child, &err), 0);
}

static void end(struct seen *s)
{
	uint64_t limit = ord_now_ns() + 20 * ORD_S;

	while (!s->ends && ord_now_ns() < limit)
		assert_true(sd_event_run(s->loop, ORD_S / ORD_US) >= 0);
	assert_int_equal(s->ends, 1);
	(void)sd_event_unref(s->loop);
}

static void test_arguments_and_text(void **state)
{
	struct seen s;

	write_program("echo \"$*\" >&2; cat >&2; exit 4");
	begin(&s, "the text\n");
	end(&s);
	assert_int_equal(s.code, 4);
	assert_string_equal(s.said, "run --json --output /out --dispatch d7 --seed 9 --context "
				    "here -\nthe text");
	ord_child_free(s.child);
}

static void test_look(void **state)
{
	struct ord_child_look look;
	struct seen s;

	write_program(
		"cat <<'END'\n" RUN "{\"t\":5,\"e\":\"phase\",\"rep\":2,\"phase\":\"hold\"}\n"
		"{\"t\":6,\"e\":\"fault\",\"rep\":2,\"fault\":\"slow\",\"state\":\"injected\"}\n"
		"{\"t\":6,\"e\":\"fault\",\"rep\":2,\"fault\":\"slow\",\"state\":\"acted\"}\n"
		"not JSON\n\n" SAMPLE("web", "true") SAMPLE("web-2", "false")
			SAMPLE("web", "false") "{\"t\":9,\"e\":\"sample\"\n"
					       "{\"e\":\"verdict\",\"verdict\":\"pass\",\"exit\":0,"
					       "\"dir\":\"/else/r1\"}\n"
					       "END");
	begin(&s, "");
	end(&s);
	assert_int_equal(s.code, 0);
	assert_int_equal(s.lines, 11);
	assert_string_equal(s.dir, "/else/r1");
	assert_string_equal(s.verdict, "pass");
	ord_child_look(s.child, &look);
	assert_string_equal(look.run, "r1");
	assert_string_equal(look.phase, "hold");
	assert_int_equal(look.rep, 2);
	assert_int_equal(look.reps, 3);
	assert_int_equal(look.n_probes, 2);
	assert_false(look.probes[0].signal);
	assert_true(look.probes[1].signal);
	assert_int_equal(look.probes[0].good, 1);
	assert_int_equal(look.probes[0].bad, 1);
	assert_int_equal(look.probes[0].last, 0);
	assert_int_equal(look.probes[0].latency_ns, 2500);
	assert_int_equal(look.probes[1].bad, 1);
	assert_string_equal(look.faults[0].fault, "net.delay");
	assert_string_equal(look.faults[0].state, "injected");
	ord_child_look(s.child, &look);
	assert_int_equal(look.probes[0].good, 0);
	assert_int_equal(look.probes[0].last, 0);
	ord_child_free(s.child);
}

static void test_dir_before_the_end(void **state)
{
	struct seen s;

	write_program("cat <<'END'\n" RUN "END\nkill -KILL $$");
	begin(&s, "");
	end(&s);
	assert_int_equal(s.code, -SIGKILL);
	assert_string_equal(s.dir, "/out/r1");
	assert_string_equal(ord_child_run(s.child), "r1");
	assert_string_equal(s.verdict, "");
	ord_child_free(s.child);
}

static void test_long_line_and_much_said(void **state)
{
	struct seen s;

	write_program("head -c 20000000 /dev/zero | tr '\\0' x; echo; echo after\n"
		      "echo 'ordeal: -:3:1: no' >&2; head -c 300000 /dev/zero | tr '\\0' y >&2");
	begin(&s, "");
	end(&s);
	assert_int_equal(s.code, 0);
	assert_int_equal(s.lines, 1);
	assert_memory_equal(s.said, "ordeal: exp/slow.yaml:3:1: no\nyyy", 32);
	ord_child_free(s.child);
}

static void test_abort(void **state)
{
	struct seen s;

	write_program("trap 'echo aborted >&2; exit 3' INT\necho ready\n"
		      "while :; do sleep 0.02; done");
	begin(&s, "");
	for (int i = 0; i < 200 && !s.lines; i++)
		assert_true(sd_event_run(s.loop, 100000) >= 0);
	assert_int_equal(s.lines, 1);
	ord_child_abort(s.child);
	end(&s);
	assert_int_equal(s.code, 3);
	assert_string_equal(s.said, "aborted");
	ord_child_free(s.child);
}

static void test_free_ends_it(void **state)
{
	struct seen s;
	pid_t pid;

	write_program("exec sleep 60");
	begin(&s, "");
	pid = ord_child_pid(s.child);
	ord_child_free(s.child);
	assert_int_equal(waitpid(pid, NULL, 0), -1);
	assert_int_equal(s.ends, 0);
	(void)sd_event_unref(s.loop);
}

/* Says whether it was let go. */
#define WAITER                                                                                \
	"[ \"$(dd bs=1 count=1 2>/dev/null <&3 | wc -c)\" = 1 ] && echo began || echo left\n" \
	"exit 0"

static void on_start(void *arg, struct ord_child *c)
{
	struct seen *s = arg;

	assert_true(ord_child_pid(c) > 0);
	assert_true(ord_child_ticks(c) > 0);
	s->starts++;
}

static struct ord_spawner *prepare(struct seen *s, const char *body)
{
	const struct ord_child_calls calls = {
		.on_line = on_line, .on_end = on_end, .on_start = on_start};
	struct ord_child_options options = {.text = "x", .size = 1, .program = program};
	struct ord_spawner *sp = NULL;
	struct ord_err err;

	if (body)
		write_program(body);
	*s = (struct seen){0};
	assert_true(sd_event_new(&s->loop) >= 0);
	assert_int_equal(ord_spawner_new(s->loop, &sp, &err), 0);
	options.spawner = sp;
	assert_int_equal(ord_child_start(s->loop, &options, &calls, s, &s->child, &err), 0);
	return sp;
}

static void await_start(struct seen *s)
{
	uint64_t limit = ord_now_ns() + 20 * ORD_S;

	while (!s->starts && ord_now_ns() < limit)
		assert_true(sd_event_run(s->loop, 100000) >= 0);
	assert_int_equal(s->starts, 1);
}

static void test_waits_until_it_is_let_go(void **state)
{
	struct seen s;
	struct ord_spawner *sp = prepare(&s, WAITER);

	await_start(&s);
	for (int i = 0; i < 20; i++)
		assert_true(sd_event_run(s.loop, 5000) >= 0);
	assert_int_equal(s.lines + s.ends, 0);
	assert_int_equal(ord_child_begin(s.child), 0);
	assert_int_equal(ord_child_begin(s.child), -1);
	end(&s);
	assert_int_equal(s.lines, 1);
	ord_child_free(s.child);
	ord_spawner_free(sp);
}

/* Let go, and asked to end, before it has been started. */
static void test_let_go_at_once(void **state)
{
	struct seen s;
	struct ord_spawner *sp = prepare(&s, WAITER);

	assert_int_equal(ord_child_begin(s.child), 0);
	end(&s);
	assert_int_equal(s.lines, 1);
	ord_child_free(s.child);
	ord_spawner_free(sp);
	sp = prepare(&s, "exec sleep 60");
	ord_child_abort(s.child);
	end(&s);
	assert_int_equal(s.code, -SIGINT);
	ord_child_free(s.child);
	ord_spawner_free(sp);
}

static void await_none_left(const struct seen *s)
{
	uint64_t limit = ord_now_ns() + 20 * ORD_S;

	while (waitid(P_ALL, 0, NULL, WEXITED | WNOHANG | WNOWAIT) == 0 && ord_now_ns() < limit)
		assert_true(sd_event_run(s->loop, 10000) >= 0);
	assert_int_equal(waitpid(-1, NULL, 0), -1);
	assert_int_equal(errno, ECHILD);
}

static void test_abandoned(void **state)
{
	struct seen s;
	struct ord_spawner *sp = prepare(&s, WAITER);

	/* Wherever it is: to be started, being so, waiting. */
	ord_child_abandon(s.child);
	await_none_left(&s);
	ord_spawner_free(sp);
	(void)sd_event_unref(s.loop);
	sp = prepare(&s, WAITER);
	await_start(&s);
	ord_child_abandon(s.child);
	await_none_left(&s);
	assert_int_equal(s.lines + s.ends, 0);
	ord_spawner_free(sp);
	(void)sd_event_unref(s.loop);
	/* Or the loop ends before it. */
	sp = prepare(&s, WAITER);
	await_start(&s);
	ord_child_abandon(s.child);
	ord_spawner_free(sp);
	(void)sd_event_unref(s.loop);
	assert_int_equal(waitpid(-1, NULL, 0), -1);
}

static void test_freed_before_it_is_started(void **state)
{
	struct seen s;

	for (int i = 0; i < 50; i++) {
		struct ord_spawner *sp = prepare(&s, WAITER);

		if (i % 5)
			(void)usleep((useconds_t)(i % 5) * 100);
		ord_child_free(s.child);
		ord_spawner_free(sp);
		(void)sd_event_unref(s.loop);
		assert_int_equal(waitpid(-1, NULL, 0), -1);
	}
}

static void test_no_program_later(void **state)
{
	struct ord_spawner *sp;
	struct seen s;

	(void)snprintf(program, sizeof program, "/nowhere/ordeal");
	sp = prepare(&s, NULL);
	end(&s);
	assert_int_equal(s.starts, 0);
	assert_int_equal(s.code, 6);
	assert_non_null(strstr(s.said, "/nowhere/ordeal"));
	ord_child_free(s.child);
	ord_spawner_free(sp);
}

static void test_no_program(void **state)
{
	const struct ord_child_options options = {.text = "", .program = "/nowhere/ordeal"};
	const struct ord_child_calls calls = {.on_end = on_end};
	struct ord_child *c = NULL;
	struct ord_err err;
	struct seen s = {0};

	assert_true(sd_event_new(&s.loop) >= 0);
	assert_int_equal(ord_child_start(s.loop, &options, &calls, &s, &c, &err), -1);
	assert_null(c);
	assert_non_null(strstr(err.msg, "/nowhere/ordeal"));
	(void)sd_event_unref(s.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_arguments_and_text, setup, teardown),
		cmocka_unit_test_setup_teardown(test_look, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dir_before_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_line_and_much_said, setup, teardown),
		cmocka_unit_test_setup_teardown(test_abort, setup, teardown),
		cmocka_unit_test_setup_teardown(test_free_ends_it, setup, teardown),
		cmocka_unit_test(test_no_program),
		cmocka_unit_test_setup_teardown(test_waits_until_it_is_let_go, setup, teardown),
		cmocka_unit_test_setup_teardown(test_let_go_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_abandoned, setup, teardown),
		cmocka_unit_test_setup_teardown(test_freed_before_it_is_started, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_program_later, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
