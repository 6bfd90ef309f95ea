/* The repetitions in the page: the most telling one first, all of them in a table, then one by one.
 */
#include "reports/write/html.h"

#include <string.h>

#include "base/auto.h"
#include "reports/write/text.h"

#define CHARTS_MAX    6	   /* repetitions with a chart and a table of their own */
#define DETAIL_FIRST  2000 /* samples drawn one by one in the first chart */
#define DETAIL_OTHERS 400

/* How much a repetition is worth seeing first: what decided the verdict, then the longest impact.
 */
static int64_t interest(const struct ord_analysis *a, const struct ord_rep *r)
{
	int64_t v = r->bad_time.state == ORD_SPAN_NONE ? 0 : r->bad_time.value / 1000;

	v += r->bad_time.state == ORD_SPAN_CENSORED ? INT64_C(1) << 50 : 0;
	for (size_t k = 0; k < a->t->n_objectives; k++)
		v += r->goals[k].result == ORD_RESULT_MISSED	     ? INT64_C(1) << 52
		     : r->goals[k].result == ORD_RESULT_INCONCLUSIVE ? INT64_C(1) << 51
								     : 0;
	return v +
	       (r->state != ORD_REP_MEASURED && r->state != ORD_REP_ABSENT ? INT64_C(1) << 58 : 0);
}

const struct ord_rep *ord_html_most_telling(const struct ord_analysis *a)
{
	const struct ord_rep *best = &a->reps[1];

	for (uint32_t i = 2; i <= a->t->repetitions; i++)
		if (interest(a, &a->reps[i]) > interest(a, best))
			best = &a->reps[i];
	return best;
}

static bool has_samples(const struct ord_analysis *a, const struct ord_rep *r)
{
	size_t n = 0;

	for (size_t p = 0; p < a->t->n_probes; p++)
		n += ord_timeline_series(a->t, r->number, p)->n;
	return n > 0;
}

/* In the order in which repetitions are worth a chart: the most telling one, the placebo, to
 * compare it with, and the others by how much they tell. */
static bool comes_before(const struct ord_analysis *a, const struct ord_rep *r,
			 const struct ord_rep *than)
{
	const struct ord_rep *first = ord_html_most_telling(a);
	int64_t x, y;

	if (r == than || than == first)
		return false;
	if (r == first || !than->number || !r->number)
		return r == first || !r->number;
	x = interest(a, r);
	y = interest(a, than);
	return x > y || (x == y && r < than);
}

bool ord_html_is_shown(const struct ord_analysis *a, const struct ord_rep *r)
{
	unsigned before = 0;

	if (!r->begin_line || !has_samples(a, r))
		return false;
	for (uint32_t i = 0; i <= a->t->repetitions; i++)
		before += a->reps[i].begin_line && has_samples(a, &a->reps[i]) &&
			  comes_before(a, &a->reps[i], r);
	return before < CHARTS_MAX;
}

static void legend(FILE *out)
{
	static const struct {
		const char *css, *text;
		int y, h;
	} items[] = {{"o-ok", "good", 5, 4},
		     {"o-wrong", "wrong or too slow", 0, 14},
		     {"o-refused", "refused", 0, 14},
		     {"o-reset", "reset", 0, 14},
		     {"o-timeout", "timed out", 0, 14},
		     {"o-skipped", "unknown", 4, 6},
		     {"s-on", "signal notices", 0, 14}};

	(void)fputs("<div class=\"legend\">", out);
	for (size_t i = 0; i < sizeof items / sizeof *items; i++)
		(void)fprintf(
			out,
			"<span><svg width=\"20\" height=\"14\" aria-hidden=\"true\"><rect "
			"class=\"%s\" x=\"1\" y=\"%d\" width=\"18\" height=\"%d\"/></svg>%s</span>",
			items[i].css, items[i].y, items[i].h, items[i].text);
	(void)fputs("</div>", out);
}

static void figure(const struct ord_analysis *a, const struct ord_rep *r, bool first, FILE *out)
{
	bool latency = false;
	size_t detail = first ? DETAIL_FIRST : DETAIL_OTHERS;

	for (size_t p = 0; p < a->t->n_probes; p++)
		latency |= !a->t->probes[p].is_signal && !a->t->probes[p].asks_nobody;
	(void)fputs("<figure>", out);
	ord_html_chart(a, r, detail, first, out);
	(void)fprintf(
		out,
		"<figcaption>Seconds since the fault was requested. A mark is an instant, the "
		"bar through it the interval in which it happened.%s",
		latency ? " Latency from the intended start, on a log axis." : "");
	legend(out);
	(void)fputs("</figcaption></figure>\n", out);
}

