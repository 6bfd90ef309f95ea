/* The first screen of the page: the verdict, the figures, the objectives. */
#include "reports/write/html.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "reports/member.h"
#include "reports/write/text.h"

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

void ord_html_banner(const struct ord_analysis *a, FILE *out)
{
	const struct ord_timeline *t = a->t;
	const char *hypothesis = ord_member_text(t->plan, "hypothesis", "");
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
	(void)fputs("</header>\n", out);
}

void ord_html_verdict(const struct ord_analysis *a, FILE *out)
{
	const char *colon = strstr(a->verdict, ": ");
	size_t head = colon ? (size_t)(colon - a->verdict) : strlen(a->verdict);
	char early[ORD_EARLY_TEXT];

	(void)fprintf(out, "<div class=\"verdict %s\">%s<div><b>%c%.*s</b><span>",
		      verdict_css(a->exit), verdict_icon(a->exit),
		      a->verdict[0] >= 'a' && a->verdict[0] <= 'z' ? a->verdict[0] - 32
								   : a->verdict[0],
		      (int)(head ? head - 1 : 0), head ? a->verdict + 1 : "");
	ord_xml_text(out, colon ? colon + 2 : "");
	(void)fprintf(out, " <span class=\"dim small\">exit code %d</span></span></div></div>\n",
		      a->exit);
	if (*ord_early_text(a, early)) {
		(void)fputs("<p class=\"small\">", out);
		ord_xml_text(out, early);
		(void)fputs("</p>\n", out);
	}
}

void ord_html_warnings(const struct ord_analysis *a, FILE *out)
{
	if (!a->n_warnings)
		return;
	(void)fputs("<ul class=\"warnings\" aria-label=\"Warnings\">", out);
	for (size_t i = 0; i < a->n_warnings; i++) {
		const struct ord_warning *w = &a->warnings[i];

		(void)fputs("<li><b>Warning</b>", out);
		if (w->rep)
			(void)fprintf(out, ", repetition %u", w->rep);
		(void)fputs(": ", out);
		ord_xml_text(out, w->text);
		if (w->line)
			(void)fprintf(out, " <span class=\"dim small\">line %u</span>", w->line);
		(void)fputs("</li>\n", out);
	}
	(void)fputs("</ul>\n", out);
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
	if (s->n == 1)
		(void)snprintf(sub, sizeof sub,
			       s->never ? "the one that was hit: never"
					: "of the one that was hit");
	else if (s->never)
		(void)snprintf(sub, sizeof sub, "median; %zu of %zu never", s->never, s->n);
	else
		(void)snprintf(sub, sizeof sub, "median; worst of %zu: %s", s->n,
			       ord_text_duration(s->worst, text));
	tile(out, "A pod in its place ready in", big, sub);
}

void ord_html_tiles(const struct ord_analysis *a, FILE *out)
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
		      "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\" "
		      "class=\"lead\">steady state %s the fault<p class=\"dim small\">",
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
		      "</p></th><td role=\"cell\" data-l=\"result\"><span class=\"tag "
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

	(void)fputs("<tr role=\"row\">", out);
	ord_html_lead(out);
	ord_xml_text(out, o->text);
	(void)fputs("<p class=\"dim small\">", out);
	ord_xml_text(out, g->why);
	(void)fprintf(
		out,
		"</p></th><td role=\"cell\" data-l=\"result\"><span class=\"tag "
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

void ord_html_objectives(const struct ord_analysis *a, FILE *out)
{
	static const char *const heads[] = {"Objective", "Result", "Each repetition",
					    "#Median",	 "#Worst", NULL};

	ord_html_table(out, "stack", "Objectives", heads);
	steady_row(a, false, out);
	for (size_t k = 0; k < a->t->n_objectives; k++)
		objective_row(a, k, out);
	steady_row(a, true, out);
	ord_html_table_end(out);
}
