#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/sha256.h"
#include "ordeal/plan.h"
#include "scheduler/plan/steps.h"

static char *golden(const char *name)
{
	struct ord_err err;
	char path[512];
	char *text;

	(void)snprintf(path, sizeof path, "%s/tests/golden/%s", SOURCE_DIR, name);
	if (ord_file_read(path, 1 << 20, &text, NULL, &err))
		fail_msg("%s", err.msg);
	return text;
}

static void read_spec(const char *name, struct ord_spec *spec)
{
	ord_autofree char *yaml = golden(name);
	struct ord_mistakes m = {0};

	assert_int_equal(ord_spec_parse(yaml, strlen(yaml), NULL, 0, spec, &m), 0);
	ord_mistakes_done(&m);
}

/* ORDEAL_UPDATE=1 writes what is there now; look at the difference before it is committed. */
static void same_as_golden(const char *name, const char *text)
{
	ord_autofree char *want = NULL;
	char path[512];

	(void)snprintf(path, sizeof path, "%s/tests/golden/%s", SOURCE_DIR, name);
	if (getenv("ORDEAL_UPDATE")) {
		FILE *f = fopen(path, "we");

		assert_non_null(f);
		(void)fputs(text, f);
		assert_int_equal(fclose(f), 0);
	}
	want = golden(name);
	if (strcmp(text, want) != 0) {
		print_error("tests/golden/%s is not what comes out now; `ORDEAL_UPDATE=1 ctest -R "
			    "test_plan` writes it\n",
			    name);
		assert_string_equal(text, want);
	}
}

