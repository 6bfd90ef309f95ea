/* `kind: GameDay`: what is read, and what is told of a bad one. */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "ordeal/gameday.h"

static struct ord_gameday day;

static int parse(const char *text, struct ord_mistakes *m)
{
	return ord_gameday_parse(text, strlen(text), &day, m);
}

static char *file(const char *name)
{
	char path[512], *text = NULL;

	(void)snprintf(path, sizeof path, SOURCE_DIR "/tests/golden/gameday/%s", name);
	assert_int_equal(ord_file_read(path, 100000, &text, NULL, NULL), 0);
	return text;
}

static void good(void **state)
{
	ord_autofree char *text = file("good.yaml");
	struct ord_mistakes m = {0};

	assert_int_equal(parse(text, &m), 0);
	assert_true(ord_gameday_named(text, strlen(text)));
	assert_string_equal(day.name, "orders-day");
	assert_int_equal(day.n_roles, 3);
	assert_true(day.roles[0].knows); /* the owner does, whatever is written */
	assert_true(day.roles[1].knows);
	assert_false(day.roles[2].knows);
	assert_int_equal(day.n_steps, 2);
	assert_string_equal(day.steps[0].file, "../orders.yaml");
	assert_null(day.steps[0].text);
	assert_true(day.steps[0].hidden);
	assert_int_equal(day.steps[0].checks, 1u << ORD_GAMEDAY_STEADY | 1u << ORD_GAMEDAY_DISK);
	assert_int_equal(day.steps[0].time_box_ns, 300 * ORD_S);
	assert_int_equal(day.steps[0].expect.recover_ns, 60 * ORD_S);
	assert_int_equal(day.steps[1].checks, (1u << ORD_GAMEDAY_CHECKS) - 1);
	assert_int_equal(day.steps[1].time_box_ns, 900 * ORD_S);
	assert_int_equal(day.cooldown_ns, 3 * ORD_S);
	for (size_t i = 0; i < m.n; i++)
		assert_true(m.v[i].warning);
	ord_mistakes_done(&m);
	ord_gameday_done(&day);
}

/* What stands in the day is handed to a run as a text of its own, and means the same there. */
static void inline_experiment(void **state)
{
	ord_autofree char *text = file("good.yaml");
	struct ord_mistakes m = {0};
	static struct ord_spec spec;

	assert_int_equal(parse(text, &m), 0);
	ord_mistakes_done(&m);
	assert_int_equal(ord_spec_parse(day.steps[1].text, day.steps[1].size, NULL, 0, &spec, &m),
			 0);
	assert_string_equal(spec.name, "nothing-happens");
	assert_string_equal(spec.hypothesis,
			    "A \"quoted\" text, and 0.5 of something, stay what they are.");
	assert_string_equal(spec.probes[0].argv[1], "1");
	assert_int_equal(spec.faults[0].for_ns, ORD_S);
	ord_spec_done(&spec);
	ord_mistakes_done(&m);
	ord_gameday_done(&day);
}

static void usual_roles(void **state)
{
	struct ord_mistakes m = {0};

	assert_int_equal(parse("apiVersion: ordeal.dev/v1\nkind: GameDay\nmetadata: {name: a}\n"
			       "spec: {steps: [{name: One, experiment: a.yaml}]}\n",
			       &m),
			 0);
	assert_int_equal(day.n_roles, 2);
	assert_string_equal(day.roles[0].name, "owner");
	assert_string_equal(day.roles[1].name, "responder");
	assert_true(day.roles[0].knows && !day.roles[1].knows);
	ord_mistakes_done(&m);
	ord_gameday_done(&day);
}

static void bad(void **state)
{
	ord_autofree char *text = file("bad.yaml"), *want = file("bad.err"), *told = NULL;
	struct ord_mistakes m = {0};
	size_t n;
	FILE *f = open_memstream(&told, &n);

	assert_non_null(f);
	assert_int_equal(parse(text, &m), -1);
	for (size_t i = 0; i < m.n; i++)
		(void)fprintf(f, "%u:%u: %s%s\n", m.v[i].line, m.v[i].column,
			      m.v[i].warning ? "warning: " : "", m.v[i].text);
	assert_int_equal(fclose(f), 0);
	ord_mistakes_done(&m);
	if (getenv("ORDEAL_UPDATE"))
		(void)printf("%s", told);
	assert_string_equal(told, want);
}

static void other_kinds(void **state)
{
	static const char *const texts[] = {
		"kind: Experiment\n", "GameDay\n", "[GameDay]\n", "", "kind: [GameDay]\n",
		"name: GameDay\n",    "{"};
	static const char wrong[] = "kind: GameDay\nspec: {steps: []}\n";
	static struct ord_spec spec;
	struct ord_mistakes m = {0};

	for (size_t i = 0; i < ORD_COUNT(texts); i++)
		assert_false(ord_gameday_named(texts[i], strlen(texts[i])));
	/* The wrong command is all that is wrong. */
	assert_int_equal(ord_spec_parse(wrong, strlen(wrong), NULL, 0, &spec, &m), -1);
	assert_int_equal(m.n, 1);
	assert_string_equal(m.v[0].text,
			    "kind 'GameDay' is no experiment; 'ordeal gameday' is for it");
	ord_mistakes_done(&m);
}

static void schema(void **state)
{
	ord_auto(json) json_t *s = ord_gameday_schema();
	const json_t *steps;

	assert_non_null(s);
	steps = json_object_get(
		json_object_get(json_object_get(json_object_get(s, "properties"), "spec"),
				"properties"),
		"steps");
	assert_string_equal(json_string_value(json_object_get(steps, "type")), "array");
	assert_int_equal(json_integer_value(json_object_get(steps, "maxItems")),
			 ORD_GAMEDAY_STEPS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),	       cmocka_unit_test(inline_experiment),
		cmocka_unit_test(usual_roles), cmocka_unit_test(bad),
		cmocka_unit_test(other_kinds), cmocka_unit_test(schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
