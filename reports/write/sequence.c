/* A sequential test, in each format. */
#include <math.h>

#include "base/json.h"
#include "base/units.h"
#include "reports/write/compare.h"

#define SEQUENCE_SCHEMA 1

static const char *const verdicts[] = {
	[ORD_SPRT_GO_ON] = "go on", [ORD_SPRT_ACCEPT] = "accepted", [ORD_SPRT_REJECT] = "rejected"};

static char *number(double v, char out[static ORD_TEXT])
{
	return ord_text_milli(llround(v * 1000), 3, out);
}

/* "accepted: misses <= -0.939 + 0.040 n, rejected: misses >= 1.205 + 0.040 n" */
static void put_lines(const struct ord_sprt *t, FILE *out)
{
	char h1[ORD_TEXT], h2[ORD_TEXT], slope[ORD_TEXT];

	(void)fprintf(out,
		      "accepted where the misses <= -%s + %s n, rejected where they >= %s + %s n",
		      number(t->h1, h1), number(t->slope, slope), number(t->h2, h2), slope);
}

static void put_test(const struct ord_sequence_options *o, FILE *out)
{
	char good[32], bad[32], alpha[32], beta[32];

	(void)fprintf(out,
		      "share of misses %s or better against %s or worse; a good one is rejected in "
		      "at most %s, a bad one accepted in at most %s",
		      ord_format_percent(llround(o->good * ORD_PPM), good),
		      ord_format_percent(llround(o->bad * ORD_PPM), bad),
		      ord_format_percent(llround(o->alpha * ORD_PPM), alpha),
		      ord_format_percent(llround(o->beta * ORD_PPM), beta));
}

static void put_counts(const struct ord_sequence_goal *g, FILE *out)
{
	(void)fprintf(out, "%zu of %zu missed", g->missed, g->n);
	if (g->rep)
		(void)fprintf(out, ", decided at repetition %zu of run %zu", g->rep, g->run + 1);
	else
		(void)fprintf(out, ", accepted after %zu more without a miss", g->clean_needed);
	if (g->left_out)
		(void)fprintf(out, ", %zu left out (neither met nor missed)", g->left_out);
	if (g->after)
		(void)fprintf(out, ", %zu after the decision have no say", g->after);
}

int ord_write_sequence_text(const struct ord_sequence *s, FILE *out, struct ord_err *err)
{
	(void)err;
	(void)fputs("Wald's sequential test: ", out);
	put_test(&s->options, out);
	(void)fputc('\n', out);
	put_lines(&s->test, out);
	(void)fputs("\n\n", out);
	for (size_t i = 0; i < s->n; i++) {
		char text[ORD_WORDS];

		(void)snprintf(text, sizeof text, "%s", s->v[i].text);
		ord_text_clean(text);
		(void)fprintf(out, "%s: %s\n  ", text, verdicts[s->v[i].verdict]);
		put_counts(&s->v[i], out);
		(void)fputc('\n', out);
	}
	return 0;
}

int ord_write_sequence_md(const struct ord_sequence *s, FILE *out, struct ord_err *err)
{
	(void)err;
	(void)fputs("# ", out);
	ord_md_text(out, s->f->name);
	(void)fputs(": sequential test\n\n| objective | verdict | |\n|---|---|---|\n", out);
	for (size_t i = 0; i < s->n; i++) {
		(void)fputs("| ", out);
		ord_md_text(out, s->v[i].text);
		(void)fprintf(out, " | %s | ", verdicts[s->v[i].verdict]);
		put_counts(&s->v[i], out);
		(void)fputs(" |\n", out);
	}
	(void)fputs("\n- Wald's test: ", out);
	put_test(&s->options, out);
	(void)fputs(".\n- ", out);
	put_lines(&s->test, out);
	(void)fputs(".\n", out);
	return 0;
}

static json_t *goal(const struct ord_sequence *s, const struct ord_sequence_goal *g)
{
	json_t *at = g->rep ? json_pack("{s:s,s:I}", "run", s->f->runs[g->run].id, "rep",
					(json_int_t)g->rep)
			    : json_null();

	return json_pack("{s:s,s:s,s:I,s:I,s:I,s:I,s:o,s:o}", "text", g->text, "verdict",
			 verdicts[g->verdict], "n", (json_int_t)g->n, "missed",
			 (json_int_t)g->missed, "left_out", (json_int_t)g->left_out, "after",
			 (json_int_t)g->after, "decided_at", at, "need_without_a_miss",
			 g->rep ? json_null() : json_integer((json_int_t)g->clean_needed));
}

int ord_write_sequence_json(const struct ord_sequence *s, FILE *out, struct ord_err *err)
{
	json_t *goals = json_array(), *j;
	int e;

	for (size_t i = 0; i < s->n; i++)
		(void)json_array_append_new(goals, goal(s, &s->v[i]));
	j = json_pack("{s:i,s:s,s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:o,s:o}", "schema", SEQUENCE_SCHEMA,
		      "gate", ord_gate_name(s->gate), "p1", s->options.good, "p2", s->options.bad,
		      "alpha", s->options.alpha, "beta", s->options.beta, "h1", s->test.h1, "h2",
		      s->test.h2, "slope", s->test.slope, "runs", ord_json_figures(s->f),
		      "objectives", goals);
	e = !j || ord_json_print(j, JSON_INDENT(1) | JSON_ENSURE_ASCII, out);
	json_decref(j);
	if (e)
		return ord_fail_sys(err, "write the test");
	(void)fputc('\n', out);
	return 0;
}
