/*
 * What bad files are told: each tests/golden/bad/NAME.yaml beside NAME.err, one line a mistake.
 * ORDEAL_UPDATE=1 writes what is said now; read the difference before it is committed. The first
 * line of a file says what the JSON Schema makes of it (tests/cli/schema.py). A line that ends in
 * "..." is the beginning of what is told: lists of all faults are not repeated here.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/file.h"
#include "ordeal/spec.h"

static char *told(const char *yaml, size_t size, int want)
{
	static struct ord_spec spec;
	struct ord_mistakes m = {0};
	char *text;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	assert_int_equal(ord_spec_parse(yaml, size, NULL, 0, &spec, &m), want);
	for (size_t i = 0; i < m.n; i++)
		(void)fprintf(f, "%u:%u: %s%s\n", m.v[i].line, m.v[i].column,
			      m.v[i].warning ? "warning: " : "", m.v[i].text);
	if (m.more)
		(void)fprintf(f, "and %zu more\n", m.more);
	assert_int_equal(fclose(f), 0);
	ord_mistakes_done(&m);
	ord_spec_done(&spec);
	return text;
}

static int is_yaml(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 5 && !strcmp(e->d_name + n - 5, ".yaml");
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	(void)fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static bool same(const char *want, const char *now)
{
	for (; *want; want++, now++) {
		if (!strncmp(want, "...\n", 4)) {
			now += strcspn(now, "\n");
			want += 3;
		}
		if (*want != *now)
			return false;
	}
	return !*now;
}

static unsigned compare_all(const char *folder, int want)
{
	char dir[512], path[1024];
	struct dirent **list;
	unsigned wrong = 0;
	int n;

	(void)snprintf(dir, sizeof dir, "%s/tests/golden/%s", SOURCE_DIR, folder);
	n = scandir(dir, &list, is_yaml, alphasort);
	assert_true(n > 0);
	for (int i = 0; i < n; i++) {
		ord_autofree char *yaml = NULL, *err_text = NULL, *now = NULL;
		struct ord_err err;
		size_t size;

		(void)snprintf(path, sizeof path, "%s/%s", dir, list[i]->d_name);
		assert_int_equal(ord_file_read(path, ORD_SPEC_BYTES_MAX + 1, &yaml, &size, &err),
				 0);
		now = told(yaml, size, want);
		(void)snprintf(path + strlen(path) - 4, 5, "err");
		if (getenv("ORDEAL_UPDATE"))
			write_file(path, now);
		if (ord_file_read(path, 1 << 20, &err_text, NULL, &err) || !same(err_text, now)) {
			print_error("%s is told\n%s", list[i]->d_name, now);
			wrong++;
		}
		free(list[i]);
	}
	free(list);
	print_message("%d files\n", n);
	return wrong;
}

static void bad_files(void **state)
{
	assert_int_equal(compare_all("bad", -1), 0);
}

static void doubtful_files(void **state)
{
	assert_int_equal(compare_all("doubtful", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_files),
		cmocka_unit_test(doubtful_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
