/* The course of it: who noticed, who did what, how it ended, and every row of the timeline with
 * questions where it is silent. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reports/member.h"
#include "reports/write/html.h"
#include "reports/write/pm.h"
#include "reports/write/text.h"

#define REPS_MAX 8 /* that are told, one of them whole */

static const char *kind_text(enum ord_detection_kind kind)
{
	static const char *const names[] = {
		[ORD_DETECTION_NONE] = "did not notice",
		[ORD_DETECTION_NOTICED] = "noticed",
		[ORD_DETECTION_ALREADY] = "was on before the fault",
		[ORD_DETECTION_TOO_LATE] = "noticed only after the recovery",
		[ORD_DETECTION_UNKNOWN] = "not known",
	};

	return names[kind];
}

static void channel_rows(const struct ord_pm *pm, const struct ord_rep *r)
{
	const struct ord_timeline *t = pm->main->t;
	char rep[16], impact[ORD_TEXT], request[ORD_TEXT];

	(void)snprintf(rep, sizeof rep, "%u", r->number);
	for (size_t p = 0; p < t->n_probes; p++) {
		const struct ord_detection *d = &r->detections[p];
		const char *cells[] = {rep,
				       t->probes[p].name,
				       kind_text(d->kind),
				       ord_text_span(&d->from_impact, impact),
				       ord_text_span(&d->from_request, request),
				       NULL};

		if (t->probes[p].is_signal)
			ord_pm_row(pm, cells, false);
	}
}

static void alert_items(const struct ord_pm *pm, const struct ord_rep *r)
{
	char text[ORD_TEXT], at[32];

	for (size_t i = 0; i < pm->main->n_alerts; i++) {
		const struct ord_breakdown *b = &r->breakdowns[i];

		for (unsigned k = 0; k < ORD_LEGS; k++)
			if (b->leg[k].state != ORD_SPAN_NONE)
				ord_pm_item(pm, "Repetition %u, alert %s, %s: %s", r->number,
					    b->alert, ord_leg_name((enum ord_leg)k),
					    ord_text_span(&b->leg[k], text));
		if (b->suppressed.known)
			ord_pm_item(pm, "Repetition %u, alert %s: suppressed at %s", r->number,
				    b->alert, ord_pm_utc(pm->main, b->suppressed.value, at));
	}
	for (size_t i = 0; i < r->n_others; i++)
		ord_pm_item(pm,
			    "Repetition %u: alert %s, which no objective names, came to %s at %s",
			    r->number, r->others[i].alert, ord_stage_name(r->others[i].stage),
			    ord_pm_utc(pm->main, r->others[i].at.value, at));
}

static void rule_items(const struct ord_pm *pm)
{
	for (size_t i = 0; i < pm->main->n_rules; i++) {
		const struct ord_rule *r = &pm->main->rules[i];

		if (!strcmp(r->can_fire, "no"))
			ord_pm_item(pm, "Alert %s cannot fire within the planned fault", r->alert);
		if (r->already)
			ord_pm_item(pm, "Alert %s fired before the fault already", r->alert);
	}
}

void ord_pm_detection(const struct ord_pm *pm)
{
	static const char *const heads[] = {"Repetition",  "Channel",	   "What it did",
					    "From impact", "From request", NULL};
	const struct ord_analysis *a = pm->main;

	ord_pm_table(pm, "Detection by channel", heads);
	for (uint32_t i = 1; i <= a->t->repetitions; i++)
		channel_rows(pm, &a->reps[i]);
	ord_pm_table_end(pm);
	ord_pm_list(pm, true);
	rule_items(pm);
	for (uint32_t i = 1; i <= a->t->repetitions; i++)
		alert_items(pm, &a->reps[i]);
	ord_pm_list(pm, false);
	ord_pm_blank(pm, "noticed", "Did a person know of it while it lasted? How?");
	ord_pm_blank(pm, "half", "How could the time until it was noticed be halved?");
}

