/* The formats: whole, well-formed, the same bytes whatever the locale and however often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <ctype.h>
#include <ftw.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "ordeal/report.h"
#include "reports/write/text.h"
#include "reports/write/write.h"
#include "tests/unit/report_story.h"

typedef int writer(const struct ord_analysis *a, FILE *out, struct ord_err *err);

static writer *const writers[] = {ord_write_json, ord_write_md, ord_write_html, ord_write_junit};

static char *written(const struct ord_analysis *a, writer *w)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	struct ord_err err;

	assert_int_equal(w(a, f, &err), 0);
	assert_int_equal(fclose(f), 0);
	return text;
}

static void tell(struct story *s, int reps)
{
	char extra[64];

	(void)snprintf(extra, sizeof extra, ",\"repetitions\":%d", reps);
	begin(s, DETECT "," SELF "," AFTER, extra);
	for (int i = 1; i <= reps; i++) {
		int64_t at = (i - 1) * 30000;

		events(s, i, at);
		samples(s, i, "orders", at, at + 5100, 5, 'g');
		samples(s, i, "orders", at + 5100, at + 6000, 1000, 't');
		samples(s, i, "orders", at + 6000, at + 6300, 10, 's');
		samples(s, i, "orders", at + 6300, at + (i == 2 ? 16000 : 7000), 1, 'r');
		samples(s, i, "orders", at + (i == 2 ? 16000 : 7000), at + 25000, 12, 'g');
		samples(s, i, "stock", at, at + 25000, 1, 'g');
		samples(s, i, "breaker", at, at + 6000, 2, 'w');
		samples(s, i, "breaker", at + 6000, at + 16000, 2, 'g');
		samples(s, i, "breaker", at + 16000, at + 25000, 2, 'w');
	}
	say(s, "{\"e\":\"note\",\"t\":100,\"text\":\"<b>&amp; | `x` \\u0001\\u00e9\"}\n");
	finish(s, reps * 30000, "complete");
	if (read_story(s))
		fail_msg("%s", s->err.msg);
}

/* ---- a small judge of XML: names match, attributes are quoted once, text is escaped */

struct xml {
	const char *p;
	char stack[64][64];
	size_t depth;
	bool html; /* elements without an end tag, a doctype */
};

static bool is_void(const char *name)
{
	return !strcmp(name, "meta") || !strcmp(name, "br");
}

static void read_name(struct xml *x, char out[64])
{
	size_t n = 0;

	while (n < 63 &&
	       (isalnum((unsigned char)*x->p) || *x->p == '-' || *x->p == '_' || *x->p == ':'))
		out[n++] = *x->p++;
	out[n] = 0;
	assert_true(n > 0);
}

static void check_entity(const char *p)
{
	static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strncmp(p, known[i], strlen(known[i])))
			return;
	fail_msg("not an entity: %.20s", p);
}

static void attributes(struct xml *x)
{
	char seen[24][64];
	size_t n = 0;

	while (isspace((unsigned char)*x->p)) {
		while (isspace((unsigned char)*x->p))
			x->p++;
		if (*x->p == '/' || *x->p == '>' || *x->p == '?')
			return;
		read_name(x, seen[n]);
		for (size_t i = 0; i < n; i++)
			assert_string_not_equal(seen[i], seen[n]);
		n++;
		assert_int_equal(*x->p++, '=');
		assert_int_equal(*x->p++, '"');
		for (; *x->p != '"'; x->p++) {
			assert_true(*x->p && *x->p != '<');
			if (*x->p == '&')
				check_entity(x->p);
		}
		x->p++;
	}
}

static void element(struct xml *x)
{
	char name[64];

	if (x->p[1] == '?' || x->p[1] == '!') {
		x->p = strchr(x->p, '>') + 1;
		return;
	}
	if (x->p[1] == '/') {
		x->p += 2;
		read_name(x, name);
		assert_true(x->depth > 0);
		assert_string_equal(name, x->stack[--x->depth]);
		assert_int_equal(*x->p++, '>');
		return;
	}
	x->p++;
	read_name(x, name);
	attributes(x);
	if (*x->p == '/') {
		assert_int_equal(x->p[1], '>');
		x->p += 2;
		return;
	}
	assert_int_equal(*x->p++, '>');
	if (x->html && is_void(name))
		return;
	assert_true(x->depth < 64);
	(void)snprintf(x->stack[x->depth++], 64, "%s", name);
	if (x->html && (!strcmp(name, "style") || !strcmp(name, "script")))
		x->p = strstr(x->p, "</");
}

static void well_formed(const char *text, bool html)
{
	struct xml x = {.p = text, .html = html};

	while (*x.p) {
		unsigned char c = (unsigned char)*x.p;

		assert_true(c >= 0x20 || c == '\n' || c == '\t' || c == '\r');
		if (c == '<') {
			element(&x);
			continue;
		}
		assert_int_not_equal(c, '>');
		if (c == '&')
			check_entity(x.p);
		x.p++;
	}
	assert_int_equal(x.depth, 0);
}

