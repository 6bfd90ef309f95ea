/*
 * How the pods came back, as bars: each pod that was hit, from its deletion through the steps of
 * the one in its place, and the workload behind it, while it was below its strength. Then the same
 * as a table, with the evidence of each step.
 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "reports/member.h"
#include "reports/write/chart.h"
#include "reports/write/html.h"
#include "reports/write/text.h"

#define LIVES_MAX 40 /* bars of one repetition; the rest stands in report.json */
#define BAR_H	  160
#define NAMES_W	  2300 /* of the names beside the bars, on a wide page */

static const char *const heads[] = {"deleted", "created", "scheduled", "image pulled",
				    "started", "ready",	  "endpoint",  "answer"};

/* From the first deletion to the last step of all, so that bars can be compared. */
static void set_window(struct chart *c)
{
	const struct ord_rep *r = c->r;

	c->t0 = INT64_MAX;
	c->t1 = INT64_MIN;
	for (size_t i = 0; i < r->n_lives; i++) {
		const struct ord_life *l = &r->lives[i];

		for (unsigned s = 0; s < ORD_LIFE_STEPS; s++) {
			if (l->at[s].known && l->at[s].value < c->t0)
				c->t0 = l->at[s].value;
			if (l->at[s].known && l->at[s].value > c->t1)
				c->t1 = l->at[s].value;
		}
		if (l->missing != ORD_LIFE_STEPS && r->end > c->t1)
			c->t1 = r->end;
	}
	for (size_t i = 0; i < r->n_dips; i++) {
		const struct ord_dip *d = &r->dips[i];
		int64_t end = d->again.known ? d->again.value : r->end;

		if (d->hit && d->below.value < c->t0)
			c->t0 = d->below.value;
		if (d->hit && end > c->t1)
			c->t1 = end;
	}
	if (c->t1 <= c->t0)
		c->t1 = c->t0 + (int64_t)ORD_MS;
	/* Room for the error bars of the first and last steps, without letting them rule. */
	c->t0 -= (c->t1 - c->t0) / 40;
}

/* A rectangle that says what it is when it is pointed at. */
static void piece(const struct chart *c, const char *css, int64_t from, int64_t to,
		  const char *title)
{
	int64_t x = ord_chart_x(c, from), w = ord_chart_x(c, to) - x;

	(void)fprintf(c->out, "<rect class=\"%s\" x=\"", css);
	ord_chart_px(c->out, x);
	(void)fputs("\" y=\"", c->out);
	ord_chart_px(c->out, c->y);
	(void)fputs("\" width=\"", c->out);
	ord_chart_px(c->out, w > 15 ? w : 15);
	(void)fputs("\" height=\"", c->out);
	ord_chart_px(c->out, BAR_H);
	(void)fputs("\"><title>", c->out);
	ord_xml_text(c->out, title);
	(void)fputs("</title></rect>", c->out);
}

/* The interval in which a step happened, below its end of the bar; a row each, so that none hides
 * another. */
static void whisker(const struct chart *c, const struct ord_instant *in, unsigned s)
{
	int64_t lo = ord_chart_x(c, in->lo), hi = ord_chart_x(c, in->hi),
		y = c->y + BAR_H + 35 + (int64_t)s * 28;
	char css[16];

	if (hi - lo < 20)
		return;
	(void)snprintf(css, sizeof css, "e e%u", s);
	ord_chart_line(c, css, lo, y, hi, y);
}

/* Beside the bars on a wide page, above them on a narrow one. */
static void names(struct chart *c, const char *name, const char *below, const char *right)
{
	size_t room = c->narrow ? 44 : 30;
	char text[64];

	(void)snprintf(text, sizeof text, "%.*s%s", (int)room, name,
		       strlen(name) > room ? "…" : "");
	ord_text_clean(text);
	ord_chart_text(c, "lane", c->narrow ? c->x0 : 0, c->y + (c->narrow ? 120 : 90), text);
	(void)snprintf(text, sizeof text, "%.*s%s", (int)room + 3, below,
		       strlen(below) > room + 3 ? "…" : "");
	ord_text_clean(text);
	ord_chart_text(c, "tick", c->narrow ? c->x0 : 0, c->y + (c->narrow ? 260 : 230), text);
	ord_chart_text(c, "tick end", c->width * 10 - (c->narrow ? 20 : 0),
		       c->y + (c->narrow ? 120 : 115), right);
	c->y += c->narrow ? 320 : 0;
}