void ord_pm_response(const struct ord_pm *pm)
{
	const struct ord_analysis *a = pm->main;
	size_t n = 0;
	char at[32];

	ord_pm_list(pm, true);
	for (uint32_t i = 1; i <= a->t->repetitions; i++)
		for (size_t k = 0; k < a->reps[i].n_marks; k++, n++) {
			const struct ord_mark *m = &a->reps[i].marks[k];

			ord_pm_item(pm, "%s UTC: %s by %s%s%s", ord_pm_utc(a, m->at.value, at),
				    m->what, *m->by ? m->by : "a person", *m->note ? ": " : "",
				    m->note);
		}
	if (!n)
		ord_pm_item(pm, "No word of a person was recorded during the run.");
	ord_pm_list(pm, false);
	ord_pm_blank(pm, "response", "What did people see, and what did they think it was?");
}

void ord_pm_recovery(const struct ord_pm *pm)
{
	const struct ord_analysis *a = pm->main;
	char self[ORD_TEXT], after[ORD_TEXT], full[ORD_TEXT];

	ord_pm_list(pm, true);
	for (uint32_t i = 1; i <= a->t->repetitions; i++) {
		const struct ord_rep *r = &a->reps[i];

		ord_pm_item(
			pm,
			"Repetition %u: by itself %s; after the rollback %s; full recovery %s; %zu "
			"flaps",
			i, ord_text_span(&r->self, self), ord_text_span(&r->after, after),
			ord_text_span(&r->full_span, full), r->flaps);
	}
	ord_pm_list(pm, false);
	ord_pm_text(pm,
		    "\">=\" means: not so when the watch ended, or when the fault was taken away. "
		    "The two recoveries are never pooled.");
}

/* ---- candidates: facts that people judge */

static void goal_items(const struct ord_pm *pm, bool met)
{
	const struct ord_analysis *a = pm->main;

	for (size_t k = 0; k < a->t->n_objectives; k++)
		if ((a->goals[k].result == ORD_RESULT_MET) == met &&
		    a->goals[k].result != ORD_RESULT_NOT_APPLICABLE)
			ord_pm_item(pm, "%s: %s (%s)", a->t->objectives[k].text,
				    ord_result_name(a->goals[k].result), a->goals[k].why);
}

void ord_pm_well(const struct ord_pm *pm)
{
	ord_pm_text(pm, "Candidates, as facts:");
	ord_pm_list(pm, true);
	goal_items(pm, true);
	if (pm->main->residue == 0)
		ord_pm_item(pm, "nothing was left behind by the faults");
	ord_pm_list(pm, false);
	ord_pm_blank(pm, "well", "What went well?");
}

void ord_pm_wrong(const struct ord_pm *pm)
{
	const struct ord_analysis *a = pm->main;

	ord_pm_text(pm, "Candidates, as facts:");
	ord_pm_list(pm, true);
	goal_items(pm, false);
	if (a->self.never)
		ord_pm_item(pm,
			    "%zu of %zu repetitions did not recover while the fault was in force",
			    a->self.never, a->self.n);
	if (a->after.never)
		ord_pm_item(pm, "%zu of %zu repetitions had not recovered when the watch ended",
			    a->after.never, a->after.n);
	ord_pm_list(pm, false);
	ord_pm_blank(pm, "wrong", "What did not go so well?");
}

void ord_pm_lucky(const struct ord_pm *pm)
{
	const struct ord_analysis *a = pm->main;

	if (a->self.n > 1 && a->self.never && a->self.never < a->self.n)
		ord_pm_text(
			pm,
			"A candidate, as a fact: %zu of %zu repetitions recovered by themselves, "
			"the others did not.",
			a->self.n - a->self.never, a->self.n);
	ord_pm_blank(pm, "lucky", "Where was luck involved?");
}

/* ---- the timeline */

/* name: what stands before the event; "" for the repetition that is told whole. */
static void one_row(const struct ord_pm *pm, const struct ord_analysis *a, const struct ord_rep *r,
		    const char *name, const struct ord_row *row)
{
	char utc[32], at[ORD_TEXT], lo[ORD_TEXT], hi[ORD_TEXT],
		width[2 * ORD_TEXT + 8] = "one clock", line[48], event[320];
	const char *cells[] = {utc, at, event, row->source, width, line, NULL};

	ord_pm_utc(a, row->t, utc);
	(void)snprintf(event, sizeof event, "%s%s", name, row->text);
	ord_text_relative(row->t, r->zero, at);
	if (row->hi > row->lo)
		(void)snprintf(width, sizeof width, "%s to %s",
			       ord_text_relative(row->lo, r->zero, lo),
			       ord_text_relative(row->hi, r->zero, hi));
	if (row->line_before)
		(void)snprintf(line, sizeof line, "run.jsonl:%u, after :%u", row->line,
			       row->line_before);
	else
		(void)snprintf(line, sizeof line, "run.jsonl:%u", row->line);
	ord_pm_row(pm, cells, true);
}

