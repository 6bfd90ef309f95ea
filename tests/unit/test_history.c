/* The history: what is kept of a report, what a retention lets go, a figure over runs, and the
 * schema's steps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "history/module/prune.h"
#include "history/module/record.h"
#include "history/store/sql.h"
#include "history/module/stretch.h"
#include "ordeal/history.h"

static int64_t number(const json_t *of, const char *key)
{
	return json_integer_value(json_object_get(of, key));
}

static const char *text(const json_t *of, const char *key)
{
	const char *s = json_string_value(json_object_get(of, key));

	return s ? s : "";
}

/* ---- records */

static json_t *report_of(const char *points, const char *median)
{
	char all[2048];
	json_t *report;

	(void)snprintf(
		all, sizeof all,
		"{\"run\":\"id\",\"name\":\"orders\",\"plan_hash\":\"abc\",\"seed\":7,"
		"\"ordeal\":\"0.1.0\",\"started_utc\":\"2026-11-21T10:00:00.000Z\",\"exit\":1,"
		"\"verdict\":\"failed: it did\",\"end_cause\":\"complete\",\"residue\":0,"
		"\"plan\":{\"labels\":{\"team\":\"x\"}},\"objectives\":[],\"repetitions\":[],"
		"\"time_to_detect\":{\"breaker\":{\"n\":3,\"never\":2,\"median_ns\":%s,"
		"\"worst_known_ns\":400,\"points\":%s}}}",
		median, points);
	report = json_loads(all, 0, NULL);
	assert_non_null(report);
	return report;
}

static void test_record(void **state)
{
	const struct record_folder folder = {"f", 10, 20, 30};
	json_t *report =
		report_of("[{\"ns\":400,\"censored\":false},{\"ns\":900,\"censored\":true},"
			  "{\"ns\":600,\"censored\":true}]",
			  "null");
	struct ord_err err = {0};
	json_t *record, *f;

	assert_int_equal(record_make(report, &folder, &record, &err), 0);
	assert_string_equal(text(record, "verdict"), "failed");
	assert_int_equal(number(record, "started_ns"), 1795255200LL * 1000000000);
	assert_string_equal(text(json_object_get(record, "labels"), "team"), "x");
	assert_int_equal(json_array_size(json_object_get(record, "figures")), 1);
	f = json_array_get(json_object_get(record, "figures"), 0);
	assert_string_equal(text(f, "figure"), "ttd:breaker");
	/* Each is at least its bound: 400, 600 and 900, whose middle is 600. */
	assert_int_equal(number(f, "median_above_ns"), 600);
	assert_int_equal(number(f, "worst_above_ns"), 900);
	assert_true(json_is_null(json_object_get(f, "median_ns")));
	json_decref(record);
	json_decref(report);
}

static void test_record_refused(void **state)
{
	const struct record_folder folder = {"f", 10, 20, 30};
	json_t *report = report_of("[]", "1"), *record = NULL;
	struct ord_err err = {0};

	(void)json_object_set_new(report, "exit", json_integer(7));
	assert_int_equal(record_make(report, &folder, &record, &err), -1);
	assert_non_null(strstr(err.msg, "exit code is 7"));
	(void)json_object_set_new(report, "exit", json_integer(0));
	(void)json_object_set_new(report, "started_utc", json_string("yesterday"));
	assert_int_equal(record_make(report, &folder, &record, &err), -1);
	assert_non_null(strstr(err.msg, "when the run started"));
	assert_null(record);
	json_decref(report);
}

/* ---- retention */

#define DAY (86400LL * (int64_t)ORD_S)

static json_t *run_of(const char *folder, const char *name, int64_t day, int exit, int64_t bytes)
{
	return json_pack("{s:s,s:s,s:I,s:i,s:I}", "folder", folder, "name", name, "started_ns",
			 (json_int_t)(day * DAY), "exit", exit, "bytes", (json_int_t)bytes);
}

/* a0 passed, a1 .. a3 failed, one a day; b0 passed on the first day. */
static json_t *some_runs(void)
{
	json_t *runs = json_array();

	(void)json_array_append_new(runs, run_of("a0", "a", 100, 0, 10));
	(void)json_array_append_new(runs, run_of("b0", "b", 100, 0, 10));
	(void)json_array_append_new(runs, run_of("a1", "a", 101, 1, 10));
	(void)json_array_append_new(runs, run_of("a2", "a", 102, 1, 10));
	(void)json_array_append_new(runs, run_of("a3", "a", 103, 1, 10));
	return runs;
}

