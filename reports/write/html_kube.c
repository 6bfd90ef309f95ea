/* The cluster in the page: how each pod that was hit was replaced, as a bar of its steps; workloads
 * that were below their strength; what was refused; what else happened. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "reports/member.h"
#include "reports/write/html.h"
#include "reports/write/text.h"

#define LIVES_MAX 40 /* bars of one repetition; the rest stands in report.json */
#define ACTS_MAX  100
#define BAR_X	  2300 /* tenths of a pixel: where bars begin, */
#define BAR_W	  7700 /* and how wide they can be */
#define WIDTH	  1080
#define ROW	  440

static void px(FILE *out, const char *name, int64_t tenths)
{
	(void)fprintf(out, " %s=\"%s%" PRId64 ".%" PRId64 "\"", name, tenths < 0 ? "-" : "",
		      (tenths < 0 ? -tenths : tenths) / 10, (tenths < 0 ? -tenths : tenths) % 10);
}

/* From the first deletion to the last step of all, so that bars can be compared. */
static void extent(const struct ord_rep *r, int64_t *from, int64_t *to)
{
	*from = INT64_MAX;
	*to = INT64_MIN;
	for (size_t i = 0; i < r->n_lives; i++)
		for (unsigned s = 0; s < ORD_LIFE_STEPS; s++) {
			const struct ord_instant *in = &r->lives[i].at[s];

			if (in->known && in->value < *from)
				*from = in->value;
			if (in->known && in->value > *to)
				*to = in->value;
		}
	for (size_t i = 0; i < r->n_lives; i++)
		if (r->lives[i].ready.state == ORD_SPAN_CENSORED && r->end > *to)
			*to = r->end;
	if (*to <= *from)
		*to = *from + (int64_t)ORD_MS;
}

static int64_t x_of(int64_t t, int64_t from, int64_t to)
{
	__extension__ typedef __int128 wide;

	t = t < from ? from : t > to ? to : t;
	return BAR_X + (int64_t)((wide)(t - from) * BAR_W / (to - from));
}

/* A piece from one step to the next that is known; a hair and whiskers where it is uncertain. */
static void bar(const struct ord_life *l, const struct ord_rep *r, int64_t y, int64_t from,
		int64_t to, FILE *out)
{
	const struct ord_instant *at = NULL;
	char text[ORD_TEXT];

	for (unsigned s = 0; s < ORD_LIFE_STEPS; s++) {
		const struct ord_instant *in = &l->at[s];
		int64_t x, before = at ? x_of(at->value, from, to) : 0;

		if (!in->known)
			continue;
		x = x_of(in->value, from, to);
		if (at) {
			(void)fprintf(out, "<rect class=\"k k%u\"", s);
			px(out, "x", before);
			px(out, "y", y + 40);
			px(out, "width", x - before > 10 ? x - before : 10);
			(void)fputs(" height=\"16\"><title>", out);
			(void)fprintf(out, "%s %s</title></rect>",
				      ord_life_name((enum ord_life_step)s),
				      ord_text_relative(in->value, r->zero, text));
		}
		if (x_of(in->hi, from, to) - x_of(in->lo, from, to) > 20) {
			(void)fputs("<path class=\"d-err\" d=\"M", out);
			(void)fprintf(out, "%" PRId64 " %" PRId64 "H%" PRId64 "\"/>",
				      x_of(in->lo, from, to) / 10, y / 10 + 24,
				      x_of(in->hi, from, to) / 10);
		}
		at = in;
	}
	if (l->ready.state == ORD_SPAN_CENSORED && at) {
		(void)fputs("<rect class=\"k-open\"", out);
		px(out, "x", x_of(at->value, from, to));
		px(out, "y", y + 40);
		px(out, "width", BAR_X + BAR_W - x_of(at->value, from, to));
		(void)fputs(" height=\"16\"><title>not ready when the watch ended</title></rect>",
			    out);
	}
}

static void bar_text(const struct ord_life *l, int64_t y, FILE *out)
{
	char text[ORD_TEXT];

	(void)fputs("<text class=\"lane\" x=\"2\"", out);
	px(out, "y", y + 110);
	(void)fputc('>', out);
	ord_xml_text_n(out, l->victim, 30);
	(void)fputs("</text><text class=\"tick\" x=\"2\"", out);
	px(out, "y", y + 240);
	(void)fputs(">→ ", out);
	ord_xml_text_n(out, *l->replacement ? l->replacement : "nobody came", 32);
	(void)fputs("</text><text class=\"tick end\"", out);
	px(out, "x", WIDTH * 10 - 20);
	px(out, "y", y + 165);
	(void)fputc('>', out);
	ord_xml_text(out, l->ready.state == ORD_SPAN_CENSORED
				  ? "not ready"
				  : ord_text_duration(l->ready.value, text));
	(void)fputs("</text>", out);
}

