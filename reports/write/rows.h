/* The timeline of a repetition in words: instants, what the injectors and the monitoring said,
 * phases, marks and notes, each with who says so and the line that shows it. */
#ifndef ORDEAL_REPORTS_WRITE_ROWS_H
#define ORDEAL_REPORTS_WRITE_ROWS_H

#include "reports/analysis.h"

#define ORD_ROWS_MAX 400

enum ord_row_by {
	ORD_ROW_RUN, /* ordeal itself */
	ORD_ROW_INJECTOR,
	ORD_ROW_PROBE,
	ORD_ROW_MONITORING, /* an alert, a log */
	ORD_ROW_CLUSTER,
	ORD_ROW_PERSON,
};

struct ord_row {
	int64_t t, lo, hi; /* ns on the run's clock */
	uint32_t line, line_before;
	bool strong; /* an instant that figures are made of */
	bool brief;  /* told also where little is: instants, marks, notes, aborts */
	enum ord_row_by by;
	char source[72]; /* "injector", "probe orders", "prometheus" */
	char text[240];
};

struct ord_rows {
	struct ord_row v[ORD_ROWS_MAX];
	size_t n, left_out;
};

/* In the order of time. */
void ord_rows_collect(const struct ord_analysis *a, const struct ord_rep *r, struct ord_rows *rows);

#endif
