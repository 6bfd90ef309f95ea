/*
 * report.html: one file, no script, nothing fetched. From the top: what is the verdict, by how
 * much, what happened when, on what evidence, by which method, and how to run it again.
 */
#include "reports/write/html.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "reports/write/text.h"
#include "reports/write/write.h"

#define LONG_HEAD 20	       /* a heading longer than that may be broken anywhere */
#define EMBED_MAX (128 * 1024) /* bytes: a page is for reading */

void ord_html_lead(FILE *out)
{
	(void)fputs("<th role=\"rowheader\" scope=\"row\" class=\"lead\">", out);
}

void ord_html_name(FILE *out, const char *text)
{
	for (size_t n; *text; text += n) {
		n = strcspn(text, ":/{,");
		n += text[n] != '\0';
		ord_xml_text_piece(out, text, n);
		(void)fputs(text[n] ? "<wbr>" : "", out);
	}
}

/* A value and its interval may stand on two lines, and neither is broken. */
static void value(FILE *out, const char *text)
{
	const char *interval = strstr(text, " [");

	(void)fputs("<span><span class=\"nb\">", out);
	ord_xml_text_piece(out, text, (size_t)(interval - text));
	(void)fputs("</span> <span class=\"nb\">", out);
	ord_xml_text(out, interval + 1);
	(void)fputs("</span></span>", out);
}

void ord_html_cell(FILE *out, const char *label, const char *css, const char *text)
{
	bool lead = !strcmp(css, "lead"), two = !strcmp(css, "num") && strstr(text, " [");

	if (lead)
		(void)fputs("<th role=\"rowheader\" scope=\"row\" class=\"lead\" data-l=\"", out);
	else
		(void)fprintf(out, "<td role=\"cell\" class=\"%s%s\" data-l=\"", css,
			      two ? " two" : "");
	ord_xml_text(out, label);
	(void)fputs("\">", out);
	if (two)
		value(out, text);
	else if (lead)
		ord_html_name(out, text);
	else
		ord_xml_text(out, text);
	(void)fputs(lead ? "</th>" : "</td>", out);
}

void ord_html_head(FILE *out, const char *name)
{
	bool figure = *name == '#' && name[1], is_long = strlen(name) > LONG_HEAD;

	(void)fprintf(out, "<th role=\"columnheader\" scope=\"col\" class=\"%s%s\">",
		      figure ? "num" : "", is_long ? " long" : "");
	ord_html_name(out, name + figure);
	(void)fputs("</th>", out);
}

