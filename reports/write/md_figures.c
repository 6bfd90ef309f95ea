/* report.md: warnings, figures over the repetitions, channels, the way of alerts, what was lost. */
#include <inttypes.h>

#include "reports/write/text.h"
#include "reports/write/write.h"

#define REPS_MAX 60 /* as the other tables */

static uint32_t last_rep(const struct ord_analysis *a)
{
	return a->t->repetitions > REPS_MAX ? REPS_MAX : a->t->repetitions;
}

void ord_md_warnings(const struct ord_analysis *a, FILE *out)
{
	if (!a->n_warnings)
		return;
	(void)fputs("## Warnings\n\n", out);
	for (size_t i = 0; i < a->n_warnings && i < REPS_MAX; i++) {
		const struct ord_warning *w = &a->warnings[i];

		(void)fputs("- ⚠ ", out);
		if (w->rep)
			(void)fprintf(out, "repetition %u: ", w->rep);
		ord_md_text(out, w->text);
		if (w->line)
			(void)fprintf(out, " (line %u)", w->line);
		(void)fputc('\n', out);
	}
	(void)fputc('\n', out);
}

/* "2.9 s [2.4, 3.7]", "2.9 s, an interval needs >= 6 repetitions". */
static void median(const struct ord_summary *s, FILE *out)
{
	char text[2 * ORD_TEXT], value[ORD_TEXT], lo[ORD_TEXT], hi[ORD_TEXT];

	if (!s->has_median)
		(void)snprintf(value, sizeof value, "not reached");
	else
		ord_text_duration(s->median, value);
	if (s->need)
		(void)snprintf(text, sizeof text, "%s; an interval needs >= %zu repetitions", value,
			       s->need);
	else
		(void)snprintf(text, sizeof text, "%s [%s, %s]", value,
			       s->has_lo ? ord_text_duration(s->median_lo, lo) : "-",
			       s->has_hi ? ord_text_duration(s->median_hi, hi) : "not reached");
	ord_md_cell(out, text);
}

static void figure(const char *name, const char *of, const struct ord_summary *s, FILE *out)
{
	char text[ORD_TEXT], lost[2 * ORD_TEXT];

	if (!s->n)
		return;
	(void)fputs("| ", out);
	ord_md_text(out, name);
	ord_md_text(out, of);
	(void)fprintf(out, " | %zu |", s->n);
	median(s, out);
	ord_md_cell(out, s->has_worst ? ord_text_duration(s->worst, text) : "-");
	(void)fprintf(out, " %zu of %zu |", s->never, s->n);
	if (s->tau > 0) {
		(void)snprintf(lost, sizeof lost, "%s", ord_text_duration(s->rmst, text));
		ord_md_cell(out, lost);
		ord_md_cell(out, ord_text_duration(s->tau, text));
	} else {
		(void)fputs(" - | - |", out);
	}
	(void)fputc('\n', out);
}

void ord_md_figures(const struct ord_analysis *a, FILE *out)
{
	const struct {
		const char *name;
		const struct ord_summary *s;
	} figures[] = {{"impact lasted", &a->bad_time},		{"recovered by itself", &a->self},
		       {"recovered after rollback", &a->after}, {"fully recovered", &a->full},
		       {"acknowledged", &a->acknowledge},	{"mitigated", &a->mitigate}};
	size_t n = 0;

	for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
		n += figures[i].s->n;
	if (!n)
		return;
	(void)fputs(
		"## Over the repetitions\n\n| figure | n | median, 95 % | worst known | never | "
		"lost on average | within |\n|---|--:|---|--:|--:|--:|--:|\n",
		out);
	for (size_t p = 0; p < a->t->n_probes; p++)
		if (a->t->probes[p].is_signal)
			figure("detected by ", a->t->probes[p].name, &a->detect[p], out);
	for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
		figure(figures[i].name, "", figures[i].s, out);
	(void)fputs(
		"\n`lost on average` is the mean of the time within the longest watch, those that "
		"never were counted as all of it: no mean time to anything.\n\n",
		out);
}