static size_t occurrences(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

/* The value of the first attribute of that name after `from`. */
static const char *attribute(const char *from, const char *name, char out[64])
{
	char key[32];
	const char *p;

	(void)snprintf(key, sizeof key, " %s=\"", name);
	p = strstr(from, key);
	assert_non_null(p);
	(void)snprintf(out, 64, "%.*s", (int)strcspn(p + strlen(key), "\""), p + strlen(key));
	return out;
}

/* junit-10.xsd, as far as we write it, and what GitLab and Jenkins trip over. */
static void junit_rules(const char *text)
{
	static const char *const children[] = {"skipped",    "error",	   "failure",
					       "system-out", "testcase",   "testsuite",
					       "testsuites", "properties", "property"};
	const char *p = text;
	char names[64][64], value[64];
	size_t n = 0;

	well_formed(text, false);
	while ((p = strchr(p, '<'))) {
		bool known = p[1] == '?' || p[1] == '/';

		for (size_t i = 0; i < sizeof children / sizeof *children; i++)
			known |= !strncmp(p + 1, children[i], strlen(children[i]));
		if (!known)
			fail_msg("not in the schema: %.20s", p);
		if (!strncmp(p, "<testcase ", 10)) {
			attribute(p, "name", names[n]);
			assert_null(strpbrk(names[n], "0123456789"));
			for (size_t i = 0; i < n; i++)
				assert_string_not_equal(names[i], names[n]);
			n++;
		}
		p++;
	}
	p = strstr(text, "<testsuite ");
	assert_int_equal(strtoul(attribute(p, "tests", value), NULL, 10), n);
	assert_int_equal(strtoul(attribute(p, "failures", value), NULL, 10),
			 occurrences(text, "<failure "));
	assert_int_equal(strtoul(attribute(p, "errors", value), NULL, 10),
			 occurrences(text, "<error "));
	assert_int_equal(strtoul(attribute(p, "skipped", value), NULL, 10),
			 occurrences(text, "<skipped "));
	attribute(p, "time", value);
	assert_non_null(strchr(value, '.'));
	assert_true(strlen(strchr(value, '.')) <= 4);
	assert_null(strchr(value, ','));
	/* <testsuites> may not have `skipped`, a case may not have properties */
	p = strstr(text, "<testsuites ");
	assert_true(strstr(p, " skipped=") > strchr(p, '>'));
	assert_int_equal(occurrences(text, "<properties>"), 1);
}

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
	static const char *const forbidden[] = {
		"<link",       " src=",	  "@import", "url(http",  "onload",
		"javascript:", "<iframe", " href=",  "<b>&amp; |"};
	struct story s;
	char *text;

	tell(&s, 3);
	text = written(&s.a, ord_write_html);
	well_formed(text, true);
	for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
		if (strstr(text, forbidden[i]))
			fail_msg("'%s' is in the page", forbidden[i]);
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

static void hostile_text(void **state)
{
	static const struct {
		const char *in, *xml;
	} table[] = {
		{"a<b>&\"'", "a&lt;b&gt;&amp;&quot;&#39;"},
		{"\x01\x02tab\tline\nend", "tab\tline\nend"},
		{"caf\xc3\xa9 \xf0\x9f\x99\x82", "caf\xc3\xa9 \xf0\x9f\x99\x82"},
		{"bad \xff\xc0\xaf\xed\xa0\x80\xef\xbf\xbe\xc2\x85.", "bad ."},
		{"cut \xc3", "cut "},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		char *text = NULL;
		size_t size = 0;
		FILE *f = open_memstream(&text, &size);

		ord_xml_text(f, table[i].in);
		(void)fclose(f);
		assert_string_equal(text, table[i].xml);
		free(text);
	}
}

/* A long message of two-byte characters, cut wherever it falls, with an escape that would move a
 * terminal. */
static void long_foreign_messages(void **state)
{
	for (int shift = 0; shift < 2; shift++) {
		struct story s;
		char more[1200];
		int n = snprintf(more, sizeof more, ",\"at\":\"inject\",\"message\":\"\\u001b[2J%s",
				 shift ? "x" : "");

		for (int i = 0; i < 300; i++)
			n += snprintf(more + n, sizeof more - (size_t)n, "\xc3\xa9");
		(void)snprintf(more + n, sizeof more - (size_t)n, "\"");
		begin(&s, SELF, "");
		phase(&s, 1, 0, "inject");
		fault(&s, 1, 10, "requested", "");
		fault(&s, 1, 20, "failed", more);
		samples(&s, 1, "orders", 0, 1000, 5, 'g');
		finish(&s, 2000, "failed");
		assert_int_equal(read_story(&s), 0);
		assert_int_equal(s.a.exit, 6);
		assert_null(strchr(s.a.verdict, 27));
		for (size_t i = 0; i < 4; i++) {
			char *text = written(&s.a, writers[i]);
			json_t *j = json_string(text);

			assert_non_null(j); /* UTF-8 throughout */
			assert_null(strchr(text, 27));
			json_decref(j);
			free(text);
		}
		done(&s);
	}
}

/* The wall clock names instants and decides nothing: with another anchor only UTC differs. */
static void a_wall_clock_that_steps(void **state)
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
	json_decref(x);
	json_decref(y);
	assert_string_equal(s.a.verdict, other.a.verdict);
	assert_memory_equal(&s.a.self, &other.a.self, sizeof s.a.self);
	free(a);
	free(b);
	done(&s);
	done(&other);
}

