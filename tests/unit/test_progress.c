/* The progress view reads samples by hand: as the timeline's writer writes them, whatever they say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/progress.h"
#include "ordeal/probe.h"
#include "scheduler/run/timeline.h"

static char dir[64];
static int dir_fd;

static int setup(void **state)
{
	(void)snprintf(dir, sizeof dir, "/tmp/ordeal-test-progress-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir_fd < 0;
}

static int teardown(void **state)
{
	(void)unlinkat(dir_fd, "run.jsonl", 0);
	(void)close(dir_fd);
	return rmdir(dir);
}

/* A run of two probes, of which one name begins as the other does. */
static void write_run(struct cli_progress *p)
{
	uint64_t zero = ord_now_ns() - ORD_S;
	struct ord_sample good = {.due = zero + 100, .sent = zero + 110, .done = zero + 700};
	struct ord_sample bad = {.n = 1,
				 .due = zero + 200,
				 .sent = zero + 200,
				 .done = zero + 500,
				 .outcome = ORD_OUTCOME_WRONG,
				 .status = 500,
				 .value = "1,\"o\":\"ok\"",
				 .trace = {1, 2},
				 .why = ",\"good\":true,\"p\":\"web-2\",\"done\":7"};
	struct ord_sample unknown = {.n = 2,
				     .due = zero + 300,
				     .sent = zero + 301,
				     .done = zero + 301,
				     .outcome = ORD_OUTCOME_LOCAL_ERROR,
				     .why = "\"good\":false"};
	struct run_timeline *tl = NULL;
	struct ord_err err;

	assert_int_equal(run_timeline_open(dir_fd, zero, cli_progress_line, p, &tl, &err), 0);
	run_timeline_line(tl, "run",
			  json_pack("{s:{s:s, s:i, s:[{s:s, s:s}, {s:s, s:s}]}}", "plan", "name",
				    "shop", "repetitions", 3, "probes", "name", "web", "role",
				    "user", "name", "web-2", "role", "user"));
	run_timeline_line(tl, "phase", json_pack("{s:i, s:s}", "rep", 2, "phase", "hold"));
	run_timeline_sample(tl, 1, "web", &good);
	run_timeline_sample(tl, 1, "web-2", &good);
	run_timeline_sample(tl, 1, "web-2", &bad);
	run_timeline_sample(tl, 1, "web", &good);
	run_timeline_sample(tl, 1, "web", &unknown);
	/* Its words are no sample. */
	run_timeline_line(tl, "note", json_pack("{s:s}", "text", "\"e\":\"sample\""));
	assert_int_equal(run_timeline_close(tl, &err), 0);
}

static void counted(void **state)
{
	struct cli_progress p = {.mode = CLI_PROGRESS_VIEW};

	write_run(&p);
	assert_int_equal(p.n_probes, 2);
	assert_string_equal(p.phase, "hold");
	assert_string_equal(p.remark, "\"e\":\"sample\"");
	assert_int_equal(p.rep, 2); /* a late sample of the one before does not take it back */
	assert_true(p.t_ns >= (int64_t)ORD_S);
	assert_int_equal(p.probes[0].n, 3);
	assert_int_equal(p.probes[0].bad, 0);
	assert_int_equal(p.probes[0].good, -1);
	assert_int_equal(p.probes[0].latency_ns, 1);
	assert_string_equal(p.probes[0].outcome, "local-error");
	assert_int_equal(p.probes[1].n, 2);
	assert_int_equal(p.probes[1].bad, 1);
	assert_int_equal(p.probes[1].good, 0);
	assert_int_equal(p.probes[1].latency_ns, 300);
	assert_string_equal(p.probes[1].outcome, "wrong");
}

/* Who shows no samples reads none. */
static void passed_over(void **state)
{
	struct cli_progress p = {.mode = CLI_PROGRESS_QUIET};

	write_run(&p);
	assert_int_equal(p.n_probes, 2);
	assert_string_equal(p.phase, "hold");
	assert_int_equal(p.probes[0].n, 0);
	assert_int_equal(p.probes[1].n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(counted, setup, teardown),
		cmocka_unit_test_setup_teardown(passed_over, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
