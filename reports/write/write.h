/* The formats. Each writes the whole report of an analysis; the same analysis gives the same bytes.
 */
#ifndef ORDEAL_REPORTS_WRITE_WRITE_H
#define ORDEAL_REPORTS_WRITE_WRITE_H

#include <stdio.h>

#include "reports/analysis.h"

int ord_write_json(const struct ord_analysis *a, FILE *out, struct ord_err *err);
int ord_write_md(const struct ord_analysis *a, FILE *out, struct ord_err *err);
int ord_write_junit(const struct ord_analysis *a, FILE *out, struct ord_err *err);
int ord_write_html(const struct ord_analysis *a, FILE *out, struct ord_err *err);
int ord_write_openmetrics(const struct ord_analysis *a, FILE *out, struct ord_err *err);
int ord_write_history(const struct ord_analysis *a, FILE *out, struct ord_err *err);
int ord_write_textfile(const struct ord_analysis *a, FILE *out, struct ord_err *err);
int ord_write_otlp(const struct ord_analysis *a, FILE *out, struct ord_err *err);
int ord_write_cloudevents(const struct ord_analysis *a, FILE *out, struct ord_err *err);
int ord_write_grafana(const struct ord_analysis *a, FILE *out, struct ord_err *err);

/* The command that runs it again, as a shell takes it. */
void ord_write_replay(const struct ord_analysis *a, FILE *out);

/* The cluster's part of report.md: sections, and lines of the method. */
void ord_md_kube(const struct ord_analysis *a, FILE *out);
void ord_md_cluster(const struct ord_analysis *a, FILE *out);
/* Warnings, figures over repetitions, channels, alerts and losses in report.md (md_figures.c). */
void ord_md_warnings(const struct ord_analysis *a, FILE *out);
void ord_md_figures(const struct ord_analysis *a, FILE *out);
void ord_md_channels(const struct ord_analysis *a, FILE *out);
void ord_md_alerts(const struct ord_analysis *a, FILE *out);
void ord_md_loss(const struct ord_analysis *a, FILE *out);

#endif
