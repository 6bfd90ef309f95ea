/* The lines of run.jsonl that the timeline cites, so that the page can be checked by itself. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "reports/write/html.h"
#include "reports/write/rows.h"
#include "reports/write/text.h"

#define REPS_MAX 2   /* beyond, the most telling repetition alone has its lines here */
#define LINE_MAX 600 /* bytes of a line that are shown */
#define LOOK_MAX 20000

static bool cited(const struct ord_analysis *a, const struct ord_rep *r)
{
	return a->t->repetitions <= REPS_MAX || r == ord_html_most_telling(a);
}

void ord_html_line(const struct ord_analysis *a, const struct ord_rep *r, uint32_t line, FILE *out)
{
	if (cited(a, r))
		(void)fprintf(out, "<a href=\"#r%u-%u\">%u</a>", r->number, line, line);
	else
		(void)fprintf(out, "%u", line);
}

static const struct ord_event *find_event(const struct ord_timeline *t, uint32_t line)
{
	size_t lo = 0, hi = t->n_events;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->events[mid].line < line)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < t->n_events && t->events[lo].line == line ? &t->events[lo] : NULL;
}

/* Samples stand in the order of `sent`; the line is not far from the instant that it shows. */
static bool find_sample(const struct ord_analysis *a, const struct ord_rep *r, uint32_t line,
			const struct ord_row *row, size_t *ret_probe, struct ord_sample *ret)
{
	for (size_t p = 0; p < a->t->n_probes; p++) {
		const struct ord_tl_probe *probe = &a->t->probes[p];
		int64_t slack = probe->timeout + probe->every + (int64_t)ORD_S;
		struct ord_cursor c;
		struct ord_sample s;

		ord_cursor_begin(ord_timeline_series(a->t, r->number, p), &c);
		(void)ord_cursor_seek_sent(&c, row->lo - slack);
		for (unsigned k = 0; k < LOOK_MAX && ord_cursor_next(&c, &s); k++) {
			if (s.sent > row->hi + slack)
				break;
			if (s.line != line)
				continue;
			*ret_probe = p;
			*ret = s;
			return true;
		}
	}
	return false;
}

static void sample_text(const struct ord_analysis *a, const struct ord_rep *r, size_t probe,
			const struct ord_sample *s, FILE *out)
{
	char sent[ORD_TEXT], done[ORD_TEXT], late[ORD_TEXT];

	(void)fputs("sample of ", out);
	ord_xml_text(out, a->t->probes[probe].name);
	(void)fprintf(out, ", sent %s (%s after it was due), done %s: %s",
		      ord_text_relative(s->sent, r->zero, sent),
		      ord_text_duration(s->sent - s->due, late),
		      ord_text_relative(s->done, r->zero, done),
		      ord_tl_outcome_name((enum ord_tl_outcome)s->outcome));
	if (s->why && a->t->why[s->why]) {
		(void)fputs(", ", out);
		ord_xml_text(out, a->t->why[s->why]);
	}
}

static void one_line(const struct ord_analysis *a, const struct ord_rep *r, uint32_t line,
		     const struct ord_row *row, FILE *out)
{
	const struct ord_event *e = find_event(a->t, line);
	struct ord_sample s;
	size_t probe;

	(void)fprintf(out, "<li id=\"r%u-%u\" value=\"%u\">", r->number, line, line);
	if (e) {
		char *text = json_dumps(e->json, JSON_COMPACT | JSON_PRESERVE_ORDER);

		(void)fputs("<code>", out);
		ord_xml_text_n(out, text ? text : "", LINE_MAX);
		(void)fputs(text && strlen(text) > LINE_MAX ? "…</code>" : "</code>", out);
		free(text);
	} else if (find_sample(a, r, line, row, &probe, &s))
		sample_text(a, r, probe, &s, out);
	else
		(void)fputs("see run.jsonl", out);
	(void)fputs("</li>\n", out);
}

struct cite {
	uint32_t line;
	const struct ord_row *row;
};

static int by_line(const void *a, const void *b)
{
	const struct cite *x = a, *y = b;

	return x->line < y->line ? -1 : x->line > y->line;
}

static void one_repetition(const struct ord_analysis *a, const struct ord_rep *r, FILE *out)
{
	struct ord_rows *rows = calloc(1, sizeof *rows);
	struct cite *v = calloc(2 * ORD_ROWS_MAX, sizeof *v);
	size_t n = 0;

	if (rows && v) {
		ord_rows_collect(a, r, rows);
		for (size_t i = 0; i < rows->n; i++) {
			v[n++] = (struct cite){rows->v[i].line, &rows->v[i]};
			if (rows->v[i].line_before)
				v[n++] = (struct cite){rows->v[i].line_before, &rows->v[i]};
		}
		qsort(v, n, sizeof *v, by_line);
		(void)fprintf(out, "<h3>%s %u</h3>\n<ol class=\"lines\">\n",
			      r->number ? "Repetition" : "Placebo, repetition", r->number);
		for (size_t i = 0; i < n; i++)
			if (!i || v[i].line != v[i - 1].line)
				one_line(a, r, v[i].line, v[i].row, out);
		(void)fputs("</ol>\n", out);
	}
	free(v);
	free(rows);
}

void ord_html_evidence(const struct ord_analysis *a, FILE *out)
{
	(void)fputs("<p class=\"small dim\">The lines of run.jsonl that the timeline cites, by "
		    "number; of a sample, what it says. <code>sed -n NUMBERp run.jsonl</code> "
		    "shows one "
		    "as it was written.</p>\n",
		    out);
	for (uint32_t i = 0; i <= a->t->repetitions; i++)
		if (cited(a, &a->reps[i]) && ord_html_is_shown(a, &a->reps[i]))
			one_repetition(a, &a->reps[i], out);
}
