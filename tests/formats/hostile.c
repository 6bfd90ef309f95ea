/*
 * hostile SEED FORMAT RUN: the report of a stored run whose names and texts were replaced by what
 * nobody would choose: quotes, escapes, control characters, broken UTF-8, values that are huge,
 * empty, or equal to each other. SEED 0 replaces nothing.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/rng.h"
#include "ordeal/report.h"
#include "reports/analysis.h"

#define TEXTS	 400
#define TEXT_MAX 3000

static char texts[TEXTS][TEXT_MAX];
static size_t n_texts;

static const char *const pieces[] = {"\"",
				     "\\",
				     "\n",
				     "\r\n",
				     "\t",
				     "\x01",
				     "\x1b[31m",
				     "\x7f",
				     "\xff",
				     "\xc3",
				     "\xed\xa0\x80",
				     "\xf0\x9f\x99\x82",
				     "caf\xc3\xa9",
				     "\\q",
				     "{}",
				     "},x=\"",
				     "# EOF\n",
				     "</script>",
				     "<b>&amp;",
				     "|",
				     "a",
				     "orders",
				     " ",
				     ",",
				     "=",
				     "\xef\xbb\xbf",
				     "\xc2\x85",
				     "1.5e309",
				     "NaN",
				     "%s%n",
				     "\xef\xbf\xbe",
				     "'",
				     "`",
				     "]]>",
				     "\xe2\x80\xa8"};

static const char *hostile(struct ord_rng *rng)
{
	char *text = texts[n_texts];
	size_t used = 0, want = ord_rng_below(rng, 8);

	if (n_texts && ord_rng_below(rng, 5) == 0)
		return texts[ord_rng_below(rng, n_texts)]; /* a twin */
	if (ord_rng_below(rng, 8) == 0)
		want = 600;
	for (size_t i = 0; i < want; i++) {
		const char *p = pieces[ord_rng_below(rng, ORD_COUNT(pieces))];

		if (used + strlen(p) + 1 >= TEXT_MAX)
			break;
		memcpy(text + used, p, strlen(p) + 1);
		used += strlen(p);
	}
	if (n_texts + 1 < TEXTS)
		n_texts++;
	return text;
}

static void replace(struct ord_analysis *a, struct ord_timeline *t, uint64_t seed)
{
	struct ord_rng rng;

	ord_rng_init(&rng, seed);
	t->name = hostile(&rng);
	for (size_t i = 0; i < t->n_probes; i++)
		t->probes[i].name = hostile(&rng);
	for (size_t i = 0; i < t->n_faults; i++) {
		t->faults[i].name = hostile(&rng);
		t->faults[i].fault = hostile(&rng);
	}
	for (size_t i = 0; i < t->n_objectives; i++) {
		t->objectives[i].text = hostile(&rng);
		(void)snprintf(a->goals[i].why, sizeof a->goals[i].why, "%s", hostile(&rng));
	}
	(void)snprintf(a->verdict, sizeof a->verdict, "%s", hostile(&rng));
	for (uint32_t i = 0; i <= t->repetitions; i++)
		(void)snprintf(a->reps[i].why, sizeof a->reps[i].why, "%s", hostile(&rng));
	for (size_t i = 0; i < t->n_why; i++)
		if (t->why[i] && *t->why[i]) {
			free(t->why[i]);
			t->why[i] = strdup(hostile(&rng));
		}
}

static int write_format(const struct ord_analysis *a, const char *format, struct ord_err *err)
{
	for (const struct ord_report_format *f = ord_report_formats; f->name; f++)
		if (!strcmp(f->name, format))
			return f->write(a, stdout, err);
	return ord_fail(err, ORD_USAGE, "no format '%s'", format);
}

int main(int argc, char **argv)
{
	struct ord_timeline t = {0};
	struct ord_analysis a = {0};
	struct ord_err err = {0};
	char path[512];
	FILE *in;
	int r;

	if (argc != 4)
		return 2;
	(void)snprintf(path, sizeof path, "%s/run.jsonl", argv[3]);
	in = fopen(path, "re");
	if (!in || ord_timeline_read(in, &t, &err) || ord_analyse(&t, &a, &err)) {
		(void)fprintf(stderr, "%s: %s\n", path, err.msg);
		return 1;
	}
	(void)fclose(in);
	if (strtoull(argv[1], NULL, 10))
		replace(&a, &t, strtoull(argv[1], NULL, 10));
	r = write_format(&a, argv[2], &err);
	if (r)
		(void)fprintf(stderr, "%s\n", err.msg);
	ord_analysis_done(&a);
	ord_timeline_done(&t);
	return r ? 1 : 0;
}
