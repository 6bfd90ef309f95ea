/* The cluster in the page: workloads that were below their strength, what the faults did, what went
 * wrong with whom, and when nothing was seen. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "reports/member.h"
#include "reports/write/html.h"
#include "reports/write/text.h"

#define ACTS_MAX 100

static void dips(const struct ord_rep *r, FILE *out)
{
	static const char *const heads[] = {"Workload",	   "#Available at least",
					    "#Below from", "#Available again",
					    "#Lasted",	   NULL};
	char text[ORD_TEXT], name[400], count[64];

	if (!r->n_dips)
		return;
	(void)fputs("<h3>Workloads below their strength</h3>", out);
	ord_html_table(out, "stack", "Workloads", heads);
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
	ord_html_table_end(out);
}

/* "Pod/orders-1 in shop" */
static const char *object_text(const char *kind, const char *name, const char *ns,
			       char out[static 400])
{
	(void)snprintf(out, 400, "%.60s/%.250s%s%.60s", kind, name, *ns ? " in " : "", ns);
	return out;
}

static void trouble_rows(const struct ord_rep *r, const struct ord_troubles *in, bool own,
			 FILE *out)
{
	static const char *const heads[] = {"What", "To whom", "#First", "#Times", "Detail", NULL};
	static const char *const own_heads[] = {"What",	  "To whom", "Who", "#First",
						"#Times", "Detail",  NULL};
	static const char *const who[] = {"", "the target", "its workload", "a pod of the target",
					  "came in its place"};
	char text[ORD_TEXT], name[400], count[64];

	ord_html_table(out, "stack", own ? "Own effects" : "Also happened",
		       own ? own_heads : heads);
	for (size_t i = 0; i < in->n; i++) {
		const struct ord_also *a = &in->v[i];

		(void)snprintf(count, sizeof count, a->before ? "%zu, and %zu before" : "%zu", a->n,
			       a->before);
		(void)fputs("<tr role=\"row\">", out);
		ord_html_cell(out, "what", "lead", a->what);
		ord_html_cell(out, "to whom", "", object_text(a->kind, a->name, a->ns, name));
		if (own)
			ord_html_cell(out, "who", "dim", who[a->whose]);
		ord_html_cell(out, "first", "num", ord_text_relative(a->first, r->zero, text));
		ord_html_cell(out, "times", "num", count);
		ord_html_cell(out, "detail", *a->detail ? "dim" : "dim empty", a->detail);
		(void)fputs("</tr>\n", out);
	}
	ord_html_table_end(out);
}

static void also(const struct ord_rep *r, FILE *out)
{
	if (r->also.n) {
		(void)fputs("<h3>Also happened</h3>", out);
		trouble_rows(r, &r->also, false, out);
		(void)fputs(
			"<p class=\"small dim\">To bystanders: the faults did nothing to them, and "
			"they do not belong to those that were hit. Whether the faults are the "
			"cause is "
			"not known.",
			out);
		if (r->also.more)
			(void)fprintf(out, " %zu more are left out.", r->also.more);
		(void)fputs("</p>\n", out);
	}
	if (r->own.n) {
		(void)fprintf(out,
			      "<details><summary>The faults' own effects: %zu</summary><p "
			      "class=\"small dim\">On what was chosen or hit, the workload behind "
			      "it, and what came in its place.</p>\n",
			      r->own.n);
		trouble_rows(r, &r->own, true, out);
		if (r->own.more)
			(void)fprintf(out, "<p class=\"small dim\">%zu more are left out.</p>\n",
				      r->own.more);
		(void)fputs("</details>\n", out);
	}
}

static void acts(const struct ord_analysis *a, const struct ord_rep *r, FILE *out)
{
	static const char *const heads[] = {"#At", "To whom", "What", "Detail", "#run.jsonl", NULL};
	char text[ORD_TEXT], name[400];
	size_t n = 0;

	for (size_t k = 0; k < a->t->n_faults; k++)
		for (size_t i = 0; i < r->faults[k].n_acts; i++) {
			const struct ord_act *act = &r->faults[k].acts[i];

			if (n++ >= ACTS_MAX)
				continue;
			if (n == 1) {
				(void)fputs("<h3>What the faults did</h3>", out);
				ord_html_table(out, "log", "Acts", heads);
			}
			(void)object_text(act->kind, act->name, act->ns, name);
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
		ord_html_table_end(out);
	if (n > ACTS_MAX)
		(void)fprintf(out, "<p class=\"small dim\">%zu more stand in report.json.</p>\n",
			      n - ACTS_MAX);
}

/* What happened meanwhile is told late, or no part of the above. */
static void blind(const struct ord_rep *r, FILE *out)
{
	char from[ORD_TEXT], to[ORD_TEXT];

	for (size_t i = 0; i < r->n_blind; i++) {
		const struct ord_blind *b = &r->blind[i];

		(void)fputs("<p class=\"small dim\">Not seen: ", out);
		ord_xml_text(out, b->kind);
		(void)fputs(*b->ns ? " in " : "", out);
		ord_xml_text(out, b->ns);
		(void)fprintf(out, ", from %s %s%s: ", ord_text_relative(b->from, r->zero, from),
			      b->open ? "on" : "to ",
			      b->open ? "" : ord_text_relative(b->to, r->zero, to));
		ord_xml_text_n(out, *b->why ? b->why : "the watch was broken", 200);
		(void)fprintf(out, " (line %u)</p>\n", b->line);
	}
}

void ord_html_kube(const struct ord_analysis *a, const struct ord_rep *r, FILE *out)
{
	ord_html_lives(a, r, out);
	dips(r, out);
	acts(a, r, out);
	also(r, out);
	blind(r, out);
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
	if (a->events_dropped)
		(void)fprintf(out,
			      "<li><b>%" PRId64 " Events of the cluster were left out</b>: there "
			      "were more than a run records.</li>\n",
			      a->events_dropped);
}
