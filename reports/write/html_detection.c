/* How alerts came about: where the time went between the impact and who was told, which rules there
 * are, and what fired besides. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "reports/write/chart.h"
#include "reports/write/html.h"
#include "reports/write/text.h"

#define BAR_H 200

/* When the leg ended, on the run's clock; -1: that was not told. */
static int64_t end_of(const struct ord_breakdown *b, enum ord_leg leg)
{
	const struct ord_instant *received = &b->at[ORD_STAGE_RECEIVED];

	if (leg == ORD_LEG_GROUP_WAIT)
		return received->known && b->leg[leg].state == ORD_SPAN_KNOWN
			       ? received->value + b->leg[leg].value
			       : -1;
	if (leg == ORD_LEG_NOTIFY)
		return b->at[ORD_STAGE_NOTIFIED].known ? b->at[ORD_STAGE_NOTIFIED].value : -1;
	return b->at[leg].known ? b->at[leg].value : -1;
}

static int64_t begin_of(const struct ord_rep *r, const struct ord_breakdown *b)
{
	return b->from_impact ? r->impact.value : r->requested.value;
}

static int64_t longest(const struct ord_analysis *a, size_t alert)
{
	int64_t most = 0;

	for (uint32_t i = 1; i <= a->t->repetitions; i++) {
		const struct ord_breakdown *b = &a->reps[i].breakdowns[alert];

		for (unsigned k = 0; b->any && k < ORD_LEGS; k++) {
			int64_t took = end_of(b, (enum ord_leg)k) - begin_of(&a->reps[i], b);

			most = took > most ? took : most;
		}
	}
	return most ? most : 1;
}

static void piece(const struct chart *c, const char *css, int64_t from, int64_t to,
		  const char *name)
{
	int64_t x = ord_chart_x(c, from), w = ord_chart_x(c, to) - x;

	if (to <= from)
		return;
	ord_chart_rect(c, css, x, c->y, w, BAR_H);
	if (w > (int64_t)strlen(name) * 60 + 60)
		ord_chart_text(c, "btext", x + 40, c->y + 140, name);
}

static void bar(struct chart *c, const struct ord_breakdown *b)
{
	int64_t zero = begin_of(c->r, b), at = 0;
	bool gap = false;
	char name[48], css[16];

	(void)snprintf(name, sizeof name, c->narrow ? "repetition %u" : "%u", c->r->number);
	if (c->narrow)
		c->y += 130;
	ord_chart_text(c, c->narrow ? "tick" : "tick end", c->narrow ? c->x0 : c->x0 - 60,
		       c->narrow ? c->y - 30 : c->y + 140, name);
	for (unsigned k = 0; k < ORD_LEGS; k++) {
		int64_t end = end_of(b, (enum ord_leg)k) - zero;

		if (end_of(b, (enum ord_leg)k) < 0) {
			gap = true;
			continue;
		}
		(void)snprintf(css, sizeof css, "k k%u", k + 1);
		piece(c, gap ? "k-open" : css, at, end,
		      gap ? "stages not told" : ord_leg_name((enum ord_leg)k));
		at = end > at ? end : at;
		gap = false;
	}
	if (!b->any)
		ord_chart_text(c, "tick", c->x0 + 40, c->y + 140, "nothing was told");
	(void)fputc('\n', c->out);
	c->y += BAR_H + 60;
}

static void axis(struct chart *c)
{
	int64_t step = 1, k = 0;
	char text[ORD_TEXT];

	for (; step * (c->narrow ? 4 : 10) < c->t1; k++)
		step = k % 3 == 1 ? step / 2 * 5 : step * 2;
	ord_chart_line(c, "axis", c->x0, c->y, c->x1, c->y);
	for (int64_t t = 0; t <= c->t1; t += step) {
		int64_t x = ord_chart_x(c, t);

		ord_chart_line(c, "axis", x, c->y, x, c->y + 40);
		ord_chart_text(c,
			       x > c->x1 - 200 ? "tick end"
			       : t	       ? "tick mid"
					       : "tick",
			       x > c->x1 - 200 ? c->x1 : x, c->y + 160, ord_text_duration(t, text));
	}
	c->y += 220;
}