/* The folders that go, one after the other. */
static const char *chosen(json_t *runs, const struct ord_history_rules *rules, int64_t left)
{
	static char out[128];
	const json_t *run;
	size_t i, n = 0;

	assert_int_equal(prune_choose(runs, rules), left);
	out[0] = '\0';
	json_array_foreach (runs, i, run)
		if (json_object_get(run, "why"))
			n += (size_t)snprintf(out + n, sizeof out - n, "%s ", text(run, "folder"));
	json_decref(runs);
	return out;
}

static void test_choose(void **state)
{
	struct ord_history_rules none = {.now_ns = 104 * DAY, .max_size = -1}, rules = none;
	json_t *runs;

	assert_string_equal(chosen(some_runs(), &none, 50), "");
	rules.keep_for_ns = 2 * DAY; /* a2 is just not older */
	assert_string_equal(chosen(some_runs(), &rules, 40), "a1 ");
	rules = none;
	rules.keep_last = 1; /* of each; a0 is the last of its own that passed */
	assert_string_equal(chosen(some_runs(), &rules, 30), "a1 a2 ");
	rules = none;
	rules.max_size = 35;
	assert_string_equal(chosen(some_runs(), &rules, 30), "a1 a2 ");
	rules.max_size = 0; /* what is kept stays beyond it */
	assert_string_equal(chosen(some_runs(), &rules, 20), "a1 a2 a3 ");
	runs = some_runs();
	(void)json_object_set_new(json_array_get(runs, 2), "tagged", json_true());
	(void)json_object_set_new(json_array_get(runs, 3), "lasting", json_true());
	assert_string_equal(chosen(runs, &rules, 40), "a3 ");
	runs = some_runs();
	/* One that is gone is not the last that passed, and its row goes by any rule. */
	(void)json_object_set_new(json_array_get(runs, 0), "gone", json_true());
	(void)json_object_set_new(json_array_get(runs, 0), "bytes", json_integer(0));
	assert_string_equal(chosen(runs, &none, 40), "a0 ");
}

/* ---- trends */

static json_t *point(const char *hash, int64_t median)
{
	json_t *f = median < 0 ? json_pack("{s:i,s:i,s:n,s:I}", "n", 3, "never", 3, "median_ns",
					   "median_above_ns", (json_int_t)-median)
			       : json_pack("{s:i,s:i,s:I}", "n", 3, "never", 0, "median_ns",
					   (json_int_t)median);

	return json_pack("{s:s,s:s,s:{s:o}}", "plan_digest", hash, "id", "r", "figures", "ttr_self",
			 f);
}

static json_t *trend_of(json_t *runs)
{
	struct ord_err err = {0};
	json_t *trend;

	assert_int_equal(ord_trend("orders", runs, NULL, &trend, &err), 0);
	assert_string_equal(text(trend, "figure"), "ttr_self");
	json_decref(runs);
	return trend;
}

static void test_trend_changes(void **state)
{
	json_t *runs = json_array(), *trend, *plans, *c;

	/* Two of an old plan, then twelve of which the last six are slower. */
	(void)json_array_append_new(runs, point("old", 9000));
	(void)json_array_append_new(runs, point("old", 9100));
	for (int i = 0; i < 12; i++)
		(void)json_array_append_new(runs, point("new", (i < 6 ? 1000 : 3000) + i % 3));
	trend = trend_of(runs);
	plans = json_object_get(trend, "plans");
	assert_int_equal(json_array_size(plans), 2);
	assert_int_equal(number(json_array_get(plans, 0), "runs"), 2);
	assert_non_null(strstr(text(json_array_get(plans, 0), "not_sought"), "it takes 10"));
	assert_int_equal(number(json_array_get(plans, 1), "first"), 2);
	plans = json_object_get(json_array_get(plans, 1), "changes");
	assert_int_equal(json_array_size(plans), 1);
	c = json_array_get(plans, 0);
	assert_int_equal(number(c, "run"), 8);
	assert_int_equal(number(c, "median_before_ns"), 1001);
	assert_int_equal(number(c, "median_after_ns"), 3001);
	assert_int_equal(number(c, "n_before"), 6);
	assert_int_equal(number(c, "n_after"), 6);
	json_decref(trend);
}

static void test_trend_quiet(void **state)
{
	json_t *runs = json_array(), *trend, *plan;

	for (int i = 0; i < 12; i++)
		(void)json_array_append_new(runs, point("new", 1000 + i * 7 % 5));
	trend = trend_of(runs);
	plan = json_array_get(json_object_get(trend, "plans"), 0);
	assert_int_equal(json_array_size(json_object_get(plan, "changes")), 0);
	assert_string_equal(text(plan, "not_sought"), "");
	json_decref(trend);
}

