/* What the files that read the plan of a timeline share. */
#ifndef ORDEAL_REPORTS_PLAN_H
#define ORDEAL_REPORTS_PLAN_H

#include <jansson.h>

#include "reports/timeline.h"

/* A list of the plan of at most ORD_TL_LIST_MAX, NULL where it has none. */
int ord_timeline_list(const json_t *plan, const char *key, json_t **ret, struct ord_err *err);
/* Objectives, slo, full recovery; the probes are known. */
int ord_timeline_goals(struct ord_timeline *t, struct ord_err *err);

#endif
