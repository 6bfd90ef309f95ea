/* The post-mortem: what it asks, what it never says, and that nothing people wrote is lost. */
#include "tests/unit/report_page.h"

#include <dirent.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "reports/write/pm.h"
#include "reports/write/postmortem.h"

static const char *const styles[] = {"google-sre", "pagerduty", "atlassian"};

/* Not inlined: see written(). */
__attribute__((noinline)) static char *made(const struct ord_analysis *a, const char *style,
					    bool html, const char *old)
{
	const struct ord_postmortem_options o = {.style = style, .schedule = "weekly"};
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	struct ord_err err;

	assert_int_equal(ord_write_postmortem(&a, 1, &o, html, old, f, &err), 0);
	assert_int_equal(fclose(f), 0);
	return text;
}

static void no_forbidden(const char *text)
{
	const char *at = NULL, *word = ord_pm_lint(text, &at);

	if (word)
		fail_msg("'%s' in '%.80s'", word, at);
}

static void lint(void **state)
{
	static const struct {
		const char *text, *word;
	} table[] = {
		{"It broke because it was late.", "because"},
		{"It was Caused\nby a switch.", "caused"},
		{"They should  have looked.", "should have"},
		{"This was due to load.", "due to"},
		{"HUMAN ERROR", "human error"},
		{"The root cause\n> was a switch.", "the root cause was"},
		{"Thanks to the breaker it held.", "thanks to"},
		{"On-call must have seen it.", "must have"},
		{"A mistake in the rule.", "mistake"},
		{"The fault of the network, as injected; what led people to look?", NULL},
		{"Nothing of that sort: the clause, subdue told, becausewise.", NULL},
		{"A message said `down because of x`, as it stands.", NULL},
		{"A message said `down` and that is because", "because"},
	};

	for (size_t i = 0; i < ORD_COUNT(table); i++) {
		const char *at = NULL, *word = ord_pm_lint(table[i].text, &at);

		if (!table[i].word) {
			if (word)
				fail_msg("'%s' found in '%s'", word, table[i].text);
			continue;
		}
		if (!word)
			fail_msg("nothing found in '%s'", table[i].text);
		assert_string_equal(word, table[i].word);
		assert_non_null(at);
	}
}

/* ---- the gaps, on rows made by hand: seconds */

static struct ord_row row_at(int64_t s, enum ord_row_by by, uint32_t line)
{
	return (struct ord_row){.t = MS(s * 1000), .by = by, .line = line};
}

static void gaps_of(struct ord_rows *rows, const struct ord_rep *r,
		    const struct ord_detection *detections, struct ord_pm_question *q,
		    size_t *ret_n)
{
	static struct ord_tl_probe probes[] = {{.name = "breaker", .is_signal = true}};
	struct ord_timeline t = {.probes = probes, .n_probes = 1};
	struct ord_analysis a = {.t = &t};
	struct ord_rep rep = *r;

	rep.detections = (struct ord_detection *)(uintptr_t)detections;
	*ret_n = ord_pm_find_gaps(&a, &rep, rows, q);
}