void ord_html_table_begin(FILE *out, const char *css, const char *caption)
{
	(void)fputs("<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"", out);
	ord_xml_text(out, caption);
	(void)fprintf(out, "\"><table class=\"%s\" role=\"table\"><caption class=\"vh\">", css);
	ord_xml_text(out, caption);
	(void)fputs("</caption><thead role=\"rowgroup\"><tr role=\"row\">", out);
}

void ord_html_table_body(FILE *out)
{
	(void)fputs("</tr></thead><tbody role=\"rowgroup\">\n", out);
}

void ord_html_table(FILE *out, const char *css, const char *caption, const char *const *heads)
{
	ord_html_table_begin(out, css, caption);
	for (; *heads; heads++)
		ord_html_head(out, *heads);
	ord_html_table_body(out);
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

/* report.json, for who wants to read the figures out of the page; owned by the caller. */
static char *figures(const struct ord_analysis *a, size_t *ret_size, struct ord_err *err)
{
	ord_autofree char *text = NULL;
	FILE *f = open_memstream(&text, ret_size);
	int r;

	if (!f) {
		(void)ord_fail_nomem(err);
		return NULL;
	}
	r = ord_write_json(a, f, err);
	if (fclose(f) && !r)
		r = ord_fail_nomem(err);
	return r ? NULL : ord_steal_ptr(text);
}

static void embed(const char *json, size_t size, FILE *out)
{
	if (size > EMBED_MAX)
		return;
	(void)fputs("<script type=\"application/json\" id=\"report\">\n", out);
	for (size_t i = 0; i < size; i++)
		if (json[i] == '<')
			(void)fputs("\\u003c", out);
		else
			(void)fputc(json[i], out);
	(void)fputs("</script>\n", out);
}

static void say_where(size_t size, FILE *out)
{
	(void)fputs("<p class=\"small dim\">All figures as JSON: report.json in the run's folder, ",
		    out);
	if (size > EMBED_MAX)
		(void)fprintf(
			out,
			"%zu kB. This page does not hold it as well, since it is longer than "
			"%d kB; <code>ordeal report RUN --print --format json</code> makes it "
			"of run.jsonl.</p>\n",
			size / 1024, EMBED_MAX / 1024);
	else
		(void)fputs("and in this page, in the element <code>#report</code>.</p>\n", out);
}

/* ---- the page: its sections in the order in which they are read */

static bool always(const struct ord_analysis *a)
{
	(void)a;
	return true;
}

static const struct section {
	const char *id, *title;
	bool (*is_there)(const struct ord_analysis *a);
	void (*write)(const struct ord_analysis *a, FILE *out);
} sections[] = {
	{"objectives", "Objectives", always, ord_html_objectives},
	{"what-happened", "What happened", always, ord_html_what_happened},
	{"detection", "How alerts came about", ord_html_has_detection, ord_html_detection},
	{"repetitions", "Repetitions", always, ord_html_repetitions},
	{"comparison", "Against the baseline", ord_html_has_comparison, ord_html_comparison},
	{"loss", "What the users lost", ord_html_has_loss, ord_html_loss},
	{"faults", "Faults", ord_html_has_faults, ord_html_faults},
	{"method", "Method and limits", always, ord_html_method},
	{"replay", "Run it again", always, ord_html_replay},
	{"evidence", "Evidence", always, ord_html_evidence},
};

static void contents(const struct ord_analysis *a, FILE *out)
{
	(void)fputs("<nav aria-label=\"On this page\"><ul>", out);
	for (size_t i = 0; i < ORD_COUNT(sections); i++)
		if (sections[i].is_there(a))
			(void)fprintf(out, "<li><a href=\"#%s\">%s</a></li>", sections[i].id,
				      sections[i].title);
	(void)fputs("</ul></nav>\n", out);
}

static void head(const struct ord_analysis *a, FILE *out)
{
	(void)fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
		    "name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta "
		    "name=\"referrer\" content=\"no-referrer\"><title>",
		    out);
	ord_xml_text(out, a->t->name);
	(void)fputs(": ", out);
	(void)fprintf(out, "%.*s", (int)strcspn(a->verdict, ":&<>"), a->verdict);
	(void)fputs(" · ordeal</title>\n<style>\n", out);
	for (size_t i = 0; ord_html_style[i]; i++)
		(void)fputs(ord_html_style[i], out);
	(void)fputs("</style></head><body>\n<a class=\"skip\" href=\"#main\">Skip to the "
		    "verdict</a>\n",
		    out);
}

int ord_write_html(const struct ord_analysis *a, FILE *out, struct ord_err *err)
{
	size_t size = 0;
	ord_autofree char *json = figures(a, &size, err);

	if (!json)
		return -1;
	head(a, out);
	ord_html_defs(out);
	ord_html_banner(a, out);
	contents(a, out);
	(void)fputs("<main id=\"main\" tabindex=\"-1\">\n", out);
	ord_html_verdict(a, out);
	ord_html_warnings(a, out);
	ord_html_tiles(a, out);
	for (size_t i = 0; i < ORD_COUNT(sections); i++) {
		const struct section *s = &sections[i];

		if (!s->is_there(a))
			continue;
		(void)fprintf(out,
			      "<section id=\"%s\" aria-labelledby=\"%s-h\"><h2 "
			      "id=\"%s-h\">%s</h2>\n",
			      s->id, s->id, s->id, s->title);
		s->write(a, out);
		if (s->write == ord_html_evidence)
			say_where(size, out);
		(void)fputs("</section>\n", out);
	}
	(void)fputs("</main>\n", out);
	ord_html_footer(a, out);
	embed(json, size, out);
	(void)fputs("</body></html>\n", out);
	return 0;
}
