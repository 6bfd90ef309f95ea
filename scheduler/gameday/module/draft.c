/*
 * The day's post-mortem: what the session and its runs know, and questions. It claims no cause,
 * names no person, and says of nobody what they ought to have done (docs/formats/postmortem.md).
 */
#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "scheduler/gameday/module/figures.h"
#include "scheduler/gameday/module/report.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* A place for people. */
static void blank(FILE *out, const char *id, const char *question)
{
	(void)fprintf(out, "<!-- blank: %s -->\n_To be filled in: %s_\n<!-- end -->\n\n", id,
		      question);
}

static size_t count(const struct day_report *r, enum day_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < r->s->state.n; i++)
		n += r->s->state.steps[i].state == state;
	return n;
}

static bool felt(const json_t *report)
{
	const json_t *rep;

	for (size_t n = 0; (rep = figures_repetition(report, n)); n++)
		if (json_is_object(json_object_get(rep, "impact")))
			return true;
	return false;
}

static void put_status(const struct day_report *r, FILE *out)
{
	(void)fputs("## Status\n\n", out);
	(void)fprintf(out, "- Date: %s\n- Session: ", text_of(r->s->head, "at"));
	figures_text(out, r->s->id);
	(void)fputs("\n- Made by ordeal " ORDEAL_VERSION " from the session and the reports of its "
		    "runs\n- Status: Draft\n\n",
		    out);
	blank(out, "authors", "Who wrote this, and who has reviewed it?");
}

static void put_summary(const struct day_report *r, FILE *out)
{
	size_t ran = 0, touched = 0;

	for (size_t i = 0; i < r->s->state.n; i++) {
		ran += r->runs[i] != NULL;
		touched += felt(r->runs[i]);
	}
	(void)fprintf(
		out,
		"## Summary\n\nThe game day %s had %zu step%s: %zu done, %zu aborted, %zu "
		"skipped, %zu interrupted. Users, as seen by ordeal's probes, were affected in "
		"%zu of the %zu that ran (n = %zu).\n\n",
		r->s->day->spec.name, r->s->state.n, r->s->state.n == 1 ? "" : "s",
		count(r, DAY_DONE), count(r, DAY_CUT), count(r, DAY_SKIPPED),
		count(r, DAY_INTERRUPTED), touched, ran, ran);
	blank(out, "meaning", "What does this mean, in one sentence?");
}

static void heading(const struct day_report *r, size_t i, FILE *out)
{
	(void)fprintf(out, "- Step %zu, ", i + 1);
	figures_text(out, r->s->day->spec.steps[i].name);
	(void)fputs(": ", out);
}

/* What may have gone well or wrong, as facts. well: those within what was expected. */
static void put_facts(const struct day_report *r, bool well, FILE *out)
{
	const char *wanted = well ? "within" : "later";
	const char *than = well ? "within what" : "later than";
	char span[SPAN_TEXT];
	const json_t *rep;

	for (size_t i = 0; i < r->s->state.n; i++)
		for (size_t n = 0; (rep = figures_repetition(r->runs[i], n)); n++) {
			const struct ord_gameday_expect *e = &r->s->day->spec.steps[i].expect;
			const json_t *lasted = json_object_get(rep, "impact_duration");
			ord_auto(json) json_t *first = figures_first_detection(rep);

			if (!strcmp(figures_compare(first, e->detect_ns), wanted)) {
				heading(r, i, out);
				(void)fputs("detected ", out);
				figures_text(out, figures_span(first, span));
				(void)fprintf(out, " after the impact, %s was expected\n", than);
			}
			if (!strcmp(figures_compare(lasted, e->recover_ns), wanted)) {
				heading(r, i, out);
				(void)fputs("recovered ", out);
				figures_text(out, figures_span(lasted, span));
				(void)fprintf(out, " after the impact, %s was expected\n", than);
			}
			if (!well && json_is_object(json_object_get(rep, "recovered")) &&
			    json_is_false(json_object_get(rep, "recovered_by_itself"))) {
				heading(r, i, out);
				(void)fputs("recovered only after the fault was removed\n", out);
			}
		}
	(void)fputc('\n', out);
}

/* Whether a person said anything from the impact until the recovery. */
static bool somebody_spoke(const json_t *rep)
{
	const json_t *marks = json_object_get(rep, "marks"), *m;
	json_int_t from =
		json_integer_value(json_object_get(json_object_get(rep, "impact"), "lo_ns"));
	const json_t *recovered = json_object_get(rep, "recovered");
	size_t i;

	json_array_foreach (marks, i, m) {
		json_int_t t =
			json_integer_value(json_object_get(json_object_get(m, "at"), "t_ns"));

		if (t >= from && (!json_is_object(recovered) ||
				  t <= json_integer_value(json_object_get(recovered, "hi_ns"))))
			return true;
	}
	return false;
}

