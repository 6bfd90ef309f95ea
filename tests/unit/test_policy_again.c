/* A policy that was asked, and is asked once more before a repetition: of its hours, and of nothing
 * else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "ordeal/policy.h"

#define MINUTE (60 * ORD_S)

static const char experiment[] = "apiVersion: ordeal.dev/v1\n"
				 "kind: Experiment\n"
				 "metadata: {name: a}\n"
				 "spec:\n"
				 "  probes: [{name: p, exec: {command: [/bin/true]}}]\n"
				 "  faults: [{name: n, noop: {}, target: {host: true}, for: 1s}]\n"
				 "  limits: {targets: 1, duration: 1s}\n";

static const char rules[] = "apiVersion: ordeal.dev/v1\n"
			    "kind: Rules\n"
			    "metadata: {name: mornings}\n"
			    "default: deny\n"
			    "rules:\n"
			    "  - name: mornings\n"
			    "    where: {faults: noop}\n"
			    "    hours: {windows: [{from: '10:00', to: '11:00'}]}\n";

static uint64_t at(const char *utc)
{
	int64_t ns = 0;

	assert_int_equal(ord_parse_utc(utc, &ns), 0);
	return (uint64_t)ns;
}

/* Asks it as a run of that length would, which begins then. */
static int ask(struct ord_policy *p, const char *now, uint64_t longest_ns, json_t **ret)
{
	struct ord_spec *spec = calloc(1, sizeof *spec);
	struct ord_resolved *found = calloc(1, sizeof *found);
	const struct ord_resolved *const all[] = {found};
	struct ord_mistakes mistakes = {0};
	struct ord_plan plan;
	struct ord_err err;
	int r;

	assert_true(spec && found);
	assert_int_equal(ord_spec_parse(experiment, strlen(experiment), NULL, 0, spec, &mistakes),
			 0);
	ord_mistakes_done(&mistakes);
	assert_int_equal(ord_plan_build(spec, 1, &plan, &err), 0);
	found->place.host = true;
	found->n_targets = 1;
	r = ord_policy_ask(p,
			   &(struct ord_policy_question){.plan = &plan,
							 .resolved = all,
							 .command = "run",
							 .now_ns = at(now),
							 .longest_ns = longest_ns},
			   ret, &err);
	assert_true(!r || err.code == ORD_GUARD);
	ord_plan_done(&plan);
	ord_spec_done(spec);
	free(spec);
	free(found);
	return r;
}

static void test_again(void **state)
{
	char path[] = "/tmp/ordeal-policy-XXXXXX";
	const struct ord_policy_named named = {path, ORD_POLICY_BY_OPTION};
	struct ord_policy *p = NULL;
	struct ord_err err;
	json_t *lines = NULL;
	int fd = mkstemp(path);

	assert_true(fd >= 0 && write(fd, rules, sizeof rules - 1) == (ssize_t)sizeof rules - 1);
	(void)close(fd);
	assert_int_equal(
		ord_policy_open(&(struct ord_policy_options){.named = &named, .n_named = 1}, &p,
				&err),
		0);
	(void)unlink(path);
	assert_int_equal(ask(p, "2026-11-23T10:50:00Z", 11 * MINUTE, &lines), -1);
	assert_int_equal(json_array_size(lines), 1);
	assert_false(json_is_true(json_object_get(json_array_get(lines, 0), "allow")));
	json_decref(lines);
	assert_int_equal(ask(p, "2026-11-23T10:50:00Z", 10 * MINUTE, &lines), 0);
	assert_true(json_is_true(json_object_get(json_array_get(lines, 0), "allow")));
	json_decref(lines);
	/* The machine slept: what is left of the hour is enough for the repetition, or is not. */
	assert_int_equal(ord_policy_again(p, at("2026-11-23T10:58:00Z"), 2 * MINUTE, &err), 0);
	assert_int_equal(ord_policy_again(p, at("2026-11-23T10:58:01Z"), 2 * MINUTE, &err), -1);
	assert_int_equal(err.code, ORD_GUARD);
	assert_non_null(strstr(err.msg, ":8: rule 'mornings': it is 2026-11-23T10:58:01 (UTC)"));
	ord_policy_close(p);
	ord_policy_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_again)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