static void draw(struct chart *c, size_t alert)
{
	FILE *out = c->out;
	char *body = NULL, text[ORD_TEXT];
	size_t size = 0;
	uint32_t reps =
		c->a->t->repetitions > ORD_HTML_REPS_MAX ? ORD_HTML_REPS_MAX : c->a->t->repetitions;

	c->out = open_memstream(&body, &size);
	if (!c->out) {
		c->out = out;
		return;
	}
	c->t1 = longest(c->a, alert);
	c->y = 40;
	for (uint32_t i = 1; i <= reps; i++) {
		c->r = &c->a->reps[i];
		bar(c, &c->r->breakdowns[alert]);
	}
	axis(c);
	(void)fclose(c->out);
	c->out = out;
	(void)fprintf(out,
		      "<svg class=\"chart %s breakdown\" role=\"img\" viewBox=\"0 0 %d "
		      "%lld\"><title>Where "
		      "the time to detect went: ",
		      c->narrow ? "slim" : "broad", c->width, (long long)(c->y / 10 + 1));
	ord_xml_text(out, c->a->alerts[alert]);
	(void)fprintf(out,
		      ", a bar each repetition</title><desc>The longest took %s; the same figures "
		      "stand in "
		      "the table below.</desc>\n",
		      ord_text_duration(c->t1, text));
	(void)fwrite(body ? body : "", 1, size, out);
	(void)fputs("</svg>\n", out);
	free(body);
}

static void legend(FILE *out)
{
	(void)fputs("<div class=\"legend\">", out);
	for (unsigned k = 0; k < ORD_LEGS; k++)
		(void)fprintf(out,
			      "<span><svg width=\"20\" height=\"14\" aria-hidden=\"true\"><rect "
			      "class=\"k "
			      "k%u\" x=\"1\" y=\"0\" width=\"18\" height=\"14\"/></svg>%s</span>",
			      k + 1, ord_leg_name((enum ord_leg)k));
	(void)fputs(
		"<span><svg width=\"20\" height=\"14\" aria-hidden=\"true\"><rect class=\"k-open\" "
		"x=\"1\" y=\"1\" width=\"18\" height=\"12\"/></svg>not told</span></div>",
		out);
}

static void leg_rows(const struct ord_analysis *a, size_t alert, FILE *out)
{
	char text[2 * ORD_TEXT];

	for (uint32_t i = 1; i <= a->t->repetitions && i <= ORD_HTML_REPS_MAX; i++) {
		const struct ord_rep *r = &a->reps[i];
		const struct ord_breakdown *b = &r->breakdowns[alert];

		(void)snprintf(text, sizeof text, "%u%s", i,
			       b->from_impact ? "" : " (from the request)");
		(void)fputs("<tr role=\"row\">", out);
		ord_html_cell(out, "#", "lead", text);
		for (unsigned k = 0; k < ORD_LEGS; k++)
			ord_html_cell(out, ord_leg_name((enum ord_leg)k), "num",
				      ord_text_span(&b->leg[k], text));
		if (b->suppressed.known)
			(void)snprintf(text, sizeof text, "suppressed by %.80s",
				       b->suppressed_by && *b->suppressed_by ? b->suppressed_by
									     : "somebody");
		else
			(void)snprintf(text, sizeof text, "%s",
				       b->reached < ORD_STAGES ? ord_stage_name(b->reached)
							       : "nothing");
		ord_html_cell(out, "reached", "", text);
		(void)fputs("</tr>\n", out);
	}
}

/* What the configuration makes of it, and how well the clocks are known. */
static void remarks(const struct ord_analysis *a, size_t alert, FILE *out)
{
	const struct ord_breakdown *b = &a->reps[1].breakdowns[alert];
	const struct {
		const struct ord_clock *clock;
		const char *name;
	} clocks[] = {{&b->prometheus, "Prometheus"}, {&b->alertmanager, "Alertmanager"}};
	char x[ORD_TEXT], y[ORD_TEXT];

	(void)fputs("<p class=\"small dim\">", out);
	if (b->mean_ns >= 0 && b->worst_ns >= 0)
		(void)fprintf(out, "This configuration lets expect %s on average and %s at worst. ",
			      ord_text_duration(b->mean_ns, x), ord_text_duration(b->worst_ns, y));
	if (b->for_ns >= 0 && b->for_rounded_ns >= 0)
		(void)fprintf(out, "<code>for</code> of %s is %s on the grid of evaluations. ",
			      ord_text_duration(b->for_ns, x),
			      ord_text_duration(b->for_rounded_ns, y));
	for (size_t i = 0; i < ORD_COUNT(clocks); i++)
		if (clocks[i].clock->known)
			(void)fprintf(out, "%s's clock is between %s and %s off the run's. ",
				      clocks[i].name, ord_text_relative(clocks[i].clock->lo, 0, x),
				      ord_text_relative(clocks[i].clock->hi, 0, y));
	(void)fputs("</p>\n", out);
}

