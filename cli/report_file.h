/* The reports of a stored run. */
#ifndef ORDEAL_CLI_REPORT_FILE_H
#define ORDEAL_CLI_REPORT_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "ordeal/err.h"

/* For the tables of options; a test compares it with ord_report_formats. */
#define CLI_FORMAT_OPTION                                                                   \
	{                                                                                   \
		"format", 'f', "LIST",                                                      \
			"reports to write, of json,md,html,junit,openmetrics,history,"      \
			"textfile,otlp,cloudevents,grafana; the first four where not given" \
	}

#define CLI_SUMMARY_OPTION                                                               \
	{                                                                                \
		"no-summary", 0, NULL, "do not append report.md to $GITHUB_STEP_SUMMARY" \
	}

struct ord_report;

struct cli_verdict {
	int code;
	char text[512];
};

/* Writes the reports of the run in the folder: those of the comma-separated list, NULL: the usual
 * ones, and hands the report to `also` (borrowed) before it goes. */
int cli_report_build(const char *dir, const char *formats,
		     void (*also)(const void *arg, const char *dir,
				  const struct ord_report *report),
		     const void *arg, struct cli_verdict *ret, struct ord_err *err);
/* The verdict, and, unless brief, the path of each report. */
void cli_report_say(const struct cli_verdict *v, const char *dir, const char *formats, bool brief);
/* Appends the report to the file that $GITHUB_STEP_SUMMARY names, where it names one. Only a
 * warning where that fails. */
void cli_step_summary(const char *dir);
/* One report to a stream. */
int cli_report_print(const char *dir, const char *format, FILE *out, struct cli_verdict *ret,
		     struct ord_err *err);

#endif