static void one_repetition(const struct ord_analysis *a, const struct ord_rep *r, bool first,
			   FILE *out)
{
	if (r->why[0]) {
		(void)fputs("<p>", out);
		ord_xml_text(out, r->why);
		(void)fputs("</p>", out);
	}
	if (!has_samples(a, r))
		return;
	figure(a, r, first, out);
	ord_html_kube(a, r, out);
	(void)fputs("<h3>Timeline and evidence</h3>", out);
	ord_html_events(a, r, first, out);
	(void)fputs("<h3>Before, during and after</h3>", out);
	ord_html_parts(a, r, out);
}

void ord_html_what_happened(const struct ord_analysis *a, FILE *out)
{
	const struct ord_rep *r = ord_html_most_telling(a);

	if (a->t->repetitions > 1)
		(void)fprintf(out,
			      "<p class=\"dim\">Repetition %u of %u, the most telling one.</p>\n",
			      r->number, a->t->repetitions);
	one_repetition(a, r, true, out);
}

static void rep_row(const struct ord_analysis *a, const struct ord_rep *r, FILE *out)
{
	char text[ORD_TEXT], name[24];

	if (r->number)
		(void)snprintf(name, sizeof name, "%u", r->number);
	else
		(void)snprintf(name, sizeof name, "placebo");
	(void)fputs("<tr role=\"row\">", out);
	ord_html_cell(out, "#", "lead", name);
	ord_html_cell(out, "state", "", ord_rep_state_name(r->state));
	ord_html_cell(out, "impact at", "num",
		      r->impact.known ? ord_text_relative(r->impact.value, r->zero, text) : "none");
	for (size_t p = 0; p < a->t->n_probes; p++)
		if (a->t->probes[p].is_signal) {
			const struct ord_detection *d = &r->detections[p];
			char label[80];

			(void)snprintf(label, sizeof label, "detect(%.64s)", a->t->probes[p].name);
			ord_html_cell(out, label, "num",
				      d->kind == ORD_DETECTION_ALREADY ? "was on before"
				      : d->kind == ORD_DETECTION_TOO_LATE
					      ? "after recovery"
					      : ord_text_span(&d->from_impact, text));
		}
	ord_html_cell(out, "recover(self)", "num", ord_text_span(&r->self, text));
	ord_html_cell(out, "recover(after rollback)", "num", ord_text_span(&r->after, text));
	ord_html_cell(out, "impact lasted", "num", ord_text_span(&r->bad_time, text));
	(void)snprintf(text, sizeof text, "%zu", r->flaps);
	ord_html_cell(out, "flaps", "num", text);
	(void)fputs("</tr>\n", out);
}

static const struct ord_span *span_detect(const struct ord_rep *r, size_t probe)
{
	return &r->detections[probe].from_impact;
}

static const struct ord_span *span_full(const struct ord_rep *r, size_t which)
{
	(void)which;
	return &r->full_span;
}

static const struct ord_span *span_bad_time(const struct ord_rep *r, size_t which)
{
	(void)which;
	return &r->bad_time;
}

/* The limit of the first objective on that figure; 0: there is none. */
static int64_t limit_of(const struct ord_analysis *a, enum ord_tl_goal goal, size_t probe)
{
	for (size_t k = 0; k < a->t->n_objectives; k++) {
		const struct ord_tl_objective *o = &a->t->objectives[k];

		if (o->goal == goal && (goal != ORD_GOAL_DETECT || o->probe == probe))
			return o->within;
	}
	return 0;
}

