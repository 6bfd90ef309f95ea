/* The cluster in report.md. */
#include <inttypes.h>

#include "reports/member.h"
#include "reports/write/text.h"
#include "reports/write/write.h"

#define ROWS_MAX 60

/* "image pulled: ImagePullBackOff", "" of a pod that got ready. */
static const char *why_not(const struct ord_life *l, char out[static ORD_TEXT])
{
	if (l->missing == ORD_LIFE_STEPS)
		return "";
	(void)snprintf(out, ORD_TEXT, "%.24s%s%.60s", ord_life_name(l->missing),
		       *l->why.reason ? ": " : "", l->why.reason);
	return out;
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
					"| endpoint | answer | deleted to ready | not reached "
					"|\n|--:|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|"
					"\n",
					out);
			(void)fprintf(out, "| %u |", i);
			ord_md_cell(out, l->victim);
			ord_md_cell(out, *l->replacement ? l->replacement : "nobody came");
			for (unsigned s = 0; s < ORD_LIFE_STEPS; s++)
				ord_md_cell(out, l->at[s].known ? ord_text_relative(l->at[s].value,
										    r->zero, text)
								: "-");
			ord_md_cell(out, ord_text_span(&l->ready, text));
			ord_md_cell(out, why_not(l, text));
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
			ord_md_cell(out, name);
			(void)fprintf(out, " %" PRId64 " of %" PRId64 " |", d->least, d->wanted);
			ord_md_cell(out, ord_text_relative(d->below.value, r->zero, text));
			ord_md_cell(out, d->again.known
						 ? ord_text_relative(d->again.value, r->zero, text)
						 : "not yet");
			ord_md_cell(out, ord_text_span(&d->down, text));
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

static void troubles(const struct ord_analysis *a, bool own, FILE *out)
{
	char text[ORD_TEXT], name[400];
	size_t n = 0, more = 0;

	for (uint32_t i = 1; i <= a->t->repetitions; i++) {
		const struct ord_rep *r = &a->reps[i];
		const struct ord_troubles *in = own ? &r->own : &r->also;

		more += in->more;
		for (size_t k = 0; k < in->n; k++) {
			const struct ord_also *x = &in->v[k];

			if (n == ROWS_MAX) {
				more++;
				continue;
			}
			if (!n++)
				(void)fprintf(out,
					      "## %s\n\n| # | what | to whom | first | times | "
					      "detail |\n|--:|---|---|--:|--:|---|\n",
					      own ? "The faults' own effects" : "Also happened");
			(void)snprintf(name, sizeof name, "%.60s/%.250s%s%.60s%s%s%s", x->kind,
				       x->name, *x->ns ? " in " : "", x->ns, own ? " (" : "",
				       own ? ord_whose_name(x->whose) : "", own ? ")" : "");
			(void)fprintf(out, "| %u |", i);
			ord_md_cell(out, x->what);
			ord_md_cell(out, name);
			ord_md_cell(out, ord_text_relative(x->first, r->zero, text));
			(void)fprintf(out, " %zu |", x->n);
			ord_md_cell(out, x->detail);
			(void)fputc('\n', out);
		}
	}
	if (more)
		(void)fprintf(out, "\n%zu more stand in report.json, or were left out.\n", more);
	if (n)
		(void)fputs(
			own ? "\nOn what was chosen or hit, the workload behind it, and what came "
			      "in its place.\n"
			    : "\nTo bystanders: the faults did nothing to them, and they do not "
			      "belong to those that were hit. Whether the faults are the cause is "
			      "not known.\n",
			out);
	if (n)
		(void)fputc('\n', out);
}

/* What happened meanwhile is told late, or no part of the above. */
static void blind(const struct ord_analysis *a, FILE *out)
{
	char from[ORD_TEXT], to[ORD_TEXT];
	size_t n = 0;

	for (uint32_t i = 0; i <= a->t->repetitions; i++)
		for (size_t k = 0; k < a->reps[i].n_blind && n < ROWS_MAX; k++) {
			const struct ord_rep *r = &a->reps[i];
			const struct ord_blind *b = &r->blind[k];

			if (!n++)
				(void)fputs("## Not seen\n\n", out);
			(void)fprintf(out, "- %u: ", i);
			ord_md_text(out, b->kind);
			(void)fputs(*b->ns ? " in " : "", out);
			ord_md_text(out, b->ns);
			(void)fprintf(out,
				      ", from %s %s%s: ", ord_text_relative(b->from, r->zero, from),
				      b->open ? "on" : "to ",
				      b->open ? "" : ord_text_relative(b->to, r->zero, to));
			ord_md_text(out, *b->why ? b->why : "the watch was broken");
			(void)fprintf(out, " (line %u)\n", b->line);
		}
	if (n)
		(void)fputc('\n', out);
}

void ord_md_kube(const struct ord_analysis *a, FILE *out)
{
	lives(a, out);
	dips(a, out);
	acts(a, out);
	troubles(a, false, out);
	troubles(a, true, out);
	blind(a, out);
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
	if (a->events_dropped)
		(void)fprintf(out,
			      "- **%" PRId64 " Events of the cluster were left out**: there were "
			      "more than a run records.\n",
			      a->events_dropped);
}