static void open_piece(const struct chart *c, const struct ord_life *l, int64_t from)
{
	char text[160];
	int64_t x = ord_chart_x(c, from), w = ord_chart_x(c, c->t1) - x;

	(void)snprintf(text, sizeof text, "not reached: %s%s%.60s", ord_life_name(l->missing),
		       *l->why.reason ? ": " : "", l->why.reason);
	piece(c, "k-open", from, c->t1, text);
	if (w > (int64_t)strlen(text) * 58 + 120)
		ord_chart_text(c, "ktext", x + 60, c->y + 115, text);
}

static void life_row(struct chart *c, const struct ord_life *l)
{
	const struct ord_instant *at = NULL;
	char text[ORD_TEXT], took[ORD_TEXT], when[ORD_TEXT], below[300], title[300];

	(void)snprintf(below, sizeof below, "→ %.250s",
		       *l->replacement ? l->replacement : "nobody came");
	names(c, l->victim, below,
	      l->missing == ORD_LIFE_STEPS ? ord_text_duration(l->ready.value, text) : "not ready");
	for (unsigned s = 0; s < ORD_LIFE_STEPS; s++) {
		const struct ord_instant *in = &l->at[s];
		char css[16];

		if (!in->known)
			continue;
		if (at) {
			struct ord_span span = ord_span_between(at, in);

			(void)snprintf(css, sizeof css, "k k%u", s);
			(void)snprintf(title, sizeof title, "%s %s, after %s",
				       ord_life_name((enum ord_life_step)s),
				       ord_text_relative(in->value, c->r->zero, when),
				       ord_text_duration(span.value, took));
			piece(c, css, at->value, in->value, title);
		}
		whisker(c, in, s);
		at = in;
	}
	if (l->missing != ORD_LIFE_STEPS && at)
		open_piece(c, l, at->value);
	(void)fputc('\n', c->out);
	c->y += BAR_H + 35 + ORD_LIFE_STEPS * 28 + (c->narrow ? 160 : 120);
}

static void dip_row(struct chart *c, const struct ord_dip *d)
{
	char name[400], below[96], right[ORD_TEXT], text[ORD_TEXT];

	(void)snprintf(name, sizeof name, "%.60s/%.250s", d->kind, d->name);
	(void)snprintf(below, sizeof below, "%" PRId64 " of %" PRId64 " available at least",
		       d->least, d->wanted);
	(void)snprintf(right, sizeof right, "%s%s", d->down.state == ORD_SPAN_CENSORED ? ">= " : "",
		       ord_text_duration(d->down.value, text));
	names(c, name, below, right);
	piece(c, d->again.known ? "k-dip" : "k-dip open", d->below.value,
	      d->again.known ? d->again.value : c->t1, "below its strength");
	whisker(c, &d->below, 0);
	if (d->again.known)
		whisker(c, &d->again, 1);
	(void)fputc('\n', c->out);
	c->y += BAR_H + 160;
}

static void draw(struct chart *c)
{
	FILE *out = c->out;
	size_t n = c->r->n_lives < LIVES_MAX ? c->r->n_lives : LIVES_MAX, size = 0;
	char *body = NULL;

	set_window(c);
	c->y = 40;
	c->out = open_memstream(&body, &size);
	if (!c->out) {
		c->out = out;
		return;
	}
	for (size_t i = 0; i < n; i++)
		life_row(c, &c->r->lives[i]);
	for (size_t i = 0; i < c->r->n_dips; i++)
		if (c->r->dips[i].hit)
			dip_row(c, &c->r->dips[i]);
	ord_chart_axis(c);
	(void)fclose(c->out);
	c->out = out;
	(void)fprintf(
		out,
		"<svg class=\"chart %s life\" role=\"img\" viewBox=\"0 0 %d %" PRId64
		"\"><title>Recovery of the pods that were hit: a bar each, from the deletion "
		"to the first good answer</title><desc>The steps and their times stand in the "
		"tables below.</desc>\n",
		c->narrow ? "slim" : "broad", c->width, c->y / 10 + 1);
	(void)fwrite(body ? body : "", 1, size, out);
	(void)fputs("</svg>\n", out);
	free(body);
}

