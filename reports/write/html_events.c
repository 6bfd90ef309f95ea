/* The timeline of a repetition: instants, what the injectors said, phases, marks and notes, each
 * with its line. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "reports/member.h"
#include "reports/write/html.h"
#include "reports/write/html_rows.h"
#include "reports/write/text.h"

static struct ord_html_row *add(struct ord_html_rows *rows, int64_t t, uint32_t line)
{
	if (rows->n == ORD_HTML_ROWS_MAX) {
		rows->left_out++;
		return NULL;
	}
	rows->v[rows->n] = (struct ord_html_row){.t = t, .lo = t, .hi = t, .line = line};
	return &rows->v[rows->n++];
}

static void add_instant(struct ord_html_rows *rows, const struct ord_instant *in, const char *what,
			const char *who)
{
	struct ord_html_row *r = in->known ? add(rows, in->value, in->line) : NULL;

	if (!r)
		return;
	r->lo = in->lo;
	r->hi = in->hi;
	r->line_before = in->line_before;
	r->strong = true;
	(void)snprintf(r->text, sizeof r->text, "%s%.64s", what, who);
}

/* The steps of pods have a table of their own; here stands what says how far it can be trusted. */
static void add_kube(struct ord_html_rows *rows, const struct ord_event *e)
{
	static const char *const shown[][2] = {
		{"cut", "the watch broke"},
		{"resumed", "the watch is whole again"},
		{"blind", "may not be watched"},
		{"events-dropped", "too many Events: some are left out"}};
	const char *what = ord_member_text(e->json, "what", "");

	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
		struct ord_html_row *r;

		if (strcmp(what, shown[i][0]) != 0)
			continue;
		r = add(rows, ord_member_int(e->json, "at_t", e->t), e->line);
		if (r)
			(void)snprintf(r->text, sizeof r->text, "cluster: %s%s%.60s%s%.60s",
				       shown[i][1],
				       *ord_member_text(e->json, "kind", "") ? ": " : "",
				       ord_member_text(e->json, "kind", ""),
				       *ord_member_text(e->json, "ns", "") ? " in " : "",
				       ord_member_text(e->json, "ns", ""));
	}
}

static void add_event(struct ord_html_rows *rows, const struct ord_event *e)
{
	const char *state = ord_member_text(e->json, "state", "");
	struct ord_html_row *r;

	if (e->kind == ORD_EVENT_KUBE) {
		add_kube(rows, e);
		return;
	}
	/* Instants and steady-state decisions tell these already. */
	if (e->kind == ORD_EVENT_RESOLVED || e->kind == ORD_EVENT_END ||
	    (e->kind == ORD_EVENT_FAULT && strcmp(state, "checked") && strcmp(state, "failed") &&
	     strcmp(state, "lost") && strcmp(state, "reverting") && strcmp(state, "waiting")))
		return;
	r = add(rows, ord_member_int(e->json, "at_t", e->t), e->line);
	if (!r)
		return;
	if (e->kind == ORD_EVENT_PHASE)
		(void)snprintf(r->text, sizeof r->text, "phase: %.60s",
			       ord_member_text(e->json, "phase", ""));
	else if (e->kind == ORD_EVENT_FAULT)
		(void)snprintf(
			r->text, sizeof r->text, "%.64s: %.12s%s%.120s",
			ord_member_text(e->json, "fault", ""), state,
			json_object_get(e->json, "cause") || json_object_get(e->json, "message")
				? ": "
				: "",
			ord_member_text(e->json, "message", ord_member_text(e->json, "cause", "")));
	else if (e->kind == ORD_EVENT_STEADY)
		(void)snprintf(r->text, sizeof r->text, "steady state %.8s: %s",
			       ord_member_text(e->json, "when", ""),
			       json_is_true(json_object_get(e->json, "holds")) ? "holds"
									       : "does not hold");
	else if (e->kind == ORD_EVENT_ABORT)
		(void)snprintf(r->text, sizeof r->text, "abort: %.200s",
			       ord_member_text(e->json, "text", ""));
	else if (e->kind == ORD_EVENT_MARK)
		(void)snprintf(r->text, sizeof r->text, "mark (%.40s): %.150s",
			       ord_member_text(e->json, "channel", ""),
			       ord_member_text(e->json, "note", ""));
	else
		(void)snprintf(r->text, sizeof r->text, "note: %.200s",
			       ord_member_text(e->json, "text", ""));
}