static void gaps(void **state)
{
	static struct ord_rows rows;
	struct ord_pm_question q[ORD_PM_QUESTIONS_MAX];
	struct ord_detection late = {.at = {.known = true, .value = MS(30000)}},
			     soon = {.at = {.known = true, .value = MS(11000)}}, never = {0};
	struct ord_rep r = {.end = MS(40000),
			    .impact = {.known = true, .value = MS(10000), .line = 5},
			    .recovered = {.known = true, .value = MS(32000)}};
	size_t n;

	rows.n = 0;
	rows.v[rows.n++] = row_at(1, ORD_ROW_RUN, 1); /* 9 s before the impact: none of its gaps */
	rows.v[rows.n++] = row_at(10, ORD_ROW_PROBE, 5);
	rows.v[rows.n++] = row_at(12, ORD_ROW_INJECTOR, 6);
	rows.v[rows.n++] = row_at(20, ORD_ROW_INJECTOR, 7); /* the longest: 12 to 20 */
	rows.v[rows.n++] = row_at(26, ORD_ROW_PERSON, 8);
	rows.v[rows.n++] = row_at(39, ORD_ROW_RUN, 9); /* after the recovery */
	gaps_of(&rows, &r, &late, q, &n);
	assert_int_equal(n, 2);
	assert_int_equal(q[0].gap, ORD_PM_GAP_LONGEST);
	assert_int_equal(q[0].from, MS(12000));
	assert_int_equal(q[0].to, MS(20000));
	assert_true(q[0].unnoticed);
	assert_int_equal(q[1].gap, ORD_PM_GAP_NO_PERSON);
	assert_int_equal(q[1].from, MS(10000));
	assert_int_equal(q[1].to, MS(26000));
	assert_false(q[1].no_end);
	/* a channel had reported within the gap's time */
	gaps_of(&rows, &r, &soon, q, &n);
	assert_false(q[0].unnoticed);
	gaps_of(&rows, &r, &never, q, &n);
	assert_true(q[0].unnoticed);
	/* the first row after the impact is a person's: no question about people */
	rows.v[2] = row_at(12, ORD_ROW_PERSON, 6);
	gaps_of(&rows, &r, &late, q, &n);
	assert_int_equal(n, 1);
	/* nobody ever */
	rows.v[2] = row_at(12, ORD_ROW_RUN, 6);
	rows.v[4] = row_at(26, ORD_ROW_RUN, 8);
	gaps_of(&rows, &r, &late, q, &n);
	assert_true(q[1].no_end);
	assert_int_equal(q[1].to, MS(40000));
	/* no impact, nothing to ask */
	r.impact.known = false;
	gaps_of(&rows, &r, &late, q, &n);
	assert_int_equal(n, 0);
}

/* The last row is far from the recovery: the gap ends there, not at the last row. */
static void a_gap_until_the_recovery(void **state)
{
	static struct ord_rows rows;
	struct ord_pm_question q[ORD_PM_QUESTIONS_MAX];
	struct ord_detection never = {0};
	struct ord_rep r = {.end = MS(90000),
			    .impact = {.known = true, .value = MS(10000), .line = 1},
			    .recovered = {.known = false}};
	size_t n;

	rows.n = 0;
	rows.v[rows.n++] = row_at(10, ORD_ROW_PROBE, 1);
	rows.v[rows.n++] = row_at(15, ORD_ROW_RUN, 2);
	rows.v[rows.n++] = row_at(89, ORD_ROW_RUN, 3);
	gaps_of(&rows, &r, &never, q, &n);
	assert_int_equal(q[0].from, MS(15000));
	assert_int_equal(q[0].to, MS(89000));
}

static void suppressed(void **state)
{
	static struct ord_rows rows;
	struct ord_timeline t = {0};
	struct ord_breakdown b[2] = {
		{.alert = "A"}, {.alert = "B", .suppressed = {.known = true, .value = MS(7000)}}};
	struct ord_analysis a = {.t = &t, .n_alerts = 2};
	struct ord_rep r = {.breakdowns = b};
	struct ord_pm_question q[ORD_PM_QUESTIONS_MAX];

	assert_int_equal(ord_pm_find_gaps(&a, &r, &rows, q), 1);
	assert_int_equal(q[0].gap, ORD_PM_GAP_SUPPRESSED);
	assert_string_equal(q[0].alert, "B");
	assert_int_equal(q[0].from, MS(7000));
}

/* ---- the whole */

/* Sections, in the order in which each house has them. */
static void headings(void **state)
{
	static const char *const order[][8] = {
		{"\n## Summary\n", "\n## Impact\n", "\n## Root Causes\n", "\n## Trigger\n",
		 "\n## Detection\n", "\n### Where we got lucky\n", "\n## Timeline\n", NULL},
		{"\n## Postmortem Owner\n", "\n## Overview\n", "\n## Contributing Factors\n",
		 "\n## Responders\n", "\n## Timeline\n", "\n### What Didn't Go So Well?\n",
		 "\n### External Message\n", NULL},
		{"\n## Incident summary\n", "\n## Leadup\n", "\n## Fault\n", "\n## Recovery\n",
		 "\n## Timeline\n", "\n## Backlog check\n", "\n## Corrective actions\n", NULL},
	};
	struct story s;

	tell(&s, 3);
	for (size_t i = 0; i < ORD_COUNT(styles); i++) {
		char *text = made(&s.a, styles[i], false, NULL),
		     *page = made(&s.a, styles[i], true, NULL);
		const char *p = text;

		for (size_t k = 0; order[i][k]; k++) {
			p = strstr(p, order[i][k]);
			if (!p)
				fail_msg("%s: no '%s', or not there", styles[i], order[i][k] + 1);
		}
		assert_non_null(strstr(text,
				       "covered by: experiment orders-survive, last passed not "
				       "yet, schedule weekly\n"));
		assert_non_null(
			strstr(text, "_To be filled in: How did the system come to behave"));
		no_forbidden(text);
		well_formed(page, true);
		assert_null(strstr(page, " src="));
		assert_int_equal(occurrences(page, "<script"), 0);
		free(text);
		free(page);
	}
	done(&s);
}