static void legend(FILE *out)
{
	(void)fputs("<div class=\"legend\">", out);
	for (unsigned s = 1; s < ORD_LIFE_STEPS; s++)
		(void)fprintf(out,
			      "<span><svg width=\"20\" height=\"14\" aria-hidden=\"true\"><rect "
			      "class=\"k k%u\" x=\"1\" y=\"0\" width=\"18\" height=\"14\"/></svg>"
			      "%s%s</span>",
			      s, s == ORD_LIFE_CREATED ? "deleted to " : "",
			      ord_life_name((enum ord_life_step)s));
	(void)fputs("<span><svg width=\"20\" height=\"14\" aria-hidden=\"true\"><rect "
		    "class=\"k-dip\" x=\"1\" y=\"0\" width=\"18\" height=\"14\"/></svg>"
		    "workload below its strength</span></div>",
		    out);
}

static void bars(const struct ord_analysis *a, const struct ord_rep *r, FILE *out)
{
	struct chart broad = {.out = out, .a = a, .r = r, .width = 1040, .x0 = NAMES_W, .x1 = 9500};
	struct chart slim = {
		.out = out, .a = a, .r = r, .width = 358, .x0 = 20, .x1 = 3560, .narrow = true};

	(void)fputs("<figure>", out);
	draw(&broad);
	draw(&slim);
	(void)fputs(
		"<figcaption>Each piece ends with the step that its colour names; seconds since "
		"the fault was requested. The lines below are the intervals in which the steps "
		"happened. On the right: from deleted to ready, and how long the workload was "
		"below its strength.",
		out);
	legend(out);
	(void)fputs("</figcaption></figure>\n", out);
}

/* ---- the table */

/* "arrived +0.104 s; stamp 11:00:41Z of the API server, whose clock is -0.3 to +0.2 s off" */
static void evidence(const struct ord_rep *r, const struct ord_life *l, unsigned s, FILE *out)
{
	const json_t *j = l->by[s] ? l->by[s]->json : NULL,
		     *offset = json_object_get(j, "offset_ns");
	const char *stamp = ord_member_text(j, "stamp", ""), *day = strchr(stamp, 'T');
	bool server = !strcmp(ord_member_text(j, "clock", ""), "server");
	char lo[ORD_TEXT], hi[ORD_TEXT];

	if (!j) {
		(void)fputs(s == ORD_LIFE_DELETED ? "the injector's call" : "the probe", out);
		return;
	}
	(void)fprintf(out, "arrived %s",
		      ord_text_relative(ord_member_int(j, "at_t", l->by[s]->t), r->zero, lo));
	if (!*stamp)
		return;
	(void)fputs("; stamp ", out);
	ord_xml_text(out, day ? day + 1 : stamp);
	(void)fputs(server ? " by the API server" : " by its writer", out);
	if (l->odd & 1u << s)
		(void)fputs(", which cannot be and is left out", out);
	else if (json_array_size(offset) == 2)
		(void)fprintf(
			out, ", clock %s to %s",
			ord_text_relative(json_integer_value(json_array_get(offset, 0)), 0, lo),
			ord_text_relative(json_integer_value(json_array_get(offset, 1)), 0, hi));
}

static void step_row(const struct ord_rep *r, const struct ord_life *l, unsigned s,
		     const struct ord_instant *before, FILE *out)
{
	const struct ord_instant *in = &l->at[s];
	struct ord_span took = {.state = ORD_SPAN_NONE};
	char a[ORD_TEXT], b[ORD_TEXT], between[2 * ORD_TEXT + 8], lines[96];
	int n;

	if (before)
		took = ord_span_between(before, in);
	(void)fputs("<tr role=\"row\">", out);
	ord_html_cell(out, "step", "lead", heads[s]);
	ord_html_cell(out, "at", "num", ord_text_relative(in->value, r->zero, a));
	ord_html_cell(out, "took", took.state == ORD_SPAN_NONE ? "num empty" : "num",
		      took.state == ORD_SPAN_NONE ? "" : ord_text_span(&took, a));
	(void)snprintf(between, sizeof between, "%s to %s", ord_text_relative(in->lo, r->zero, a),
		       ord_text_relative(in->hi, r->zero, b));
	ord_html_cell(out, "between", "num", between);
	(void)fputs("<td role=\"cell\" class=\"dim small\" data-l=\"evidence\"><span>", out);
	evidence(r, l, s, out);
	n = snprintf(lines, sizeof lines, "line %u", in->line);
	if (in->line_before)
		n += snprintf(lines + n, sizeof lines - (size_t)n, ", after %u", in->line_before);
	if (in->line_after)
		(void)snprintf(lines + n, sizeof lines - (size_t)n, ", before %u", in->line_after);
	(void)fputs("</span></td>", out);
	ord_html_cell(out, "run.jsonl", "dim num", lines);
	(void)fputs("</tr>\n", out);
}

