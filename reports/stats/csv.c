#include "reports/stats/csv.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/real.h"

struct reader {
	struct ord_csv *csv;
	char *at, *end; /* *end is NUL */
	uint32_t line, column;
	size_t n_cells, room;
};

void ord_csv_done(struct ord_csv *csv)
{
	free(csv->cells);
	*csv = (struct ord_csv){0};
}

const struct ord_csv_cell *ord_csv_at(const struct ord_csv *csv, size_t row, size_t column)
{
	return &csv->cells[(row + 1) * csv->n_columns + column];
}

bool ord_csv_find(const struct ord_csv *csv, const char *column, size_t *ret)
{
	for (size_t i = 0; i < csv->n_columns; i++)
		if (!strcmp(csv->cells[i].text, column)) {
			*ret = i;
			return true;
		}
	return false;
}

int ord_csv_refuse_at(const struct ord_csv *csv, const struct ord_csv_cell *cell,
		      struct ord_err *err, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	return ord_fail(err, ORD_USAGE, "%.100s:%u:%u: %s", csv->name, cell->line, cell->column,
			text);
}

static int refuse_here(const struct reader *r, struct ord_err *err, const char *text)
{
	const struct ord_csv_cell here = {.line = r->line, .column = r->column};

	return ord_csv_refuse(r->csv, &here, err, "%s", text);
}

/* The bytes after the first of a UTF-8 character are not columns of their own. */
static void step(struct reader *r)
{
	if (*r->at == '\n') {
		r->line++;
		r->column = 1;
	} else if (((unsigned char)r->at[1] & 0xc0) != 0x80) {
		r->column++;
	}
	r->at++;
}

static void skip_blanks(struct reader *r)
{
	while (*r->at == ' ' || *r->at == '\t')
		step(r);
}

static bool at_line_end(const struct reader *r)
{
	return r->at == r->end || *r->at == '\n' || (*r->at == '\r' && (r->at[1] == '\n'));
}

static void skip_line_end(struct reader *r)
{
	if (*r->at == '\r')
		step(r);
	if (r->at < r->end)
		step(r);
}

/* At the quote. Doubled quotes become one, in place; *ret_end is where the value ends. */
static int read_quoted(struct reader *r, char **ret_end, struct ord_err *err)
{
	const struct ord_csv_cell begin = {.line = r->line, .column = r->column};
	char *to = r->at + 1;

	for (step(r); r->at < r->end; step(r)) {
		if (*r->at == '"' && r->at[1] != '"') {
			step(r);
			skip_blanks(r);
			*ret_end = to;
			return 0;
		}
		if (*r->at == '"')
			step(r);
		*to++ = *r->at;
	}
	return ord_csv_refuse(r->csv, &begin, err, "this quote is not closed");
}

static int read_plain(struct reader *r, char **ret_end, struct ord_err *err)
{
	char *last = r->at;

	while (!at_line_end(r) && *r->at != ',') {
		if (*r->at == '"')
			return refuse_here(r, err,
					   "a quote within a value: put the whole value in quotes, "
					   "and its own twice");
		if (*r->at == '\r')
			return refuse_here(r, err,
					   "a carriage return without a line feed after it");
		if (*r->at != ' ' && *r->at != '\t')
			last = r->at + 1;
		step(r);
	}
	*ret_end = last;
	return 0;
}

static int add(struct reader *r, struct ord_csv_cell cell, struct ord_err *err)
{
	if (r->n_cells == r->room) {
		size_t room = r->room ? 2 * r->room : 64;
		struct ord_csv_cell *cells = realloc(r->csv->cells, room * sizeof *cells);

		if (!cells)
			return ord_fail_nomem(err);
		r->csv->cells = cells;
		r->room = room;
	}
	r->csv->cells[r->n_cells++] = cell;
	return 0;
}

/* One value, to the comma or the line's end after it; whether a comma was there. */
static int read_cell(struct reader *r, bool *ret_more, struct ord_err *err)
{
	struct ord_csv_cell cell;
	char *end = r->at;
	bool more;

	skip_blanks(r);
	cell = (struct ord_csv_cell){r->at, r->line, r->column};
	if (*r->at == '"') {
		cell.text++;
		if (read_quoted(r, &end, err))
			return -1;
		if (!at_line_end(r) && *r->at != ',')
			return refuse_here(r, err, "after a closing quote comes a comma");
	} else if (read_plain(r, &end, err)) {
		return -1;
	}
	more = *r->at == ',';
	if (more)
		step(r);
	else
		skip_line_end(r);
	*end = '\0'; /* what stood there has been read */
	*ret_more = more;
	return add(r, cell, err);
}