/* Begins before the injection, in the order of time. */
static void timeline(void **state)
{
	struct story s;
	char *text;
	const char *before, *asked, *impact;

	tell(&s, 2);
	text = made(&s.a, "google-sre", false, NULL);
	before = strstr(text, "| phase: steady-before |");
	asked = strstr(text, "| requested: slow |");
	impact = strstr(text, "| impact, first seen by orders |");
	assert_true(before && asked && impact);
	assert_true(before < asked && asked < impact);
	assert_non_null(strstr(text, " | run.jsonl:"));
	free(text);
	done(&s);
}

__attribute__((noinline)) static char *replaced(const char *text, const char *what,
						const char *with)
{
	const char *p = strstr(text, what);
	char *new = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&new, &size);

	assert_non_null(p);
	(void)fwrite(text, 1, (size_t)(p - text), f);
	(void)fprintf(f, "%s%s", with, p + strlen(what));
	assert_int_equal(fclose(f), 0);
	return new;
}

/* What people wrote is there again after it was made anew; the rest comes from the run. */
static void what_people_wrote(void **state)
{
	static const char question[] =
		"_To be filled in: Which dashboards, logs, chats or tickets belong to this?_";
	struct story s;
	char *first, *filled, *noted, *again, *page;

	tell(&s, 2);
	first = made(&s.a, "google-sre", false, NULL);
	filled = replaced(first, question, "- one <link>\n- two\n\nA second paragraph.");
	noted = replaced(filled, " |  |\n", " | seen on the wall |\n");
	again = made(&s.a, "google-sre", false, noted);
	assert_string_equal(again, noted);
	page = made(&s.a, "google-sre", true, noted);
	well_formed(page, true);
	assert_non_null(strstr(page, "<li>one &lt;link&gt;</li><li>two</li>"));
	assert_non_null(strstr(page, "<p>A second paragraph."));
	assert_non_null(strstr(page, "seen on the wall"));
	assert_null(strstr(page, "Which dashboards"));
	free(first);
	free(filled);
	free(noted);
	free(again);
	free(page);
	done(&s);
}

/* One repetition is no rate. */
static void n_is_seen(void **state)
{
	struct story s;
	char *text;

	tell(&s, 1);
	text = made(&s.a, "google-sre", false, NULL);
	assert_non_null(strstr(text, "(n = 1)"));
	assert_non_null(
		strstr(text, "has n = 1: it shows what can happen, not how often it does."));
	free(text);
	done(&s);
}

/* A log may hold names; what a line of it said is not told, only that the channel noticed. */
static void nothing_out_of_logs(void **state)
{
	struct story s;
	char *text;

	begin(&s,
	      "{\"text\":\"detect(log:orders) within 2s\",\"kind\":\"detect\",\"channel\":"
	      "\"log:orders\",\"within_ns\":2000000000}",
	      ",\"detection\":{\"logs\":[{\"name\":\"orders\",\"file\":\"/x\",\"match\":\"y\"}]}");
	events(&s, 1, 0);
	samples(&s, 1, "orders", 0, 5100, 5, 'g');
	samples(&s, 1, "orders", 5100, 9000, 5, 'r');
	samples(&s, 1, "orders", 9000, 25000, 5, 'g');
	samples(&s, 1, "stock", 0, 25000, 1, 'g');
	say(&s, "{\"e\":\"channel\",\"t\":6000000000,\"rep\":1,\"channel\":\"log:orders\","
		"\"state\":true,"
		"\"lo_t\":5900000000,\"hi_t\":6000000000,\"source\":\"log\",\"detail\":{\"text\":"
		"\"Erika "
		"Mustermann logged in\",\"untrusted\":true}}\n");
	finish(&s, 25000, "complete");
	assert_int_equal(read_story(&s), 0);
	for (size_t i = 0; i < ORD_COUNT(styles); i++) {
		text = made(&s.a, styles[i], false, NULL);
		assert_non_null(strstr(text, "log:orders"));
		assert_null(strstr(text, "Mustermann"));
		free(text);
	}
	done(&s);
}

