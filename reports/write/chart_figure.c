/*
 * One figure over the repetitions: a dot each, in the order in which they were run, and below on
 * the same axis the curve of Kaplan and Meier, with a tick for each that is censored and how many
 * were still at risk. Integers only where a place on the page is meant.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/write/chart.h"
#include "reports/write/html.h"
#include "reports/write/text.h"

#define WIDTH	  340
#define KM_HEIGHT 800 /* tenths */
#define TICKS_MAX 6
#define STEPS_MAX 200 /* in the table */

struct plot {
	struct chart c;
	const struct ord_html_figure *f;
	uint32_t reps;
	int64_t row_h, step; /* tenths; ns between two ticks of the axis */
	int64_t km_y;
};

static int64_t longest(const struct ord_analysis *a, const struct ord_html_figure *f)
{
	int64_t most = f->limit + f->limit / 10;

	for (uint32_t i = 1; i <= a->t->repetitions; i++) {
		const struct ord_span *s = f->of(&a->reps[i], f->which);
		int64_t end = s->state == ORD_SPAN_KNOWN ? s->hi : s->value + s->value / 10;

		if (s->state != ORD_SPAN_NONE && end > most)
			most = end;
	}
	return most ? most : 1;
}

static int64_t tick_step(int64_t most)
{
	static const int64_t factors[] = {1, 2, 5};
	int64_t ten = 1;

	for (;; ten *= 10)
		for (size_t i = 0; i < sizeof factors / sizeof *factors; i++)
			if (factors[i] * ten * 4 >= most)
				return factors[i] * ten;
}

static void dots(struct plot *p)
{
	const struct ord_analysis *a = p->c.a;
	int64_t height = p->row_h * p->reps, x = ord_chart_x(&p->c, p->f->limit);

	if (p->f->limit) {
		ord_chart_rect(&p->c, "d-ok", p->c.x0, p->c.y, x - p->c.x0, height);
		ord_chart_line(&p->c, "d-limit", x, p->c.y, x, p->c.y + height);
	}
	for (uint32_t i = 1; i <= p->reps; i++) {
		const struct ord_span *s = p->f->of(&a->reps[i], p->f->which);
		int64_t y = p->c.y + p->row_h * (i - 1) + p->row_h / 2;
		char name[16];

		if (p->row_h > 80) {
			(void)snprintf(name, sizeof name, "%u", i);
			ord_chart_text(&p->c, "tick end", p->c.x0 - 60, y + 35, name);
		}
		if (s->state != ORD_SPAN_NONE)
			ord_chart_dot(&p->c, s, y);
		else if (p->row_h > 80)
			ord_chart_text(&p->c, "tick", p->c.x0 + 20, y + 35, "–");
	}
	(void)fputc('\n', p->c.out);
	p->c.y += height + 60;
}

/* ---- the curve: the share that had not got there yet */

static int64_t y_of(const struct plot *p, double share)
{
	return p->km_y + KM_HEIGHT - (int64_t)(share * KM_HEIGHT + 0.5);
}

static double share_at(const struct ord_summary *s, int64_t t)
{
	double share = 1;

	for (size_t i = 0; i < s->n_steps && s->steps[i].t <= t; i++)
		share = s->steps[i].s;
	return share;
}

static void band(const struct plot *p, int64_t end)
{
	const struct ord_summary *s = p->f->summary;

	for (size_t i = 0; i < s->n_steps; i++) {
		int64_t x = ord_chart_x(&p->c, s->steps[i].t),
			to = ord_chart_x(&p->c, i + 1 < s->n_steps ? s->steps[i + 1].t : end), y;

		if (isnan(s->steps[i].lo) || isnan(s->steps[i].hi) || to <= x)
			continue;
		y = y_of(p, s->steps[i].hi);
		ord_chart_rect(&p->c, "km-band", x, y, to - x, y_of(p, s->steps[i].lo) - y);
	}
}

