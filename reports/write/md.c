/* report.md: GitHub's Markdown, for a job's summary or a merge request. */
#include <inttypes.h>

#include "base/clock.h"
#include "reports/member.h"
#include "reports/write/compare.h"
#include "reports/write/policy.h"
#include "reports/write/text.h"
#include "reports/write/write.h"

#define REPS_MAX 60 /* a job's summary has a limit; report.json has them all */

static const char *sign(enum ord_result r)
{
	static const char *const signs[] = {[ORD_RESULT_MET] = "✅",
					    [ORD_RESULT_MISSED] = "❌",
					    [ORD_RESULT_INCONCLUSIVE] = "❔",
					    [ORD_RESULT_NOT_APPLICABLE] = "➖",
					    [ORD_RESULT_NOT_MEASURED] = "➖"};

	return signs[r];
}

static void head(const struct ord_analysis *a, FILE *out)
{
	const char *hypothesis = ord_member_text(a->t->plan, "hypothesis", "");
	char early[ORD_EARLY_TEXT];

	(void)fputs("# ", out);
	ord_md_text(out, a->t->name);
	(void)fprintf(out, "\n\n**%s ",
		      a->exit == 0		     ? "✅"
		      : a->exit == 1 || a->exit == 6 ? "❌"
						     : "❔");
	ord_md_text(out, a->verdict);
	(void)fprintf(out, "** (exit %d)\n\n", a->exit);
	if (*ord_early_text(a, early)) {
		ord_md_text(out, early);
		(void)fputs("\n\n", out);
	}
	if (*hypothesis) {
		(void)fputs("> ", out);
		ord_md_text(out, hypothesis);
		(void)fputs("\n\n", out);
	}
}

static const char *median_text(bool has, int64_t median, size_t n, char out[static ORD_TEXT])
{
	if (!n)
		return "-";
	return has ? ord_text_duration(median, out) : "not reached";
}

static void objectives(const struct ord_analysis *a, FILE *out)
{
	char text[ORD_TEXT];

	if (!a->t->n_objectives)
		return;
	(void)fputs("## Objectives\n\n| | objective | result | median | worst | never | why "
		    "|\n|---|---|---|--:|--:|--:|---|\n",
		    out);
	for (size_t k = 0; k < a->t->n_objectives; k++) {
		const struct ord_goal_summary *g = &a->goals[k];

		(void)fprintf(out, "| %s |", sign(g->result));
		ord_md_cell(out, a->t->objectives[k].text);
		ord_md_cell(out, ord_result_name(g->result));
		ord_md_cell(out, median_text(g->has_median, g->median, g->n, text));
		ord_md_cell(out, g->never	? "never"
				 : g->has_worst ? ord_text_duration(g->worst, text)
						: "-");
		if (g->n)
			(void)fprintf(out, " %zu of %zu |", g->never, g->n);
		else
			(void)fputs(" - |", out);
		ord_md_cell(out, g->why);
		(void)fputc('\n', out);
	}
	(void)fputc('\n', out);
}

static void rep_row(const struct ord_analysis *a, const struct ord_rep *r, FILE *out)
{
	char text[ORD_TEXT];

	if (r->number)
		(void)fprintf(out, "| %u |", r->number);
	else
		(void)fputs("| placebo |", out);
	ord_md_cell(out, ord_rep_state_name(r->state));
	ord_md_cell(out,
		    r->impact.known ? ord_text_relative(r->impact.value, r->zero, text) : "none");
	for (size_t p = 0; p < a->t->n_probes; p++)
		if (a->t->probes[p].is_signal)
			ord_md_cell(out,
				    r->detections[p].kind == ORD_DETECTION_NOTICED
					    ? ord_text_span(&r->detections[p].from_impact, text)
					    : "-");
	ord_md_cell(out, ord_text_span(&r->self, text));
	ord_md_cell(out, ord_text_span(&r->after, text));
	ord_md_cell(out, ord_text_span(&r->bad_time, text));
	(void)fprintf(out, " %zu |\n", r->flaps);
}