/* ---- the stored ones, in docs/postmortems */

/* Not inlined: see written(). */
__attribute__((noinline)) static char *slurp(const char *path)
{
	ord_autofclose FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t room = 0;

	assert_non_null(f);
	assert_true(getdelim(&text, &room, 0, f) > 0);
	return text;
}

static void stored(const char *path)
{
	static const char covered[] = "\ncovered by: experiment ";
	char *text = slurp(path), file[600];
	const char *p = strstr(text, covered), *name = p ? p + sizeof covered - 1 : "";
	struct stat st;

	no_forbidden(text);
	if (strstr(text, "_To be filled in:"))
		fail_msg("%s: a place is not filled in: answer it, or write 'Open:' and why", path);
	if (!p)
		fail_msg("%s: nothing covers it", path);
	(void)snprintf(file, sizeof file, SOURCE_DIR "/experiments/%.*s.yaml",
		       (int)strcspn(name, ","), name);
	if (stat(file, &st))
		fail_msg("%s: there is no %s", path, file);
	p = strstr(name, ", last passed 20");
	if (!p || !strstr(p, ", schedule ") || strstr(p, "schedule none"))
		fail_msg("%s: when was it last passed, and when is it run?", path);
	if (!strstr(text, "# Post-mortem: ") || !strstr(text, "Timeline\n") ||
	    !strstr(text, "n = ") || !strstr(text, "run.jsonl:"))
		fail_msg("%s: a part is missing", path);
	if (occurrences(text, "<!-- blank: ") != occurrences(text, "<!-- end -->"))
		fail_msg("%s: the marks of its places are broken", path);
	free(text);
}

static void the_stored_ones(void **state)
{
	DIR *dir = opendir(SOURCE_DIR "/docs/postmortems");
	const struct dirent *e;
	unsigned n = 0;
	char path[600];

	assert_non_null(dir);
	while ((e = readdir(dir))) {
		size_t len = strlen(e->d_name);

		if (len < 14 || strcmp(e->d_name + len - 3, ".md") != 0 || e->d_name[0] != '2')
			continue;
		(void)snprintf(path, sizeof path, SOURCE_DIR "/docs/postmortems/%.255s", e->d_name);
		stored(path);
		n++;
	}
	(void)closedir(dir);
	assert_true(n >= 2);
}

/* People's Markdown in the page: a table is one, an item goes on in the next line, and nothing of
 * it is markup that they did not write. */
static void written_by_people(void **state)
{
	static const struct {
		const char *text;
		const char *in[4];
	} table[] = {
		{"| a | b \\| c |\n|---|:-:|\n| 1 | <b> |\n| 2 |",
		 {">b | c</th>", "data-l=\"a\">1</th>", "&lt;b&gt;</td>",
		  "<td role=\"cell\" class=\"\" data-l=\"b | c\"></td></tr>"}},
		{"| no table\n| without a rule", {"<p>| no table"}},
		{"- one\n  goes on\n- two", {"<li>one\ngoes on</li><li>two</li></ul>"}},
		{"- \n-", {"<ul><li>\n-</li></ul>"}},
		{"a & b\n\n\n\nc", {"<p>a &amp; b</p>\n<p>c</p>"}},
		{"|\n|-", {"<table class=\"stack\""}},
	};

	for (size_t i = 0; i < ORD_COUNT(table); i++) {
		char *text = NULL;
		size_t size = 0;
		FILE *f = open_memstream(&text, &size);

		ord_pm_written(table[i].text, strlen(table[i].text), f);
		assert_int_equal(fclose(f), 0);
		well_formed(text, true);
		for (size_t k = 0; k < 4 && table[i].in[k]; k++)
			if (!strstr(text, table[i].in[k]))
				fail_msg("no '%s' in '%s'", table[i].in[k], text);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lint),
		cmocka_unit_test(written_by_people),
		cmocka_unit_test(gaps),
		cmocka_unit_test(a_gap_until_the_recovery),
		cmocka_unit_test(suppressed),
		cmocka_unit_test(headings),
		cmocka_unit_test(timeline),
		cmocka_unit_test(what_people_wrote),
		cmocka_unit_test(n_is_seen),
		cmocka_unit_test(nothing_out_of_logs),
		cmocka_unit_test(the_stored_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
