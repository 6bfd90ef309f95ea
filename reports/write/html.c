/*
 * report.html: one file, no script, nothing fetched. From the top: what is the verdict, by how
 * much, what happened when, on what evidence, by which method, and how to run it again.
 */
#include "reports/write/html.h"

#include <stdlib.h>

#include "reports/write/text.h"
#include "reports/write/write.h"

#define EMBED_MAX_REPS 50

void ord_html_cell(FILE *out, const char *label, const char *css, const char *text)
{
	(void)fprintf(out, "<td role=\"cell\" class=\"%s\" data-l=\"", css);
	ord_xml_text(out, label);
	(void)fputs("\">", out);
	ord_xml_text(out, text);
	(void)fputs("</td>", out);
}

void ord_html_head(FILE *out, const char *name)
{
	bool figure = *name == '#' && name[1];

	(void)fprintf(out, "<th role=\"columnheader\" scope=\"col\"%s>",
		      figure ? " class=\"num\"" : "");
	ord_xml_text(out, name + figure);
	(void)fputs("</th>", out);
}

void ord_html_table(FILE *out, const char *css, const char *label, const char *const *heads)
{
	(void)fprintf(out,
		      "<div class=\"scroll\" role=\"region\" aria-label=\"%s\" "
		      "tabindex=\"0\"><table class=\"%s\" role=\"table\"><thead "
		      "role=\"rowgroup\"><tr role=\"row\">",
		      label, css);
	for (; *heads; heads++)
		ord_html_head(out, *heads);
	(void)fputs("</tr></thead><tbody role=\"rowgroup\">\n", out);
}

void ord_html_table_end(FILE *out)
{
	(void)fputs("</tbody></table></div>\n", out);
}

void ord_html_rep_name(const struct ord_analysis *a, const struct ord_rep *r, FILE *out)
{
	if (!r->number)
		(void)fputs("the placebo", out);
	else if (a->t->repetitions == 1)
		(void)fputs("the repetition", out);
	else
		(void)fprintf(out, "repetition %u of %u", r->number, a->t->repetitions);
}

/* report.json, for who wants to read the figures out of the page. */
static void embed(const struct ord_analysis *a, FILE *out)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f;
	struct ord_err err;

	if (a->t->repetitions > EMBED_MAX_REPS)
		return;
	f = open_memstream(&text, &size);
	if (!f)
		return;
	if (!ord_write_json(a, f, &err) && !fclose(f)) {
		(void)fputs("<script type=\"application/json\" id=\"report\">\n", out);
		for (size_t i = 0; i < size; i++)
			if (text[i] == '<')
				(void)fputs("\\u003c", out);
			else
				(void)fputc(text[i], out);
		(void)fputs("</script>\n", out);
	}
	free(text);
}

int ord_write_html(const struct ord_analysis *a, FILE *out, struct ord_err *err)
{
	(void)err;
	(void)fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
		    "name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta "
		    "name=\"referrer\" content=\"no-referrer\"><title>",
		    out);
	ord_xml_text(out, a->t->name);
	(void)fputs(" · ordeal</title>\n<style>\n", out);
	for (size_t i = 0; ord_html_style[i]; i++)
		(void)fputs(ord_html_style[i], out);
	(void)fputs("</style></head><body>\n", out);
	ord_html_defs(out);
	(void)fputs("<main>\n", out);
	ord_html_banner(a, out);
	ord_html_tiles(a, out);
	ord_html_objectives(a, out);
	ord_html_repetitions(a, out);
	ord_html_faults(a, out);
	ord_html_method(a, out);
	(void)fputs("</main>\n", out);
	embed(a, out);
	(void)fputs("</body></html>\n", out);
	return 0;
}