static void curve(const struct plot *p)
{
	const struct ord_summary *s = p->f->summary;
	int64_t end = 0;

	for (size_t i = 0; i < s->n; i++)
		end = s->points[i].value > end ? s->points[i].value : end;
	band(p, end);
	(void)fputs("<path class=\"km\" d=\"M", p->c.out);
	ord_chart_px(p->c.out, p->c.x0);
	(void)fputc(' ', p->c.out);
	ord_chart_px(p->c.out, p->km_y);
	for (size_t i = 0; i < s->n_steps; i++) {
		(void)fputc('H', p->c.out);
		ord_chart_px(p->c.out, ord_chart_x(&p->c, s->steps[i].t));
		(void)fputc('V', p->c.out);
		ord_chart_px(p->c.out, y_of(p, s->steps[i].s));
	}
	(void)fputc('H', p->c.out);
	ord_chart_px(p->c.out, ord_chart_x(&p->c, end));
	(void)fputs("\"/>", p->c.out);
	for (size_t i = 0; i < s->n; i++) {
		int64_t x = ord_chart_x(&p->c, s->points[i].value),
			y = y_of(p, share_at(s, s->points[i].value));

		if (s->points[i].censored)
			ord_chart_line(&p->c, "km-tick", x, y - 45, x, y + 45);
	}
	(void)fputc('\n', p->c.out);
}

static void km(struct plot *p)
{
	static const struct {
		double share;
		const char *text;
	} grid[] = {{1, "100 %"}, {0.5, "50 %"}, {0, "0 %"}};

	p->km_y = p->c.y + 40;
	for (size_t i = 0; i < sizeof grid / sizeof *grid; i++) {
		ord_chart_line(&p->c, i == 2 ? "axis" : "grid", p->c.x0, y_of(p, grid[i].share),
			       p->c.x1, y_of(p, grid[i].share));
		ord_chart_text(&p->c, "tick end", p->c.x0 - 40, y_of(p, grid[i].share) + 35,
			       grid[i].text);
	}
	curve(p);
	p->c.y = p->km_y + KM_HEIGHT;
}

/* Times below the axis, and how many were still at risk at each. */
static void axis(struct plot *p)
{
	const struct ord_summary *s = p->f->summary;
	char text[ORD_TEXT];

	for (int64_t t = 0, k = 0; t <= p->c.t1 && k < TICKS_MAX; t += p->step, k++) {
		int64_t x = ord_chart_x(&p->c, t);
		const char *css = x > p->c.x1 - 150 ? "tick end" : t ? "tick mid" : "tick";
		size_t at_risk = 0;

		ord_chart_line(&p->c, "axis", x, p->c.y, x, p->c.y + 35);
		ord_chart_text(&p->c, css, css[4] == ' ' && css[5] == 'e' ? p->c.x1 : x,
			       p->c.y + 140, ord_text_duration(t, text));
		for (size_t i = 0; i < s->n; i++)
			at_risk += s->points[i].value >= t;
		(void)snprintf(text, sizeof text, "%zu", at_risk);
		if (s->n_steps)
			ord_chart_text(&p->c, css, x > p->c.x1 - 150 ? p->c.x1 : x, p->c.y + 270,
				       text);
	}
	if (s->n_steps)
		ord_chart_text(&p->c, "tick dim end", p->c.x0 - 40, p->c.y + 270, "at risk");
	p->c.y += s->n_steps ? 330 : 190;
}

static void describe(const struct plot *p, FILE *out)
{
	char text[ORD_TEXT];

	(void)fputs("<title>", out);
	ord_xml_text(out, p->f->name);
	(void)fputs(": a dot each repetition, first on top", out);
	(void)fputs(p->f->summary->n_steps ? ", and the share that was not there yet</title><desc>"
					   : "</title><desc>",
		    out);
	for (uint32_t i = 1; i <= p->reps; i++) {
		(void)fprintf(out, "%srepetition %u: ", i > 1 ? "; " : "", i);
		ord_xml_text(out, ord_text_span(p->f->of(&p->c.a->reps[i], p->f->which), text));
	}
	(void)fputs("</desc>\n", out);
}

static void draw(struct plot *p)
{
	FILE *out = p->c.out;
	char *body = NULL;
	size_t size = 0;

	p->c.out = open_memstream(&body, &size);
	if (!p->c.out) {
		p->c.out = out;
		return;
	}
	p->c.y = 40;
	dots(p);
	if (p->f->summary->n_steps)
		km(p);
	else
		ord_chart_line(&p->c, "axis", p->c.x0, p->c.y, p->c.x1, p->c.y);
	axis(p);
	(void)fclose(p->c.out);
	p->c.out = out;
	(void)fprintf(out, "<svg class=\"chart small\" role=\"img\" viewBox=\"0 0 %d %lld\">",
		      WIDTH, (long long)(p->c.y / 10 + 1));
	describe(p, out);
	(void)fwrite(body ? body : "", 1, size, out);
	(void)fputs("</svg>\n", out);
	free(body);
}

