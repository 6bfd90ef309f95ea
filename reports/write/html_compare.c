/* The run against its baselines: a row of dots for either side, and what the exact test says. */
#include <stdlib.h>
#include <string.h>

#include "reports/compare.h"
#include "reports/write/chart.h"
#include "reports/write/compare.h"
#include "reports/write/html.h"
#include "reports/write/text.h"

#define WIDTH	 340
#define ROWS_MAX 60

static int64_t longest(const struct ord_comparison *c)
{
	const struct ord_side *sides[] = {&c->a, &c->b};
	int64_t most = 0;

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; sides[k]->figure && i < sides[k]->figure->n; i++) {
			const struct ord_span *s = &sides[k]->figure->v[i].span;
			int64_t end = s->state == ORD_SPAN_KNOWN ? s->hi : s->value + s->value / 10;

			most = end > most ? end : most;
		}
	return most ? most : 1;
}

/* The values of a side in the order in which they were measured, from the top. */
static void side(struct chart *c, const struct ord_side *s, const char *name)
{
	size_t n = s->figure ? s->figure->n : 0;
	int64_t step;

	n = n > ROWS_MAX ? ROWS_MAX : n;
	step = n > 12 ? 45 : 90;
	ord_chart_text(c, "lane", 0, c->y + 90, name);
	c->y += 130;
	for (size_t i = 0; i < n; i++, c->y += step)
		ord_chart_dot(c, &s->figure->v[i].span, c->y + step / 2);
	if (s->has_median) {
		int64_t x = ord_chart_x(c, s->median);

		ord_chart_line(c, "d-limit", x, c->y - (int64_t)n * step, x, c->y);
	}
	(void)fputc('\n', c->out);
	c->y += 40;
}

static void chart(const struct ord_analysis *a, const struct ord_comparison *v, FILE *out)
{
	struct chart c = {.a = a, .width = WIDTH, .x0 = 60, .x1 = 3340, .y = 40, .narrow = true};
	char *body = NULL, text[ORD_TEXT], words[ORD_WORDS];
	size_t size = 0;

	c.out = open_memstream(&body, &size);
	if (!c.out)
		return;
	c.t1 = longest(v);
	side(&c, &v->a, "baseline");
	side(&c, &v->b, "this run");
	ord_chart_line(&c, "axis", c.x0, c.y, c.x1, c.y);
	ord_chart_text(&c, "tick", c.x0, c.y + 140, "0");
	ord_chart_text(&c, "tick end", c.x1, c.y + 140, ord_text_duration(c.t1, text));
	if (fclose(c.out)) {
		free(body);
		return;
	}
	(void)fprintf(out,
		      "<svg class=\"chart small\" role=\"img\" viewBox=\"0 0 %d %lld\"><title>",
		      WIDTH, (long long)(c.y / 10 + 20));
	ord_xml_text(out, ord_words_figure(v->figure, words));
	(void)fputs(": each repetition of the baseline and of this run</title><desc>", out);
	ord_xml_text(out, ord_words_side(&v->a, words));
	(void)fputs(" before, now ", out);
	ord_xml_text(out, ord_words_side(&v->b, words));
	(void)fputs("; the line is the median.</desc>\n", out);
	(void)fwrite(body, 1, size, out);
	(void)fputs("</svg>\n", out);
	free(body);
}

static void row(const struct ord_comparisons *all, const struct ord_comparison *c, FILE *out)
{
	char text[ORD_WORDS], p[ORD_TEXT];

	(void)fputs("<tr role=\"row\">", out);
	ord_html_cell(out, "figure", "lead", ord_words_figure(c->figure, text));
	ord_html_cell(out, "baseline", "", ord_words_side(&c->a, text));
	ord_html_cell(out, "this run", "", ord_words_side(&c->b, text));
	ord_html_cell(out, "effect", "", ord_words_effect(c, text));
	ord_html_cell(out, "p, corrected", "num", ord_words_p(c->p_holm, p));
	(void)fprintf(out, "<td role=\"cell\" data-l=\"verdict\"><span class=\"tag %s\">",
		      c->verdict == ORD_COMPARED_WORSE	  ? "t-bad"
		      : c->verdict == ORD_COMPARED_BETTER ? "t-good"
							  : "t-mid");
	ord_xml_text(out, ord_words_verdict(c, all->options.margin_ppm, text));
	(void)fputs("</span></td>", out);
	ord_html_cell(out, "why", "dim", *c->why ? c->why : ord_words_need(c, text));
	(void)fputs("</tr>\n", out);
}

/* A figure with something censored is tested otherwise than one without. */
static void methods(const struct ord_comparisons *c, FILE *out)
{
	char words[ORD_WORDS];

	for (size_t i = 0; i < c->n; i++) {
		if (!c->v[i].tested)
			continue;
		(void)fputs("Test of ", out);
		ord_xml_text(out, ord_words_figure(c->v[i].figure, words));
		(void)fprintf(out, ": %s, n = %zu + %zu. ", c->v[i].method, c->v[i].a.n,
			      c->v[i].b.n);
	}
}

static void compared(const struct ord_analysis *a, const struct ord_regression *r, FILE *out)
{
	static const char *const heads[] = {"Figure",	     "Baseline", "This run", "Effect",
					    "#p, corrected", "Verdict",	 "Why",	     NULL};

	(void)fputs("<div class=\"figures\">\n", out);
	for (size_t i = 0; i < r->c.n; i++) {
		char words[ORD_WORDS];

		(void)fputs("<figure><h4>", out);
		ord_xml_text(out, ord_words_figure(r->c.v[i].figure, words));
		(void)fputs("</h4>\n", out);
		chart(a, &r->c.v[i], out);
		(void)fputs("</figure>\n", out);
	}
	(void)fputs("</div>\n", out);
	ord_html_table(out, "stack", a->t->objectives[r->goal].text, heads);
	for (size_t i = 0; i < r->c.n; i++)
		row(&r->c, &r->c.v[i], out);
	ord_html_table_end(out);
	(void)fprintf(
		out,
		"<p class=\"small dim\">Baseline: %zu repetitions of %zu runs, SHA-256 %.12s. ",
		r->a.repetitions, r->a.n_runs, r->a.sha256);
	methods(&r->c, out);
	(void)fputs("Corrected over all that was compared, after Holm.</p>\n", out);
}

bool ord_html_has_comparison(const struct ord_analysis *a)
{
	return a->n_regressions > 0;
}

void ord_html_comparison(const struct ord_analysis *a, FILE *out)
{
	for (size_t i = 0; i < a->n_regressions; i++) {
		const struct ord_regression *r = &a->regressions[i];

		(void)fputs("<h3>", out);
		ord_xml_text(out, a->t->objectives[r->goal].text);
		(void)fputs("</h3>\n", out);
		if (r->message || r->diff.n || !r->c.n) {
			(void)fputs("<p>", out);
			ord_xml_text(out, a->goals[r->goal].why);
			(void)fputs("</p>\n", out);
		} else
			compared(a, r, out);
	}
}
