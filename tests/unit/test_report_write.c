/* The formats: whole, well-formed, the same bytes however often. */
#include "tests/unit/report_page.h"

#include <jansson.h>
#include <unistd.h>

#include "ordeal/report.h"

static void junit(void **state)
{
	struct story s;
	char *text;

	tell(&s, 3);
	text = written(&s.a, ord_write_junit);
	junit_rules(text);
	assert_non_null(strstr(text, "<testcase name=\"objective: recover(self)\""));
	assert_non_null(strstr(text, "<failure type=\"missed\" message=\"repetition 2"));
	free(text);
	done(&s);
}

/* Nothing is green that was not shown: every exit but 0 has a failure or an error, and 0 has none.
 */
static void junit_is_green_only_for_a_pass(void **state)
{
	static const struct {
		const char *residue, *cause, *extra;
		char during;
		int exit;
	} table[] = {{"0", "complete", "", 'g', 0},
		     {"0", "complete", "", 't', 1},
		     {"1", "complete", "", 'g', 6},
		     {"0", "aborted", "", 'g', 3},
		     {"0", "complete", ",\"expect_impact\":true", 'g', 5}};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct story s;
		char more[80], *text;

		begin(&s, SELF, table[i].extra);
		events(&s, 1, 0);
		(void)snprintf(more, sizeof more, ",\"residue\":%s", table[i].residue);
		fault(&s, 1, 15021, "reverted", more);
		samples(&s, 1, "orders", 0, 5100, 5, 'g');
		samples(&s, 1, "orders", 5100, 25000, 5, table[i].during);
		samples(&s, 1, "stock", 0, 25000, 5, 'g');
		finish(&s, 25000, table[i].cause);
		assert_int_equal(read_story(&s), 0);
		assert_int_equal(s.a.exit, table[i].exit);
		text = written(&s.a, ord_write_junit);
		junit_rules(text);
		assert_int_equal(occurrences(text, "<failure ") + occurrences(text, "<error ") == 0,
				 table[i].exit == 0);
		if (table[i].exit == 5)
			assert_int_equal(occurrences(text, "<failure "), 0);
		free(text);
		done(&s);
	}
}

static void json(void **state)
{
	struct story s;
	char *text;
	json_t *j, *rep;
	json_error_t err;

	tell(&s, 3);
	text = written(&s.a, ord_write_json);
	j = json_loads(text, JSON_REJECT_DUPLICATES, &err);
	assert_non_null(j);
	assert_int_equal(json_integer_value(json_object_get(j, "schema")), 1);
	assert_int_equal(json_integer_value(json_object_get(j, "exit")), 1);
	assert_int_equal(json_array_size(json_object_get(j, "repetitions")), 3);
	rep = json_array_get(json_object_get(j, "repetitions"), 1);
	/* not recovered: null and censored, never a number */
	assert_true(json_is_null(
		json_object_get(json_object_get(rep, "time_to_recover_self"), "value_ns")));
	assert_true(json_is_true(
		json_object_get(json_object_get(rep, "time_to_recover_self"), "censored")));
	assert_true(json_is_integer(json_object_get(json_object_get(rep, "impact"), "line")));
	assert_null(strstr(text, "nan"));
	assert_null(strchr(text, '.') && strstr(text, "e+") ? text : NULL);
	json_decref(j);
	free(text);
	done(&s);
}

/* One file, nothing fetched, no script to run. */
static void html(void **state)
{
	static const char *const forbidden[] = {"<link",  " src=",	 "@import", "url(http",
						"onload", "javascript:", "<iframe", "<b>&amp; |"};
	struct story s;
	char *text;

	tell(&s, 3);
	text = written(&s.a, ord_write_html);
	well_formed(text, true);
	for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
		if (strstr(text, forbidden[i]))
			fail_msg("'%s' is in the page", forbidden[i]);
	/* links lead to places in the page alone */
	assert_int_equal(occurrences(text, " href=\""), occurrences(text, " href=\"#"));
	assert_int_equal(occurrences(text, "<script"), 1);
	assert_non_null(strstr(text, "<script type=\"application/json\""));
	assert_int_equal(occurrences(text, "role=\"img\""),
			 occurrences(text, "<svg class=\"chart") +
				 occurrences(text, "<svg class=\"dots"));
	assert_non_null(strstr(text, "prefers-color-scheme:dark"));
	assert_non_null(strstr(text, "&lt;b&gt;&amp;amp; | `x` é"));
	assert_non_null(strstr(text, "<time datetime=\""));
	free(text);
	done(&s);
}

