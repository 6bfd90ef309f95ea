/* Tables: what is read, and where a mistake is said to be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/real.h"
#include "reports/stats/csv.h"
#include "tests/unit/comma_locale.h"
#include "tests/unit/stats_near.h"

#define BOM "\xef\xbb\xbf"

struct story {
	const char *text;
	size_t columns, rows;
	const char *cells; /* after the header, "|" behind each */
};

static void tables(void **state)
{
	static const struct story stories[] = {
		{"a\n1\n", 1, 1, "1|"},
		{"a\n1", 1, 1, "1|"}, /* no line feed at the end */
		{"a,b\n", 2, 0, ""},
		{"a,b\r\n1,2\r\n3,4\r\n", 2, 2, "1|2|3|4|"},
		{BOM "a,b\n1,2\n", 2, 1, "1|2|"},
		{"\n\na\n\n1\n \t\n2\n\n", 1, 2, "1|2|"},
		{"a,b\n 1 ,\t2 \n", 2, 1, "1|2|"},
		{"a,b\n,\n", 2, 1, "||"},
		{"a,b\n\"x,y\",\"say \"\"no\"\"\"\n", 2, 1, "x,y|say \"no\"|"},
		{"a,b\n\"two\nlines\" , 3\n", 2, 1, "two\nlines|3|"},
		{"a\n\"\"\n", 1, 1, "|"},
		{"\"a\"\n\" 1 \"\n", 1, 1, " 1 |"}, /* quoted blanks stay */
		{"a\nnaïve\n", 1, 1, "naïve|"},
	};

	for (size_t i = 0; i < ORD_COUNT(stories); i++) {
		ord_autofree char *text = strdup(stories[i].text);
		struct ord_csv csv;
		struct ord_err err;
		char got[100] = "";
		size_t used = 0;

		assert_int_equal(ord_csv_parse("t", text, strlen(text), &csv, &err), 0);
		assert_int_equal(csv.n_columns, stories[i].columns);
		assert_int_equal(csv.n_rows, stories[i].rows);
		for (size_t r = 0; r < csv.n_rows; r++)
			for (size_t c = 0; c < csv.n_columns; c++)
				used += (size_t)snprintf(got + used, sizeof got - used, "%s|",
							 ord_csv_at(&csv, r, c)->text);
		assert_string_equal(got, stories[i].cells);
		ord_csv_done(&csv);
	}
}

static void mistakes(void **state)
{
	static const struct {
		const char *text, *says;
	} stories[] = {
		{"", "t: it is empty; the first line names the columns"},
		{"\n \n", "t: it is empty; the first line names the columns"},
		{"a,b\n1,2\n3\n", "t:3:1: this line has 1 value, the header has 2"},
		{"a\n\n1,2,3\n", "t:3:1: this line has 3 values, the header has 1"},
		{"a,,b\n", "t:1:3: a column without a name in the header"},
		{"a,b,a\n", "t:1:5: a second column 'a'"},
		{"a\n12\"\n",
		 "t:2:3: a quote within a value: put the whole value in quotes, and its own twice"},
		{"a,b\n\"ö\"\"\" x,1\n", "t:2:7: after a closing quote comes a comma"},
		{"a,b\n1,\"2\n3\n", "t:2:3: this quote is not closed"},
		{"a,b\n\"two\nlines\",\"2\n", "t:3:8: this quote is not closed"},
		{"1,1\n2,0\n", "t:1:1: there are numbers only: the first line names the columns"},
		{"3.5\n", "t:1:1: there are numbers only: the first line names the columns"},
		{"time;event\n1;1\n", "t:1:1: one column 'time;event': put commas between columns"},
		{"time\tevent\n1\t1\n",
		 "t:1:1: one column 'time\tevent': put commas between columns"},
		{"\xff\xfe"
		 "a",
		 "t:1:1: this is UTF-16: store it as UTF-8"},
		{"\xfe\xff"
		 "a",
		 "t:1:1: this is UTF-16: store it as UTF-8"},
		{"a\rb\n", "t:1:2: a carriage return without a line feed after it"},
	};

	for (size_t i = 0; i < ORD_COUNT(stories); i++) {
		ord_autofree char *text = strdup(stories[i].text);
		struct ord_csv csv = {.n_rows = 7};
		struct ord_err err;

		assert_int_equal(ord_csv_parse("t", text, strlen(text), &csv, &err), -1);
		assert_int_equal(err.code, ORD_USAGE);
		assert_string_equal(err.msg, stories[i].says);
		assert_int_equal(csv.n_rows, 7); /* untouched */
	}
}

