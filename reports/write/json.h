/* What the files of report.json share. */
#ifndef ORDEAL_REPORTS_WRITE_JSON_H
#define ORDEAL_REPORTS_WRITE_JSON_H

#include <jansson.h>
#include <stdio.h>

#include "reports/analysis.h"

json_t *ord_json_instant(const struct ord_timeline *t, const struct ord_instant *in);
json_t *ord_json_span(const struct ord_span *s);
/* A text of at most max bytes of it, without control characters and what is not UTF-8. Owned. */
json_t *ord_json_clean(const char *text, size_t max);
/* Compactly, as a part of a file; takes it. -1: it is NULL, or could not be written. */
int ord_json_put(json_t *json, FILE *out);
/* REPETITION.cluster, and what a fault did. */
json_t *ord_json_kube(const struct ord_analysis *a, const struct ord_rep *r);
json_t *ord_json_acts(const struct ord_fault_result *f);
/* Alerts stage by stage, rules and marks (json_alert.c). */
json_t *ord_json_alerts(const struct ord_analysis *a, const struct ord_rep *r);
json_t *ord_json_other_alerts(const struct ord_analysis *a, const struct ord_rep *r);
json_t *ord_json_marks(const struct ord_analysis *a, const struct ord_rep *r);
json_t *ord_json_rules(const struct ord_analysis *a);
json_t *ord_json_route(const struct ord_analysis *a);
/* What the users lost, onsets, figures over repetitions, warnings (json_loss.c). */
json_t *ord_json_loss(const struct ord_rep *r);
json_t *ord_json_budget(const struct ord_timeline *t, const struct ord_budget *b);
json_t *ord_json_budget_total(const struct ord_budget_total *b);
json_t *ord_json_onset(const struct ord_timeline *t, const struct ord_rep *r);
json_t *ord_json_summary(const struct ord_summary *s);
json_t *ord_json_warnings(const struct ord_analysis *a);

#endif
