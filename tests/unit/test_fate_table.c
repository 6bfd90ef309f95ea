/* Distributions from files: the format of tc's *.dist, and what is refused, by its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <glob.h>
#include <math.h>

#include "base/auto.h"
#include "base/file.h"
#include "injector/host/engines/fate_table.h"

static int16_t table[FATE_TABLE_MAX];

static void test_format(void **state)
{
	static const char text[] = "# This is a table\n 100 -5\t+7\r\n\n#1 2\n-32768 32767  \n7";
	static const int16_t want[] = {-32768, -5, 7, 7, 100, 32767};
	struct ord_err err;
	size_t n = 0;

	assert_int_equal(fate_table_read(text, sizeof text - 1, table, &n, &err), 0);
	assert_int_equal(n, 6);
	assert_memory_equal(table, want, sizeof want);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"", "there is no entry: it takes integers from -32768 to 32767"},
		{"# nothing\n\n", "there is no entry"},
		{"1\n2 x3\n", "line 2: 'x3' is not a whole number"},
		{"1\n\n32768\n", "line 3: 32768 is not within -32768 to 32767"},
		{"1 # why\n", "line 1: '#' is not a whole number"},
		{"1.5\n", "line 1: '1.5' is not a whole number"},
		{"0x10\n", "line 1: '0x10' is not a whole number"},
		{"1-2\n", "line 1: '1-2' is not a whole number"},
		{"0000000000000000000000000001\n",
		 "line 1: '000000000000000' is not a whole number"},
		{"\001\n", "line 1: '"},
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct ord_err err = {0};
		size_t n = 77;

		assert_int_equal(fate_table_read(bad[i].text, strlen(bad[i].text), table, &n, &err),
				 -1);
		assert_int_equal(err.code, ORD_USAGE);
		assert_int_equal(n, 77);
		if (!strstr(err.msg, bad[i].says))
			fail_msg("\"%s\" does not say \"%s\"", err.msg, bad[i].says);
		for (const char *c = err.msg; *c; c++)
			assert_true(*c >= ' ');
	}
}

/* 16384 entries are read, one more is not. */
static void test_limit(void **state)
{
	static char text[2 * (FATE_TABLE_MAX + 1)];
	struct ord_err err = {0};
	size_t n = 0;

	for (size_t i = 0; i < FATE_TABLE_MAX + 1; i++)
		memcpy(text + 2 * i, i % 8 == 7 ? "3\n" : "3 ", 2);
	assert_int_equal(fate_table_read(text, sizeof text - 2, table, &n, &err), 0);
	assert_int_equal(n, FATE_TABLE_MAX);
	assert_int_equal(fate_table_read(text, sizeof text, table, &n, &err), -1);
	assert_string_equal(err.msg, "line 2049: more than 16384 entries");
}

/* What tc brings along is read whole: mean and deviation are those of the tables' own header. */
static void test_tables_of_tc(void **state)
{
	static const char *const names[] = {"normal", "pareto", "paretonormal"};
	glob_t found;

	if (glob("/usr/lib*/{tc,*/tc}/normal.dist", GLOB_BRACE, NULL, &found) != 0) {
		print_message("no /usr/lib*/tc/normal.dist (iproute2) here\n");
		skip();
	}
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *dir = found.gl_pathv[0], *slash = strrchr(dir, '/');
		ord_autofree char *text = NULL;
		double sum = 0, squares = 0;
		char path[256];
		size_t size, n;
		struct ord_err err;

		(void)snprintf(path, sizeof path, "%.*s/%s.dist", (int)(slash - dir), dir,
			       names[i]);
		if (ord_file_read(path, 1 << 20, &text, &size, &err) < 0 ||
		    fate_table_read(text, size, table, &n, &err) < 0)
			fail_msg("%s: %s", path, err.msg);
		for (size_t k = 0; k < n; k++) {
			sum += table[k] / 8192.0;
			squares += table[k] / 8192.0 * (table[k] / 8192.0);
		}
		print_message("%s: %zu entries, mean %.4f, deviation %.4f\n", names[i], n,
			      sum / (double)n, sqrt(squares / (double)n));
		assert_int_equal(n, 4096);
		assert_true(fabs(sum / (double)n) < .1);
		assert_true(fabs(sqrt(squares / (double)n) - 1) < (i ? .2 : .01));
	}
	globfree(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_tables_of_tc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
