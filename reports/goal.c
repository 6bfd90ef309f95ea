/* An objective in one repetition: met, missed, inconclusive, or not applicable; always with the
 * figure and the reason. */
#include "reports/analysis.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reports/alert_name.h"
#include "reports/write/text.h"

__attribute__((format(printf, 3, 4))) static void set(struct ord_goal_result *g, enum ord_result r,
						      const char *fmt, ...)
{
	va_list ap;

	g->result = r;
	va_start(ap, fmt);
	(void)vsnprintf(g->why, sizeof g->why, fmt, ap);
	va_end(ap);
}

/* To the millisecond, so that the ends and the limit differ in what is read. */
static void straddle(struct ord_goal_result *g, int64_t within)
{
	char lo[ORD_TEXT], hi[ORD_TEXT], limit[ORD_TEXT];

	ord_text_relative(g->span.lo, 0, lo);
	ord_text_relative(g->span.hi, 0, hi);
	ord_text_duration(within, limit);
	set(g, ORD_RESULT_INCONCLUSIVE,
	    "between %s and %s straddles the %s allowed: probe more often", lo + 1, hi + 1, limit);
}

/* Against the threshold with the whole interval: what straddles it is not decided. */
static void compare(struct ord_goal_result *g, int64_t within, const char *what)
{
	char span[ORD_TEXT], limit[ORD_TEXT];
	const struct ord_span *s = &g->span;

	ord_text_span(s, span);
	ord_text_duration(within, limit);
	if (s->state == ORD_SPAN_CENSORED && s->lo > within)
		set(g, ORD_RESULT_MISSED, "%s %s, allowed %s", what, span, limit);
	else if (s->state == ORD_SPAN_CENSORED)
		set(g, ORD_RESULT_INCONCLUSIVE, "%s %s: watched for less than the %s allowed", what,
		    span, limit);
	else if (s->hi <= within)
		set(g, ORD_RESULT_MET, "%s, allowed %s", span, limit);
	else if (s->lo > within)
		set(g, ORD_RESULT_MISSED, "%s, allowed %s", span, limit);
	else
		straddle(g, within);
}

static void goal_self(const struct ord_timeline *t, struct ord_rep *r,
		      const struct ord_tl_objective *o, struct ord_goal_result *g)
{
	int64_t until = ord_rep_self_until(r), watched = 0;
	struct ord_instant rec;

	if (r->impact.lo >= until) {
		set(g, ORD_RESULT_NOT_APPLICABLE,
		    "the impact began only when the fault was taken away");
		return;
	}
	rec = ord_analyse_recovery(t, r, o->hold, r->impact.lo, until, &watched);
	g->span = rec.known ? ord_span_between(&r->impact, &rec)
			    : ord_span_censored(&r->impact, watched);
	compare(g, o->within, "not recovered while the fault was in force,");
}

static void goal_after(const struct ord_timeline *t, struct ord_rep *r,
		       const struct ord_tl_objective *o, struct ord_goal_result *g)
{
	struct ord_instant rec;
	int64_t watched = 0;

	if (!r->cleared.known) {
		set(g, ORD_RESULT_NOT_APPLICABLE, "there is nothing to take away");
		return;
	}
	rec = ord_analyse_recovery(t, r, o->hold, r->cleared.lo, INT64_MAX, &watched);
	if (rec.known && rec.value <= r->rollback.value) {
		set(g, ORD_RESULT_MET, "already recovered when the fault was taken away");
		return;
	}
	g->span = rec.known ? ord_span_between(&r->cleared, &rec)
			    : ord_span_censored(&r->cleared, watched);
	compare(g, o->within, "not recovered after the fault was cleared,");
}

/* The alert came to be, and somebody's silence kept it from people; NULL: not so. */
static const struct ord_breakdown *suppressed(const struct ord_analysis *a, const struct ord_rep *r,
					      size_t probe)
{
	const char *channel = a->t->probes[probe].name, *name;
	size_t len, k;

	if (strncmp(channel, "alertmanager:", 13) != 0 || !ord_alert_channel(channel, &name, &len))
		return NULL;
	k = ord_alert_index(a, name, len);
	return k < a->n_alerts && r->breakdowns[k].suppressed.known ? &r->breakdowns[k] : NULL;
}