/* A step that was not seen: not reached, with the reason, or passed by without a word. */
static void missing_row(const struct ord_rep *r, const struct ord_life *l, unsigned s, FILE *out)
{
	bool reached = l->missing == ORD_LIFE_STEPS || s < l->missing;
	bool first = s == l->missing && l->why.line;
	char at[ORD_TEXT], line[32] = "";

	if (s == ORD_LIFE_ANSWER && reached)
		return;
	(void)fputs("<tr role=\"row\">", out);
	ord_html_cell(out, "step", "lead", heads[s]);
	ord_html_cell(out, "at", "num dim", reached ? "not seen" : "not reached");
	ord_html_cell(out, "took", "empty", "");
	ord_html_cell(out, "between", "empty", "");
	(void)fprintf(out, "<td role=\"cell\" class=\"small%s\" data-l=\"%s\"><span>",
		      first ? "" : " empty", first ? "reason" : "");
	if (first) {
		(void)fprintf(out, "%s, ", ord_text_relative(l->why.at, r->zero, at));
		ord_xml_text(out, l->why.reason);
		(void)fputs(*l->why.message ? ": " : "", out);
		ord_xml_text_n(out, l->why.message, 400);
		(void)snprintf(line, sizeof line, "line %u", l->why.line);
	}
	(void)fputs("</span></td>", out);
	ord_html_cell(out, "run.jsonl", *line ? "dim num" : "empty", line);
	(void)fputs("</tr>\n", out);
}

static void one_table(const struct ord_rep *r, const struct ord_life *l, FILE *out)
{
	static const char *const columns[] = {"Step",	  "#At",	"#Took", "#Between",
					      "Evidence", "#run.jsonl", NULL};
	const struct ord_instant *before = NULL;

	(void)fputs("<p><b>", out);
	ord_xml_text(out, l->victim);
	(void)fputs("</b> → ", out);
	ord_xml_text(out, *l->replacement ? l->replacement : "nobody came");
	if (*l->workload)
		(void)fputs("<span class=\"dim\"> · ", out);
	ord_xml_text(out, l->workload);
	(void)fputs(*l->workload ? " in " : "<span class=\"dim\"> · ", out);
	ord_xml_text(out, l->ns);
	(void)fputs("</span></p>", out);
	ord_html_table(out, "stack", "Steps", columns);
	for (unsigned s = 0; s < ORD_LIFE_STEPS; s++) {
		if (!l->at[s].known) {
			missing_row(r, l, s, out);
			continue;
		}
		step_row(r, l, s, before, out);
		before = &l->at[s];
	}
	ord_html_table_end(out);
}

void ord_html_lives(const struct ord_analysis *a, const struct ord_rep *r, FILE *out)
{
	size_t hit = 0;

	for (size_t i = 0; i < r->n_dips; i++)
		hit += r->dips[i].hit;
	if (!r->n_lives && !hit)
		return;
	(void)fputs(r->n_lives ? "<h3>How the pods came back</h3>\n"
			       : "<h3>How the workloads came back</h3>\n",
		    out);
	bars(a, r, out);
	if (!r->n_lives)
		return;
	(void)fputs("<details><summary>The steps with their evidence</summary>\n", out);
	for (size_t i = 0; i < r->n_lives && i < LIVES_MAX; i++)
		one_table(r, &r->lives[i], out);
	(void)fputs("</details>\n", out);
	if (r->n_lives > LIVES_MAX)
		(void)fprintf(out, "<p class=\"small dim\">%zu more stand in report.json.</p>\n",
			      r->n_lives - LIVES_MAX);
}
