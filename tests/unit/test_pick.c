/* `kind: Schedule`: what is read, what is told of a bad one, and what is drawn. */
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
#include "ordeal/pick.h"

static struct ord_pick pick;

static char *file(const char *name, size_t *ret_size)
{
	char path[512], *text = NULL;

	(void)snprintf(path, sizeof path, SOURCE_DIR "/tests/golden/pick/%s", name);
	assert_int_equal(ord_file_read(path, 100000, &text, ret_size, NULL), 0);
	return text;
}

static void read_good(void)
{
	struct ord_mistakes m = {0};
	size_t size;
	ord_autofree char *text = file("good.yaml", &size);

	assert_int_equal(ord_pick_parse(text, size, NULL, 0, &pick, &m), 0);
	assert_int_equal(m.n, 0);
	assert_true(ord_pick_named(text, size));
	ord_mistakes_done(&m);
}

static void good(void **state)
{
	(void)state;
	read_good();
	assert_string_equal(pick.name, "weekday-monkey");
	assert_int_equal(pick.schedule.kind, ORD_SCHEDULE_RANDOM);
	assert_int_equal(pick.schedule.concurrency, ORD_CONCURRENCY_QUEUE);
	assert_int_equal(pick.schedule_at.line, 9);
	assert_int_equal(pick.zone_at.line, 11);
	assert_int_equal(pick.n_one_of, 3);
	assert_string_equal(pick.one_of[2].text, "lost-pod.yaml");
	assert_int_equal(pick.one_of[2].at.line, 13);
	assert_int_equal(pick.one_of[2].at.column, 35);
	assert_true(pick.has_seed);
	assert_int_equal(pick.seed, 7);
	ord_pick_done(&pick);
}

/* By seed, name and instant alone; and what stands there twice comes twice as often. */
static void drawn(void **state)
{
	enum { N = 30000 };
	unsigned n[3] = {0}, same = 0;

	(void)state;
	read_good();
	for (int64_t i = 0; i < N; i++) {
		size_t chosen = ord_pick_chosen(&pick, i * 3600 * (int64_t)ORD_S);

		assert_in_range(chosen, 0, 2);
		assert_int_equal(ord_pick_chosen(&pick, i * 3600 * (int64_t)ORD_S), chosen);
		n[chosen]++;
		pick.seed = 8;
		same += ord_pick_chosen(&pick, i * 3600 * (int64_t)ORD_S) == chosen;
		pick.seed = 7;
	}
	/* A third each, by five standard deviations of the binomial (82). */
	for (size_t i = 0; i < 3; i++)
		assert_in_range(n[i], N / 3 - 410, N / 3 + 410);
	assert_in_range(same, N / 3 - 410, N / 3 + 410);
	ord_pick_done(&pick);
}

static void bad(void **state)
{
	struct ord_mistakes m = {0};
	size_t size;
	ord_autofree char *text = file("bad.yaml", &size), *want = file("bad.err", NULL);
	char told[4096] = "";
	FILE *f = fmemopen(told, sizeof told, "w");

	(void)state;
	assert_int_equal(ord_pick_parse(text, size, NULL, 0, &pick, &m), -1);
	for (size_t i = 0; i < m.n; i++)
		(void)fprintf(f, "%u:%u: %s\n", m.v[i].line, m.v[i].column, m.v[i].text);
	assert_int_equal(fclose(f), 0);
	ord_mistakes_done(&m);
	if (getenv("ORDEAL_UPDATE"))
		(void)printf("%s", told);
	assert_string_equal(told, want);
}

static void other_kinds(void **state)
{
	static const char *const texts[] = {
		"kind: Experiment\n", "Schedule\n", "[Schedule]\n", "", "kind: [Schedule]\n",
		"name: Schedule\n",   "{",	    "Schedule: {"};
	static const char wrong[] = "kind: Schedule\nspec: {oneOf: []}\n";
	static struct ord_spec spec;
	struct ord_mistakes m = {0};

	(void)state;
	for (size_t i = 0; i < ORD_COUNT(texts); i++)
		assert_false(ord_pick_named(texts[i], strlen(texts[i])));
	assert_int_equal(ord_spec_parse(wrong, strlen(wrong), NULL, 0, &spec, &m), -1);
	assert_int_equal(m.n, 1);
	assert_int_equal(m.v[0].line, 1);
	assert_non_null(strstr(m.v[0].text, "kind 'Schedule' is no experiment"));
	ord_mistakes_done(&m);
}

static void schema(void **state)
{
	ord_auto(json) json_t *s = ord_pick_schema();
	const json_t *spec = json_object_get(
		json_object_get(json_object_get(s, "properties"), "spec"), "properties");

	(void)state;
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(spec, "oneOf"), "maxItems")),
		ORD_PICK_MAX);
	assert_non_null(json_object_get(
		json_object_get(json_object_get(spec, "schedule"), "properties"), "catchUp"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),	       cmocka_unit_test(drawn),	 cmocka_unit_test(bad),
		cmocka_unit_test(other_kinds), cmocka_unit_test(schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