static void goal_detect(const struct ord_analysis *a, const struct ord_rep *r,
			const struct ord_tl_objective *o, struct ord_goal_result *g)
{
	const struct ord_breakdown *b = suppressed(a, r, o->probe);
	const struct ord_detection *d = &r->detections[o->probe];

	switch (d->kind) {
	case ORD_DETECTION_ALREADY:
		set(g, ORD_RESULT_INCONCLUSIVE,
		    "it was noticing before the fault was requested (line %u)", d->at.line);
		return;
	case ORD_DETECTION_UNKNOWN:
		if (d->message && *d->message)
			set(g, ORD_RESULT_INCONCLUSIVE, "it could not be asked: %.150s",
			    d->message);
		else
			set(g, ORD_RESULT_INCONCLUSIVE, "the signal told nothing");
		return;
	case ORD_DETECTION_NOTICED:
		g->span = d->from_impact;
		compare(g, o->within, "");
		return;
	case ORD_DETECTION_TOO_LATE:
	case ORD_DETECTION_NONE:
		break;
	}
	g->span = d->from_impact;
	compare(g, o->within,
		b		     ? "suppressed, nobody was told,"
		: r->recovered.known ? "not detected before recovery,"
				     : "not detected,");
}

static void goal_full(struct ord_rep *r, const struct ord_tl_objective *o,
		      struct ord_goal_result *g)
{
	compare(g, o->within, "not fully recovered,");
	if (g->result == ORD_RESULT_MISSED && !r->recovered.known)
		set(g, ORD_RESULT_MISSED, "the users were not well again");
}

/* The budget of a period, burnt by one repetition: told as a share of it. */
static void goal_budget(const struct ord_tl_objective *o, struct ord_goal_result *g)
{
	const struct ord_budget *b = &g->budget;
	char lo[ORD_TEXT], hi[ORD_TEXT], below[ORD_TEXT];

	if (!b->known) {
		set(g, ORD_RESULT_INCONCLUSIVE, "no sample was decided");
		return;
	}
	ord_text_ppm(b->burnt_ppm, lo);
	ord_text_ppm(b->burnt_hi_ppm, hi);
	ord_text_ppm(o->below_ppm, below);
	if (b->burnt_hi_ppm < o->below_ppm)
		set(g, ORD_RESULT_MET, "%s of the budget burnt, allowed less than %s", lo, below);
	else if (b->burnt_ppm >= o->below_ppm)
		set(g, ORD_RESULT_MISSED, "%s of the budget burnt, allowed less than %s", lo,
		    below);
	else
		set(g, ORD_RESULT_INCONCLUSIVE,
		    "between %s and %s of the budget burnt, allowed less than %s: slots are "
		    "unknown",
		    lo, hi, below);
}

/* The repetition did not get so far, or proves nothing. */
static bool not_measured(const struct ord_rep *r, struct ord_goal_result *g)
{
	switch (r->state) {
	case ORD_REP_MEASURED:
		break;
	case ORD_REP_INVALID:
	case ORD_REP_NO_TRAFFIC:
	case ORD_REP_TAKEN_BACK:
	case ORD_REP_UNFELT:
	case ORD_REP_LOST_PROBE:
		set(g, ORD_RESULT_INCONCLUSIVE, "%.190s", r->why);
		return true;
	case ORD_REP_ABSENT:
	case ORD_REP_NO_STEADY:
	case ORD_REP_FAULT:
	case ORD_REP_ABORTED:
	case ORD_REP_CUT:
		set(g, ORD_RESULT_NOT_MEASURED, "%.190s", r->why);
		return true;
	}
	return false;
}

static bool no_impact(const struct ord_timeline *t, const struct ord_rep *r,
		      struct ord_goal_result *g, enum ord_tl_goal goal)
{
	if (r->impact.known || (goal == ORD_GOAL_BUDGET && !t->expect_impact))
		return false;
	if (t->expect_impact)
		set(g, ORD_RESULT_INCONCLUSIVE, "an impact was expected and none was observed");
	else
		set(g, goal == ORD_GOAL_DETECT ? ORD_RESULT_NOT_APPLICABLE : ORD_RESULT_MET,
		    "no impact observed");
	return true;
}

void ord_analyse_goal(const struct ord_analysis *a, struct ord_rep *r, size_t goal)
{
	const struct ord_timeline *t = a->t;
	const struct ord_tl_objective *o = &t->objectives[goal];
	struct ord_goal_result *g = &r->goals[goal];

	if (!r->number) {
		set(g, ORD_RESULT_NOT_APPLICABLE, "a placebo has no fault");
		return;
	}
	if (o->goal == ORD_GOAL_NO_REGRESSION) {
		set(g, ORD_RESULT_NOT_APPLICABLE, "judged over the run");
		return;
	}
	if (not_measured(r, g) || no_impact(t, r, g, o->goal))
		return;
	switch (o->goal) {
	case ORD_GOAL_DETECT:
		goal_detect(a, r, o, g);
		return;
	case ORD_GOAL_SELF:
		goal_self(t, r, o, g);
		return;
	case ORD_GOAL_AFTER:
		goal_after(t, r, o, g);
		return;
	case ORD_GOAL_FULL:
		goal_full(r, o, g);
		return;
	case ORD_GOAL_BUDGET:
		goal_budget(o, g);
		return;
	case ORD_GOAL_NO_REGRESSION:
		return; /* above */
	}
}
