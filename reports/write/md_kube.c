/* The cluster in report.md. */
#include <inttypes.h>

#include "reports/member.h"
#include "reports/write/text.h"
#include "reports/write/write.h"

#define ROWS_MAX 60

static void cell(FILE *out, const char *text)
{
	(void)fputs(" ", out);
	ord_md_text(out, text);
	(void)fputs(" |", out);
}

static void lives(const struct ord_analysis *a, FILE *out)
{
	char text[ORD_TEXT];
	size_t n = 0;

	for (uint32_t i = 1; i <= a->t->repetitions; i++)
		for (size_t k = 0; k < a->reps[i].n_lives && n < ROWS_MAX; k++) {
			const struct ord_rep *r = &a->reps[i];
			const struct ord_life *l = &r->lives[k];

			if (!n++)
				(void)fputs(
					"## How the pods came back\n\n| # | pod | replacement | "
					"deleted | created | scheduled | pulled | started | ready "
					"| endpoint | answer | deleted to ready "
					"|\n|--:|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
					out);
			(void)fprintf(out, "| %u |", i);
			cell(out, l->victim);
			cell(out, *l->replacement ? l->replacement : "nobody came");
			for (unsigned s = 0; s < ORD_LIFE_STEPS; s++)
				cell(out, l->at[s].known
						  ? ord_text_relative(l->at[s].value, r->zero, text)
						  : "-");
			cell(out, ord_text_span(&l->ready, text));
			(void)fputc('\n', out);
		}
	if (n)
		(void)fputc('\n', out);
}

static void dips(const struct ord_analysis *a, FILE *out)
{
	char text[ORD_TEXT], name[400];
	size_t n = 0;

	for (uint32_t i = 1; i <= a->t->repetitions; i++)
		for (size_t k = 0; k < a->reps[i].n_dips && n < ROWS_MAX; k++) {
			const struct ord_rep *r = &a->reps[i];
			const struct ord_dip *d = &r->dips[k];

			if (!n++)
				(void)fputs("## Workloads below their strength\n\n| # | workload | "
					    "available at least | below from | again | lasted "
					    "|\n|--:|---|--:|--:|--:|--:|\n",
					    out);
			(void)snprintf(name, sizeof name, "%.60s/%.250s in %.60s%s", d->kind,
				       d->name, d->ns, d->hit ? "" : " (no target)");
			(void)fprintf(out, "| %u |", i);
			cell(out, name);
			(void)fprintf(out, " %" PRId64 " of %" PRId64 " |", d->least, d->wanted);
			cell(out, ord_text_relative(d->below.value, r->zero, text));
			cell(out, d->again.known ? ord_text_relative(d->again.value, r->zero, text)
						 : "not yet");
			cell(out, ord_text_span(&d->down, text));
			(void)fputc('\n', out);
		}
	if (n)
		(void)fputc('\n', out);
}

/* What was done to objects, by kind of deed; and what a budget refused, one by one. */
static void acts(const struct ord_analysis *a, FILE *out)
{
	size_t n = 0;

	for (uint32_t i = 1; i <= a->t->repetitions; i++)
		for (size_t f = 0; f < a->t->n_faults; f++)
			for (size_t k = 0; k < a->reps[i].faults[f].n_acts && n < ROWS_MAX; k++) {
				const struct ord_act *x = &a->reps[i].faults[f].acts[k];

				if (!n++)
					(void)fputs("## What the faults did\n\n", out);
				(void)fprintf(out, "- %u: ", i);
				ord_md_text(out, x->what);
				(void)fputc(' ', out);
				ord_md_text(out, x->kind);
				(void)fputc('/', out);
				ord_md_text(out, x->name);
				if (*x->detail)
					(void)fputs(": ", out);
				ord_md_text(out, x->detail);
				(void)fprintf(out, " (line %u)\n", x->line);
			}
	if (n)
		(void)fputc('\n', out);
}

static void also(const struct ord_analysis *a, FILE *out)
{
	char text[ORD_TEXT], name[400];
	size_t n = 0;

	for (uint32_t i = 1; i <= a->t->repetitions; i++)
		for (size_t k = 0; k < a->reps[i].n_also && n < ROWS_MAX; k++) {
			const struct ord_rep *r = &a->reps[i];
			const struct ord_also *x = &r->also[k];

			if (!n++)
				(void)fputs("## Also happened\n\n| # | what | to whom | first | "
					    "times | "
					    "detail |\n|--:|---|---|--:|--:|---|\n",
					    out);
			(void)snprintf(name, sizeof name, "%.60s/%.250s%s%.60s%s", x->kind, x->name,
				       *x->ns ? " in " : "", x->ns,
				       x->replacement ? " (a replacement)" : "");
			(void)fprintf(out, "| %u |", i);
			cell(out, x->what);
			cell(out, name);
			cell(out, ord_text_relative(x->first, r->zero, text));
			(void)fprintf(out, " %zu |", x->n);
			cell(out, x->detail);
			(void)fputc('\n', out);
		}
	if (n)
		(void)fputs(
			"\nTo those to whom the fault did nothing; whether it is the cause is not "
			"known.\n\n",
			out);
}

void ord_md_kube(const struct ord_analysis *a, FILE *out)
{
	lives(a, out);
	dips(a, out);
	acts(a, out);
	also(a, out);
}

void ord_md_cluster(const struct ord_analysis *a, FILE *out)
{
	const json_t *c = json_object_get(a->t->run, "cluster"), *w;
	size_t i;

	if (!c)
		return;
	(void)fputs("- Cluster ", out);
	ord_md_text(out, ord_member_text(c, "name", "?"));
	(void)fputs(" (context ", out);
	ord_md_text(out, ord_member_text(c, "context", "?"));
	(void)fputs("), ", out);
	ord_md_text(out, ord_member_text(c, "server", ""));
	(void)fputs(", Kubernetes ", out);
	ord_md_text(out, ord_member_text(c, "version", "?"));
	(void)fputs(".\n", out);
	json_array_foreach (json_object_get(c, "warnings"), i, w) {
		(void)fputs("- **Warning:** ", out);
		ord_md_text(out, json_is_string(w) ? json_string_value(w) : "");
		(void)fputc('\n', out);
	}
}
