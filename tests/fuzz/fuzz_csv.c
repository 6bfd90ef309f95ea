/* Tables: any text is read or refused at a place within it. What is read, written with every value
 * quoted, reads back as the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "reports/stats/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *written(const struct ord_csv *csv, size_t *ret_size)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, ret_size);

	if (!f)
		return NULL;
	for (size_t i = 0; i < (csv->n_rows + 1) * csv->n_columns; i++) {
		(void)fputc('"', f);
		for (const char *c = csv->cells[i].text; *c; c++)
			(void)fprintf(f, *c == '"' ? "\"\"" : "%c", *c);
		(void)fputs((i + 1) % csv->n_columns ? "\"," : "\"\r\n", f);
	}
	(void)fclose(f);
	return text;
}

static void check_again(const struct ord_csv *csv)
{
	ord_autofree char *text = NULL;
	struct ord_csv again;
	struct ord_err err;
	size_t size = 0;

	text = written(csv, &size);
	if (!text)
		return;
	if (ord_csv_parse("again", text, size, &again, &err) || again.n_columns != csv->n_columns ||
	    again.n_rows != csv->n_rows)
		abort();
	for (size_t i = 0; i < (csv->n_rows + 1) * csv->n_columns; i++)
		if (strcmp(again.cells[i].text, csv->cells[i].text))
			abort();
	ord_csv_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ord_autofree char *text = malloc(size + 1);
	struct ord_csv csv;
	struct ord_err err = {0};
	double v;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	if (ord_csv_parse("fuzz", text, size, &csv, &err)) {
		if (err.code != ORD_USAGE || strncmp(err.msg, "fuzz:", 5))
			abort();
		return 0;
	}
	for (size_t r = 0; r < csv.n_rows; r++)
		for (size_t c = 0; c < csv.n_columns; c++) {
			const struct ord_csv_cell *cell = ord_csv_at(&csv, r, c);

			if (cell->text < text || cell->text > text + size || cell->line < 2 ||
			    !cell->column)
				abort();
			(void)ord_csv_number(&csv, r, c, &v, &err);
		}
	check_again(&csv);
	ord_csv_done(&csv);
	return 0;
}