static int read_row(struct reader *r, struct ord_err *err)
{
	size_t first = r->n_cells, n;
	bool more = true;

	while (more) {
		if (r->n_cells - first == ORD_CSV_COLUMNS_MAX)
			return refuse_here(r, err, "more than 64 columns");
		if (read_cell(r, &more, err))
			return -1;
	}
	n = r->n_cells - first;
	if (!first)
		r->csv->n_columns = n;
	if (n != r->csv->n_columns)
		return ord_csv_refuse(r->csv, &r->csv->cells[first], err,
				      "this line has %zu value%s, the header has %zu", n,
				      n == 1 ? "" : "s", r->csv->n_columns);
	return 0;
}

/* Blank lines are no rows. */
static void skip_empty_lines(struct reader *r)
{
	for (;;) {
		const struct reader before = *r;

		skip_blanks(r);
		if (r->at == r->end)
			return;
		if (!at_line_end(r)) {
			*r = before;
			return;
		}
		skip_line_end(r);
	}
}

/* Who forgot the header, or has another separator, is told so and not that a column is missing. */
static int check_separator(const struct ord_csv *csv, struct ord_err *err)
{
	const struct ord_csv_cell *first = &csv->cells[0];
	size_t numbers = 0;
	double v;

	for (size_t i = 0; i < csv->n_columns; i++)
		numbers += ord_parse_real(csv->cells[i].text, &v);
	if (numbers == csv->n_columns)
		return ord_csv_refuse(csv, first, err,
				      "there are numbers only: the first line names the columns");
	if (csv->n_columns == 1 && strpbrk(first->text, ";\t"))
		return ord_csv_refuse(csv, first, err,
				      "one column '%.40s': put commas between columns",
				      first->text);
	return 0;
}

static int check_header(const struct ord_csv *csv, struct ord_err *err)
{
	if (check_separator(csv, err))
		return -1;
	for (size_t i = 0; i < csv->n_columns; i++) {
		size_t first;

		if (!*csv->cells[i].text)
			return ord_csv_refuse(csv, &csv->cells[i], err,
					      "a column without a name in the header");
		if (ord_csv_find(csv, csv->cells[i].text, &first) && first != i)
			return ord_csv_refuse(csv, &csv->cells[i], err, "a second column '%.40s'",
					      csv->cells[i].text);
	}
	return 0;
}

static int read_rows(struct reader *r, struct ord_err *err)
{
	for (skip_empty_lines(r); r->at < r->end; skip_empty_lines(r)) {
		if (r->csv->n_columns && r->n_cells / r->csv->n_columns > ORD_CSV_ROWS_MAX)
			return refuse_here(r, err, "more than 1,000,000 rows");
		if (read_row(r, err))
			return -1;
	}
	if (!r->n_cells)
		return ord_fail(err, ORD_USAGE,
				"%.100s: it is empty; the first line names the columns",
				r->csv->name);
	r->csv->n_rows = r->n_cells / r->csv->n_columns - 1;
	return check_header(r->csv, err);
}

int ord_csv_parse(const char *name, char *text, size_t size, struct ord_csv *ret,
		  struct ord_err *err)
{
	struct ord_csv csv = {.name = name};
	struct reader r = {.csv = &csv, .at = text, .end = text + size, .line = 1, .column = 1};
	const char *nul = memchr(text, '\0', size);

	if (size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		r.at += 3;
	if (size >= 2 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2)))
		return refuse_here(&r, err, "this is UTF-16: store it as UTF-8");
	if (nul) {
		while (r.at < nul)
			step(&r);
		return refuse_here(&r, err, "a NUL byte: this is no text");
	}
	if (read_rows(&r, err)) {
		ord_csv_done(&csv);
		return -1;
	}
	*ret = csv;
	return 0;
}

int ord_csv_number(const struct ord_csv *csv, size_t row, size_t column, double *ret,
		   struct ord_err *err)
{
	const struct ord_csv_cell *cell = ord_csv_at(csv, row, column);
	const char *what = csv->cells[column].text;

	if (ord_parse_real(cell->text, ret))
		return 0;
	if (!*cell->text)
		return ord_csv_refuse(csv, cell, err, "no %.40s here", what);
	if (strspn(cell->text, "0123456789.,") == strlen(cell->text) && strchr(cell->text, ','))
		return ord_csv_refuse(csv, cell, err,
				      "%.40s is '%.40s': write a point for the decimals, and no "
				      "other separator",
				      what, cell->text);
	return ord_csv_refuse(csv, cell, err, "%.40s is '%.40s', which is no finite number", what,
			      cell->text);
}