static void legend(FILE *out)
{
	(void)fputs("<div class=\"legend\">", out);
	for (unsigned s = 1; s < ORD_LIFE_STEPS; s++)
		(void)fprintf(out,
			      "<span><svg width=\"20\" height=\"14\" aria-hidden=\"true\"><rect "
			      "class=\"k k%u\" x=\"1\" y=\"0\" width=\"18\" height=\"14\"/></svg>"
			      "%s%s</span>",
			      s, s == ORD_LIFE_CREATED ? "deleted to " : "", ord_life_name(s));
	(void)fputs("</div>", out);
}

static void bars(const struct ord_rep *r, FILE *out)
{
	size_t n = r->n_lives < LIVES_MAX ? r->n_lives : LIVES_MAX;
	int64_t from, to;
	char text[ORD_TEXT];

	extent(r, &from, &to);
	(void)fprintf(out,
		      "<figure><div class=\"scroll flat\"><svg class=\"life\" viewBox=\"0 0 %d "
		      "%zu\" role=\"img\"><title>Recovery of the pods that were "
		      "hit: a bar each, from the deletion to the first good answer</title>",
		      WIDTH, n * ROW / 10 + 24);
	for (size_t i = 0; i < n; i++) {
		bar(&r->lives[i], r, (int64_t)i * ROW, from, to, out);
		bar_text(&r->lives[i], (int64_t)i * ROW, out);
	}
	(void)fprintf(out,
		      "<text class=\"tick\" x=\"%d\" y=\"%zu\">%s</text><text class=\"tick end\" "
		      "x=\"%d\" y=\"%zu\">",
		      BAR_X / 10, n * ROW / 10 + 14, ord_text_relative(from, r->zero, text),
		      (BAR_X + BAR_W) / 10, n * ROW / 10 + 14);
	(void)fprintf(out, "%s</text></svg></div><figcaption>",
		      ord_text_relative(to, r->zero, text));
	(void)fputs(
		"From the deletion of a pod, through its replacement's steps; seconds since the "
		"fault was requested. The line below a bar is the interval in which the step "
		"happened: arrival by watch, and the object's own stamp of one second. On the "
		"right: deleted to ready.",
		out);
	legend(out);
	(void)fputs("</figcaption></figure>\n", out);
}

static const char *const step_heads[] = {"deleted", "created", "scheduled", "image pulled",
					 "started", "ready",   "endpoint",  "answer"};

/* "+1.203 s" and its interval on the second line. */
static void instant_cell(const struct ord_rep *r, const struct ord_life *l, unsigned s, FILE *out)
{
	const struct ord_instant *in = &l->at[s];
	char a[ORD_TEXT], b[ORD_TEXT], c[ORD_TEXT];

	(void)fprintf(out, "<td role=\"cell\" class=\"num%s\" data-l=\"%s\">",
		      in->known ? "" : " empty", step_heads[s]);
	if (in->known) {
		(void)fprintf(out, "%s<p class=\"dim small\">%s to %s%s<br>line %u</p>",
			      ord_text_relative(in->value, r->zero, a),
			      ord_text_relative(in->lo, r->zero, b),
			      ord_text_relative(in->hi, r->zero, c),
			      l->odd & 1u << s ? ", stamp left out" : "", in->line);
	} else {
		(void)fputs("–", out);
	}
	(void)fputs("</td>", out);
}

static void lives_table(const struct ord_rep *r, FILE *out)
{
	(void)fputs("<details><summary>The steps with their evidence</summary><div "
		    "class=\"scroll\" role=\"region\" aria-label=\"Steps\" tabindex=\"0\"><table "
		    "class=\"stack\" role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\"><th "
		    "role=\"columnheader\" scope=\"col\">Pod</th>",
		    out);
	for (unsigned s = 0; s < ORD_LIFE_STEPS; s++)
		(void)fprintf(out, "<th role=\"columnheader\" scope=\"col\" class=\"num\">%s</th>",
			      step_heads[s]);
	(void)fputs("</tr></thead><tbody role=\"rowgroup\">\n", out);
	for (size_t i = 0; i < r->n_lives && i < LIVES_MAX; i++) {
		const struct ord_life *l = &r->lives[i];

		(void)fputs("<tr role=\"row\"><td role=\"cell\" class=\"lead\">", out);
		ord_xml_text(out, l->victim);
		(void)fputs("<p class=\"dim small\">→ ", out);
		ord_xml_text(out, *l->replacement ? l->replacement : "nobody came");
		(void)fputs("</p></td>", out);
		for (unsigned s = 0; s < ORD_LIFE_STEPS; s++)
			instant_cell(r, l, s, out);
		(void)fputs("</tr>\n", out);
	}
	(void)fputs("</tbody></table></div></details>\n", out);
}