/* The wall clock names instants and decides nothing: with another anchor only UTC differs. */
/* Latencies, losses and spans: all that is no instant. */
static void durations_are_equal(const json_t *a, const json_t *b)
{
	static const char *const keys[] = {"probes", "loss", "impact_duration",
					   "time_to_recover_self",
					   "time_to_recover_after_rollback"};

	assert_true(json_array_size(a) > 1);
	for (size_t i = 0; i < json_array_size(a); i++)
		for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
			const json_t *x = json_object_get(json_array_get(a, i), keys[k]);

			assert_non_null(x);
			if (!json_equal(x, json_object_get(json_array_get(b, i), keys[k])))
				fail_msg("%s of the repetition at %zu", keys[k], i);
		}
}

static void pitfall_07_a_wall_clock_that_steps(void **state)
{
	static const char anchor[] = "\"wall_ns\":1795000000000000000";
	struct story s, other;
	char *a, *b;
	json_t *x, *y;

	tell(&s, 2);
	other = (struct story){.text = strdup(s.text), .size = s.size};
	memcpy(strstr(other.text, anchor) + 10, "1694000000000000000", 19);
	assert_int_equal(read_story(&other), 0);
	a = written(&s.a, ord_write_json);
	b = written(&other.a, ord_write_json);
	assert_string_not_equal(a, b);
	x = json_loads(a, 0, NULL);
	y = json_loads(b, 0, NULL);
	assert_true(json_equal(json_object_get(x, "objectives"), json_object_get(y, "objectives")));
	durations_are_equal(json_object_get(x, "repetitions"), json_object_get(y, "repetitions"));
	json_decref(x);
	json_decref(y);
	assert_string_equal(s.a.verdict, other.a.verdict);
	assert_int_equal(s.a.self.n, other.a.self.n);
	assert_int_equal(s.a.self.median, other.a.self.median);
	assert_int_equal(s.a.self.worst, other.a.self.worst);
	free(a);
	free(b);
	done(&s);
	done(&other);
}

/* Delete the reports, rebuild them from run.jsonl alone: the same bytes. */
static void rebuilt_byte_for_byte(void **state)
{
	static const char *const files[] = {"report.json", "report.md", "report.html", "junit.xml"};
	char dir[] = "/tmp/ordeal-report-XXXXXX", path[256];
	char *first[4];
	struct ord_report *report;
	struct ord_err err;
	struct story s;
	FILE *f;

	tell(&s, 3);
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof path, "%s/run.jsonl", dir);
	f = fopen(path, "we");
	assert_int_equal(fwrite(s.text, 1, s.size, f), s.size);
	(void)fclose(f);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(ord_report_load(dir, &report, &err), 0);
		assert_int_equal(ord_report_exit(report), 1);
		assert_int_equal(ord_report_write_all(report, dir, NULL, &err), 0);
		assert_int_equal(ord_report_write_all(report, dir, "json,pdf", &err), -1);
		assert_int_equal(err.code, ORD_USAGE);
		ord_report_free(report);
		for (size_t i = 0; i < 4; i++) {
			char *text = NULL;
			size_t size = 0;

			(void)snprintf(path, sizeof path, "%s/%s", dir, files[i]);
			f = fopen(path, "re");
			assert_non_null(f);
			assert_true(getdelim(&text, &size, 0, f) > 0);
			(void)fclose(f);
			assert_int_equal(unlink(path), 0);
			if (round) {
				assert_string_equal(text, first[i]);
				free(first[i]);
				free(text);
			} else {
				first[i] = text;
			}
		}
	}
	(void)snprintf(path, sizeof path, "%s/run.jsonl", dir);
	(void)unlink(path);
	assert_int_equal(rmdir(dir), 0);
	done(&s);
}

