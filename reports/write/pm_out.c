/* Markdown or HTML from the same calls. What people wrote is found again in the Markdown. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "reports/write/html.h"
#include "reports/write/pm.h"
#include "reports/write/text.h"

#define TEXT_MAX 2048

static void put(const struct ord_pm *pm, const char *text)
{
	if (pm->html)
		ord_xml_text(pm->out, text);
	else
		ord_md_text(pm->out, text);
}

void ord_pm_heading(const struct ord_pm *pm, unsigned level, const char *text, const char *id)
{
	if (pm->html)
		(void)fprintf(pm->out, "<h%u id=\"%s\">", level, id);
	else
		(void)fprintf(pm->out, "%.*s ", (int)level, "######");
	put(pm, text);
	if (pm->html)
		(void)fprintf(pm->out, "</h%u>\n", level);
	else
		(void)fputs("\n\n", pm->out);
}

/* Between what stands before and behind it in HTML, or in Markdown. */
struct frame {
	const char *html, *html_end, *md, *md_end;
};

__attribute__((format(printf, 3, 0))) static void framed(const struct ord_pm *pm,
							 const struct frame *f, const char *fmt,
							 va_list ap)
{
	char text[TEXT_MAX];

	(void)vsnprintf(text, sizeof text, fmt, ap);
	ord_text_clean(text);
	(void)fputs(pm->html ? f->html : f->md, pm->out);
	put(pm, text);
	(void)fputs(pm->html ? f->html_end : f->md_end, pm->out);
}

void ord_pm_text(const struct ord_pm *pm, const char *fmt, ...)
{
	static const struct frame frame = {"<p>", "</p>\n", "", "\n\n"};
	va_list ap;

	va_start(ap, fmt);
	framed(pm, &frame, fmt, ap);
	va_end(ap);
}

void ord_pm_item(const struct ord_pm *pm, const char *fmt, ...)
{
	static const struct frame frame = {"<li>", "</li>\n", "- ", "\n"};
	va_list ap;

	va_start(ap, fmt);
	framed(pm, &frame, fmt, ap);
	va_end(ap);
}

void ord_pm_list(const struct ord_pm *pm, bool begin)
{
	if (pm->html)
		(void)fputs(begin ? "<ul>\n" : "</ul>\n", pm->out);
	else
		(void)fputs(begin ? "" : "\n", pm->out);
}

void ord_pm_code(const struct ord_pm *pm, const char *text)
{
	if (pm->html) {
		(void)fputs("<pre tabindex=\"0\" aria-label=\"Command\">", pm->out);
		ord_xml_text(pm->out, text);
		(void)fputs("</pre>\n", pm->out);
		return;
	}
	(void)fputs("    ", pm->out);
	for (const char *p = text; *p; p++) {
		(void)fputc(*p, pm->out);
		if (*p == '\n' && p[1])
			(void)fputs("    ", pm->out);
	}
	(void)fputs("\n\n", pm->out);
}

void ord_pm_table(const struct ord_pm *pm, const char *caption, const char *const *heads)
{
	size_t n = 0;

	if (pm->html) {
		ord_html_table(pm->out, "plain", caption, heads);
		return;
	}
	for (; heads[n]; n++) {
		(void)fputs(n ? " " : "| ", pm->out);
		put(pm, heads[n]);
		(void)fputs(" |", pm->out);
	}
	(void)fputs("\n|", pm->out);
	while (n--)
		(void)fputs(" --- |", pm->out);
	(void)fputc('\n', pm->out);
}

/* The row as Markdown, without its last bar; owned by the caller. */
static char *row_text(const char *const *cells)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	for (size_t i = 0; cells[i]; i++) {
		(void)fputs(i ? " " : "| ", f);
		ord_md_text(f, cells[i]);
		(void)fputs(" |", f);
	}
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