static void nul_and_limits(void **state)
{
	char nul[] = "a\n1\0"
		     "2\n";
	ord_autofree char *wide = calloc(1, 200);
	struct ord_csv csv;
	struct ord_err err;

	assert_int_equal(ord_csv_parse("t", nul, sizeof nul - 1, &csv, &err), -1);
	assert_string_equal(err.msg, "t:2:2: a NUL byte: this is no text");
	memset(wide, ',', ORD_CSV_COLUMNS_MAX);
	assert_int_equal(ord_csv_parse("t", wide, strlen(wide), &csv, &err), -1);
	assert_string_equal(err.msg, "t:1:65: more than 64 columns");
}

static void too_many_rows(void **state)
{
	size_t size = 2 * ((size_t)ORD_CSV_ROWS_MAX + 2); /* one too many below the header */
	ord_autofree char *text = malloc(size + 1);
	struct ord_csv csv;
	struct ord_err err;

	for (size_t i = 0; i < size; i += 2)
		memcpy(&text[i], "1\n", 2);
	text[0] = 'v';
	text[size] = '\0';
	assert_int_equal(ord_csv_parse("t", text, size, &csv, &err), -1);
	assert_string_equal(err.msg, "t:1000002:1: more than 1,000,000 rows");
	for (size_t i = 0; i < size; i += 2)
		memcpy(&text[i], "1\n", 2);
	text[0] = 'v';
	text[size - 2] = '\0';
	assert_int_equal(ord_csv_parse("t", text, size - 2, &csv, &err), 0);
	assert_int_equal(csv.n_rows, ORD_CSV_ROWS_MAX);
	ord_csv_done(&csv);
}

static void numbers(void **state)
{
	static const struct {
		const char *text, *says; /* NULL: it is a number */
		double v;
	} stories[] = {
		{"1.5", NULL, 1.5},
		{"-2e3", NULL, -2000},
		{"+.25", NULL, .25},
		{"4.", NULL, 4},
		{"0.1", NULL, .1},
		{"1e-400", NULL, 0},
		{"", "t:2:1: no v here", 0},
		{"abc", "t:2:1: v is 'abc', which is no finite number", 0},
		{"1 2", "t:2:1: v is '1 2', which is no finite number", 0},
		{"0x10", "t:2:1: v is '0x10', which is no finite number", 0},
		{"nan", "t:2:1: v is 'nan', which is no finite number", 0},
		{"inf", "t:2:1: v is 'inf', which is no finite number", 0},
		{"1e999", "t:2:1: v is '1e999', which is no finite number", 0},
		{"\"1,5\"",
		 "t:2:1: v is '1,5': write a point for the decimals, and no other separator", 0},
		{"--1", "t:2:1: v is '--1', which is no finite number", 0},
	};

	for (size_t i = 0; i < ORD_COUNT(stories); i++) {
		char text[64];
		struct ord_csv csv;
		struct ord_err err;
		double v = 77;

		(void)snprintf(text, sizeof text, "v,w\n%s,0\n", stories[i].text);
		assert_int_equal(ord_csv_parse("t", text, strlen(text), &csv, &err), 0);
		if (stories[i].says) {
			assert_int_equal(ord_csv_number(&csv, 0, 0, &v, &err), -1);
			assert_string_equal(err.msg, stories[i].says);
			near9(v, 77);
		} else {
			assert_int_equal(ord_csv_number(&csv, 0, 0, &v, &err), 0);
			near9(v, stories[i].v);
		}
		ord_csv_done(&csv);
	}
}

/* Where people write 0,5 the file has 0.5 still. */
static void comma_locale(void **state)
{
	char dir[32] = "/tmp/ordeal-locale-XXXXXX";
	double point = 0, comma = 77;
	bool found = set_comma(dir), read, refused;

	read = ord_parse_real("0.5", &point);
	refused = !ord_parse_real("0,5", &comma);
	drop_comma(dir);
	assert_true(read);
	assert_true(refused);
	near9(point, .5);
	if (!found) {
		print_message("no locale with a decimal comma here, and none could be made\n");
		skip();
	}
}

static void columns(void **state)
{
	char text[] = "time,\"event\"\n1,0\n";
	struct ord_csv csv;
	struct ord_err err;
	size_t at = 9;

	assert_int_equal(ord_csv_parse("t", text, strlen(text), &csv, &err), 0);
	assert_true(ord_csv_find(&csv, "event", &at));
	assert_int_equal(at, 1);
	assert_false(ord_csv_find(&csv, "Event", &at));
	assert_int_equal(ord_csv_at(&csv, 0, 1)->line, 2);
	assert_int_equal(ord_csv_at(&csv, 0, 1)->column, 3);
	ord_csv_done(&csv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables),	  cmocka_unit_test(mistakes),
		cmocka_unit_test(nul_and_limits), cmocka_unit_test(too_many_rows),
		cmocka_unit_test(numbers),	  cmocka_unit_test(columns),
		cmocka_unit_test(comma_locale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
