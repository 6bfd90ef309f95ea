/* The parts of the page, one file each. */
#ifndef ORDEAL_REPORTS_WRITE_HTML_H
#define ORDEAL_REPORTS_WRITE_HTML_H

#include <stdio.h>

#include "reports/analysis.h"

extern const char *const ord_html_style[]; /* NULL-ended */

/* So many repetitions have a row or a dot of their own; medians and curves are of all. */
#define ORD_HTML_REPS_MAX 60

/* The first screen: what was asked, the verdict, the figures, the objectives. */
void ord_html_banner(const struct ord_analysis *a, FILE *out);
void ord_html_verdict(const struct ord_analysis *a, FILE *out);
void ord_html_warnings(const struct ord_analysis *a, FILE *out);
void ord_html_tiles(const struct ord_analysis *a, FILE *out);
void ord_html_objectives(const struct ord_analysis *a, FILE *out);
/* The one to see first; and whether a repetition has a chart and a timeline in the page: of more
 * than six the six most telling ones, the placebo among them. */
const struct ord_rep *ord_html_most_telling(const struct ord_analysis *a);
bool ord_html_is_shown(const struct ord_analysis *a, const struct ord_rep *r);
/* The most telling repetition; the table of all, and each by itself. */
void ord_html_what_happened(const struct ord_analysis *a, FILE *out);
void ord_html_repetitions(const struct ord_analysis *a, FILE *out);

/* The chart of one repetition; twice: for a wide page and for a narrow one, and the style sheet
 * shows one of them; else the narrow one alone. */
void ord_html_chart(const struct ord_analysis *a, const struct ord_rep *r, size_t detail,
		    bool twice, FILE *out);
/* One figure over the repetitions, drawn and in words. */
struct ord_html_figure {
	const char *name;
	const struct ord_summary *summary;
	ord_span_fn *of;
	size_t which;
	int64_t limit; /* 0: none */
};
void ord_html_figure(const struct ord_analysis *a, const struct ord_html_figure *f, FILE *out);
/* Patterns that the charts share; once a page. */
void ord_html_defs(FILE *out);
/* One row of dots, a repetition each, against the limit (0: none). */
void ord_html_dots(const struct ord_analysis *a, ord_span_fn *of, size_t which, int64_t limit,
		   const char *title, FILE *out);
/* Instants and events of one repetition with their evidence, in the order of time; not all:
 * the brief rows. */
void ord_html_events(const struct ord_analysis *a, const struct ord_rep *r, bool all, FILE *out);
/* A line's number, as a link to where the page says what stands there. */
void ord_html_line(const struct ord_analysis *a, const struct ord_rep *r, uint32_t line, FILE *out);
void ord_html_evidence(const struct ord_analysis *a, FILE *out);
/* Samples and latency by part; and the faults with what they made and left. */
void ord_html_parts(const struct ord_analysis *a, const struct ord_rep *r, FILE *out);
bool ord_html_has_faults(const struct ord_analysis *a);
void ord_html_faults(const struct ord_analysis *a, FILE *out);
void ord_html_method(const struct ord_analysis *a, FILE *out);
/* The command again, with its seed; and which run this was. */
void ord_html_replay(const struct ord_analysis *a, FILE *out);
void ord_html_footer(const struct ord_analysis *a, FILE *out);

/* What was seen in a cluster in a repetition; and which one it was, for the method. */
void ord_html_lives(const struct ord_analysis *a, const struct ord_rep *r, FILE *out);
void ord_html_kube(const struct ord_analysis *a, const struct ord_rep *r, FILE *out);
void ord_html_cluster(const struct ord_analysis *a, FILE *out);

/* Where the time of each alert went, the rules, and other alerts; what the users lost. */
bool ord_html_has_detection(const struct ord_analysis *a);
void ord_html_detection(const struct ord_analysis *a, FILE *out);
bool ord_html_has_loss(const struct ord_analysis *a);
void ord_html_loss(const struct ord_analysis *a, FILE *out);

/* Against the baselines of no_regression objectives. */
bool ord_html_has_comparison(const struct ord_analysis *a);
void ord_html_comparison(const struct ord_analysis *a, FILE *out);

/* "repetition 3 of 5", "the placebo". */
void ord_html_rep_name(const struct ord_analysis *a, const struct ord_rep *r, FILE *out);
/* A table cell; the label is shown beside it where the page is narrow. css "lead": the cell that
 * names its row. */
void ord_html_cell(FILE *out, const char *label, const char *css, const char *text);
/* A name that may be broken behind its colons, slashes and braces before anywhere else. */
void ord_html_name(FILE *out, const char *text);
/* The heading of a column; one that begins with '#' is of figures. */
void ord_html_head(FILE *out, const char *name);
/* The opening tag of a cell that names its row, without a label; the caller closes the <th>. */
void ord_html_lead(FILE *out);
/* A table with its headings, NULL-ended, that scrolls where the page is too narrow; css: "stack", a
 * row becomes a card on a narrow page, or "log". The caption is read out, not shown: a heading
 * stands above. */
void ord_html_table(FILE *out, const char *css, const char *caption, const char *const *heads);
/* The same in two steps, for headings that are not known before. */
void ord_html_table_begin(FILE *out, const char *css, const char *caption);
void ord_html_table_body(FILE *out);
void ord_html_table_end(FILE *out);
/* A text, or the elements of a list, each followed by `between`. */
void ord_html_json(const struct json_t *j, const char *between, FILE *out);

#endif
