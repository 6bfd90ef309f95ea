/* Reports: a stored timeline -> analysis (pure) -> formats. No privileged call; works on a laptop
 * from files alone. */
#ifndef ORDEAL_REPORT_H
#define ORDEAL_REPORT_H

#include <stdio.h>

#include "ordeal/err.h"

struct ord_report;

/* Reads DIR/run.jsonl and analyses it. */
int ord_report_load(const char *dir, struct ord_report **ret, struct ord_err *err);
void ord_report_free(struct ord_report *report); /* NULL is fine */
/* The exit code of docs/formats/exit-codes: 0, 1, 3, 4, 5, 6. */
int ord_report_exit(const struct ord_report *report);
/* One line: "passed: 2 of 2 objectives met", "failed: ...". Borrowed. */
const char *ord_report_verdict(const struct ord_report *report);
/* Writes one of "json", "md", "html", "junit". The same timeline gives the same bytes. */
int ord_report_write(const struct ord_report *report, const char *format, FILE *out,
		     struct ord_err *err);
/* Writes DIR/report.{json,md,html} and DIR/junit.xml, those in the comma-separated list. */
int ord_report_write_all(const struct ord_report *report, const char *dir, const char *formats,
			 struct ord_err *err);

#endif
