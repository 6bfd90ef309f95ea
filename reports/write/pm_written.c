/* What people wrote in Markdown, as HTML: paragraphs, lists and tables; all else stands as it was
 * written. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "reports/write/html.h"
#include "reports/write/pm.h"
#include "reports/write/text.h"

#define CELLS_MAX 24

/* A piece of a text: from p to before end. */
struct piece {
	const char *p, *end;
};

static struct piece take_line(struct piece *rest)
{
	const char *stop = memchr(rest->p, '\n', (size_t)(rest->end - rest->p));
	struct piece line = {rest->p, stop ? stop : rest->end};

	rest->p = stop ? stop + 1 : rest->end;
	return line;
}

static struct piece trimmed(struct piece s)
{
	while (s.p < s.end && (*s.p == ' ' || *s.p == '\t'))
		s.p++;
	while (s.end > s.p && (s.end[-1] == ' ' || s.end[-1] == '\t' || s.end[-1] == '\r'))
		s.end--;
	return s;
}

static void put(struct piece s, FILE *out)
{
	ord_autofree char *text = strndup(s.p, (size_t)(s.end - s.p));

	ord_xml_text(out, text ? text : "");
}

static bool is_item(struct piece s)
{
	return s.end - s.p >= 2 && (*s.p == '-' || *s.p == '*') && s.p[1] == ' ';
}

/* ---- tables: | a | b |, a line of dashes, rows; \| is a bar in a cell */

static const char *next_bar(struct piece s)
{
	for (; s.p < s.end; s.p++) {
		if (*s.p == '\\' && s.p + 1 < s.end)
			s.p++;
		else if (*s.p == '|')
			return s.p;
	}
	return NULL;
}

static size_t cells_of(struct piece row, struct piece cells[static CELLS_MAX])
{
	const char *bar;
	size_t n = 0;

	row = trimmed(row);
	row.p += row.p < row.end && *row.p == '|';
	while (n < CELLS_MAX && (bar = next_bar(row))) {
		cells[n++] = trimmed((struct piece){row.p, bar});
		row.p = bar + 1;
	}
	if (n < CELLS_MAX && row.p < row.end)
		cells[n++] = trimmed(row);
	return n;
}

static bool is_rule(struct piece row)
{
	for (const char *p = row.p; p < row.end; p++)
		if (!strchr("|-: \t\r", *p))
			return false;
	return memchr(row.p, '-', (size_t)(row.end - row.p));
}

/* A cell's text without the backslashes before its bars; owned by the caller. */
static char *cell_text(struct piece s)
{
	char *text = strndup(s.p, (size_t)(s.end - s.p)), *to = text;

	for (const char *p = text; p && *p; p++)
		if (*p != '\\' || p[1] != '|')
			*to++ = *p;
	if (text)
		*to = '\0';
	return text;
}

static bool is_table(struct piece block)
{
	struct piece head = take_line(&block), rule = take_line(&block);

	return head.p < head.end && *head.p == '|' && is_rule(rule);
}

static void table(struct piece block, FILE *out)
{
	struct piece cells[CELLS_MAX], row = take_line(&block);
	char *heads[CELLS_MAX + 1] = {NULL};
	size_t columns = cells_of(row, cells), n;

	for (size_t i = 0; i < columns; i++)
		heads[i] = cell_text(cells[i]);
	ord_html_table_begin(out, "stack", "Table");
	for (size_t i = 0; i < columns; i++)
		ord_html_head(out, heads[i] ? heads[i] : "");
	ord_html_table_body(out);
	(void)take_line(&block);
	while (block.p < block.end) {
		row = take_line(&block);
		n = cells_of(row, cells);
		(void)fputs("<tr role=\"row\">", out);
		for (size_t i = 0; i < columns; i++) {
			ord_autofree char *text = i < n ? cell_text(cells[i]) : NULL;

			ord_html_cell(out, heads[i] ? heads[i] : "", i ? "" : "lead",
				      text ? text : "");
		}
		(void)fputs("</tr>\n", out);
	}
	ord_html_table_end(out);
	for (size_t i = 0; i < columns; i++)
		free(heads[i]);
}

/* An item goes on in the lines below it that begin none. */
static void list(struct piece block, FILE *out)
{
	(void)fputs("<ul>", out);
	while (block.p < block.end) {
		struct piece line = take_line(&block);

		/* Its mark is there; the blank of an empty one is not to be trimmed before. */
		line.p += strspn(line.p, " \t") + 2;
		(void)fputs("<li>", out);
		put(trimmed(line), out);
		for (struct piece rest = block; rest.p < rest.end; block = rest) {
			line = trimmed(take_line(&rest));
			if (is_item(line))
				break;
			(void)fputc('\n', out);
			put(line, out);
		}
		(void)fputs("</li>", out);
	}
	(void)fputs("</ul>\n", out);
}

void ord_pm_written(const char *text, size_t len, FILE *out)
{
	struct piece rest = {text, text + len};

	while (rest.p < rest.end) {
		const char *stop = memmem(rest.p, (size_t)(rest.end - rest.p), "\n\n", 2);
		struct piece block = {rest.p, stop ? stop : rest.end};

		rest.p = stop ? stop + strspn(stop, "\n") : rest.end;
		if (rest.p > rest.end)
			rest.p = rest.end;
		if (is_table(block))
			table(block, out);
		else if (is_item(block))
			list(block, out);
		else {
			(void)fputs("<p>", out);
			put(block, out);
			(void)fputs("</p>\n", out);
		}
	}
}
