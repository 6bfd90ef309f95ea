/* A comparison for a terminal. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "reports/write/compare.h"

/* What a file of somebody else's says must not reach the terminal as it is. */
static const char *clean(const char *text, char out[static ORD_WORDS])
{
	(void)snprintf(out, ORD_WORDS, "%s", text);
	ord_text_clean(out);
	return out;
}

static void put_group(const char *who, const struct ord_figures *f, FILE *out)
{
	char words[ORD_WORDS];

	for (size_t i = 0; i < f->n_runs; i++) {
		const struct ord_figures_run *r = &f->runs[i];

		(void)fprintf(out, "%-10s %s: %zu of %zu repetitions measured", i ? "" : who,
			      clean(r->id, words), r->measured, r->repetitions);
		if (r->warm_up)
			(void)fprintf(out, ", the first %zu left out", r->warm_up);
		if (*ord_words_left_out(r, words))
			(void)fprintf(out, " (left out: %s)", words);
		if (r->no_impact)
			(void)fprintf(out, ", %zu without an impact", r->no_impact);
		(void)fputc('\n', out);
	}
}

/* The same experiment under force: what is pooled or compared here is not one. */
static void put_forced(const struct ord_plan_diff *d, FILE *out)
{
	if (!d->n)
		return;
	(void)fprintf(out,
		      "\nFORCED: the plans differ, so these are figures of different faults:\n");
	for (size_t i = 0; i < d->n && i < ORD_PLAN_DIFFS; i++)
		(void)fprintf(out, "  %s: %s in the baseline, %s in the candidate\n", d->v[i].path,
			      d->v[i].a, d->v[i].b);
	if (d->n > ORD_PLAN_DIFFS)
		(void)fprintf(out, "  and %zu more\n", d->n - ORD_PLAN_DIFFS);
}

static void put_one(const struct ord_comparisons *all, const struct ord_comparison *c, FILE *out)
{
	char a[ORD_WORDS], b[ORD_WORDS], name[ORD_WORDS], p[ORD_TEXT], holm[ORD_TEXT], margin[32];

	(void)fprintf(out, "\n%s (%s): %s\n", ord_words_figure(c->figure, a),
		      clean(c->figure, name), ord_words_verdict(c, all->options.margin_ppm, b));
	(void)fprintf(out, "  baseline %s, candidate %s\n", ord_words_side(&c->a, a),
		      ord_words_side(&c->b, b));
	if (c->tested) {
		if (*ord_words_effect(c, a))
			(void)fprintf(out, "  %s\n", a);
		(void)fprintf(out,
			      "  p = %s of no difference, %s of none beyond %s, corrected; %s, n = "
			      "%zu + %zu\n",
			      ord_words_p(c->p, p), ord_words_p(c->p_holm, holm),
			      ord_format_percent(all->options.margin_ppm, margin), c->method,
			      c->a.n, c->b.n);
	}
	if (*c->why)
		(void)fprintf(out, "  %s\n", c->why);
	else if (*ord_words_need(c, a))
		(void)fprintf(out, "  %s\n", a);
	if (!isnan(c->detectable) && c->verdict == ORD_COMPARED_INCONCLUSIVE)
		(void)fprintf(out, "  with these n a ratio of %s would be likely to show\n",
			      ord_words_ratio(c->detectable, p));
}

int ord_write_compare_text(const struct ord_compare_report *r, FILE *out, struct ord_err *err)
{
	const struct ord_comparisons *c = &r->c;
	char words[ORD_WORDS], margin[32], alpha[32];

	(void)err;
	put_group("baseline", &r->a, out);
	put_group("candidate", &r->b, out);
	put_forced(&r->diff, out);
	for (size_t i = 0; i < c->n; i++)
		put_one(c, &c->v[i], out);
	(void)fprintf(
		out,
		"\nmargin %s, alpha %s two-sided, Holm's correction over %zu, medians by Kaplan "
		"and Meier",
		ord_format_percent(c->options.margin_ppm, margin),
		ord_format_percent(llround(c->options.alpha * ORD_PPM), alpha), c->family);
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].drawn) {
			(void)fprintf(out, ", seed %" PRIu64, c->options.seed);
			break;
		}
	(void)fprintf(out, "\n%s\n", ord_words_all(c, words));
	return 0;
}
