/*
 * Stored runs, rebuilt: each report in tests/golden/runs/NAME/ comes out of its run.jsonl byte for
 * byte. After a change that is meant: ORDEAL_GOLDEN_UPDATE=1, and look at the difference.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "ordeal/report.h"

static const char *const runs[] = {"slow-store",       "hung-web", "pod-loss",
				   "budget-honoured",  "pod-back", "image-missing",
				   "slow-store-paged", "paged",	   "long-outage"};
static const struct {
	const char *format, *file;
} formats[] = {{"json", "report.json"},
	       {"md", "report.md"},
	       {"html", "report.html"},
	       {"junit", "junit.xml"}};

static char *slurp(const char *path, size_t *ret_size)
{
	ord_autofclose FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t room = 0;
	ssize_t n;

	if (!f)
		fail_msg("%s is missing", path);
	n = getdelim(&text, &room, 0, f);
	assert_true(n > 0);
	*ret_size = (size_t)n;
	return text;
}

static void compare(const struct ord_report *report, const char *dir, size_t k)
{
	char path[512], *is = NULL;
	size_t n_is = 0, n_was = 0, same = 0;
	FILE *out = open_memstream(&is, &n_is);
	struct ord_err err;
	char *was;

	assert_int_equal(ord_report_write(report, formats[k].format, out, &err), 0);
	assert_int_equal(fclose(out), 0);
	(void)snprintf(path, sizeof path, "%s/%s", dir, formats[k].file);
	was = slurp(path, &n_was);
	while (same < n_was && same < n_is && was[same] == is[same])
		same++;
	if (n_is != n_was || same != n_is)
		fail_msg("%s differs at byte %zu: was '%.60s', is '%.60s'", path, same, was + same,
			 is + same);
	free(was);
	free(is);
}

static void stored_runs(void **state)
{
	for (size_t i = 0; i < ORD_COUNT(runs); i++) {
		struct ord_report *report;
		struct ord_err err;
		char dir[400];

		(void)snprintf(dir, sizeof dir, SOURCE_DIR "/tests/golden/runs/%s", runs[i]);
		if (ord_report_load(dir, &report, &err))
			fail_msg("%s", err.msg);
		if (getenv("ORDEAL_GOLDEN_UPDATE"))
			assert_int_equal(ord_report_write_all(report, dir, NULL, &err), 0);
		for (size_t k = 0; k < ORD_COUNT(formats); k++)
			compare(report, dir, k);
		ord_report_free(report);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(stored_runs)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