static void test_trend_censored(void **state)
{
	json_t *runs = json_array(), *trend, *plan;
	struct ord_err err = {0};
	char out[STRETCH_FIGURE];

	for (int i = 0; i < 12; i++)
		(void)json_array_append_new(runs, point("new", i == 7 ? -30000000000 : 1000 + i));
	assert_string_equal(
		stretch_median(json_object_get(json_object_get(json_array_get(runs, 7), "figures"),
					       "ttr_self"),
			       out),
		"> 30.0 s");
	assert_int_equal(ord_trend("orders", runs, "ttd:breaker", &trend, &err), -1);
	assert_int_equal(err.code, ORD_USAGE);
	assert_non_null(strstr(err.msg, "'ttd:breaker'; there is ttr_self"));
	trend = trend_of(runs);
	plan = json_array_get(json_object_get(trend, "plans"), 0);
	assert_int_equal(json_array_size(json_object_get(plan, "changes")), 0);
	assert_non_null(strstr(text(plan, "not_sought"), "1 of 12 runs were not reached"));
	json_decref(trend);
}

/* ---- the schema */

struct file {
	char dir[64], path[96];
};

static void make_dir(struct file *f)
{
	(void)snprintf(f->dir, sizeof f->dir, "/tmp/ordeal-history.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->path, sizeof f->path, "%s/h.db", f->dir);
}

static void remove_dir(const struct file *f)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	char path[128];

	for (size_t i = 0; i < ORD_COUNT(ends); i++) {
		(void)snprintf(path, sizeof path, "%s%s", f->path, ends[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(f->dir), 0);
}

/* As that version made it, with one run in it, and what `more` does. */
static void make_old(const struct file *f, int version, const char *more)
{
	ord_autofree char *dump = NULL;
	struct store s = {0};
	struct ord_err err = {0};
	char path[512];

	(void)snprintf(path, sizeof path, SOURCE_DIR "/tests/golden/history/v%d.sql", version);
	assert_int_equal(ord_file_read(path, 65536, &dump, NULL, &err), 0);
	(void)snprintf(s.path, sizeof s.path, "%s", f->path);
	assert_int_equal(sqlite3_open(f->path, &s.db), SQLITE_OK);
	assert_int_equal(sql_do(&s, "load", dump, &err), 0);
	assert_int_equal(sql_do(&s, "more", more, &err), 0);
	assert_int_equal(sqlite3_close(s.db), SQLITE_OK);
}

/* Every table and index as it was made and altered. */
static char *schema_of(struct store *s)
{
	sqlite3_stmt *q = NULL;
	char *text;

	assert_int_equal(sqlite3_prepare_v2(s->db,
					    "SELECT group_concat(name || ' ' || coalesce(sql, ''), "
					    "';') FROM (SELECT * FROM sqlite_schema ORDER BY name)",
					    -1, &q, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	text = strdup((const char *)sqlite3_column_text(q, 0));
	(void)sqlite3_finalize(q);
	assert_non_null(text);
	return text;
}

static int version_of(const struct file *f)
{
	struct store s = {0};
	struct ord_err err = {0};
	int version = -1;

	assert_int_equal(sqlite3_open(f->path, &s.db), SQLITE_OK);
	assert_int_equal(sql_number(&s, "version", "PRAGMA user_version", &version, &err), 0);
	assert_int_equal(sqlite3_close(s.db), SQLITE_OK);
	return version;
}

#define EVERYTHING                                                                                 \
	"{\"names\":[],\"labels\":{},\"verdict\":null,\"folder\":null,\"before\":null,\"missed\":" \
	"false,\"since\":0,\"until\":9000000000000000000,\"last\":-1}"

static void test_migrated_from(int version)
{
	ord_autofree char *listed = NULL, *schema = NULL, *fresh = NULL;
	struct ord_err err = {0};
	struct file f, other;
	json_t *runs, *run;
	struct store *s;

	make_dir(&f);
	make_old(&f, version, "");
	assert_int_equal(version_of(&f), version);
	/* Reading changes nothing, and says so. */
	assert_int_equal(store_open(f.path, STORE_READ, 0, &s, &err), 0);
	assert_null(s);
	assert_int_equal(version_of(&f), version);
	assert_int_equal(store_open(f.path, STORE_WRITE, 0, &s, &err), 0);
	assert_int_equal(store_list(s, EVERYTHING, &listed, &err), 0);
	schema = schema_of(s);
	store_close(s);
	assert_int_equal(version_of(&f), STORE_VERSION);
	runs = json_loads(listed, 0, NULL);
	assert_int_equal(json_array_size(runs), 1);
	run = json_array_get(runs, 0);
	assert_string_equal(text(run, "name"), "orders");
	assert_string_equal(text(json_object_get(run, "labels"), "team"), "shop");
	assert_int_equal(number(json_object_get(json_object_get(run, "figures"), "ttr_self"),
				"median_above_ns"),
			 4900000000);
	assert_true(json_is_null(json_object_get(run, "bytes")) == (version < 2));
	json_decref(runs);
	remove_dir(&f);
	make_dir(&other);
	assert_int_equal(store_open(other.path, STORE_MAKE, 0, &s, &err), 0);
	fresh = schema_of(s);
	store_close(s);
	remove_dir(&other);
	assert_string_equal(schema, fresh);
}

static void test_migrated(void **state)
{
	test_migrated_from(1);
	test_migrated_from(3);
}

/* A step that cannot be done leaves the version before it, whole. */
static void test_migration_fails(void **state)
{
	struct ord_err err = {0};
	struct store *s = NULL;
	struct store raw = {0};
	struct file f;
	int n = -1;

	make_dir(&f);
	make_old(&f, 1, "CREATE TABLE marks_by_run(x)");
	assert_int_equal(store_open(f.path, STORE_WRITE, 0, &s, &err), -1);
	assert_null(s);
	assert_non_null(strstr(err.msg, "bring its tables up to date"));
	assert_int_equal(version_of(&f), 1);
	assert_int_equal(sqlite3_open(f.path, &raw.db), SQLITE_OK);
	assert_int_equal(sql_number(&raw, "columns",
				    "SELECT count(*) FROM pragma_table_info('runs') WHERE name = "
				    "'bytes'",
				    &n, &err),
			 0);
	assert_int_equal(n, 0);
	assert_int_equal(sqlite3_close(raw.db), SQLITE_OK);
	remove_dir(&f);
}

static void test_newer_and_garbage(void **state)
{
	struct ord_err err = {0};
	struct store *s = NULL;
	struct file f;
	FILE *out;

	make_dir(&f);
	make_old(&f, 1, "PRAGMA user_version = 99");
	assert_int_equal(store_open(f.path, STORE_WRITE, 0, &s, &err), -1);
	assert_int_equal(err.code, ORD_USAGE);
	assert_non_null(strstr(err.msg, "is of version 99, and this ordeal knows 4"));
	assert_int_equal(version_of(&f), 99);
	out = fopen(f.path, "we");
	assert_non_null(out);
	for (int i = 0; i < 1000; i++)
		(void)fputs("no database ", out);
	(void)fclose(out);
	assert_int_equal(store_open(f.path, STORE_READ, 0, &s, &err), -1);
	assert_non_null(strstr(err.msg, "ordeal history rebuild"));
	remove_dir(&f);
}

/* A run is in it wholly or not at all. */
static void test_entered_wholly(void **state)
{
	static const char record[] =
		"{\"folder\":\"20261101T100000Z-orders-aaaaaa\",\"id\":\"id\",\"name\":\"o\","
		"\"plan_hash\":\"a\",\"plan_"
		"digest\":\"d\",\"seed\":1,"
		"\"ordeal\":\"1\",\"started_ns\":6,\"exit\":0,\"verdict\":\"passed\",\"text\":"
		"\"t\","
		"\"end_cause\":\"complete\",\"residue\":0,\"timeline_bytes\":1,"
		"\"timeline_mtime_ns\":1,\"bytes\":1,\"labels\":{},\"repetitions\":[%s],"
		"\"instants\":[],\"objectives\":[],\"figures\":[],\"marks\":[]}";
	ord_autofree char *listed = NULL;
	struct ord_err err = {0};
	struct store *s;
	struct file f;
	char text_of[1024];

	make_dir(&f);
	make_old(&f, 1, "");
	assert_int_equal(store_open(f.path, STORE_WRITE, 0, &s, &err), 0);
	(void)snprintf(text_of, sizeof text_of, record, "{\"rep\":\"one\"}");
	assert_int_equal(store_enter(s, text_of, &err), -1);
	assert_int_equal(store_list(s, EVERYTHING, &listed, &err), 0);
	assert_non_null(strstr(listed, "\"orders\"")); /* the one that was there still is */
	free(ord_steal_ptr(listed));
	(void)snprintf(text_of, sizeof text_of, record, "");
	assert_int_equal(store_enter(s, text_of, &err), 0);
	assert_int_equal(store_list(s, EVERYTHING, &listed, &err), 0);
	assert_null(strstr(listed, "\"orders\""));
	store_close(s);
	remove_dir(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_record_refused),
		cmocka_unit_test(test_choose),
		cmocka_unit_test(test_trend_changes),
		cmocka_unit_test(test_trend_quiet),
		cmocka_unit_test(test_trend_censored),
		cmocka_unit_test(test_migrated),
		cmocka_unit_test(test_migration_fails),
		cmocka_unit_test(test_newer_and_garbage),
		cmocka_unit_test(test_entered_wholly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
