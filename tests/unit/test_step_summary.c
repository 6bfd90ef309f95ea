/* A step's summary: whole sections, as many as fit, and a word on those that do not. */
#include "tests/unit/report_page.h"

#include "reports/write/step_summary.h"

static char *summary(const char *md, size_t room, size_t *ret_size)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, ret_size);
	size_t n = ord_step_summary(md, room, f);

	assert_int_equal(fclose(f), 0);
	assert_int_equal(n > 0, *ret_size > 0);
	return text;
}

/* n sections of that size, "S0" first, of which every third is ten times as long. */
static char *document(size_t n, size_t size)
{
	char *text = NULL;
	size_t all = 0;
	FILE *f = open_memstream(&text, &all);

	for (size_t i = 0; i < n; i++) {
		(void)fprintf(f, "%s S%zu\n\n", i ? "##" : "#", i);
		for (size_t k = 0; k < size / 10 * (i % 3 == 2 ? 10 : 1); k++)
			(void)fputs("| a # b |\n", f);
	}
	assert_int_equal(fclose(f), 0);
	return text;
}

static void all_of_it(void **state)
{
	size_t size;
	char *text = summary("# a\n\nb # c\n## d\ne\n", 100000, &size);

	assert_string_equal(text, "### a\n\nb # c\n#### d\ne\n");
	free(text);
	text = summary("", 100000, &size);
	assert_int_equal(size, 0);
	free(text);
}

static void what_fits(void **state)
{
	char *md = document(40, 1000);

	for (size_t room = 0; room < 200000; room += 6997) {
		size_t size, kept = 0;
		char *text = summary(md, room, &size), title[16];

		assert_true(size <= room);
		for (size_t i = 0; i < 40; i++) {
			(void)snprintf(title, sizeof title, "### S%zu\n", i);
			kept += strstr(text, title) != NULL;
		}
		/* Of each that is kept, every line. */
		if (size) {
			size_t rows = 0;

			assert_non_null(strstr(text, "### S0\n"));
			for (size_t i = 0; i < 40; i++) {
				(void)snprintf(title, sizeof title, "### S%zu\n", i);
				if (strstr(text, title))
					rows += i % 3 == 2 ? 1000 : 100;
			}
			assert_int_equal(occurrences(text, "| a # b |\n"), rows);
			assert_int_equal(strstr(text, "*Left out") != NULL, kept < 40);
		}
		free(text);
	}
	free(md);
}

/* What the writer of report.md writes, of a large run: no HTML that GitHub would drop. */
static void of_a_report(void **state)
{
	struct story s;
	size_t size;
	char *md, *text;

	tell(&s, 60);
	md = written(&s.a, ord_write_md);
	text = summary(md, 1024 * 1024, &size);
	assert_null(strstr(text, "<svg"));
	assert_null(strstr(text, "<script"));
	assert_non_null(strstr(text, "### orders-survive"));
	assert_null(strstr(text, "\n## "));
	assert_null(strstr(text, "\n# "));
	free(text);
	text = summary(md, strlen(md) / 2, &size);
	assert_non_null(strstr(text, "*Left out"));
	assert_non_null(strstr(text, "### orders-survive"));
	free(text);
	free(md);
	done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it),
		cmocka_unit_test(what_fits),
		cmocka_unit_test(of_a_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
