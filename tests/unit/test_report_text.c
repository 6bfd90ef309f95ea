/* Texts and numbers in the formats: whatever stands in a timeline, whatever the locale. */
#include "tests/unit/report_page.h"

#include <jansson.h>

#include "reports/write/text.h"
#include "tests/unit/comma_locale.h"

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
		for (size_t i = 0; i < WRITERS; i++) {
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

static void pitfall_18_a_comma_changes_nothing(void **state)
{
	char *before[WRITERS], dir[32] = "/tmp/ordeal-locale-XXXXXX";
	struct story s;
	bool found;

	tell(&s, 3);
	for (size_t i = 0; i < WRITERS; i++)
		before[i] = written(&s.a, writers[i]);
	found = set_comma(dir);
	for (size_t i = 0; i < WRITERS; i++) {
		char *after = written(&s.a, writers[i]);

		assert_string_equal(before[i], after);
		free(after);
		free(before[i]);
	}
	drop_comma(dir);
	done(&s);
	if (!found) {
		print_message("no locale with a decimal comma here, and none could be made\n");
		skip();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_text),
		cmocka_unit_test(long_foreign_messages),
		cmocka_unit_test(numbers),
		cmocka_unit_test(pitfall_18_a_comma_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