static void one_alert(const struct ord_analysis *a, size_t alert, FILE *out)
{
	static const char *const heads[] = {"#",       "#Scrape",  "#Evaluate",
					    "#For",    "#Deliver", "#Group wait",
					    "#Notify", "Reached",  NULL};
	struct chart broad = {.out = out, .a = a, .width = 1040, .x0 = 400, .x1 = 10320};
	struct chart slim = {
		.out = out, .a = a, .width = 358, .x0 = 20, .x1 = 3560, .narrow = true};
	char caption[200];

	(void)fputs("<h3>", out);
	ord_xml_text(out, a->alerts[alert]);
	(void)fputs("</h3><figure>", out);
	draw(&broad, alert);
	draw(&slim, alert);
	(void)fputs("<figcaption>A bar each repetition, from the impact on.", out);
	legend(out);
	(void)fputs("</figcaption></figure>\n", out);
	(void)snprintf(caption, sizeof caption, "Stages of %.150s", a->alerts[alert]);
	ord_html_table(out, "stack", caption, heads);
	leg_rows(a, alert, out);
	ord_html_table_end(out);
	remarks(a, alert, out);
}

/* ---- the rules as they were read before the fault */

static void interval(FILE *out, const char *label, int64_t ns)
{
	char text[ORD_TEXT];

	ord_html_cell(out, label, ns < 0 ? "num dim" : "num",
		      ns < 0 ? "–" : ord_text_duration(ns, text));
}

static void rules(const struct ord_analysis *a, FILE *out)
{
	static const char *const heads[] = {"Alert",
					    "Can it fire?",
					    "Before the fault",
					    "#For",
					    "#Evaluated every",
					    "#Scraped every",
					    "#Fires for sure from",
					    NULL};

	(void)fputs("<h3>The rules, read before the fault</h3>\n", out);
	ord_html_table(out, "stack", "Alerting rules", heads);
	for (size_t i = 0; i < a->n_rules; i++) {
		const struct ord_rule *r = &a->rules[i];
		bool no = !strcmp(r->can_fire, "no");
		(void)fputs("<tr role=\"row\">", out);
		ord_html_lead(out);
		ord_xml_text(out, r->alert);
		(void)fprintf(out, "<p class=\"dim small\">group ");
		ord_xml_text(out, r->group);
		(void)fprintf(out, "%s</p></th><td role=\"cell\" data-l=\"can it fire?\">",
			      r->watched ? ", named by an objective" : "");
		(void)fprintf(out, "<span class=\"tag %s\">", no ? "t-bad" : "");
		ord_xml_text(out, no ? "cannot: the fault is too short" : r->can_fire);
		(void)fprintf(out,
			      "</span></td><td role=\"cell\" data-l=\"before the fault\"><span "
			      "class=\"tag %s\">",
			      r->already ? "t-mid" : "");
		ord_xml_text(out, r->already ? "already fires" : r->state);
		(void)fputs("</span></td>", out);
		interval(out, "for", r->for_ns);
		interval(out, "evaluated every", r->interval_ns);
		interval(out, "scraped every", r->scrape_ns);
		interval(out, "fires for sure from", r->needs_ns);
		(void)fputs("</tr>\n", out);
	}
	ord_html_table_end(out);
}

static void others(const struct ord_analysis *a, FILE *out)
{
	static const char *const heads[] = {"Alert", "#Repetition", "Came to",
					    "#At",   "#run.jsonl",  NULL};
	size_t n = 0;
	char text[ORD_TEXT];

	for (uint32_t i = 1; i <= a->t->repetitions; i++)
		for (size_t k = 0; k < a->reps[i].n_others && n < ORD_HTML_REPS_MAX; k++) {
			const struct ord_other_alert *o = &a->reps[i].others[k];

			if (!n++) {
				(void)fputs("<h3>Other alerts after the fault</h3>\n", out);
				ord_html_table(out, "stack", "Alerts that no objective names",
					       heads);
			}
			(void)fputs("<tr role=\"row\">", out);
			ord_html_cell(out, "alert", "lead", o->alert);
			(void)snprintf(text, sizeof text, "%u", i);
			ord_html_cell(out, "repetition", "num", text);
			ord_html_cell(out, "came to", "", ord_stage_name(o->stage));
			ord_html_cell(out, "at", "num",
				      ord_text_relative(o->at.value, a->reps[i].zero, text));
			(void)snprintf(text, sizeof text, "line %u", o->at.line);
			ord_html_cell(out, "run.jsonl", "num dim", text);
			(void)fputs("</tr>\n", out);
		}
	if (n) {
		ord_html_table_end(out);
		(void)fputs("<p class=\"small dim\">Whether the fault has to do with them is not "
			    "known.</p>\n",
			    out);
	}
}

bool ord_html_has_detection(const struct ord_analysis *a)
{
	size_t n = a->n_alerts + a->n_rules;

	for (uint32_t i = 1; i <= a->t->repetitions; i++)
		n += a->reps[i].n_others;
	return n > 0;
}

void ord_html_detection(const struct ord_analysis *a, FILE *out)
{
	for (size_t i = 0; i < a->n_alerts; i++)
		one_alert(a, i, out);
	if (a->n_rules)
		rules(a, out);
	others(a, out);
}