static const char *detection_text(const struct ord_rep *r, const struct ord_detection *d,
				  char out[static ORD_TEXT])
{
	switch (d->kind) {
	case ORD_DETECTION_NOTICED:
		return ord_text_relative(d->at.value, r->zero, out);
	case ORD_DETECTION_ALREADY:
		return "already before the fault";
	case ORD_DETECTION_TOO_LATE:
		return "only after the recovery";
	case ORD_DETECTION_UNKNOWN:
		return "not known";
	case ORD_DETECTION_NONE:
		break;
	}
	return "not noticed";
}

void ord_md_channels(const struct ord_analysis *a, FILE *out)
{
	char text[ORD_TEXT];
	size_t n = 0;

	for (uint32_t i = 1; i <= last_rep(a); i++)
		for (size_t p = 0; p < a->t->n_probes; p++) {
			const struct ord_detection *d = &a->reps[i].detections[p];

			if (!a->t->probes[p].is_channel || !a->reps[i].requested.known)
				continue;
			if (!n++)
				(void)fputs(
					"## Channels\n\n| # | channel | at | from the impact | by "
					"|\n|--:|---|--:|--:|---|\n",
					out);
			(void)fprintf(out, "| %u |", i);
			ord_md_cell(out, a->t->probes[p].name);
			ord_md_cell(out, detection_text(&a->reps[i], d, text));
			ord_md_cell(out, ord_text_span(&d->from_impact, text));
			ord_md_cell(out, d->message ? d->message : d->by ? d->by : "-");
			(void)fputc('\n', out);
		}
	if (n)
		(void)fputc('\n', out);
}

static void leg(const struct ord_breakdown *b, enum ord_leg l, FILE *out)
{
	char span[ORD_TEXT], told[ORD_TEXT], rounded[ORD_TEXT], line[3 * ORD_TEXT];

	ord_text_span(&b->leg[l], span);
	if (l == ORD_LEG_FOR && b->for_ns >= 0 && b->for_rounded_ns >= 0)
		(void)snprintf(line, sizeof line, "%s (%s on the grid: %s)", span,
			       ord_text_duration(b->for_ns, told),
			       ord_text_duration(b->for_rounded_ns, rounded));
	else
		(void)snprintf(line, sizeof line, "%s%s", span,
			       l == ORD_LEG_GROUP_WAIT && b->group_existed ? " (the group existed)"
									   : "");
	ord_md_cell(out, line);
}

static void reached(const struct ord_breakdown *b, FILE *out)
{
	const char *join = "; not told: ";

	(void)fprintf(out, " %s", b->reached < ORD_STAGES ? ord_stage_name(b->reached) : "nothing");
	for (int i = 0; i < ORD_STAGES; i++)
		if (b->untold & 1u << i) {
			(void)fprintf(out, "%s%s", join, ord_stage_name((enum ord_stage)i));
			join = ", ";
		}
	(void)fputs(b->suppressed.known ? "; suppressed |" : " |", out);
}

static void way(const struct ord_rep *r, const struct ord_breakdown *b, FILE *out)
{
	char mean[ORD_TEXT], worst[ORD_TEXT], line[3 * ORD_TEXT];

	(void)fprintf(out, "| %u |", r->number);
	ord_md_cell(out, b->alert);
	ord_md_cell(out, b->from_impact ? "impact" : "request");
	for (int i = 0; i < ORD_LEGS; i++)
		leg(b, (enum ord_leg)i, out);
	reached(b, out);
	(void)snprintf(line, sizeof line, "%s, at worst %s", ord_text_duration(b->mean_ns, mean),
		       ord_text_duration(b->worst_ns, worst));
	ord_md_cell(out, b->mean_ns >= 0 ? line : "-");
	(void)fputc('\n', out);
}

static void clock_line(const char *source, const struct ord_clock *c, FILE *out)
{
	char lo[ORD_TEXT], hi[ORD_TEXT];

	if (c->known)
		(void)fprintf(out, "- The clock of %s was off by %s to %s (line %u).\n", source,
			      ord_text_duration(c->lo, lo), ord_text_duration(c->hi, hi), c->line);
}