/* What people wrote behind that row, without the bar; *ret_len 0: nothing. */
static const char *note_behind(const struct ord_pm *pm, const char *row, size_t *ret_len)
{
	const char *p = pm->old ? strstr(pm->old, row) : NULL, *end;

	*ret_len = 0;
	if (!p)
		return "";
	p += strlen(row);
	p += strspn(p, " ");
	end = p + strcspn(p, "\n");
	while (end > p && (end[-1] == '|' || end[-1] == ' '))
		end--;
	*ret_len = (size_t)(end - p);
	return p;
}

/* A piece of a text. */
static void put_piece(const struct ord_pm *pm, const char *text, size_t len)
{
	ord_autofree char *piece = strndup(text, len);

	ord_xml_text(pm->out, piece ? piece : "");
}

static void html_row(const struct ord_pm *pm, const char *const *cells, bool noted,
		     const char *note, size_t len)
{
	(void)fputs("<tr role=\"row\">", pm->out);
	for (size_t i = 0; cells[i]; i++)
		ord_html_cell(pm->out, "", i ? "" : "lead", cells[i]);
	if (noted) {
		(void)fputs("<td role=\"cell\" data-l=\"\">", pm->out);
		put_piece(pm, note, len);
		(void)fputs("</td>", pm->out);
	}
	(void)fputs("</tr>\n", pm->out);
}

void ord_pm_row(const struct ord_pm *pm, const char *const *cells, bool noted)
{
	char *row = row_text(cells);
	size_t len = 0;
	const char *note = noted && row ? note_behind(pm, row, &len) : "";

	if (pm->html)
		html_row(pm, cells, noted, note, len);
	else if (row)
		(void)fprintf(pm->out, noted ? "%s %.*s |\n" : "%s\n", row, (int)len, note);
	free(row);
}

void ord_pm_table_end(const struct ord_pm *pm)
{
	if (pm->html)
		ord_html_table_end(pm->out);
	else
		(void)fputc('\n', pm->out);
}

/* ---- places for people */

/* What stands between the marks of a blank; NULL: there is none. */
static const char *find_blank(const struct ord_pm *pm, const char *id, size_t *ret_len)
{
	char mark[80];
	const char *p, *end;

	(void)snprintf(mark, sizeof mark, "<!-- blank: %.60s -->\n", id);
	p = pm->old ? strstr(pm->old, mark) : NULL;
	if (!p)
		return NULL;
	p += strlen(mark);
	end = strstr(p, "<!-- end -->");
	if (!end)
		return NULL;
	while (end > p && end[-1] == '\n')
		end--;
	*ret_len = (size_t)(end - p);
	return p;
}

static bool is_open(const char *text, size_t len)
{
	static const char open[] = "_To be filled in:";

	return len >= sizeof open - 1 && !strncmp(text, open, sizeof open - 1);
}

static void blank(const struct ord_pm *pm, const char *id, const char *text, bool open)
{
	size_t len = 0;
	const char *written = find_blank(pm, id, &len);

	if (written && is_open(written, len))
		written = NULL;
	if (pm->html && written) {
		ord_pm_written(written, len, pm->out);
		return;
	}
	if (pm->html) {
		(void)fputs(open ? "<p class=\"blank\"><b>To be filled in:</b> " : "<p>", pm->out);
		ord_xml_text(pm->out, text);
		(void)fputs("</p>\n", pm->out);
		return;
	}
	(void)fprintf(pm->out, "<!-- blank: %s -->\n", id);
	if (written)
		(void)fwrite(written, 1, len, pm->out);
	else {
		(void)fputs(open ? "_To be filled in: " : "", pm->out);
		ord_md_text(pm->out, text);
		(void)fputs(open ? "_" : "", pm->out);
	}
	(void)fputs("\n<!-- end -->\n\n", pm->out);
}

void ord_pm_blank(const struct ord_pm *pm, const char *id, const char *question)
{
	blank(pm, id, question, true);
}

void ord_pm_default(const struct ord_pm *pm, const char *id, const char *text)
{
	blank(pm, id, text, false);
}