static void figures(const struct ord_analysis *a, FILE *out)
{
	const struct ord_html_figure fixed[] = {
		{"Impact to recovered by itself", &a->self, ord_rep_self, 0,
		 limit_of(a, ORD_GOAL_SELF, 0)},
		{"Rollback to recovered", &a->after, ord_rep_after, 0,
		 limit_of(a, ORD_GOAL_AFTER, 0)},
		{"Impact to full recovery", &a->full, span_full, 0, limit_of(a, ORD_GOAL_FULL, 0)},
		{"How long users felt it", &a->bad_time, span_bad_time, 0, 0},
	};
	char name[200];

	(void)fputs("<div class=\"figures\">\n", out);
	for (size_t p = 0; p < a->t->n_probes; p++)
		if (a->t->probes[p].is_signal) {
			struct ord_html_figure f = {name, &a->detect[p], span_detect, p,
						    limit_of(a, ORD_GOAL_DETECT, p)};

			(void)snprintf(name, sizeof name, "Impact to noticed by %.150s",
				       a->t->probes[p].name);
			ord_html_figure(a, &f, out);
		}
	for (size_t i = 0; i < ORD_COUNT(fixed); i++)
		ord_html_figure(a, &fixed[i], out);
	(void)fputs(
		"</div>\n<p class=\"small dim\">A full dot is a time, its bar the interval; an "
		"open triangle is a repetition whose watch ended before. The curve is the share "
		"that was not there yet (Kaplan and Meier), with its 95 % band (log-log); a tick "
		"on it is such an end.</p>\n",
		out);
}

static void rep_heads(const struct ord_analysis *a, FILE *out)
{
	static const char *const first_heads[] = {"#", "State", "#Impact at"};
	static const char *const last_heads[] = {"#recover(self)", "#recover(after rollback)",
						 "#Impact lasted", "#Flaps"};
	char head[224];

	for (size_t i = 0; i < ORD_COUNT(first_heads); i++)
		ord_html_head(out, first_heads[i]);
	for (size_t p = 0; p < a->t->n_probes; p++)
		if (a->t->probes[p].is_signal) {
			(void)snprintf(head, sizeof head, "#detect(%.200s)", a->t->probes[p].name);
			ord_html_head(out, head);
		}
	for (size_t i = 0; i < ORD_COUNT(last_heads); i++)
		ord_html_head(out, last_heads[i]);
}

/* The other repetitions, each behind its name. */
static void others(const struct ord_analysis *a, const struct ord_rep *first, FILE *out)
{
	unsigned left_out = 0;

	for (uint32_t i = 0; i <= a->t->repetitions; i++) {
		const struct ord_rep *r = &a->reps[i];

		if (r == first || !ord_html_is_shown(a, r)) {
			left_out += r != first && r->begin_line && has_samples(a, r);
			continue;
		}
		(void)fputs("<details><summary>", out);
		if (i)
			(void)fprintf(out, "Repetition %u", i);
		else
			(void)fputs("Placebo: everything but the fault", out);
		(void)fputs("</summary>\n", out);
		one_repetition(a, r, false, out);
		(void)fputs("</details>\n", out);
	}
	if (left_out)
		(void)fprintf(
			out,
			"<p class=\"small dim\">%u more repetitions have no chart in this "
			"page. Those that have one are the placebo and the most telling "
			"ones: what was not measured or missed an objective comes first, then "
			"the longest impact.</p>\n",
			left_out);
}

void ord_html_repetitions(const struct ord_analysis *a, FILE *out)
{
	uint32_t last =
		a->t->repetitions > ORD_HTML_REPS_MAX ? ORD_HTML_REPS_MAX : a->t->repetitions;

	(void)fprintf(out, "<p class=\"dim\">n = %u%s.", a->t->repetitions,
		      a->reps[0].begin_line ? ", and the placebo" : "");
	if (last < a->t->repetitions)
		(void)fprintf(out,
			      " Tables and dots of this page are of the first %u; medians and "
			      "curves are of all %u, and report.json has all of them.",
			      last, a->t->repetitions);
	(void)fputs("</p>\n", out);
	ord_html_table_begin(out, "stack", "Every repetition with its figures");
	rep_heads(a, out);
	ord_html_table_body(out);
	for (uint32_t i = 0; i <= last; i++)
		if (i || a->reps[0].begin_line)
			rep_row(a, &a->reps[i], out);
	ord_html_table_end(out);
	(void)fputs("<p class=\"small dim\" style=\"margin-top:8px\">Value "
		    "[low, high]. “&gt;=” and an open mark: not so when the watch ended. Recovery "
		    "by itself and after the rollback are two figures and are never pooled.</p>\n",
		    out);
	if (a->t->repetitions > 1)
		figures(a, out);
	others(a, ord_html_most_telling(a), out);
}