static void repetitions(const struct ord_analysis *a, FILE *out)
{
	uint32_t last = a->t->repetitions > REPS_MAX ? REPS_MAX : a->t->repetitions;

	(void)fputs("## Repetitions\n\n| # | state | impact |", out);
	for (size_t p = 0; p < a->t->n_probes; p++)
		if (a->t->probes[p].is_signal) {
			(void)fputs(" detect(", out);
			ord_md_text(out, a->t->probes[p].name);
			(void)fputs(") |", out);
		}
	(void)fputs(
		" recover(self) | recover(after rollback) | impact lasted | flaps |\n|--:|---|--:|",
		out);
	for (size_t p = 0; p < a->t->n_probes; p++)
		if (a->t->probes[p].is_signal)
			(void)fputs("--:|", out);
	(void)fputs("--:|--:|--:|--:|\n", out);
	for (uint32_t i = 0; i <= last; i++)
		if (i || a->reps[0].begin_line)
			rep_row(a, &a->reps[i], out);
	if (last < a->t->repetitions)
		(void)fprintf(out, "\n%u more repetitions are in report.json.\n",
			      a->t->repetitions - last);
	(void)fputs(
		"\nTimes with [low, high]; `>=`: not (yet) so when the watch ended. A recovery by "
		"itself and one after the rollback are different figures and are never pooled.\n\n",
		out);
}

static void probes_table(const struct ord_analysis *a, FILE *out)
{
	static const char *const parts[] = {"before", "during", "after"};
	char text[ORD_TEXT];

	(void)fputs("## Users\n\n| # | probe | part | good | bad | unknown | p50 | p95 | p99 | max "
		    "|\n|--:|---|---|--:|--:|--:|--:|--:|--:|--:|\n",
		    out);
	for (uint32_t i = 0; i <= a->t->repetitions && i <= REPS_MAX; i++)
		for (size_t p = 0; (i || a->reps[0].begin_line) && p < a->t->n_probes; p++)
			for (unsigned k = 0; !a->t->probes[p].is_signal && k < ORD_PARTS; k++) {
				const struct ord_part *part = &a->reps[i].parts[p * ORD_PARTS + k];
				const int64_t v[] = {part->p50, part->p95, part->p99, part->max};

				if (!part->good && !part->bad && !part->unknown)
					continue;
				(void)fprintf(out, "| %u |", i);
				ord_md_cell(out, a->t->probes[p].name);
				(void)fprintf(
					out, " %s | %s | %zu | %zu |", parts[k],
					ord_text_share(part->good, part->good + part->bad, text),
					part->bad, part->unknown);
				for (size_t m = 0; m < 4; m++)
					(void)fprintf(out, " %s%s |",
						      v[m] < 0 ? "-"
							       : ord_text_duration(v[m], text),
						      v[m] >= 0 && part->unknown ? " (*)" : "");
				(void)fputc('\n', out);
			}
	(void)fputs("\nLatency counts from the intended start; a percentile needs 20 (p95) or 100 "
		    "(p99) samples. (*) slots were skipped: the percentiles are not valid.\n\n",
		    out);
}

static void fault_rows(const struct ord_analysis *a, FILE *out)
{
	char text[ORD_TEXT];

	(void)fputs("## Faults\n\n| # | fault | kind | class | engine | in force | cleared | "
		    "residue |\n|--:|---|---|---|---|--:|--:|--:|\n",
		    out);
	for (uint32_t i = 1; i <= a->t->repetitions && i <= REPS_MAX; i++)
		for (size_t k = 0; k < a->t->n_faults; k++) {
			const struct ord_rep *r = &a->reps[i];
			const struct ord_fault_result *f = &r->faults[k];

			if (!f->requested.known)
				continue;
			(void)fprintf(out, "| %u |", i);
			ord_md_cell(out, a->t->faults[k].name);
			ord_md_cell(out, a->t->faults[k].fault);
			ord_md_cell(out, f->guarantee);
			ord_md_cell(out, f->engine[0] ? f->engine : "-");
			ord_md_cell(out, f->in_force.known ? ord_text_relative(f->in_force.value,
									       r->zero, text)
							   : "no");
			ord_md_cell(out, f->cleared.known ? ord_text_relative(f->cleared.value,
									      r->zero, text)
							  : "-");
			if (f->has_residue && f->residue >= 0)
				(void)fprintf(out, " %" PRId64 " |\n", f->residue);
			else
				(void)fputs(" not applicable |\n", out);
		}
	(void)fputc('\n', out);
}