/* "median 153 ms, 95 %: 103 ms to 186 ms; n = 6, 1 never." */
static void caption(const struct ord_html_figure *f, FILE *out)
{
	const struct ord_summary *s = f->summary;
	char x[ORD_TEXT], y[ORD_TEXT];

	(void)fprintf(out, "Median %s",
		      s->has_median ? ord_text_duration(s->median, x) : "not reached");
	if (s->has_lo)
		(void)fprintf(out, ", 95 %% interval %s to %s", ord_text_duration(s->median_lo, x),
			      s->has_hi ? ord_text_duration(s->median_hi, y) : "not reached");
	(void)fprintf(out, "; n = %zu, %zu never.", s->n, s->never);
	if (s->need)
		(void)fprintf(out, " An interval of the median needs %zu repetitions or more.",
			      s->need);
	if (s->tau)
		(void)fprintf(out, " Restricted mean up to %s: %s.", ord_text_duration(s->tau, x),
			      ord_text_duration(s->rmst, y));
	if (s->n_informative)
		(void)fprintf(out,
			      " %zu ended because of what was seen: the curve may look better than "
			      "it is.",
			      s->n_informative);
	if (f->limit)
		(void)fprintf(out, " The line is the objective's limit, %s.",
			      ord_text_duration(f->limit, x));
}

static void table(const struct ord_html_figure *f, FILE *out)
{
	static const char *const heads[] = {
		"At", "#At risk", "#Reached it", "#Not there yet", "#95 % band", NULL};
	const struct ord_summary *s = f->summary;
	char text[ORD_TEXT], name[160];

	(void)fputs("<details><summary>The curve as a table</summary>\n", out);
	(void)snprintf(name, sizeof name, "Kaplan-Meier: %.100s", f->name);
	ord_html_table(out, "stack", name, heads);
	for (size_t i = 0; i < s->n_steps && i < STEPS_MAX; i++) {
		const struct ord_step *k = &s->steps[i];

		(void)fputs("<tr role=\"row\">", out);
		ord_html_cell(out, "at", "lead", ord_text_duration(k->t, text));
		(void)snprintf(text, sizeof text, "%zu", k->at_risk);
		ord_html_cell(out, "at risk", "num", text);
		(void)snprintf(text, sizeof text, "%zu", k->events);
		ord_html_cell(out, "reached it", "num", text);
		(void)snprintf(text, sizeof text, "%d %%", (int)(k->s * 100 + 0.5));
		ord_html_cell(out, "not there yet", "num", text);
		if (isnan(k->lo) || isnan(k->hi))
			(void)snprintf(text, sizeof text, "–");
		else
			(void)snprintf(text, sizeof text, "%d to %d %%", (int)(k->lo * 100 + 0.5),
				       (int)(k->hi * 100 + 0.5));
		ord_html_cell(out, "95 % band", "num", text);
		(void)fputs("</tr>\n", out);
	}
	ord_html_table_end(out);
	(void)fputs("</details>\n", out);
}

void ord_html_figure(const struct ord_analysis *a, const struct ord_html_figure *f, FILE *out)
{
	struct plot p = {
		.c = {.out = out, .a = a, .width = WIDTH, .x0 = 420, .x1 = 3340, .narrow = true},
		.f = f};

	if (!f->summary->n || !f->summary->points)
		return;
	p.reps = a->t->repetitions > ORD_HTML_REPS_MAX ? ORD_HTML_REPS_MAX : a->t->repetitions;
	p.row_h = p.reps > 12 ? 50 : 120;
	p.c.t1 = longest(a, f);
	p.step = tick_step(p.c.t1);
	(void)fputs("<figure><h3>", out);
	ord_xml_text(out, f->name);
	(void)fputs("</h3>\n", out);
	draw(&p);
	(void)fputs("<figcaption>", out);
	caption(f, out);
	(void)fputs("</figcaption>\n", out);
	if (f->summary->n_steps && a->t->repetitions > 1)
		table(f, out);
	(void)fputs("</figure>\n", out);
}
