#include "reports/sequence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

/* One repetition; false once it was decided. */
static void take(struct ord_sequence_goal *g, const struct ord_sprt *test, enum ord_result result,
		 size_t run, size_t rep)
{
	if (g->rep) {
		g->after++;
		return;
	}
	if (result != ORD_RESULT_MET && result != ORD_RESULT_MISSED) {
		g->left_out++;
		return;
	}
	g->n++;
	g->missed += result == ORD_RESULT_MISSED;
	g->verdict = ord_sprt_judge(test, g->missed, g->n);
	if (g->verdict != ORD_SPRT_GO_ON) {
		g->run = run;
		g->rep = rep;
	}
}

static void follow(struct ord_sequence *s, struct ord_sequence_goal *g)
{
	for (size_t i = 0; i < s->f->n_goals; i++) {
		const struct ord_figures_goal *of = &s->f->goals[i];

		if (strcmp(of->text, g->text) != 0)
			continue;
		for (size_t k = 0; k < of->n; k++)
			take(g, &s->test, of->results[k], of->run,
			     k + 1 + s->f->runs[of->run].warm_up);
	}
	/* The line of acceptance rises by the slope with each repetition. */
	if (g->verdict == ORD_SPRT_GO_ON) {
		double at = ((double)g->missed + s->test.h1) / s->test.slope;

		g->clean_needed = (size_t)ceil(at - 1e-9) - g->n;
	}
}

static bool known(const struct ord_sequence *s, const char *text)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->v[i].text, text))
			return true;
	return false;
}

/* What is judged over the run, as no_regression is, has no repetitions to go on with. */
static bool is_of_repetitions(const struct ord_figures_goal *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->results[i] != ORD_RESULT_NOT_APPLICABLE)
			return true;
	return !g->n;
}

static int list(struct ord_sequence *s, struct ord_err *err)
{
	const char *only = s->options.objective;

	s->v = calloc(s->f->n_goals + 1, sizeof *s->v);
	if (!s->v)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < s->f->n_goals; i++)
		if ((only ? !strcmp(only, s->f->goals[i].text)
			  : is_of_repetitions(&s->f->goals[i])) &&
		    !known(s, s->f->goals[i].text))
			s->v[s->n++].text = s->f->goals[i].text;
	if (s->n)
		return 0;
	ord_sequence_done(s);
	if (only)
		return ord_fail(err, ORD_USAGE, "no run has an objective '%.100s'", only);
	return ord_fail(err, ORD_USAGE, "no run has an objective");
}

int ord_sequence(const struct ord_figures *f, const struct ord_sequence_options *options,
		 struct ord_sequence *ret, struct ord_err *err)
{
	struct ord_sequence s = {.f = f, .options = *options};
	size_t accepted = 0;

	s.test = ord_sprt(options->good, options->bad, options->alpha, options->beta);
	if (isnan(s.test.h1))
		return ord_fail(err, ORD_USAGE,
				"the test needs 0 < p1 < p2 < 1, and alpha and beta above 0 whose "
				"sum is below 1");
	if (list(&s, err))
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		follow(&s, &s.v[i]);
		accepted += s.v[i].verdict == ORD_SPRT_ACCEPT;
		if (s.v[i].verdict == ORD_SPRT_REJECT)
			s.gate = ORD_GATE_FAIL;
	}
	if (accepted == s.n)
		s.gate = ORD_GATE_PASS;
	*ret = s;
	return 0;
}

void ord_sequence_done(struct ord_sequence *s)
{
	free(s->v);
	*s = (struct ord_sequence){0};
}