static void same_bytes(void **state)
{
	static struct ord_spec spec;
	struct ord_plan a, b;
	struct ord_err err;
	ord_autofree char *x = NULL, *y = NULL;

	read_spec("orders.yaml", &spec);
	assert_int_equal(ord_plan_build(&spec, 1, &a, &err), 0);
	assert_int_equal(ord_plan_build(&spec, 2, &b, &err), 0); /* the spec has a seed */
	x = json_dumps(a.json, JSON_COMPACT | JSON_SORT_KEYS);
	y = json_dumps(b.json, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(x, y);
	assert_string_equal(a.hash, b.hash);
	assert_int_equal(a.seed, 7);
	ord_plan_done(&b);
	spec.has_seed = false;
	assert_int_equal(ord_plan_build(&spec, UINT64_MAX, &b, &err), 0);
	assert_true(b.seed == ORD_SEED_MAX);
	assert_string_not_equal(a.hash, b.hash);
	ord_plan_done(&a);
	ord_plan_done(&b);
	ord_spec_done(&spec);
}

/* The hash is what a reader with nothing but JSON and SHA-256 finds. */
static void hash_of_the_rest(void **state)
{
	static struct ord_spec spec;
	char hash[ORD_SHA256_HEX];
	struct ord_plan plan;
	struct ord_err err;
	ord_autofree char *text = NULL;

	read_spec("orders.yaml", &spec);
	assert_int_equal(ord_plan_build(&spec, 1, &plan, &err), 0);
	assert_string_equal(json_string_value(json_object_get(plan.json, "hash")), plan.hash);
	assert_int_equal(json_object_del(plan.json, "hash"), 0);
	text = json_dumps(plan.json, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(ord_sha256(text, strlen(text), hash), plan.hash);
	ord_plan_done(&plan);
	ord_spec_done(&spec);
}

static void golden_plan(const char *yaml, const char *json_name, const char *text_name)
{
	static struct ord_spec spec;
	struct ord_plan plan;
	struct ord_err err;
	ord_autofree char *json = NULL, *text = NULL, *line = NULL;
	size_t size;
	FILE *f;

	read_spec(yaml, &spec);
	assert_int_equal(ord_plan_build(&spec, 1, &plan, &err), 0);
	json = json_dumps(plan.json, JSON_INDENT(2) | JSON_SORT_KEYS);
	assert_true(asprintf(&line, "%s\n", json) > 0);
	same_as_golden(json_name, line);
	f = open_memstream(&text, &size);
	ord_plan_text(&plan, NULL, NULL, NULL, f);
	assert_int_equal(fclose(f), 0);
	same_as_golden(text_name, text);
	ord_plan_done(&plan);
	ord_spec_done(&spec);
}

static void stands_as_it_was(void **state)
{
	golden_plan("orders.yaml", "orders.plan.json", "orders.plan.txt");
	golden_plan("everything.yaml", "everything.plan.json", "everything.plan.txt");
	golden_plan("cluster.yaml", "cluster.plan.json", "cluster.plan.txt");
}

/* Reverts before injects at one instant; what came last goes first. */
static void order_of_steps(void **state)
{
	static struct ord_spec spec;
	struct plan_step v[PLAN_STEPS_MAX];
	static const struct {
		uint64_t at;
		bool inject;
		size_t fault;
	} want[] = {{0, true, 0},   {0, true, 1},   {5, true, 3},  {10, false, 3},
		    {10, false, 1}, {10, false, 0}, {10, true, 2}, {15, false, 2}};

	spec.n_faults = 4;
	spec.faults[0].for_ns = spec.faults[1].for_ns = 10;
	spec.faults[2].at_ns = 10;
	spec.faults[2].for_ns = 5;
	spec.faults[3].at_ns = 5;
	spec.faults[3].for_ns = 5;
	assert_int_equal(plan_steps(&spec, v), ORD_COUNT(want));
	for (size_t i = 0; i < ORD_COUNT(want); i++) {
		assert_int_equal(v[i].at_ns, want[i].at);
		assert_int_equal(v[i].inject, want[i].inject);
		assert_int_equal(v[i].fault, want[i].fault);
	}
}

/* Two processes of one name, which nothing else on this machine has. */
static pid_t child_named(const char *name)
{
	int ready[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)prctl(PR_SET_NAME, name);
		(void)!write(ready[1], "", 1);
		for (;;)
			(void)pause();
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	(void)close(ready[0]);
	(void)close(ready[1]);
	return pid;
}

static void resolves_within_limits(void **state)
{
	static struct ord_spec spec;
	static struct ord_resolved a, b;
	struct ord_plan plan;
	struct ord_err err;
	char name[16];
	pid_t children[2];

	(void)snprintf(name, sizeof name, "ordt%d", (int)getpid());
	children[0] = child_named(name);
	children[1] = child_named(name);
	read_spec("orders.yaml", &spec);
	spec.faults[0].target = (struct ord_target){.kind = ORD_TARGET_PROCESS, .count = 1};
	(void)snprintf(spec.faults[0].target.text, sizeof spec.faults[0].target.text, "%s", name);
	assert_int_equal(ord_plan_build(&spec, 1, &plan, &err), 0);
	assert_int_equal(ord_plan_resolve(&plan, 0, 1, &a, &err), 0);
	assert_int_equal(ord_plan_resolve(&plan, 0, 1, &b, &err), 0);
	assert_int_equal(a.n_targets, 1);
	assert_string_equal(a.hash, b.hash); /* the seed decides, not chance */
	assert_true(a.place.procs[0].pid == children[0] || a.place.procs[0].pid == children[1]);
	spec.faults[0].target.count = 0;
	spec.faults[0].target.all = true;
	assert_int_equal(ord_plan_resolve(&plan, 0, 1, &b, &err), -1);
	assert_int_equal(err.code, ORD_GUARD); /* limits.targets is 1 */
	spec.limit_targets = 2;
	assert_int_equal(ord_plan_resolve(&plan, 0, 1, &b, &err), 0);
	assert_int_equal(b.n_targets, 2);
	assert_string_not_equal(a.hash, b.hash);
	ord_plan_done(&plan);
	ord_spec_done(&spec);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(kill(children[i], SIGKILL), 0);
		assert_int_equal(waitpid(children[i], NULL, 0), children[i]);
	}
}

static void refuses_beyond_limits(void **state)
{
	static struct ord_spec spec;
	struct ord_plan plan;
	struct ord_err err;

	read_spec("orders.yaml", &spec);
	spec.limit_duration_ns = 1;
	assert_int_equal(ord_plan_build(&spec, 1, &plan, &err), -1);
	assert_int_equal(err.code, ORD_GUARD);
	spec.limit_duration_ns = 0;
	assert_int_equal(ord_plan_build(&spec, 1, &plan, &err), -1);
	assert_int_equal(err.code, ORD_GUARD);
	ord_spec_done(&spec);
}

static void seeds_differ(void **state)
{
	struct ord_plan plan = {.seed = 7}, other = {.seed = 8};

	assert_true(ord_plan_seed(&plan, 0, 1) == ord_plan_seed(&plan, 0, 1));
	assert_true(ord_plan_seed(&plan, 0, 1) != ord_plan_seed(&plan, 0, 2));
	assert_true(ord_plan_seed(&plan, 0, 1) != ord_plan_seed(&plan, 1, 1));
	assert_true(ord_plan_seed(&plan, 0, 1) != ord_plan_seed(&other, 0, 1));
	for (uint32_t i = 0; i < 100; i++)
		assert_true(ord_plan_seed(&plan, 0, i) <= ORD_SEED_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_bytes),
		cmocka_unit_test(hash_of_the_rest),
		cmocka_unit_test(stands_as_it_was),
		cmocka_unit_test(refuses_beyond_limits),
		cmocka_unit_test(seeds_differ),
		cmocka_unit_test(order_of_steps),
		cmocka_unit_test(resolves_within_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
