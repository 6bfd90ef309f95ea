/* The rows of a repetition's timeline, which the page shows and whose lines it then cites. */
#ifndef ORDEAL_REPORTS_WRITE_HTML_ROWS_H
#define ORDEAL_REPORTS_WRITE_HTML_ROWS_H

#include "reports/analysis.h"

#define ORD_HTML_ROWS_MAX 400

struct ord_html_row {
	int64_t t, lo, hi;
	uint32_t line, line_before;
	bool strong;
	char text[240];
};

struct ord_html_rows {
	struct ord_html_row v[ORD_HTML_ROWS_MAX];
	size_t n, left_out;
};

/* In the order of time. */
void ord_html_collect(const struct ord_analysis *a, const struct ord_rep *r,
		      struct ord_html_rows *rows);

#endif
