/* The timeline of a repetition in the page: each row with the line that shows it. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "reports/write/html.h"
#include "reports/write/rows.h"
#include "reports/write/text.h"

static void write_row(const struct ord_analysis *a, const struct ord_rep *r,
		      const struct ord_row *row, FILE *out)
{
	char lo[ORD_TEXT], hi[ORD_TEXT], at[ORD_TEXT], interval[2 * ORD_TEXT + 8] = "", when[32];

	ord_format_utc((uint64_t)(a->t->wall_ns + row->t), when);
	if (row->hi > row->lo)
		(void)snprintf(interval, sizeof interval, "%s to %s",
			       ord_text_relative(row->lo, r->zero, lo),
			       ord_text_relative(row->hi, r->zero, hi));
	(void)fputs("<tr role=\"row\"><td role=\"cell\" class=\"num\" data-l=\"at\">", out);
	(void)fprintf(out, "%s%s%s</td>", row->strong ? "<b>" : "",
		      ord_text_relative(row->t, r->zero, at), row->strong ? "</b>" : "");
	ord_html_lead(out);
	ord_html_name(out, row->text);
	(void)fputs("</th>", out);
	ord_html_cell(out, "between", interval[0] ? "num" : "num empty", interval);
	(void)fprintf(out,
		      "<td role=\"cell\" data-l=\"UTC\" class=\"num\"><time "
		      "datetime=\"%s\">%.12s</time></td>",
		      when, when + 11);
	ord_html_cell(out, "source", "dim", row->source);
	(void)fputs("<td role=\"cell\" class=\"dim num\" data-l=\"run.jsonl\">line ", out);
	ord_html_line(a, r, row->line, out);
	if (row->line_before) {
		(void)fputs(", after ", out);
		ord_html_line(a, r, row->line_before, out);
	}
	(void)fputs("</td></tr>\n", out);
}

void ord_html_events(const struct ord_analysis *a, const struct ord_rep *r, bool all, FILE *out)
{
	static const char *const heads[] = {"#At",    "What",	    "#Between", "#UTC",
					    "Source", "#run.jsonl", NULL};
	struct ord_rows *rows = calloc(1, sizeof *rows);

	if (!rows)
		return;
	ord_rows_collect(a, r, rows);
	ord_html_table(out, "log", "Timeline", heads);
	for (size_t i = 0; i < rows->n; i++)
		if (all || rows->v[i].brief)
			write_row(a, r, &rows->v[i], out);
	ord_html_table_end(out);
	if (rows->left_out)
		(void)fprintf(out, "<p class=\"small dim\">%zu more stand in run.jsonl.</p>\n",
			      rows->left_out);
	free(rows);
}
