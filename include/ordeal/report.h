/* Reports: a stored timeline -> analysis (pure) -> formats. No privileged call; works on a laptop
 * from files alone. */
#ifndef ORDEAL_REPORT_H
#define ORDEAL_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "ordeal/err.h"

struct ord_analysis;
struct ord_report;
struct json_t;

struct ord_report_format {
	const char *name, *file, *what;
	bool usual; /* written where no list of formats is given */
	int (*write)(const struct ord_analysis *a, FILE *out, struct ord_err *err);
};

/* Every format; a NULL name ends it. */
extern const struct ord_report_format ord_report_formats[];

/* Reads DIR/run.jsonl and analyses it. */
int ord_report_load(const char *dir, struct ord_report **ret, struct ord_err *err);
void ord_report_free(struct ord_report *report); /* NULL is fine */
/* The exit code of docs/formats/verdicts.md: 0, 1, 3, 4, 5, 6. */
int ord_report_exit(const struct ord_report *report);
/* One line: "passed: 2 of 2 objectives met", "failed: ...". Borrowed. */
const char *ord_report_verdict(const struct ord_report *report);
/* The run's figures as a baseline file's JSON; owned by the caller. */
int ord_report_figures(const struct ord_report *report, struct json_t **ret, struct ord_err *err);
/* 0, or -1 ORD_USAGE where the comma-separated list is empty or names a format that there is not.
 */
int ord_report_formats_check(const char *list, struct ord_err *err);
/* Whether the comma-separated list names the format; without a list (NULL), whether it is a usual
 * one. */
bool ord_report_format_listed(const struct ord_report_format *f, const char *list);
/* Writes one format. The same timeline gives the same bytes. */
int ord_report_write(const struct ord_report *report, const char *format, FILE *out,
		     struct ord_err *err);
/* ---- post-mortems */

#define ORD_POSTMORTEM_NAME 96
#define ORD_POSTMORTEM_RUNS 32

struct ord_postmortem_options {
	const char *style;	/* "google-sre", "pagerduty", "atlassian" */
	const char *covered_by; /* the experiment that covers it; NULL: the run's own */
	const char *schedule;	/* when that is run, in words; NULL: none */
};

int ord_postmortem_style_check(const char *style, struct ord_err *err);
/* Of the runs, of which the first is the incident. old: the Markdown that stands there now, whose
 * places that people filled are kept; NULL: none. */
int ord_report_postmortem(const struct ord_report *const *runs, size_t n,
			  const struct ord_postmortem_options *options, bool html, const char *old,
			  FILE *out, struct ord_err *err);
/* The file's name without its ending: "2026-11-21-breaker-off". */
void ord_report_postmortem_name(const struct ord_report *run, char out[static ORD_POSTMORTEM_NAME]);

/* Writes the formats of the list (NULL: the usual ones) into the folder, each under its file's
 * name. */
int ord_report_write_all(const struct ord_report *report, const char *dir, const char *list,
			 struct ord_err *err);
/* What of report.md fits into that many bytes of a page that others write on, too. False: nothing.
 */
bool ord_report_step_summary(const struct ord_report *report, size_t room, FILE *out,
			     struct ord_err *err);

#endif