static void ask_silence(const struct day_report *r, size_t step, FILE *out)
{
	const json_t *rep;
	char id[48], question[400];

	for (size_t n = 0; (rep = figures_repetition(r->runs[step], n)); n++) {
		const json_t *impact = json_object_get(rep, "impact");
		const json_t *until = json_object_get(rep, "recovered");

		if (!json_is_object(impact) || somebody_spoke(rep))
			continue;
		(void)snprintf(id, sizeof id, "silence-%zu-%zu", step + 1, n + 1);
		(void)snprintf(question, sizeof question,
			       "Step %zu: from %.24s %s%.24s impact was visible, and no role said "
			       "anything. What were you looking at?",
			       step + 1, text_of(impact, "utc"),
			       json_is_object(until) ? "to " : "on", text_of(until, "utc"));
		blank(out, id, question);
	}
}

static void ask_events(const struct day_report *r, FILE *out)
{
	const json_t *e;
	char id[48], question[400];
	size_t i;

	json_array_foreach (r->events, i, e) {
		int step = (int)json_integer_value(json_object_get(e, "step"));
		const char *kind = text_of(e, "e");

		*question = '\0';
		if (json_is_true(json_object_get(e, "overrule")))
			(void)snprintf(question, sizeof question,
				       "Step %d went on although a check failed. What was known of "
				       "the check then?",
				       step);
		else if (!strcmp(kind, "abort"))
			(void)snprintf(question, sizeof question,
				       "Step %d was aborted at %.24s. How was that decided, and "
				       "what was seen?",
				       step, text_of(e, "at"));
		else if (!strcmp(kind, "left"))
			(void)snprintf(question, sizeof question,
				       "After step %d the steady state was not waited for. How did "
				       "the system stand?",
				       step);
		if (!*question)
			continue;
		(void)snprintf(id, sizeof id, "event-%zu", i);
		blank(out, id, question);
	}
}

static void put_lessons(const struct day_report *r, FILE *out)
{
	(void)fputs("## What went well\n\n", out);
	put_facts(r, true, out);
	blank(out, "well", "What of this is worth keeping?");
	(void)fputs("## What went wrong\n\n", out);
	put_facts(r, false, out);
	blank(out, "wrong", "What of this is worth changing?");
	(void)fputs("## Where we got lucky\n\n", out);
	blank(out, "lucky", "What went well that nobody had planned?");
	(void)fputs("## Questions\n\n", out);
	for (size_t i = 0; i < r->s->state.n; i++)
		ask_silence(r, i, out);
	ask_events(r, out);
	blank(out, "unexpected", "Where did what came differ from what was expected, and how?");
	(void)fputs("## The day itself\n\n", out);
	blank(out, "mechanics",
	      "How did checks, roles, words and time boxes serve? What is done differently next "
	      "time?");
	(void)fputs("## Action items\n\n| Action | Type | Owner | Priority | Ticket |\n"
		    "| --- | --- | --- | --- | --- |\n|  | mitigate, prevent, process, other |  |  "
		    "|  |\n\n",
		    out);
}

void day_report_draft(const struct day_report *r, FILE *out)
{
	(void)fprintf(out, "# Post-mortem: game day %s\n\n", r->s->day->spec.name);
	put_status(r, out);
	put_summary(r, out);
	(void)fputs("## Expected and actual\n\n", out);
	day_report_expected(r, out);
	(void)fputs("\n## Steps\n\n", out);
	day_report_steps(r, out);
	(void)fputs("\n## Impact\n\nWhat probes saw stands in the table above.\n\n", out);
	blank(out, "users", "How many users, how much revenue, how many tickets did it touch?");
	(void)fputs("## Root causes\n\nFaults were injected by this game day; a run knows no other "
		    "cause.\n\n",
		    out);
	blank(out, "causes",
	      "What in the system made the effects as large, or as small, as they were?");
	put_lessons(r, out);
	(void)fputs("## Timeline\n\n", out);
	day_report_timeline(r, true, out);
	(void)fputs("\n## Supporting information\n\n- session.jsonl and the plan, day.yaml, beside "
		    "this file\n- " DRAFTS_OF_RUNS "/: a draft for each step\n- each run's folder, "
		    "named in Steps: run.jsonl and its reports\n- again: `ordeal gameday run "
		    "FILE`\n",
		    out);
}