static int by_t(const void *a, const void *b)
{
	const struct ord_html_row *x = a, *y = b;

	if (x->t != y->t)
		return x->t < y->t ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

void ord_html_collect(const struct ord_analysis *a, const struct ord_rep *r,
		      struct ord_html_rows *rows)
{
	const struct ord_timeline *t = a->t;
	const char *who = r->impact.known ? t->probes[r->impact.probe].name : "";

	add_instant(rows, &r->impact, "impact, first seen by ", who);
	for (size_t p = 0; p < t->n_probes; p++)
		add_instant(rows, &r->detections[p].at,
			    r->detections[p].kind == ORD_DETECTION_TOO_LATE
				    ? "noticed after recovery by "
				    : "noticed by ",
			    t->probes[p].name);
	for (size_t k = 0; r->number && k < t->n_faults; k++) {
		add_instant(rows, &r->faults[k].requested, "requested: ", t->faults[k].name);
		add_instant(rows, &r->faults[k].in_force,
			    "in force, read back: ", t->faults[k].name);
		add_instant(rows, &r->faults[k].cleared, "cleared, read back: ", t->faults[k].name);
	}
	add_instant(rows, &r->recovered, "recovered",
		    r->recovered_self ? ", the fault still in force" : "");
	for (size_t i = 0; i < t->n_events; i++) {
		const struct ord_event *e = &t->events[i];
		bool loose = e->kind == ORD_EVENT_NOTE || e->kind == ORD_EVENT_MARK;

		if (e->rep == r->number || (loose && e->t >= r->begin && e->t <= r->end))
			add_event(rows, e);
	}
	qsort(rows->v, rows->n, sizeof *rows->v, by_t);
}

static void write_row(const struct ord_analysis *a, const struct ord_rep *r,
		      const struct ord_html_row *row, FILE *out)
{
	char lo[ORD_TEXT], hi[ORD_TEXT], at[ORD_TEXT], interval[2 * ORD_TEXT + 8] = "", when[32];

	ord_format_utc((uint64_t)(a->t->wall_ns + row->t), when);
	if (row->hi > row->lo)
		(void)snprintf(interval, sizeof interval, "%s to %s",
			       ord_text_relative(row->lo, r->zero, lo),
			       ord_text_relative(row->hi, r->zero, hi));
	(void)fputs("<tr role=\"row\"><td role=\"cell\" class=\"num\" data-l=\"at\">", out);
	(void)fprintf(out, "%s%s%s</td>", row->strong ? "<b>" : "",
		      ord_text_relative(row->t, r->zero, at), row->strong ? "</b>" : "");
	ord_html_lead(out);
	ord_xml_text(out, row->text);
	(void)fputs("</th>", out);
	ord_html_cell(out, "between", interval[0] ? "num" : "num empty", interval);
	(void)fprintf(out,
		      "<td role=\"cell\" data-l=\"UTC\" class=\"num\"><time "
		      "datetime=\"%s\">%.12s</time></td>",
		      when, when + 11);
	(void)fputs("<td role=\"cell\" class=\"dim num\" data-l=\"run.jsonl\">line ", out);
	ord_html_line(a, r, row->line, out);
	if (row->line_before) {
		(void)fputs(", after ", out);
		ord_html_line(a, r, row->line_before, out);
	}
	(void)fputs("</td>", out);
	(void)fputs("</tr>\n", out);
}

void ord_html_events(const struct ord_analysis *a, const struct ord_rep *r, FILE *out)
{
	static const char *const heads[] = {"#At", "What", "#Between", "#UTC", "#run.jsonl", NULL};
	struct ord_html_rows *rows = calloc(1, sizeof *rows);

	if (!rows)
		return;
	ord_html_collect(a, r, rows);
	ord_html_table(out, "log", "Timeline", heads);
	for (size_t i = 0; i < rows->n; i++)
		write_row(a, r, &rows->v[i], out);
	ord_html_table_end(out);
	if (rows->left_out)
		(void)fprintf(out, "<p class=\"small dim\">%zu more stand in run.jsonl.</p>\n",
			      rows->left_out);
	free(rows);
}
