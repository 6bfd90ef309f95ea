/* What is written of two groups of runs, and of a sequential test; and the words for it. */
#ifndef ORDEAL_REPORTS_WRITE_COMPARE_H
#define ORDEAL_REPORTS_WRITE_COMPARE_H

#include <jansson.h>
#include <stdio.h>

#include "reports/compare.h"
#include "reports/sequence.h"
#include "reports/write/text.h"

int ord_write_compare_text(const struct ord_compare_report *r, FILE *out, struct ord_err *err);
int ord_write_compare_md(const struct ord_compare_report *r, FILE *out, struct ord_err *err);
int ord_write_compare_json(const struct ord_compare_report *r, FILE *out, struct ord_err *err);
int ord_write_sequence_text(const struct ord_sequence *s, FILE *out, struct ord_err *err);
int ord_write_sequence_md(const struct ord_sequence *s, FILE *out, struct ord_err *err);
int ord_write_sequence_json(const struct ord_sequence *s, FILE *out, struct ord_err *err);

/* One figure compared, and who was compared; owned. */
json_t *ord_json_comparison(const struct ord_comparison *c);
json_t *ord_json_figures(const struct ord_figures *f);

/* The no_regression objectives of a run: for report.json, owned, and a section of report.md. */
json_t *ord_json_regressions(const struct ord_analysis *a);
void ord_md_regressions(const struct ord_analysis *a, FILE *out);

#define ORD_WORDS 256

/* Each fills `out` and returns it. */
char *ord_words_figure(const char *figure, char out[static ORD_WORDS]); /* "recovery by itself" */
char *ord_words_ratio(double v, char out[static ORD_TEXT]); /* "0.051", "1.05", "34.1", "5120" */
/* "3.40 times as long [1.05, no end]"; "" where nothing is known. */
char *ord_words_effect(const struct ord_comparison *c, char out[static ORD_WORDS]);
char *ord_words_p(double p, char out[static ORD_TEXT]); /* "0.0159", "< 0.0001", "-" */
/* "2.60 s (n = 5, worst 3.70 s)", "not reached (n = 5, 3 never)". */
char *ord_words_side(const struct ord_side *s, char out[static ORD_WORDS]);
/* What would settle it; "" where it is settled or not known. */
char *ord_words_need(const struct ord_comparison *c, char out[static ORD_WORDS]);
/* Who was left out: "1 aborted, 2 invalid"; "" for nobody. */
char *ord_words_left_out(const struct ord_figures_run *r, char out[static ORD_WORDS]);
/* "worse", "inconclusive, not worse by more than 10%". */
char *ord_words_verdict(const struct ord_comparison *c, int64_t margin_ppm,
			char out[static ORD_WORDS]);
/* One line on all of them. */
char *ord_words_all(const struct ord_comparisons *c, char out[static ORD_WORDS]);

#endif