static void lives(const struct ord_rep *r, FILE *out)
{
	if (!r->n_lives)
		return;
	(void)fputs("<h3>How the pods came back</h3>\n", out);
	bars(r, out);
	lives_table(r, out);
	if (r->n_lives > LIVES_MAX)
		(void)fprintf(out, "<p class=\"small dim\">%zu more stand in report.json.</p>\n",
			      r->n_lives - LIVES_MAX);
}

static void dips(const struct ord_rep *r, FILE *out)
{
	char text[ORD_TEXT], name[400], count[64];

	if (!r->n_dips)
		return;
	(void)fputs("<h3>Workloads below their strength</h3><div class=\"scroll\"><table "
		    "class=\"stack\" role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\"><th "
		    "role=\"columnheader\" scope=\"col\">Workload</th><th role=\"columnheader\" "
		    "scope=\"col\" class=\"num\">Available at least</th><th role=\"columnheader\" "
		    "scope=\"col\" class=\"num\">Below from</th><th role=\"columnheader\" "
		    "scope=\"col\" class=\"num\">Available again</th><th role=\"columnheader\" "
		    "scope=\"col\" class=\"num\">Lasted</th></tr></thead><tbody "
		    "role=\"rowgroup\">\n",
		    out);
	for (size_t i = 0; i < r->n_dips; i++) {
		const struct ord_dip *d = &r->dips[i];

		(void)snprintf(name, sizeof name, "%.60s/%.250s in %.60s%s", d->kind, d->name,
			       d->ns, d->hit ? "" : " (no target)");
		(void)snprintf(count, sizeof count, "%" PRId64 " of %" PRId64, d->least, d->wanted);
		(void)fputs("<tr role=\"row\">", out);
		ord_html_cell(out, "workload", "lead", name);
		ord_html_cell(out, "available at least", "num", count);
		ord_html_cell(out, "below from", "num",
			      ord_text_relative(d->below.value, r->zero, text));
		ord_html_cell(out, "available again", "num",
			      d->again.known ? ord_text_relative(d->again.value, r->zero, text)
					     : "not yet");
		ord_html_cell(out, "lasted", "num", ord_text_span(&d->down, text));
		(void)fputs("</tr>\n", out);
	}
	(void)fputs("</tbody></table></div>\n", out);
}

static void also(const struct ord_rep *r, FILE *out)
{
	char text[ORD_TEXT], name[400], count[64];

	if (!r->n_also)
		return;
	(void)fputs("<h3>Also happened</h3><div class=\"scroll\"><table class=\"stack\" "
		    "role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\"><th "
		    "role=\"columnheader\" scope=\"col\">What</th><th role=\"columnheader\" "
		    "scope=\"col\">To whom</th><th role=\"columnheader\" scope=\"col\" "
		    "class=\"num\">First</th><th role=\"columnheader\" scope=\"col\" "
		    "class=\"num\">Times</th><th role=\"columnheader\" "
		    "scope=\"col\">Detail</th></tr></thead><tbody role=\"rowgroup\">\n",
		    out);
	for (size_t i = 0; i < r->n_also; i++) {
		const struct ord_also *a = &r->also[i];

		(void)snprintf(name, sizeof name, "%.60s/%.250s%s%.60s%s", a->kind, a->name,
			       *a->ns ? " in " : "", a->ns,
			       a->replacement ? " (a replacement)" : "");
		(void)snprintf(count, sizeof count, a->before ? "%zu, and %zu before" : "%zu", a->n,
			       a->before);
		(void)fputs("<tr role=\"row\">", out);
		ord_html_cell(out, "what", "lead", a->what);
		ord_html_cell(out, "to whom", "", name);
		ord_html_cell(out, "first", "num", ord_text_relative(a->first, r->zero, text));
		ord_html_cell(out, "times", "num", count);
		ord_html_cell(out, "detail", "dim", a->detail);
		(void)fputs("</tr>\n", out);
	}
	(void)fputs(
		"</tbody></table></div><p class=\"small dim\" style=\"margin-top:8px\">To those "
		"to whom the fault did nothing; whether it is the cause is not known.",
		out);
	if (r->more_also)
		(void)fprintf(out, " %zu more are left out.", r->more_also);
	(void)fputs("</p>\n", out);
}

