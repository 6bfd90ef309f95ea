/*
 * report.html: one file, no script, nothing fetched. From the top: what is the verdict, by how
 * much, what happened when, on what evidence, by which method, and how to run it again.
 */
#include "reports/write/html.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "reports/member.h"
#include "reports/write/text.h"
#include "reports/write/write.h"

#define CHARTS_MAX     12   /* repetitions with a chart and a table of their own */
#define DETAIL_FIRST   2000 /* samples drawn one by one in the first chart */
#define DETAIL_OTHERS  600
#define REP_ROWS_MAX   500
#define EMBED_MAX_REPS 50

static const char *css_of(enum ord_result r)
{
	switch (r) {
	case ORD_RESULT_MET:
		return "t-good";
	case ORD_RESULT_MISSED:
		return "t-bad";
	case ORD_RESULT_INCONCLUSIVE:
	case ORD_RESULT_NOT_MEASURED:
		return "t-mid";
	case ORD_RESULT_NOT_APPLICABLE:
		break;
	}
	return "";
}

void ord_html_cell(FILE *out, const char *label, const char *css, const char *text)
{
	(void)fprintf(out, "<td role=\"cell\" class=\"%s\" data-l=\"", css);
	ord_xml_text(out, label);
	(void)fputs("\">", out);
	ord_xml_text(out, text);
	(void)fputs("</td>", out);
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

/* ---- the first screen */

static const char *verdict_css(int code)
{
	return code == 0 ? "v-good" : code == 1 || code == 6 ? "v-bad" : "v-mid";
}

/* A tick, a cross, a question mark: the shape tells as much as the colour. */
static const char *verdict_icon(int code)
{
	if (code == 0)
		return "<svg width=\"30\" height=\"30\" viewBox=\"0 0 30 30\" "
		       "aria-hidden=\"true\"><circle cx=\"15\" cy=\"15\" r=\"14\" "
		       "fill=\"var(--good)\"/><path d=\"M8.5 15.5l4.5 4.5 8.5-9.5\" fill=\"none\" "
		       "stroke=\"var(--card)\" stroke-width=\"3\"/></svg>";
	if (code == 1 || code == 6)
		return "<svg width=\"30\" height=\"30\" viewBox=\"0 0 30 30\" "
		       "aria-hidden=\"true\"><rect x=\"1\" y=\"1\" width=\"28\" height=\"28\" "
		       "rx=\"6\" fill=\"var(--bad)\"/><path d=\"M9.5 9.5l11 11m0-11l-11 11\" "
		       "fill=\"none\" stroke=\"var(--card)\" stroke-width=\"3\"/></svg>";
	return "<svg width=\"30\" height=\"30\" viewBox=\"0 0 30 30\" aria-hidden=\"true\"><path "
	       "d=\"M15 1l14 14-14 14L1 15z\" fill=\"var(--mid)\"/><path d=\"M11.5 12.5a3.5 3.5 0 "
	       "1 1 3.5 4v2m0 2v2.4\" fill=\"none\" stroke=\"var(--card)\" "
	       "stroke-width=\"2.4\"/></svg>";
}

static void banner(const struct ord_analysis *a, FILE *out)
{
	const struct ord_timeline *t = a->t;
	const char *hypothesis = ord_member_text(t->plan, "hypothesis", ""),
		   *colon = strstr(a->verdict, ": ");
	size_t head = colon ? (size_t)(colon - a->verdict) : strlen(a->verdict);
	char when[32];

	ord_format_utc((uint64_t)t->wall_ns, when);
	(void)fprintf(
		out,
		"<header><p class=\"kick\">ordeal · <time datetime=\"%s\">%.10s %.8s UTC</time> · ",
		when, when, when + 11);
	ord_xml_text(out, ord_member_text(json_object_get(t->run, "host"), "name", "unknown host"));
	(void)fputs("</p><h1>", out);
	ord_xml_text(out, t->name);
	(void)fputs("</h1>", out);
	if (*hypothesis) {
		(void)fputs("<p class=\"hyp\">", out);
		ord_xml_text(out, hypothesis);
		(void)fputs("</p>", out);
	}
	(void)fprintf(out, "\n<div class=\"verdict %s\">%s<div><b>%c%.*s</b><span>",
		      verdict_css(a->exit), verdict_icon(a->exit),
		      a->verdict[0] >= 'a' && a->verdict[0] <= 'z' ? a->verdict[0] - 32
								   : a->verdict[0],
		      (int)(head ? head - 1 : 0), head ? a->verdict + 1 : "");
	ord_xml_text(out, colon ? colon + 2 : "");
	(void)fprintf(
		out, " <span class=\"dim small\">exit code %d</span></span></div></div></header>\n",
		a->exit);
}

static void tile(FILE *out, const char *name, const char *big, const char *sub)
{
	(void)fputs("<div><dt>", out);
	ord_xml_text(out, name);
	(void)fputs("</dt><dd><div class=\"big\">", out);
	ord_xml_text(out, big);
	(void)fputs("</div><div class=\"sub\">", out);
	ord_xml_text(out, sub);
	(void)fputs("</div></dd></div>\n", out);
}

/* "2.90 s" and "2.80 to 3.00 s"; over several repetitions the median, and the worst below it. */
static void tile_figure(const struct ord_analysis *a, const char *name, const struct ord_summary *s,
			const struct ord_span *only, const char *none, FILE *out)
{
	char big[ORD_TEXT], sub[2 * ORD_TEXT + 32], x[ORD_TEXT], y[ORD_TEXT];

	if (!s->n) {
		tile(out, name, "–", none);
		return;
	}
	if (a->t->repetitions == 1) {
		if (only->state == ORD_SPAN_CENSORED) {
			(void)snprintf(big, sizeof big, "never");
			(void)snprintf(sub, sizeof sub, "watched for %s",
				       ord_text_duration(only->value, x));
		} else {
			ord_text_duration(only->value, big);
			(void)snprintf(sub, sizeof sub, "between %s and %s",
				       ord_text_duration(only->lo, x),
				       ord_text_duration(only->hi, y));
		}
		tile(out, name, big, sub);
		return;
	}
	(void)snprintf(big, sizeof big, "%s",
		       s->has_median ? ord_text_duration(s->median, x) : "not reached");
	if (s->never == s->n) {
		(void)snprintf(big, sizeof big, "never");
		(void)snprintf(sub, sizeof sub, "in none of %zu repetitions", s->n);
	} else if (s->never)
		(void)snprintf(sub, sizeof sub, "median; %zu of %zu never", s->never, s->n);
	else
		(void)snprintf(sub, sizeof sub, "median; worst of %zu: %s", s->n,
			       ord_text_duration(s->worst, y));
	tile(out, name, big, sub);
}

/* Why no repetition has a time to detect. */
static const char *unnoticed(const struct ord_analysis *a, size_t probe)
{
	for (uint32_t i = 1; i <= a->t->repetitions; i++) {
		if (a->reps[i].detections[probe].kind == ORD_DETECTION_ALREADY)
			return "it was on before the fault";
		if (a->reps[i].detections[probe].kind == ORD_DETECTION_TOO_LATE)
			return "only after the recovery";
	}
	return a->with_impact ? "not noticed" : "no impact to notice";
}

static void tile_pods(const struct ord_analysis *a, FILE *out)
{
	const struct ord_summary *s = &a->pods;
	char big[ORD_TEXT], sub[2 * ORD_TEXT + 32], text[ORD_TEXT];

	if (!s->n)
		return;
	(void)snprintf(big, sizeof big, "%s",
		       s->has_median ? ord_text_duration(s->median, text) : "not reached");
	if (s->never)
		(void)snprintf(sub, sizeof sub, "median; %zu of %zu never", s->never, s->n);
	else
		(void)snprintf(sub, sizeof sub, "median; worst of %zu: %s", s->n,
			       ord_text_duration(s->worst, text));
	tile(out, "A pod in its place ready in", big, sub);
}

static void tiles(const struct ord_analysis *a, FILE *out)
{
	const struct ord_rep *r = &a->reps[1];
	size_t good = 0, bad = 0;
	char big[ORD_TEXT], sub[160];

	(void)fputs("<dl class=\"tiles\">\n", out);
	for (size_t p = 0; p < a->t->n_probes; p++) {
		(void)snprintf(sub, sizeof sub, "Noticed by %.64s in", a->t->probes[p].name);
		if (a->t->probes[p].is_signal)
			tile_figure(a, sub, &a->detect[p], &r->detections[p].from_impact,
				    unnoticed(a, p), out);
	}
	tile_figure(a, "Recovered by itself in", &a->self, &r->self,
		    a->with_impact ? "not applicable" : "no impact", out);
	if (r->undoable)
		tile_figure(a, "Recovered after rollback in", &a->after, &r->after,
			    a->with_impact ? "was already well" : "no impact", out);
	tile_pods(a, out);
	for (uint32_t i = 1; i <= a->t->repetitions; i++)
		for (size_t p = 0; p < a->t->n_probes; p++)
			if (!a->t->probes[p].is_signal) {
				good += a->reps[i].parts[p * ORD_PARTS + ORD_PART_DURING].good;
				bad += a->reps[i].parts[p * ORD_PARTS + ORD_PART_DURING].bad;
			}
	(void)snprintf(sub, sizeof sub, "%zu of %zu samples %s", bad, good + bad,
		       r->undoable ? "while the fault lasted" : "from the fault on");
	tile(out, "Failed for users", ord_text_share(bad, good + bad, big), sub);
	if (a->residue >= 0)
		(void)snprintf(big, sizeof big, "%" PRId64, a->residue);
	else
		(void)snprintf(big, sizeof big, "–");
	tile(out, "Residue", big,
	     a->residue > 0 ? "left behind"
	     : a->residue   ? "nothing to take away"
			    : "read back after each rollback");
	(void)fputs("</dl>\n", out);
}

/* ---- objectives */

static const struct ord_span *span_goal(const struct ord_rep *r, size_t k)
{
	return &r->goals[k].span;
}

static void steady_row(const struct ord_analysis *a, bool after, FILE *out)
{
	enum ord_result r = after ? a->steady_after : a->steady_before;

	if (r == ORD_RESULT_NOT_MEASURED)
		return;
	(void)fprintf(out,
		      "<tr role=\"row\"><td role=\"cell\" class=\"lead\">steady state %s the "
		      "fault<p class=\"dim small\">",
		      after ? "after" : "before");
	for (uint32_t i = 1; i <= a->t->repetitions; i++) {
		const json_t *j =
			after ? a->reps[i].steady_after_json : a->reps[i].steady_before_json;
		const json_t *list = json_object_get(j, "conditions"), *c;
		enum ord_tri v = after ? a->reps[i].steady_after : a->reps[i].steady_before;
		size_t k;

		/* The conditions of the first repetition, or of the first that failed. */
		if (!j || (r == ORD_RESULT_MISSED && v != ORD_NO))
			continue;
		json_array_foreach (list, k, c) {
			(void)fputs(k ? "; " : "", out);
			ord_xml_text(out, ord_member_text(c, "text", ""));
			(void)fputs(json_is_true(json_object_get(c, "met")) ? ""
				    : json_is_false(json_object_get(c, "met"))
					    ? " (does not hold)"
					    : " (too few samples)",
				    out);
		}
		break;
	}
	(void)fprintf(out,
		      "</p></td><td role=\"cell\" data-l=\"result\"><span class=\"tag "
		      "%s\">%s</span></td><td role=\"cell\" class=\"empty\"></td><td role=\"cell\" "
		      "class=\"empty\"></td><td role=\"cell\" class=\"empty\"></td></tr>\n",
		      css_of(r),
		      r == ORD_RESULT_MET      ? "holds"
		      : r == ORD_RESULT_MISSED ? "does not hold"
					       : "not known");
}

static void objective_row(const struct ord_analysis *a, size_t k, FILE *out)
{
	const struct ord_goal_summary *g = &a->goals[k];
	const struct ord_tl_objective *o = &a->t->objectives[k];
	char text[ORD_TEXT], never[48];

	(void)fputs("<tr role=\"row\"><td role=\"cell\" class=\"lead\">", out);
	ord_xml_text(out, o->text);
	(void)fputs("<p class=\"dim small\">", out);
	ord_xml_text(out, g->why);
	(void)fprintf(
		out,
		"</p></td><td role=\"cell\" data-l=\"result\"><span class=\"tag "
		"%s\">%s</span></td><td role=\"cell\" class=\"%s\" data-l=\"each repetition\">",
		css_of(g->result), ord_result_name(g->result), g->n ? "" : "empty");
	if (g->n)
		ord_html_dots(a, span_goal, k, o->within, o->text, out);
	(void)fputs("</td>", out);
	ord_html_cell(out, "median", "num",
		      !g->n	      ? "–"
		      : g->has_median ? ord_text_duration(g->median, text)
				      : "not reached");
	if (g->never)
		(void)snprintf(never, sizeof never, "%zu of %zu never", g->never, g->n);
	ord_html_cell(out, "worst", "num",
		      g->never	     ? never
		      : g->has_worst ? ord_text_duration(g->worst, text)
				     : "–");
	(void)fputs("</tr>\n", out);
}

static void objectives(const struct ord_analysis *a, FILE *out)
{
	(void)fputs("<section><h2>Objectives</h2><div class=\"scroll\"><table class=\"stack\" "
		    "role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\"><th "
		    "role=\"columnheader\" scope=\"col\">Objective</th><th role=\"columnheader\" "
		    "scope=\"col\">Result</th><th role=\"columnheader\" scope=\"col\">Each "
		    "repetition</th><th role=\"columnheader\" scope=\"col\" "
		    "class=\"num\">Median</th><th role=\"columnheader\" scope=\"col\" "
		    "class=\"num\">Worst</th></tr></thead><tbody role=\"rowgroup\">\n",
		    out);
	steady_row(a, false, out);
	for (size_t k = 0; k < a->t->n_objectives; k++)
		objective_row(a, k, out);
	steady_row(a, true, out);
	(void)fputs("</tbody></table></div></section>\n", out);
}

/* ---- repetitions */

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

static const struct ord_rep *most_telling(const struct ord_analysis *a)
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

static void figure(const struct ord_analysis *a, const struct ord_rep *r, size_t detail, FILE *out)
{
	(void)fputs("<figure>", out);
	ord_html_chart(a, r, detail, out);
	(void)fputs("<figcaption>Seconds since the fault was requested. A mark is an instant, the "
		    "bar through it the interval in which it happened. Latency from the intended "
		    "start, on a log axis.",
		    out);
	legend(out);
	(void)fputs("</figcaption></figure>\n", out);
}

static void one_repetition(const struct ord_analysis *a, const struct ord_rep *r, size_t detail,
			   FILE *out)
{
	if (r->why[0]) {
		(void)fputs("<p>", out);
		ord_xml_text(out, r->why);
		(void)fputs("</p>", out);
	}
	if (!has_samples(a, r))
		return;
	figure(a, r, detail, out);
	ord_html_kube(a, r, out);
	(void)fputs("<h3>Timeline and evidence</h3>", out);
	ord_html_events(a, r, out);
	(void)fputs("<h3>Before, during and after</h3>", out);
	ord_html_parts(a, r, out);
}

static void what_happened(const struct ord_analysis *a, const struct ord_rep *r, FILE *out)
{
	(void)fputs("<section><h2>What happened", out);
	if (a->t->repetitions > 1)
		(void)fprintf(out, " in repetition %u of %u, the most telling one", r->number,
			      a->t->repetitions);
	(void)fputs("</h2>\n", out);
	one_repetition(a, r, DETAIL_FIRST, out);
	(void)fputs("</section>\n", out);
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

static const struct ord_span *span_self(const struct ord_rep *r, size_t i)
{
	(void)i;
	return &r->self;
}

static const struct ord_span *span_after(const struct ord_rep *r, size_t i)
{
	(void)i;
	return &r->after;
}

static void rep_dots(const struct ord_analysis *a, FILE *out)
{
	(void)fputs("<tr role=\"row\"><td role=\"cell\" class=\"empty\"></td><td role=\"cell\" "
		    "class=\"empty\"></td><td role=\"cell\" class=\"empty\"></td>",
		    out);
	for (size_t p = 0; p < a->t->n_probes; p++)
		if (a->t->probes[p].is_signal)
			(void)fputs("<td role=\"cell\" class=\"empty\"></td>", out);
	(void)fputs("<td role=\"cell\" data-l=\"recover(self)\">", out);
	if (a->self.n)
		ord_html_dots(a, span_self, 0, 0, "recover(self)", out);
	(void)fputs("</td><td role=\"cell\" data-l=\"recover(after rollback)\">", out);
	if (a->after.n)
		ord_html_dots(a, span_after, 0, 0, "recover(after rollback)", out);
	(void)fputs("</td><td role=\"cell\" class=\"empty\"></td><td role=\"cell\" "
		    "class=\"empty\"></td></tr>\n",
		    out);
}

static void repetitions(const struct ord_analysis *a, const struct ord_rep *first, FILE *out)
{
	uint32_t last = a->t->repetitions > REP_ROWS_MAX ? REP_ROWS_MAX : a->t->repetitions;
	unsigned charts = 1;

	(void)fprintf(out,
		      "<section><h2>Repetitions <span class=\"dim small\">n = %u</span></h2><div "
		      "class=\"scroll\" role=\"region\" aria-label=\"Repetitions\" "
		      "tabindex=\"0\"><table class=\"stack\" role=\"table\"><thead "
		      "role=\"rowgroup\"><tr role=\"row\"><th role=\"columnheader\" "
		      "scope=\"col\">#</th><th role=\"columnheader\" scope=\"col\">State</th><th "
		      "role=\"columnheader\" scope=\"col\" class=\"num\">Impact at</th>",
		      a->t->repetitions);
	for (size_t p = 0; p < a->t->n_probes; p++)
		if (a->t->probes[p].is_signal) {
			(void)fputs("<th role=\"columnheader\" scope=\"col\" class=\"num\">detect(",
				    out);
			ord_xml_text(out, a->t->probes[p].name);
			(void)fputs(")</th>", out);
		}
	(void)fputs("<th role=\"columnheader\" scope=\"col\" class=\"num\">recover(self)</th><th "
		    "role=\"columnheader\" scope=\"col\" class=\"num\">recover(after "
		    "rollback)</th><th role=\"columnheader\" scope=\"col\" class=\"num\">Impact "
		    "lasted</th><th role=\"columnheader\" scope=\"col\" "
		    "class=\"num\">Flaps</th></tr></thead><tbody role=\"rowgroup\">\n",
		    out);
	for (uint32_t i = 0; i <= last; i++)
		if (i || a->reps[0].begin_line)
			rep_row(a, &a->reps[i], out);
	if (a->t->repetitions > 1 && (a->self.n || a->after.n))
		rep_dots(a, out);
	(void)fputs("</tbody></table></div><p class=\"small dim\" style=\"margin-top:8px\">Value "
		    "[low, high]. “&gt;=” and an open mark: not so when the watch ended. Recovery "
		    "by itself and after the rollback are two figures and are never pooled.",
		    out);
	if (last < a->t->repetitions)
		(void)fprintf(out, " %u more repetitions stand in report.json.",
			      a->t->repetitions - last);
	(void)fputs("</p>\n", out);
	for (uint32_t i = 0; i <= a->t->repetitions && charts < CHARTS_MAX; i++) {
		const struct ord_rep *r = &a->reps[i];

		if (r == first || !r->begin_line || !has_samples(a, r))
			continue;
		charts++;
		(void)fputs("<details><summary>", out);
		if (i)
			(void)fprintf(out, "Repetition %u", i);
		else
			(void)fputs("Placebo: everything but the fault", out);
		(void)fputs("</summary>\n", out);
		one_repetition(a, r, DETAIL_OTHERS, out);
		(void)fputs("</details>\n", out);
	}
	(void)fputs("</section>\n", out);
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
	const struct ord_rep *first = most_telling(a);

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
	banner(a, out);
	tiles(a, out);
	objectives(a, out);
	what_happened(a, first, out);
	repetitions(a, first, out);
	ord_html_faults(a, out);
	ord_html_method(a, out);
	(void)fputs("</main>\n", out);
	embed(a, out);
	(void)fputs("</body></html>\n", out);
	return 0;
}