static void ask(const struct ord_pm *pm, const struct ord_rep *r, const struct ord_pm_question *q,
		size_t k)
{
	char from[32], to[32], id[48], text[400], took[ORD_TEXT];

	ord_pm_utc(pm->main, q->from, from);
	ord_pm_utc(pm->main, q->to, to);
	(void)snprintf(id, sizeof id, "gap-%u-%zu", r->number, k + 1);
	switch (q->gap) {
	case ORD_PM_GAP_LONGEST:
		(void)snprintf(
			text, sizeof text,
			"Between %s and %s UTC (%s) the impact was visible and %s. What were "
			"people looking at?",
			from, to, ord_text_duration(q->to - q->from, took),
			q->unnoticed ? "no channel had reported" : "nothing new was recorded");
		break;
	case ORD_PM_GAP_NO_PERSON:
		(void)snprintf(
			text, sizeof text,
			"From the impact at %s until %s UTC%s no word of a person is recorded. "
			"How did people learn of it, and what did they see?",
			from, to, q->no_end ? ", the end of the repetition," : "");
		break;
	case ORD_PM_GAP_SUPPRESSED:
		(void)snprintf(
			text, sizeof text,
			"The alert %.80s was suppressed at %s UTC. How was that known, and what "
			"else would have told people?",
			q->alert ? q->alert : "", from);
		break;
	}
	ord_pm_blank(pm, id, text);
}

/* The other repetitions of a run, in brief: instants, marks, notes, aborts. */
static void other_rows(const struct ord_pm *pm, const struct ord_analysis *a, unsigned *told,
		       struct ord_rows *rows)
{
	char name[96];

	for (uint32_t i = 1; i <= a->t->repetitions && *told < REPS_MAX; i++) {
		const struct ord_rep *r = &a->reps[i];

		if (r == pm->rep || !r->begin_line)
			continue;
		++*told;
		(void)snprintf(name, sizeof name,
			       "%.60s%srepetition %u: ", a == pm->main ? "" : a->t->name,
			       a == pm->main ? "" : ", ", i);
		ord_rows_collect(a, r, rows);
		for (size_t k = 0; k < rows->n; k++)
			if (rows->v[k].brief)
				one_row(pm, a, r, name, &rows->v[k]);
	}
}

void ord_pm_timeline(const struct ord_pm *pm)
{
	static const char *const heads[] = {
		"UTC",	    "From the fault", "Event", "Source", "Not better known than",
		"Evidence", "Annotation",     NULL};
	struct ord_pm_question questions[ORD_PM_QUESTIONS_MAX];
	unsigned told = 1;
	struct ord_rows *rows = calloc(1, sizeof *rows);
	size_t n;

	if (!rows)
		return;
	ord_rows_collect(pm->main, pm->rep, rows);
	ord_pm_text(pm,
		    "Repetition %u of %u, from before the injection on. Times are UTC by the run's "
		    "clock; "
		    "the fifth column has the interval in which it happened, the errors of other "
		    "clocks "
		    "included. Other repetitions follow with their instants and what people said. "
		    "The last "
		    "column is for people.",
		    pm->rep->number, pm->main->t->repetitions);
	ord_pm_table(pm, "Timeline", heads);
	for (size_t i = 0; i < rows->n; i++)
		one_row(pm, pm->main, pm->rep, "", &rows->v[i]);
	for (size_t i = 0; i < pm->n; i++)
		other_rows(pm, pm->runs[i], &told, rows);
	ord_pm_table_end(pm);
	ord_rows_collect(pm->main, pm->rep, rows);
	n = ord_pm_find_gaps(pm->main, pm->rep, rows, questions);
	for (size_t i = 0; i < n; i++)
		ask(pm, pm->rep, &questions[i], i);
	free(rows);
}
