/* The console's files in the program: all of them, as they lie in the folder. */
#include <dirent.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ordeal/console.h"

static void same_as(const char *path, const struct ord_console_file *file)
{
	FILE *f = fopen(path, "re");
	char *bytes = malloc(file->size + 1);

	assert_non_null(f);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, file->size + 1, f), file->size);
	assert_memory_equal(bytes, file->data, file->size);
	(void)fclose(f);
	free(bytes);
}

static void test_every_file(void **state)
{
	DIR *page = opendir(SOURCE_DIR "/console/page");
	size_t seen = 0;

	assert_non_null(page);
	for (struct dirent *e = readdir(page); e; e = readdir(page)) {
		const struct ord_console_file *file;
		char path[4096];

		if (e->d_name[0] == '.')
			continue;
		file = ord_console_file(e->d_name);
		if (!file)
			fail_msg("%s is not in the program", e->d_name);
		(void)snprintf(path, sizeof path, SOURCE_DIR "/console/page/%s", e->d_name);
		same_as(path, file);
		assert_int_equal(strlen(file->etag), 32);
		seen++;
	}
	(void)closedir(page);
	assert_true(seen > 10);
	same_as(SOURCE_DIR "/reports/write/style.css", ord_console_file("report.css"));
}

static void test_types(void **state)
{
	static const char *const types[][2] = {{"index.html", "text/html; charset=utf-8"},
					       {"main.js", "text/javascript; charset=utf-8"},
					       {"console.css", "text/css; charset=utf-8"},
					       {"icon.svg", "image/svg+xml"}};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		assert_string_equal(ord_console_file(types[i][0])->type, types[i][1]);
}

static void test_others(void **state)
{
	static const char *const others[] = {"",	 "/",	    "index",	 "../page/main.js",
					     "main.js/", "MAIN.JS", "console.c", "style.css"};

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_null(ord_console_file(others[i]));
}

static void test_policy(void **state)
{
	assert_non_null(strstr(ord_console_policy, "default-src 'none'"));
	assert_non_null(strstr(ord_console_policy, "frame-ancestors 'none'"));
	assert_null(strstr(ord_console_policy, "unsafe"));
	assert_null(strstr(ord_console_policy, "http"));
	assert_null(strstr(ord_console_policy, "*"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_file),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
