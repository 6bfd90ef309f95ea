/* Who allowed the run, of its `policy` lines. */
#ifndef ORDEAL_REPORTS_WRITE_POLICY_H
#define ORDEAL_REPORTS_WRITE_POLICY_H

#include <stdio.h>

#include "reports/analysis.h"

#define ORD_POLICY_WORDS 1200

struct json_t;

/* The next line from *i on, which begins at 0; NULL: there is none. */
const struct ord_event *ord_policy_next(const struct ord_timeline *t, size_t *i);
/* "allowed by policy office (operator; /etc/ordeal/rules.yaml, SHA-256 ...)". Returns out. */
char *ord_policy_words(const struct ord_event *e, char out[static ORD_POLICY_WORDS]);
/* A list, owned; NULL: nobody was asked. */
struct json_t *ord_json_policies(const struct ord_analysis *a);
void ord_md_policies(const struct ord_analysis *a, FILE *out);
void ord_html_policies(const struct ord_analysis *a, FILE *out);

#endif
