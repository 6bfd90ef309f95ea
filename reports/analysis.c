/* The steps of an analysis, in their order; what it owns. */
#include "reports/analysis.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "reports/compare.h"
#include "reports/member.h"
#include "reports/spread.h"
#include "reports/write/text.h"

#define WARNINGS_MAX 1024

void ord_analysis_done(struct ord_analysis *a)
{
	struct ord_summary *const single[] = {&a->self,	       &a->after,    &a->bad_time, &a->full,
					      &a->acknowledge, &a->mitigate, &a->pods};

	for (uint32_t i = 0; a->reps && i <= a->t->repetitions; i++) {
		for (size_t k = 0; a->reps[i].faults && k < a->t->n_faults; k++) {
			free(a->reps[i].faults[k].acts);
			json_decref(a->reps[i].faults[k].kept);
		}
		free(a->reps[i].lives);
		free(a->reps[i].dips);
		free(a->reps[i].blind);
		free(a->reps[i].also.v);
		free(a->reps[i].own.v);
		free(a->reps[i].detections);
		free(a->reps[i].goals);
		free(a->reps[i].faults);
		free(a->reps[i].parts);
		free(a->reps[i].breakdowns);
		free(a->reps[i].others);
		free(a->reps[i].marks);
	}
	for (size_t i = 0; i < sizeof single / sizeof *single; i++)
		ord_spread_done(single[i]);
	for (size_t p = 0; a->detect && p < a->t->n_probes; p++)
		ord_spread_done(&a->detect[p]);
	for (size_t i = 0; i < a->n_alerts; i++)
		free(a->alerts[i]);
	free(a->alerts);
	free(a->rules);
	ord_regressions_done(a);
	free(a->warnings);
	free(a->reps);
	free(a->goals);
	free(a->detect);
	*a = (struct ord_analysis){0};
}

/* Texts of the timeline were cut to fit: what is left of a character would be no text. */
static void clean(struct ord_analysis *a)
{
	ord_text_clean(a->verdict);
	for (size_t k = 0; k < a->t->n_objectives; k++)
		ord_text_clean(a->goals[k].why);
	for (uint32_t i = 0; i <= a->t->repetitions; i++) {
		ord_text_clean(a->reps[i].why);
		for (size_t k = 0; k < a->t->n_objectives; k++)
			ord_text_clean(a->reps[i].goals[k].why);
	}
}

void ord_warn(struct ord_analysis *a, uint32_t rep, uint32_t line, const char *fmt, ...)
{
	struct ord_warning *w;
	va_list ap;

	if (a->n_warnings == a->room_warnings) {
		size_t room = a->room_warnings ? a->room_warnings * 2 : 16;

		if (room > WARNINGS_MAX)
			return;
		w = reallocarray(a->warnings, room, sizeof *w);
		if (!w) {
			a->no_memory = true;
			return;
		}
		a->warnings = w;
		a->room_warnings = room;
	}
	w = &a->warnings[a->n_warnings++];
	w->rep = rep;
	w->line = line;
	va_start(ap, fmt);
	(void)vsnprintf(w->text, sizeof w->text, fmt, ap);
	va_end(ap);
	ord_text_clean(w->text);
}

static int make_room(const struct ord_timeline *t, struct ord_analysis *a, struct ord_err *err)
{
	a->reps = calloc((size_t)t->repetitions + 1, sizeof *a->reps);
	a->goals = calloc(t->n_objectives + 1, sizeof *a->goals);
	a->detect = calloc(t->n_probes + 1, sizeof *a->detect);
	if (!a->reps || !a->goals || !a->detect)
		return ord_fail_nomem(err);
	for (uint32_t i = 0; i <= t->repetitions; i++) {
		struct ord_rep *r = &a->reps[i];

		r->number = i;
		r->detections = calloc(t->n_probes + 1, sizeof *r->detections);
		r->goals = calloc(t->n_objectives + 1, sizeof *r->goals);
		r->faults = calloc(t->n_faults + 1, sizeof *r->faults);
		r->parts = calloc(t->n_probes + 1, ORD_PARTS * sizeof *r->parts);
		if (!r->detections || !r->goals || !r->faults || !r->parts)
			return ord_fail_nomem(err);
	}
	return 0;
}

/* The hold window of each recover(full), and of the figure in headlines. */
static int full_recovery(const struct ord_timeline *t, struct ord_rep *r, struct ord_err *err)
{
	struct ord_instant at;

	if (ord_analyse_full(t, r, ord_headline_hold(t), &r->full, &r->full_span, err))
		return -1;
	for (size_t k = 0; k < t->n_objectives; k++)
		if (t->objectives[k].goal == ORD_GOAL_FULL &&
		    ord_analyse_full(t, r, t->objectives[k].hold, &at, &r->goals[k].span, err))
			return -1;
	return 0;
}

static int analyse_rep(struct ord_analysis *a, struct ord_rep *r, struct ord_err *err)
{
	const struct ord_timeline *t = a->t;

	ord_analyse_rep(t, r);
	if (ord_analyse_kube(t, r, err) || ord_analyse_breakdown(a, r, err) ||
	    ord_analyse_marks(t, r, err) || ord_analyse_loss(a, r, err) ||
	    ord_analyse_onset(a, r, err) || full_recovery(t, r, err))
		return -1;
	for (size_t k = 0; k < t->n_objectives; k++)
		ord_analyse_goal(a, r, k);
	return 0;
}

int ord_analyse(struct ord_timeline *t, struct ord_analysis *ret, struct ord_err *err)
{
	struct ord_analysis a = {.t = t,
				 .hold = ord_headline_hold(t),
				 .group_wait = -1,
				 .group_interval = -1,
				 .repeat_interval = -1};

	if (make_room(t, &a, err) || ord_analyse_alerts(t, &a, err) ||
	    ord_analyse_faults(t, &a, err)) {
		ord_analysis_done(&a);
		return -1;
	}
	ord_analyse_noise(t, &a);
	for (uint32_t i = 0; i <= t->repetitions; i++)
		if (analyse_rep(&a, &a.reps[i], err)) {
			ord_analysis_done(&a);
			return -1;
		}
	if (ord_analyse_parts(t, &a, err) || ord_analyse_summaries(&a, err) ||
	    ord_analyse_regressions(&a, err)) {
		ord_analysis_done(&a);
		return -1;
	}
	ord_analyse_early(&a);
	ord_analyse_verdict(&a);
	if (a.no_memory) {
		ord_analysis_done(&a);
		return ord_fail_nomem(err);
	}
	clean(&a);
	*ret = a;
	return 0;
}
