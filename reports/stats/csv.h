/*
 * Plain tables: comma-separated values with a header. RFC 4180, and what spreadsheets write: a byte
 * order mark, CRLF or LF, blanks around values, empty lines. Every mistake is ORD_USAGE and says
 * NAME:LINE:COLUMN.
 */
#ifndef ORDEAL_REPORTS_STATS_CSV_H
#define ORDEAL_REPORTS_STATS_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

enum {
	ORD_CSV_ROWS_MAX = 1000000,
	ORD_CSV_COLUMNS_MAX = 64,
};

struct ord_csv_cell {
	const char *text;      /* without its quotes */
	uint32_t line, column; /* where it begins, from 1, in characters */
};

struct ord_csv {
	const char *name; /* of the file, in messages */
	size_t n_columns, n_rows;
	struct ord_csv_cell *cells; /* owned; the header's come first */
};

/*
 * Cuts the text in place: the cells point into it. size bytes and a NUL after them. Refused:
 * no header, a name twice, a row of another length, a quote within an unquoted value.
 */
int ord_csv_parse(const char *name, char *text, size_t size, struct ord_csv *ret,
		  struct ord_err *err);
void ord_csv_done(struct ord_csv *csv);

bool ord_csv_find(const struct ord_csv *csv, const char *column, size_t *ret);
const struct ord_csv_cell *ord_csv_at(const struct ord_csv *csv, size_t row, size_t column);
/* Raises the text with the cell's place before it. */
int ord_csv_refuse_at(const struct ord_csv *csv, const struct ord_csv_cell *cell,
		      struct ord_err *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
#define ord_csv_refuse(...) ord_failed(ord_csv_refuse_at(__VA_ARGS__))
/* By ord_parse_real(). */
int ord_csv_number(const struct ord_csv *csv, size_t row, size_t column, double *ret,
		   struct ord_err *err);

#endif