static void others(const struct ord_analysis *a, FILE *out)
{
	char text[ORD_TEXT];

	for (uint32_t i = 1; i <= last_rep(a); i++)
		for (size_t k = 0; k < a->reps[i].n_others; k++) {
			const struct ord_other_alert *o = &a->reps[i].others[k];

			(void)fprintf(out, "- %u: ", i);
			ord_md_text(out, o->alert);
			(void)fprintf(out, ", which no objective names, was %s at %s (line %u)\n",
				      ord_stage_name(o->stage),
				      ord_text_relative(o->at.value, a->reps[i].zero, text),
				      o->at.line);
		}
	(void)fputc('\n', out);
}

void ord_md_alerts(const struct ord_analysis *a, FILE *out)
{
	if (!a->n_alerts)
		return;
	(void)fputs(
		"## Alerts\n\n| # | alert | from | scrape | evaluate | for | deliver | group wait "
		"| notify | reached | expected |\n|--:|---|---|--:|--:|--:|--:|--:|--:|---|---|\n",
		out);
	for (uint32_t i = 1; i <= last_rep(a); i++)
		for (size_t k = 0; a->reps[i].requested.known && k < a->n_alerts; k++)
			way(&a->reps[i], &a->reps[i].breakdowns[k], out);
	(void)fputc('\n', out);
	clock_line("Prometheus", &a->reps[a->t->repetitions].breakdowns[0].prometheus, out);
	clock_line("Alertmanager", &a->reps[a->t->repetitions].breakdowns[0].alertmanager, out);
	others(a, out);
}

/* "+10.100 s (by the rule +10.000 s)". */
static char *recovery(const struct ord_rep *r, char out[static 2 * ORD_TEXT + 32])
{
	char rule[ORD_TEXT], segments[ORD_TEXT];

	(void)snprintf(out, 2 * ORD_TEXT + 32, "%s (by the rule %s)",
		       ord_text_instant(&r->recovered_segmented, r->zero, segments),
		       ord_text_instant(&r->recovered, r->zero, rule));
	return out;
}

static void loss_row(const struct ord_rep *r, FILE *out)
{
	char segments[2 * ORD_TEXT + 32];
	const struct ord_loss *l = &r->loss;
	const char *page = "no";
	char text[ORD_TEXT];

	(void)fprintf(out, "| %u |", r->number);
	ord_md_cell(out, ord_text_duration(l->area_ns, text));
	ord_md_cell(out, l->ok_ppm < 0 ? "-" : ord_text_ppm(l->ok_ppm, text));
	ord_md_cell(out, l->time_ok_ppm < 0 ? "-" : ord_text_ppm(l->time_ok_ppm, text));
	(void)fprintf(out, " %zu |", r->flaps);
	ord_md_cell(out, ord_text_span(&r->full_span, text));
	ord_md_cell(out, r->budget.known ? ord_text_ppm(r->budget.burnt_ppm, text) : "-");
	for (int i = ORD_PAGES - 1; i >= 0; i--)
		if (r->budget.pages[i].at.known)
			page = r->budget.pages[i].name;
	ord_md_cell(out, r->budget.known ? page : "-");
	ord_md_cell(out, ord_onset_name(r->onset));
	ord_md_cell(out, r->onset_segmented.known ? recovery(r, segments) : "-");
	(void)fputc('\n', out);
}

void ord_md_loss(const struct ord_analysis *a, FILE *out)
{
	char text[ORD_TEXT];
	size_t n = 0;

	for (uint32_t i = 1; i <= last_rep(a); i++) {
		if (!a->reps[i].loss.known)
			continue;
		if (!n++)
			(void)fputs(
				"## What the users lost\n\n| # | seconds of full outage | by "
				"requests "
				"| by time | flaps | fully recovered | budget burnt | would have "
				"paged "
				"| onset by segments | recovered by segments "
				"|\n|--:|--:|--:|--:|--:|--:|--:|---|---|---|\n",
				out);
		loss_row(&a->reps[i], out);
	}
	if (!n)
		return;
	(void)fputs(
		"\nFrom the fault's request to the end of the repetition, over all user probes.",
		out);
	if (a->budget.n > 1)
		(void)fprintf(out, " All %zu repetitions together burnt %s of the one budget.",
			      a->budget.n, ord_text_ppm(a->budget.burnt_ppm, text));
	if (a->t->has_slo)
		(void)fputs(" Burn rates take all before the repetition to have been well.", out);
	(void)fputs("\n\n", out);
}