/* What a table of faults has no column for. */
static void remarks(const struct ord_analysis *a, FILE *out)
{
	char text[ORD_TEXT];
	size_t n = 0;

	for (uint32_t i = 1; i <= a->t->repetitions && i <= REPS_MAX; i++)
		for (size_t k = 0; k < a->t->n_faults; k++) {
			const struct ord_fault_result *f = &a->reps[i].faults[k];

			if (*f->by) {
				(void)fprintf(out, "- %u: ", i);
				ord_md_text(out, a->t->faults[k].name);
				(void)fputs(" was taken back by ", out);
				ord_md_text(out, f->by);
				(void)fputc('\n', out);
				n++;
			}
			for (size_t m = 0; m < json_array_size(f->kept); m++, n++) {
				(void)fprintf(out, "- %u: ", i);
				ord_md_text(out, a->t->faults[k].name);
				(void)fputs(" was taken back, and another's change kept: ", out);
				ord_md_text(out, json_string_value(json_array_get(f->kept, m)));
				(void)fputc('\n', out);
			}
			if (f->over.state != ORD_SPAN_NONE) {
				(void)fprintf(out, "- %u: ", i);
				ord_md_text(out, a->t->faults[k].name);
				(void)fprintf(out, " stood %s past its end\n",
					      ord_text_span(&f->over, text));
				n++;
			}
		}
	if (n)
		(void)fputc('\n', out);
}

/* "2026-11-21T17:00:17.470Z acknowledged by on-call: " */
static void mark(const struct ord_timeline *t, const struct ord_event *e, FILE *out)
{
	const char *what = ord_member_text(e->json, "what", ""),
		   *by = ord_member_text(e->json, "by", "");
	char when[32];

	if (e->kind != ORD_EVENT_MARK)
		return;
	ord_format_utc((uint64_t)(t->wall_ns + e->t), when);
	(void)fprintf(out, "%s ", when);
	ord_md_text(out, what);
	(void)fputs(*by ? " by " : "", out);
	ord_md_text(out, by);
	(void)fputs(": ", out);
}

static void notes(const struct ord_analysis *a, FILE *out)
{
	const struct ord_timeline *t = a->t;
	size_t n = 0;

	for (size_t i = 0; i < t->n_events && n < 50; i++)
		if (t->events[i].kind == ORD_EVENT_NOTE || t->events[i].kind == ORD_EVENT_MARK) {
			if (!n++)
				(void)fputs("## Notes\n\n", out);
			(void)fputs("- ", out);
			mark(t, &t->events[i], out);
			ord_md_text(out, ord_member_text(
						 t->events[i].json, "text",
						 ord_member_text(t->events[i].json, "note", "")));
			(void)fprintf(out, " (line %u)\n", t->events[i].line);
		}
	if (n)
		(void)fputc('\n', out);
}

static void method(const struct ord_analysis *a, FILE *out)
{
	const struct ord_timeline *t = a->t;
	char text[ORD_TEXT], when[32];

	ord_format_utc((uint64_t)t->wall_ns, when);
	(void)fputs("## Method\n\n- Resolution: ", out);
	for (size_t p = 0; p < t->n_probes && !t->probes[p].is_channel; p++) {
		(void)fputs(p ? ", " : "", out);
		ord_md_text(out, t->probes[p].name);
		(void)fprintf(out, " every %s", ord_text_duration(t->probes[p].every, text));
	}
	(void)fprintf(out, "; recovery is held for %s; n = %u.\n", ord_text_duration(a->hold, text),
		      t->repetitions);
	(void)fprintf(out, "- Background: %zu isolated failures in %zu samples without a fault.\n",
		      a->noise_bad, a->noise_total);
	ord_md_policies(a, out);
	ord_md_cluster(a, out);
	if (t->torn)
		(void)fputs("- The last line of the timeline was cut off and left out.\n", out);
	if (t->ignored)
		(void)fprintf(out, "- %u lines of a type unknown to this version were left out.\n",
			      t->ignored);
	(void)fputs("- Run ", out);
	ord_md_code(out, ord_member_text(t->run, "run", ""));
	(void)fprintf(out, ", %s, ordeal ", when);
	ord_md_text(out, ord_member_text(t->run, "ordeal", ""));
	(void)fputs(", plan ", out);
	ord_md_code(out, ord_member_text(t->plan, "hash", ""));
	(void)fprintf(out, ", seed %" PRId64 ".\n", ord_member_int(t->plan, "seed", 0));
}

int ord_write_md(const struct ord_analysis *a, FILE *out, struct ord_err *err)
{
	(void)err;
	head(a, out);
	objectives(a, out);
	ord_md_regressions(a, out);
	ord_md_warnings(a, out);
	repetitions(a, out);
	ord_md_figures(a, out);
	ord_md_channels(a, out);
	ord_md_alerts(a, out);
	ord_md_loss(a, out);
	probes_table(a, out);
	fault_rows(a, out);
	remarks(a, out);
	ord_md_kube(a, out);
	notes(a, out);
	method(a, out);
	return 0;
}
