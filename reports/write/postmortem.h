/* A post-mortem of runs: facts, and places for people (docs/formats/postmortem.md). Pure. */
#ifndef ORDEAL_REPORTS_WRITE_POSTMORTEM_H
#define ORDEAL_REPORTS_WRITE_POSTMORTEM_H

#include <stdio.h>

#include "ordeal/report.h"
#include "reports/analysis.h"

/* n >= 1 runs, the first is the incident; old: the Markdown that stands there now, NULL: none. */
int ord_write_postmortem(const struct ord_analysis *const *runs, size_t n,
			 const struct ord_postmortem_options *options, bool html, const char *old,
			 FILE *out, struct ord_err *err);
/* "2026-11-21-breaker-off" */
void ord_postmortem_name(const struct ord_analysis *a, char out[static ORD_POSTMORTEM_NAME]);

#endif