static void acts(const struct ord_analysis *a, const struct ord_rep *r, FILE *out)
{
	char text[ORD_TEXT], name[400];
	size_t n = 0;

	for (size_t k = 0; k < a->t->n_faults; k++)
		for (size_t i = 0; i < r->faults[k].n_acts; i++) {
			const struct ord_act *act = &r->faults[k].acts[i];

			if (n++ >= ACTS_MAX)
				continue;
			if (n == 1)
				(void)fputs(
					"<h3>What the faults did</h3><div class=\"scroll\"><table "
					"class=\"log\" role=\"table\"><thead role=\"rowgroup\"><tr "
					"role=\"row\"><th role=\"columnheader\" scope=\"col\" "
					"class=\"num\">At</th><th role=\"columnheader\" "
					"scope=\"col\">To whom</th><th role=\"columnheader\" "
					"scope=\"col\">What</th><th role=\"columnheader\" "
					"scope=\"col\">Detail</th><th role=\"columnheader\" "
					"scope=\"col\" "
					"class=\"num\">run.jsonl</th></tr></thead><tbody "
					"role=\"rowgroup\">\n",
					out);
			(void)snprintf(name, sizeof name, "%.60s/%.250s%s%.60s", act->kind,
				       act->name, *act->ns ? " in " : "", act->ns);
			(void)fputs("<tr role=\"row\">", out);
			ord_html_cell(out, "at", "num", ord_text_relative(act->at, r->zero, text));
			ord_html_cell(out, "to whom", "lead", name);
			ord_html_cell(out, "what", "", act->what);
			ord_html_cell(out, "detail", *act->detail ? "dim" : "dim empty",
				      act->detail);
			(void)snprintf(text, sizeof text, "line %u", act->line);
			ord_html_cell(out, "run.jsonl", "dim num", text);
			(void)fputs("</tr>\n", out);
		}
	if (n)
		(void)fputs("</tbody></table></div>\n", out);
	if (n > ACTS_MAX)
		(void)fprintf(out, "<p class=\"small dim\">%zu more stand in report.json.</p>\n",
			      n - ACTS_MAX);
}

/* What we were not allowed to watch is no part of the above. */
static void blind(const struct ord_analysis *a, const struct ord_rep *r, FILE *out)
{
	for (size_t i = 0; i < a->t->n_events; i++) {
		const json_t *j = a->t->events[i].json;

		if (a->t->events[i].kind != ORD_EVENT_KUBE || a->t->events[i].rep != r->number ||
		    strcmp(ord_member_text(j, "what", ""), "blind") != 0)
			continue;
		(void)fputs("<p class=\"small dim\">Not watched: ", out);
		ord_xml_text(out, ord_member_text(j, "kind", ""));
		(void)fputs(": ", out);
		ord_xml_text_n(out, ord_member_text(j, "message", ""), 200);
		(void)fputs("</p>\n", out);
	}
}

void ord_html_kube(const struct ord_analysis *a, const struct ord_rep *r, FILE *out)
{
	lives(r, out);
	dips(r, out);
	acts(a, r, out);
	also(r, out);
	blind(a, r, out);
	if (r->cuts)
		(void)fprintf(out,
			      "<p class=\"small dim\">The watch of the cluster broke %zu time%s: "
			      "what happened meanwhile was told late.</p>\n",
			      r->cuts, r->cuts == 1 ? "" : "s");
}

/* Which cluster, and what there is to warn of. */
void ord_html_cluster(const struct ord_analysis *a, FILE *out)
{
	const json_t *c = json_object_get(a->t->run, "cluster");

	if (!c)
		return;
	(void)fputs("<li>Cluster ", out);
	ord_xml_text(out, ord_member_text(c, "name", "?"));
	(void)fputs(" (context ", out);
	ord_xml_text(out, ord_member_text(c, "context", "?"));
	(void)fputs("), ", out);
	ord_xml_text(out, ord_member_text(c, "server", ""));
	(void)fputs(", Kubernetes ", out);
	ord_xml_text(out, ord_member_text(c, "version", "?"));
	(void)fputs(
		". Stamps of its objects are whole seconds of the API server's clock or of a "
		"node's; the former's offset is an interval from the Date headers, the latter's "
		"is taken to be the same.</li>\n",
		out);
	if (json_array_size(json_object_get(c, "warnings"))) {
		(void)fputs("<li><b>Warning:</b> ", out);
		ord_html_json(json_object_get(c, "warnings"), "; ", out);
		(void)fputs("</li>\n", out);
	}
}