static void numbers(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} table[] = {{0, "0 s"},
		     {310400, "310 us"},
		     {1234567, "1.2 ms"},
		     {98400000, "98.4 ms"},
		     {250000000, "250 ms"},
		     {999400000, "999 ms"},
		     {999600000, "1.00 s"},
		     {12031000000, "12.03 s"},
		     {123456000000, "123.5 s"},
		     {-12031000000, "-12.03 s"}};
	char out[ORD_TEXT];

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		assert_string_equal(ord_text_duration(table[i].ns, out), table[i].text);
	assert_string_equal(ord_text_share(1, 3, out), "33.33 %");
	assert_string_equal(ord_text_share(99999, 100000, out),
			    "99.99 %"); /* one failed: not 100 % */
	assert_string_equal(ord_text_share(1, 1000000, out), "0.01 %");
	assert_string_equal(ord_text_share(5, 5, out), "100 %");
	assert_string_equal(ord_text_share(0, 5, out), "0 %");
	assert_string_equal(ord_text_share(0, 0, out), "-");
	assert_string_equal(ord_text_relative(1500, 1000, out), "+0.000 s");
	assert_string_equal(ord_text_relative(0, 1203000000, out), "-1.203 s");
}

static bool comma_in(const char *locale)
{
	char probe[16] = "";

	if (setlocale(LC_ALL, locale))
		(void)snprintf(probe, sizeof probe, "%.1f", 0.5);
	return !strcmp(probe, "0,5");
}

/* Sets a locale that writes a half as 0,5: one that is installed, else one made for this test in
 * dir. */
static bool set_comma(char dir[static 32])
{
	static const char *const installed[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "nl_NL.UTF-8",
						"de_DE"};
	char path[64];
	pid_t pid;
	int status;

	for (size_t i = 0; i < sizeof installed / sizeof *installed; i++)
		if (comma_in(installed[i]))
			return true;
	if (!mkdtemp(dir))
		return false;
	(void)snprintf(path, sizeof path, "%s/ordeal_comma", dir);
	pid = fork();
	if (!pid) {
		(void)execlp("localedef", "localedef", "-i", "de_DE", "-f", "UTF-8", path,
			     (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return false;
	(void)setenv("LOCPATH", dir, 1);
	return comma_in("ordeal_comma");
}

static int drop(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static void a_comma_changes_nothing(void **state)
{
	char *before[4], dir[32] = "/tmp/ordeal-locale-XXXXXX";
	struct story s;
	bool found;

	tell(&s, 3);
	for (size_t i = 0; i < 4; i++)
		before[i] = written(&s.a, writers[i]);
	found = set_comma(dir);
	for (size_t i = 0; i < 4; i++) {
		char *after = written(&s.a, writers[i]);

		assert_string_equal(before[i], after);
		free(after);
		free(before[i]);
	}
	(void)setlocale(LC_ALL, "C");
	(void)nftw(dir, drop, 8, FTW_DEPTH | FTW_PHYS);
	done(&s);
	if (!found) {
		print_message("no locale with a decimal comma here, and none could be made\n");
		skip();
	}
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
		assert_int_equal(ord_report_write_all(report, dir, "json,md,html,junit", &err), 0);
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
	assert_non_null(strstr(text, "class=\"o-reset\" x="));
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
		for (size_t k = 0; k < 4; k++) {
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(junit),
		cmocka_unit_test(junit_is_green_only_for_a_pass),
		cmocka_unit_test(json),
		cmocka_unit_test(html),
		cmocka_unit_test(hostile_text),
		cmocka_unit_test(long_foreign_messages),
		cmocka_unit_test(a_wall_clock_that_steps),
		cmocka_unit_test(numbers),
		cmocka_unit_test(a_comma_changes_nothing),
		cmocka_unit_test(rebuilt_byte_for_byte),
		cmocka_unit_test(a_large_run_makes_a_small_page),
		cmocka_unit_test(whatever_happened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