/* 300,000 samples: the page stays small, and every bad sample is in it. */
static void a_large_run_makes_a_small_page(void **state)
{
	struct story s;
	char *text;

	begin(&s, SELF, "");
	events(&s, 1, 0);
	for (int64_t i = 0; i < 300000; i++) {
		int64_t at = i * 83333; /* ns: 12,000 a second */
		bool bad = i == 100000;

		say(&s,
		    "{\"e\":\"sample\",\"t\":1,\"rep\":1,\"p\":\"orders\",\"n\":1,\"due\":%lld,"
		    "\"sent\":%lld,\"done\":%lld,\"o\":\"%s\",\"good\":%s}\n",
		    (long long)at, (long long)at, (long long)at + 1000000 + i % 7 * 100000,
		    bad ? "reset" : "ok", bad ? "false" : "true");
	}
	samples(&s, 1, "stock", 0, 25000, 1, 'g');
	finish(&s, 25000, "complete");
	assert_int_equal(read_story(&s), 0);
	text = written(&s.a, ord_write_html);
	assert_true(strlen(text) < 200000);
	well_formed(text, true);
	assert_non_null(strstr(text, "class=\"o-reset\" d=\"M"));
	assert_non_null(strstr(text, "class=\"l-reset\" d="));
	free(text);
	done(&s);
}

/* Timelines of every sort of ending: each format can be written. */
static void whatever_happened(void **state)
{
	for (int i = 0; i < 5; i++) {
		struct story s;

		begin(&s, i == 4 ? "" : DETECT "," SELF "," AFTER,
		      i == 3 ? ",\"repetitions\":40,\"placebo\":true" : "");
		if (i > 0)
			phase(&s, 1, 0, "steady-before");
		if (i > 1)
			samples(&s, 1, "orders", 0, 500, 1, 's');
		if (i > 2)
			samples(&s, 3 - 2 * (i == 4), "orders", 0, 3000, 1, 'g');
		if (i != 2)
			finish(&s, 5000, "failed");
		assert_int_equal(read_story(&s), 0);
		for (size_t k = 0; k < WRITERS; k++) {
			char *text = written(&s.a, writers[k]);

			if (k == 3)
				junit_rules(text);
			if (k == 2)
				well_formed(text, true);
			assert_true(strlen(text) > 100);
			free(text);
		}
		done(&s);
	}
}

/* What a page has no room for it says, and where it is. */
static void a_page_says_what_it_has_not(void **state)
{
	static const struct {
		int reps;
		bool embedded, charts, rows;
	} table[] = {{3, true, true, true}, {8, true, false, true}, {70, false, false, false}};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct story s;
		char *text;

		tell(&s, table[i].reps);
		text = written(&s.a, ord_write_html);
		assert_int_equal(occurrences(text, "<script type=\"application/json\""),
				 table[i].embedded);
		assert_int_equal(occurrences(text, "in the element <code>#report</code>"),
				 table[i].embedded);
		assert_int_equal(occurrences(text, "This page does not hold it"),
				 !table[i].embedded);
		assert_int_equal(occurrences(text, "more repetitions have no chart"),
				 !table[i].charts);
		assert_int_equal(occurrences(text, "are of the first 60;"), !table[i].rows);
		/* Of more than six those that tell most: in the second nothing recovered. */
		assert_int_equal(occurrences(text, "<summary>Repetition 7</summary>"), 0);
		assert_non_null(strstr(text, "Repetition 2 of"));
		assert_in_range(strlen(text), 1000, 900000);
		free(text);
		done(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(junit),
		cmocka_unit_test(junit_is_green_only_for_a_pass),
		cmocka_unit_test(json),
		cmocka_unit_test(html),
		cmocka_unit_test(pitfall_07_a_wall_clock_that_steps),
		cmocka_unit_test(rebuilt_byte_for_byte),
		cmocka_unit_test(a_large_run_makes_a_small_page),
		cmocka_unit_test(a_page_says_what_it_has_not),
		cmocka_unit_test(whatever_happened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
