/*
 * A session on disk: what is written is read back, torn lines and strangers' are not; and what its
 * report and its post-mortem say of stored runs.
 */
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/file.h"
#include "ordeal/report.h"
#include "reports/write/pm.h"
#include "scheduler/gameday/module/figures.h"
#include "scheduler/gameday/module/report.h"

static char home[] = "/tmp/ordeal-gameday.XXXXXX";
static struct ord_err err;

static int setup(void **state)
{
	return mkdtemp(home) && !setenv("XDG_STATE_HOME", home, 1) ? 0 : -1;
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

static int teardown(void **state)
{
	return nftw(home, drop, 16, FTW_DEPTH | FTW_PHYS);
}

static struct session *create(const char *id)
{
	struct session *s = NULL;
	struct day *day = NULL;

	assert_int_equal(day_load(SOURCE_DIR "/tests/golden/gameday/good.yaml", stderr, &day), 0);
	if (session_create(day, id, &s, &err))
		fail_msg("%s", err.msg);
	return s;
}

static void add(struct session *s, struct day_event e)
{
	if (session_add(s, &e, &err))
		fail_msg("%s: %s", day_kind_name(e.kind), err.msg);
}

/* The reports of a stored run, in a folder of this test. */
static void store_run(const char *golden, char dir[static 256])
{
	struct ord_report *report = NULL;
	char from[512];

	(void)snprintf(from, sizeof from, SOURCE_DIR "/tests/golden/runs/%s", golden);
	(void)snprintf(dir, 256, "%s/%s", home, golden);
	assert_int_equal(mkdir(dir, 0700), 0);
	if (ord_report_load(from, &report, &err) || ord_report_write_all(report, dir, "json", &err))
		fail_msg("%s", err.msg);
	ord_report_free(report);
}

/* As far as a step goes, with a run that is stored. */
static void hold_step(struct session *s, const char *dir)
{
	add(s, (struct day_event){.kind = DAY_E_CHECKS});
	add(s, (struct day_event){.kind = DAY_E_CHECK,
				  .check = ORD_GAMEDAY_STEADY,
				  .result = DAY_FAIL,
				  .text = "a | b <script> *c*"});
	add(s, (struct day_event){.kind = DAY_E_READY});
	add(s, (struct day_event){.kind = DAY_E_GO, .by = "owner", .overrule = true});
	add(s, (struct day_event){.kind = DAY_E_RUN, .run = "r", .dir = dir});
	add(s, (struct day_event){.kind = DAY_E_MARK, .by = "on-call", .what = "detected"});
	add(s, (struct day_event){.kind = DAY_E_ABORT, .by = "on-call", .text = "enough"});
	add(s, (struct day_event){.kind = DAY_E_ENDED,
				  .exit = 3,
				  .dir = dir,
				  .text = "aborted: 1 of 3 objectives met"});
}

static void append(const struct session *s, const char *text)
{
	ord_autoclose int fd = openat(s->dir, SESSION_LOG, O_WRONLY | O_APPEND | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ord_write_all(fd, text, strlen(text), &err), 0);
}

static void goes_on_where_it_was(void **state)
{
	struct session *s = create("one"), *again = NULL;
	static struct day_session was;

	hold_step(s, "/nowhere");
	append(s, "{\"at\":\"2026-1");
	was = s->state;
	/* While it is held nobody else has it. */
	assert_int_equal(session_open("one", stderr, &again, &err), -1);
	assert_int_equal(err.code, ORD_GUARD);
	session_close(s);
	if (session_open("one", stderr, &again, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(again->state.steps[0].state, DAY_RETURNING);
	assert_int_equal(again->state.steps[0].outcome, DAY_CUT);
	assert_string_equal(again->state.steps[0].verdict, was.steps[0].verdict);
	assert_int_equal(again->state.current, was.current);
	add(again, (struct day_event){.kind = DAY_E_STEADY, .result = DAY_PASS});
	session_close(again);
	/* What was torn is gone, and what came after it is whole. */
	if (session_open("one", stderr, &again, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(again->state.current, 1);
	session_close(again);
}

static void a_line_that_could_not_be_is_told(void **state)
{
	static const char *const lines[] = {
		"{\"at\":\"2026-11-22T00:00:00.000Z\",\"e\":\"ended\",\"step\":1,\"exit\":0}\n",
		"{\"at\":\"2026-11-22T00:00:00.000Z\",\"e\":\"go\",\"step\":2}\n", "garbage\n",
		"\n"};

	for (size_t i = 0; i < ORD_COUNT(lines); i++) {
		char id[16];
		struct session *s, *again = NULL;

		(void)snprintf(id, sizeof id, "bad-%zu", i);
		s = create(id);
		append(s, lines[i]);
		session_close(s);
		assert_int_equal(session_open(id, stderr, &again, &err), -1);
		assert_non_null(strstr(err.msg, "line 2"));
	}
}

static void ids(void **state)
{
	static const char *const bad[] = {"", ".", "..", ".hidden", "a b", "no-such"};
	char path[ORD_PATH_MAX];
	struct session *s = create("a.b-C_1");

	assert_int_equal(session_find("a.b-C_1", path, &err), 0);
	assert_int_equal(session_find("latest", path, &err), 0);
	for (size_t i = 0; i < ORD_COUNT(bad); i++)
		assert_int_equal(session_find(bad[i], path, &err), -1);
	session_close(s);
}

static char *written(const struct day_report *r, void (*write)(const struct day_report *, FILE *))
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	write(r, f);
	assert_int_equal(fclose(f), 0);
	return text;
}

static void expected_and_actual(void **state)
{
	struct session *s = create("figures");
	struct day_report r;
	ord_autofree char *table = NULL, *draft = NULL;
	char dir[256];
	const char *at, *word;

	store_run("slow-store-paged", dir);
	hold_step(s, dir);
	add(s, (struct day_event){.kind = DAY_E_STEADY, .result = DAY_PASS});
	assert_int_equal(day_report_read(s, &r, &err), 0);
	table = written(&r, day_report_expected);
	/* The figures are those of the run's own report, with what bounds them. */
	assert_non_null(strstr(table, "felt for 20.31 s \\[20.20, 20.37\\]"));
	assert_non_null(strstr(table, "orders: 200 of 200 failed"));
	assert_non_null(
		strstr(table, "repetition 2: 637 ms \\[587, 696\\] by log:orders | within |"));
	assert_non_null(strstr(table, "| time to recover | within 1m | "));
	assert_non_null(strstr(table, "| impact | Orders are slow for half a minute | "));
	assert_non_null(strstr(table, "2. The second hour | impact | - | was not run"));
	draft = written(&r, day_report_draft);
	assert_non_null(
		strstr(draft, "although a check failed. What was known of the check then?"));
	assert_non_null(strstr(draft, "How was that decided, and what was seen?"));
	assert_non_null(strstr(draft, "a \\| b \\<script\\> \\*c\\*"));
	assert_non_null(strstr(draft, "no role said anything. What were you looking at?"));
	assert_non_null(strstr(draft, "recovered only after the fault was removed"));
	assert_non_null(strstr(draft, "<!-- blank: causes -->"));
	/* The words that a post-mortem does without. */
	word = ord_pm_lint(draft, &at);
	if (word)
		fail_msg("it says '%s': %.80s", word, at);
	day_report_done(&r);
	session_close(s);
}

static json_t *span(json_int_t lo, json_int_t value, json_int_t hi)
{
	return json_pack("{s:I, s:b, s:I, s:I}", "value_ns", value, "censored", 0, "lo_ns", lo,
			 "hi_ns", hi);
}

static void spans(void **state)
{
	static const uint64_t s = 1000000000;
	json_t *exact = span(900000000, 950000000, 1100000000);
	json_t *never = json_pack("{s:n, s:b, s:I}", "value_ns", "censored", 1, "at_least_ns",
				  (json_int_t)(5 * s));
	char text[SPAN_TEXT];

	assert_string_equal(figures_compare(exact, 2 * s), "within");
	assert_string_equal(figures_compare(exact, 1100000000), "within");
	assert_string_equal(figures_compare(exact, s), "cannot be told");
	assert_string_equal(figures_compare(exact, s / 2), "later");
	assert_string_equal(figures_compare(exact, 0), "");
	assert_string_equal(figures_compare(never, 5 * s), "later");
	assert_string_equal(figures_compare(never, 6 * s), "cannot be told");
	assert_string_equal(figures_compare(NULL, s), "cannot be told");
	assert_string_equal(figures_span(never, text), "not within 5.00 s");
	assert_string_equal(figures_span(exact, text), "950 ms [900, 1100]");
	assert_string_equal(figures_span(NULL, text), "-");
	json_decref(exact);
	json_decref(never);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_on_where_it_was),
		cmocka_unit_test(a_line_that_could_not_be_is_told),
		cmocka_unit_test(ids),
		cmocka_unit_test(expected_and_actual),
		cmocka_unit_test(spans),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
