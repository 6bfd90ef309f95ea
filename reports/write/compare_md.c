/* A comparison in GitHub's Markdown. */
#include <math.h>

#include "base/units.h"
#include "reports/write/compare.h"

static const char *sign(const struct ord_comparison *c)
{
	if (c->verdict == ORD_COMPARED_WORSE)
		return "❌";
	if (c->verdict == ORD_COMPARED_BETTER || c->gate == ORD_GATE_PASS)
		return "✅";
	return c->gate == ORD_GATE_NOT_APPLICABLE ? "➖" : "❔";
}

static void row(const struct ord_comparisons *all, const struct ord_comparison *c, FILE *out)
{
	char words[ORD_WORDS], p[ORD_TEXT];

	(void)fprintf(out, "| %s |", sign(c));
	ord_md_cell(out, ord_words_figure(c->figure, words));
	ord_md_cell(out, ord_words_verdict(c, all->options.margin_ppm, words));
	ord_md_cell(out, ord_words_side(&c->a, words));
	ord_md_cell(out, ord_words_side(&c->b, words));
	ord_md_cell(out, *ord_words_effect(c, words) ? words : "-");
	ord_md_cell(out, ord_words_p(c->p, p));
	ord_md_cell(out, ord_words_p(c->p_holm, p));
	ord_md_cell(out, *c->why ? c->why : ord_words_need(c, words));
	(void)fputc('\n', out);
}

static void group(const char *who, const struct ord_figures *f, FILE *out)
{
	char words[ORD_WORDS];

	for (size_t i = 0; i < f->n_runs; i++) {
		const struct ord_figures_run *r = &f->runs[i];

		(void)fprintf(out, "- %s `", who);
		ord_md_text(out, r->id);
		(void)fprintf(out, "`: %zu of %zu repetitions measured", r->measured,
			      r->repetitions);
		if (r->warm_up)
			(void)fprintf(out, ", the first %zu left out", r->warm_up);
		if (*ord_words_left_out(r, words)) {
			(void)fputs(", left out: ", out);
			ord_md_text(out, words);
		}
		if (r->no_impact)
			(void)fprintf(out, ", %zu without an impact", r->no_impact);
		(void)fputs(".\n", out);
	}
}

static void forced(const struct ord_plan_diff *d, const char *what, FILE *out)
{
	if (!d->n)
		return;
	(void)fprintf(out, "> %s\n", what);
	for (size_t i = 0; i < d->n && i < ORD_PLAN_DIFFS; i++) {
		(void)fputs("> ", out);
		ord_md_text(out, d->v[i].path);
		(void)fputs(": ", out);
		ord_md_text(out, d->v[i].a);
		(void)fputs(" in the baseline, ", out);
		ord_md_text(out, d->v[i].b);
		(void)fputs(" in the candidate\n", out);
	}
	if (d->n > ORD_PLAN_DIFFS)
		(void)fprintf(out, "> and %zu more\n", d->n - ORD_PLAN_DIFFS);
	(void)fputc('\n', out);
}

static void table(const struct ord_comparisons *c, FILE *out)
{
	char words[ORD_WORDS];

	if (!c->n)
		return;
	(void)fputs(
		"| | figure | verdict | baseline | candidate | candidate takes | p | p beyond the "
		"margin, corrected | |\n|---|---|---|---|---|---|--:|--:|---|\n",
		out);
	for (size_t i = 0; i < c->n; i++)
		row(c, &c->v[i], out);
	(void)fputs("\n", out);
	for (size_t i = 0; i < c->n; i++) {
		if (!c->v[i].tested)
			continue;
		(void)fputs("- Test of ", out);
		ord_md_text(out, ord_words_figure(c->v[i].figure, words));
		(void)fprintf(out, ": %s, n = %zu + %zu.\n", c->v[i].method, c->v[i].a.n,
			      c->v[i].b.n);
	}
}

void ord_md_regressions(const struct ord_analysis *a, FILE *out)
{
	for (size_t i = 0; i < a->n_regressions; i++) {
		const struct ord_regression *r = &a->regressions[i];

		if (!i)
			(void)fputs("## Against the baseline\n\n", out);
		(void)fputs("**", out);
		ord_md_text(out, a->t->objectives[r->goal].text);
		(void)fprintf(out, ": %s**\n\n", ord_result_name(a->goals[r->goal].result));
		table(&r->c, out);
		if (r->message) {
			(void)fputs("- ", out);
			ord_md_text(out, r->message);
			(void)fputs("\n", out);
		} else {
			group("Baseline", &r->a, out);
			(void)fprintf(out, "- SHA-256 of the baseline's figures `%.16s`.\n",
				      r->a.sha256);
		}
		forced(&r->diff, "The plans differ: these are not compared.", out);
		(void)fputc('\n', out);
	}
}

int ord_write_compare_md(const struct ord_compare_report *r, FILE *out, struct ord_err *err)
{
	const struct ord_comparisons *c = &r->c;
	char words[ORD_WORDS], text[32];

	(void)err;
	(void)fputs("# ", out);
	ord_md_text(out, r->b.name);
	(void)fputs(": candidate against baseline\n\n**", out);
	ord_md_text(out, ord_words_all(c, words));
	(void)fputs("**\n\n", out);
	forced(&r->diff, "**Forced**: the plans differ, so these are figures of different faults.",
	       out);
	table(c, out);
	group("Baseline", &r->a, out);
	group("Candidate", &r->b, out);
	(void)fprintf(out, "- Margin %s, ", ord_format_percent(c->options.margin_ppm, text));
	(void)fprintf(
		out,
		"alpha %s two-sided, Holm's correction over %zu comparisons; times are medians "
		"by Kaplan and Meier, ratios with their exact interval. A recovery by itself "
		"and one after the rollback are never pooled.\n",
		ord_format_percent(llround(c->options.alpha * ORD_PPM), text), c->family);
	return 0;
}
