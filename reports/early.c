#include "reports/early.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "ordeal/early.h"
#include "reports/analysis.h"
#include "reports/member.h"

#define PPM 1e6

static struct ord_sprt sprt_of(int64_t good, int64_t bad, int64_t alpha, int64_t beta)
{
	return ord_sprt((double)good / PPM, (double)bad / PPM, (double)alpha / PPM,
			(double)beta / PPM);
}

bool ord_early_reach(uint32_t good_ppm, uint32_t bad_ppm, uint32_t alpha_ppm, uint32_t beta_ppm,
		     size_t *ret_accept, size_t *ret_reject)
{
	struct ord_sprt test = sprt_of(good_ppm, bad_ppm, alpha_ppm, beta_ppm);

	if (isnan(test.h1))
		return false;
	*ret_accept = ord_sprt_clean(&test);
	*ret_reject = (size_t)ceil(test.h2 / (1 - test.slope));
	return true;
}

/* A repetition misses with any objective that is tested, and meets them when it misses none and
 * none is undecided. One that is not applicable says nothing. */
static enum ord_result result_of(const struct ord_analysis *a, const struct ord_rep *r,
				 const char *only)
{
	enum ord_result all = ORD_RESULT_NOT_APPLICABLE;

	for (size_t k = 0; k < a->t->n_objectives; k++) {
		enum ord_result one = r->goals[k].result;

		if (only && strcmp(only, a->t->objectives[k].text) != 0)
			continue;
		if (one == ORD_RESULT_MISSED)
			return one;
		if (one != ORD_RESULT_NOT_APPLICABLE &&
		    (one != ORD_RESULT_MET || all == ORD_RESULT_NOT_APPLICABLE))
			all = one;
	}
	return all;
}

static void take(struct ord_early *e, const struct ord_rep *r, enum ord_result result)
{
	if (result != ORD_RESULT_MET && result != ORD_RESULT_MISSED) {
		e->left_out++;
		return;
	}
	e->n++;
	e->missed += result == ORD_RESULT_MISSED;
	e->verdict = ord_sprt_judge(&e->test, e->missed, e->n);
	if (e->verdict != ORD_SPRT_GO_ON)
		e->rep = r->number;
}

/* What the run decided, it decided by what had been told by then. */
static void check_said(struct ord_analysis *a)
{
	const struct ord_early *e = &a->early;

	for (size_t i = 0; i < a->t->n_events; i++) {
		const struct ord_event *v = &a->t->events[i];
		const char *said = ord_member_text(v->json, "decision", "");
		const char *now = ord_early_decision(e);

		if (v->kind == ORD_EVENT_SEQUENTIAL && v->line == a->t->early_line &&
		    (v->rep != e->rep || strcmp(said, now ? now : "") != 0))
			ord_warn(a, 0, v->line,
				 "the run was ended early when its sequential test had %.16s; by "
				 "all that was told later it is %s",
				 said, now ? now : "not decided");
	}
}

void ord_analyse_early(struct ord_analysis *a)
{
	const json_t *j = json_object_get(a->t->plan, "sequential");
	struct ord_early *e = &a->early;

	if (!json_is_object(j))
		return;
	*e = (struct ord_early){
		.good_ppm = ord_member_int(j, "p1_ppm", 0),
		.bad_ppm = ord_member_int(j, "p2_ppm", 0),
		.alpha_ppm = ord_member_int(j, "alpha_ppm", 0),
		.beta_ppm = ord_member_int(j, "beta_ppm", 0),
		.objective = ord_member_text(j, "objective", NULL),
	};
	e->test = sprt_of(e->good_ppm, e->bad_ppm, e->alpha_ppm, e->beta_ppm);
	e->set = !isnan(e->test.h1);
	/* One that has not begun is no repetition yet. */
	for (uint32_t i = 1; e->set && !e->rep && i <= a->t->repetitions; i++)
		if (a->reps[i].begin_line)
			take(e, &a->reps[i], result_of(a, &a->reps[i], e->objective));
	if (e->set)
		check_said(a);
}

int64_t ord_early_accept(const struct ord_early *e)
{
	return (int64_t)floor((e->test.slope * (double)e->n - e->test.h1) * PPM);
}

int64_t ord_early_reject(const struct ord_early *e)
{
	return (int64_t)ceil((e->test.slope * (double)e->n + e->test.h2) * PPM);
}

const char *ord_early_decision(const struct ord_early *e)
{
	return e->verdict == ORD_SPRT_ACCEPT   ? "accepted"
	       : e->verdict == ORD_SPRT_REJECT ? "rejected"
					       : NULL;
}

char *ord_early_text(const struct ord_analysis *a, char out[static ORD_EARLY_TEXT])
{
	const struct ord_early *e = &a->early;
	char p1[32], p2[32], alpha[32], beta[32], test[160], counts[360];

	*out = '\0';
	if (!e->set)
		return out;
	(void)snprintf(test, sizeof test, "SPRT (p1 %s, p2 %s, alpha %s, beta %s)",
		       ord_format_percent(e->good_ppm, p1), ord_format_percent(e->bad_ppm, p2),
		       ord_format_percent(e->alpha_ppm, alpha),
		       ord_format_percent(e->beta_ppm, beta));
	(void)snprintf(counts, sizeof counts, "%zu of %zu repetitions missed %.300s", e->missed,
		       e->n, e->objective ? e->objective : "an objective");
	if (a->t->early_line)
		(void)snprintf(out, ORD_EARLY_TEXT,
			       "stopped early after %u of %u repetitions by %s, %s: %s (line %u)",
			       a->t->repetitions, a->t->planned, test,
			       e->rep ? ord_early_decision(e) : "not decided any more", counts,
			       a->t->early_line);
	else if (e->rep)
		(void)snprintf(out, ORD_EARLY_TEXT, "%s after %u of %u repetitions, %s: %s", test,
			       e->rep, a->t->planned, ord_early_decision(e), counts);
	else
		(void)snprintf(out, ORD_EARLY_TEXT,
			       "%s not decided within %u repetitions: %s; without a miss it takes "
			       "%zu to be accepted",
			       test, a->t->planned, counts, ord_sprt_clean(&e->test));
	return out;
}
