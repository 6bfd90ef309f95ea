#include "cli/report_file.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "ordeal/report.h"
#include "ordeal/run.h"

ORD_AUTO(report, struct ord_report, ord_report_free);

static void verdict_of(const struct ord_report *report, struct cli_verdict *ret)
{
	ret->code = ord_report_exit(report);
	(void)snprintf(ret->text, sizeof ret->text, "%s", ord_report_verdict(report));
}

int cli_report_build(const char *dir, const char *formats,
		     void (*also)(const void *arg, const char *dir,
				  const struct ord_report *report),
		     const void *arg, struct cli_verdict *ret, struct ord_err *err)
{
	ord_auto(report) struct ord_report *report = NULL;

	if (ord_report_load(dir, &report, err) || ord_report_write_all(report, dir, formats, err))
		return -1;
	also(arg, dir, report);
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
	for (const struct ord_report_format *f = ord_report_formats; f->name; f++)
		if (ord_report_format_listed(f, formats))
			(void)printf("  %s/%s\n", dir, f->file);
}
