/* The verdict and the exit code: the worst of what was found, in the order 6, 3, 1, 4, 5, 2, 0
 * (docs/formats/verdicts.md). */
#include "reports/analysis.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reports/member.h"
#include "reports/write/text.h"

__attribute__((format(printf, 3, 4))) static bool say(struct ord_analysis *a, int code,
						      const char *fmt, ...)
{
	va_list ap;

	a->exit = code;
	va_start(ap, fmt);
	(void)vsnprintf(a->verdict, sizeof a->verdict, fmt, ap);
	va_end(ap);
	return true;
}

/* The first repetition in that state; NULL: none. */
static const struct ord_rep *in_state(const struct ord_analysis *a, enum ord_rep_state s)
{
	for (uint32_t i = 0; i <= a->t->repetitions; i++)
		if (a->reps[i].state == s && (i || a->t->placebo))
			return &a->reps[i];
	return NULL;
}

static const char *where(const struct ord_rep *r, char out[static 32])
{
	if (r->number)
		(void)snprintf(out, 32, "repetition %u", r->number);
	else
		(void)snprintf(out, 32, "the placebo");
	return out;
}

/* A safety rule said no to a fault: before anything was done that is a refusal, later it ended the
 * run. */
static bool refused(struct ord_analysis *a, const struct ord_rep *r)
{
	bool guard = false, done = false;
	char at[32];

	for (size_t k = 0; k < a->t->n_faults; k++)
		guard |= !strcmp(r->faults[k].code, "guard") && !strcmp(r->faults[k].at, "check");
	for (uint32_t i = 1; i <= a->t->repetitions; i++)
		done |= a->reps[i].in_force.known;
	if (!guard)
		return false;
	return say(a, done ? 3 : 2, "%s: %s: %s", done ? "aborted" : "refused", where(r, at),
		   r->why);
}

static bool broken(struct ord_analysis *a)
{
	const struct ord_rep *r;
	char at[32];

	if (a->residue > 0)
		return say(a, 6, "error: residue: %lld left behind (line %u)",
			   (long long)a->residue, a->residue_line);
	if ((r = in_state(a, ORD_REP_FAULT)))
		return refused(a, r) || say(a, 6, "error: %s: %s", where(r, at), r->why);
	if ((r = in_state(a, ORD_REP_LOST_PROBE)))
		return say(a, 6, "error: %s: %s", where(r, at), r->why);
	if (!a->t->ended)
		return say(a, 6, "error: the timeline has no end: the run was cut off");
	if (!strcmp(a->end_cause, "failed"))
		return say(a, 6, "error: the run failed%s%.200s (line %u)",
			   *a->end_text ? ": " : "", a->end_text, a->end_line);
	if ((r = in_state(a, ORD_REP_CUT)) && !a->abort_line && strcmp(a->end_cause, "aborted") &&
	    strcmp(a->end_cause, "interrupted"))
		return say(a, 6, "error: %s: %s", where(r, at), r->why);
	return false;
}

static bool aborted(struct ord_analysis *a)
{
	if (a->abort_line)
		return say(a, 3, "aborted: %s (line %u)", a->abort_text, a->abort_line);
	if (!strcmp(a->end_cause, "aborted") || !strcmp(a->end_cause, "interrupted"))
		return say(a, 3, "aborted%s%.200s (line %u)", *a->end_text ? ": " : "", a->end_text,
			   a->end_line);
	return false;
}

static size_t goals_with(const struct ord_analysis *a, enum ord_result r, size_t *ret_first)
{
	size_t n = 0;

	for (size_t k = a->t->n_objectives; k-- > 0;)
		if (a->goals[k].result == r) {
			*ret_first = k;
			n++;
		}
	return n;
}

static bool missed(struct ord_analysis *a)
{
	size_t first = 0, n = goals_with(a, ORD_RESULT_MISSED, &first);

	if (n)
		return say(a, 1, "failed: %zu of %zu objectives missed: %.100s: %.120s", n,
			   a->t->n_objectives, a->t->objectives[first].text, a->goals[first].why);
	if (a->steady_after == ORD_RESULT_MISSED)
		return say(a, 1, "failed: the steady state did not hold after the fault");
	return false;
}

static bool no_steady(struct ord_analysis *a)
{
	const struct ord_rep *r = in_state(a, ORD_REP_NO_STEADY);
	char at[32];

	if (!r && strcmp(a->end_cause, "steady-state"))
		return false;
	return say(a, 4, "not run: the steady state did not hold before the fault%s%s",
		   r ? " in " : "", r ? where(r, at) : "");
}

static bool undecided(struct ord_analysis *a)
{
	const struct ord_rep *r;
	size_t first = 0, n;
	char at[32];

	if ((r = in_state(a, ORD_REP_INVALID)) || (r = in_state(a, ORD_REP_NO_TRAFFIC)) ||
	    (r = in_state(a, ORD_REP_TAKEN_BACK)) || (r = in_state(a, ORD_REP_UNFELT)) ||
	    (r = in_state(a, ORD_REP_ABSENT)))
		return say(a, 5, "inconclusive: %s: %s", where(r, at), r->why);
	if (a->t->expect_impact && a->with_impact < a->measured)
		return say(a, 5,
			   "inconclusive: an impact was expected, and observed in %zu of %zu "
			   "repetitions",
			   a->with_impact, a->measured);
	n = goals_with(a, ORD_RESULT_INCONCLUSIVE, &first);
	if (n)
		return say(a, 5, "inconclusive: %zu of %zu objectives undecided: %.100s: %.120s", n,
			   a->t->n_objectives, a->t->objectives[first].text, a->goals[first].why);
	if (a->steady_after == ORD_RESULT_INCONCLUSIVE)
		return say(
			a, 5,
			"inconclusive: too few samples to tell the steady state after the fault");
	if (a->placebo_impact)
		return say(a, 5,
			   "inconclusive: the placebo had an impact too (line %u): it is not the "
			   "fault's alone",
			   a->reps[0].impact.line);
	return false;
}

void ord_analyse_verdict(struct ord_analysis *a)
{
	size_t first = 0, met, apply;
	char reps[48] = "", idle[48] = "";

	if (!a->end_cause)
		a->end_cause = a->end_text = "";
	if (broken(a) || aborted(a) || missed(a) || no_steady(a) || undecided(a))
		return;
	met = goals_with(a, ORD_RESULT_MET, &first);
	apply = goals_with(a, ORD_RESULT_NOT_APPLICABLE, &first);
	if (a->t->repetitions > 1)
		(void)snprintf(reps, sizeof reps, " in each of %u repetitions", a->t->repetitions);
	if (apply)
		(void)snprintf(idle, sizeof idle, ", %zu not applicable", apply);
	if (!a->t->n_objectives)
		(void)say(a, 0, "passed%s: no objectives were set%s",
			  a->with_impact ? "" : ", no impact observed", reps);
	else
		(void)say(a, 0, "passed%s: %zu of %zu objectives met%s%s",
			  a->with_impact ? "" : ", no impact observed", met, a->t->n_objectives,
			  idle, reps);
}
