#include "cli/report_file.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "ordeal/report.h"
#include "ordeal/run.h"

ORD_AUTO(report, struct ord_report, ord_report_free);

static const struct {
	const char *format, *file;
} files[] = {{"json", "report.json"},
	     {"md", "report.md"},
	     {"html", "report.html"},
	     {"junit", "junit.xml"}};

/* Whether the word of that length stands in the comma-separated list. */
static bool listed(const char *list, const char *word, size_t len)
{
	for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',')
		if (strcspn(at, ",") == len && !strncmp(at, word, len))
			return true;
	return false;
}

int cli_formats_check(const char *formats, struct ord_err *err)
{
	const char *at = formats;

	for (;;) {
		size_t len = strcspn(at, ",");

		if (!len || !listed(CLI_FORMATS, at, len))
			return ord_fail(err, ORD_USAGE,
					"'%.*s' is not a format; write some of " CLI_FORMATS,
					len > 40 ? 40 : (int)len, at);
		at += len;
		if (!*at)
			return 0;
		at++;
	}
}

static void verdict_of(const struct ord_report *report, struct cli_verdict *ret)
{
	ret->code = ord_report_exit(report);
	(void)snprintf(ret->text, sizeof ret->text, "%s", ord_report_verdict(report));
}

int cli_report_build(const char *dir, const char *formats, struct cli_verdict *ret,
		     struct ord_err *err)
{
	ord_auto(report) struct ord_report *report = NULL;

	if (ord_report_load(dir, &report, err) || ord_report_write_all(report, dir, formats, err))
		return -1;
	verdict_of(report, ret);
	return 0;
}

int cli_report_print(const char *dir, const char *format, FILE *out, struct cli_verdict *ret,
		     struct ord_err *err)
{
	ord_auto(report) struct ord_report *report = NULL;

	if (ord_report_load(dir, &report, err) || ord_report_write(report, format, out, err))
		return -1;
	verdict_of(report, ret);
	return 0;
}

void cli_report_say(const struct cli_verdict *v, const char *dir, const char *formats, bool brief)
{
	(void)puts(v->text);
	if (brief)
		return;
	for (size_t i = 0; i < ORD_COUNT(files); i++)
		if (listed(formats, files[i].format, strlen(files[i].format)))
			(void)printf("  %s/%s\n", dir, files[i].file);
}

static bool is_run(const char *dir)
{
	char path[ORD_PATH_MAX + 512];

	(void)snprintf(path, sizeof path, "%s/run.jsonl", dir);
	return !access(path, F_OK);
}

int cli_run_find(const char *run, size_t size, char *ret, struct ord_err *err)
{
	char home[ORD_PATH_MAX], path[ORD_PATH_MAX + 300], real[PATH_MAX];

	if (strchr(run, '/') || is_run(run)) {
		if (!is_run(run))
			return ord_fail(err, ORD_USAGE,
					"there is no run in '%.200s': it has no run.jsonl", run);
		(void)snprintf(ret, size, "%s", run);
		return 0;
	}
	if (ord_run_home(home, err))
		return -1;
	(void)snprintf(path, sizeof path, "%s/%s", home, run);
	/* "latest" is a link that each run sets; the folder's own name is what a reader can keep.
	 */
	if (!is_run(path) || !realpath(path, real))
		return ord_fail(err, ORD_USAGE,
				"there is no run '%.80s' in %.300s; give a run's id, its folder, "
				"or 'latest'",
				run, home);
	(void)snprintf(ret, size, "%s", real);
	return 0;
}
