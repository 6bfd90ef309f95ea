/* Any bytes as run.jsonl: refused with a reason, or analysed and written in every format, twice the
 * same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ordeal/report.h"
#include "reports/analysis.h"
#include "tests/support/same_samples.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_instant(const struct ord_instant *in)
{
	if (in->known && (in->lo > in->value || in->value > in->hi || !in->line))
		abort();
}

static void check_span(const struct ord_span *s)
{
	if (s->state != ORD_SPAN_NONE && (s->lo < 0 || s->lo > s->value || s->value > s->hi))
		abort();
}

static void check(const struct ord_analysis *a)
{
	if (a->exit < 0 || a->exit == 2 || a->exit > 6 || !a->verdict[0])
		abort();
	for (uint32_t i = 0; i <= a->t->repetitions; i++) {
		const struct ord_rep *r = &a->reps[i];

		check_instant(&r->in_force);
		check_instant(&r->impact);
		check_instant(&r->cleared);
		check_instant(&r->recovered);
		check_span(&r->self);
		check_span(&r->after);
		check_span(&r->bad_time);
		for (size_t k = 0; k < a->t->n_objectives; k++)
			check_span(&r->goals[k].span);
	}
}

static char *write_all(const struct ord_analysis *a, size_t *ret_size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_size);
	struct ord_err err;

	if (!out)
		abort();
	for (const struct ord_report_format *f = ord_report_formats; f->name; f++)
		if (f->write(a, out, &err))
			abort();
	if (fclose(out))
		abort();
	return text;
}

/* JSON alone, and the quick way in small chunks with a thread ahead: the same samples, or the same
 * refusal. */
static void read_otherwise(FILE *in, const struct ord_timeline *t, const char *refusal)
{
	for (int quick = 0; quick < 2; quick++) {
		struct ord_timeline other;
		struct ord_err err;
		int r;

		rewind(in);
		r = ord_timeline_read_by(in, quick ? 50 : 5000, quick, &other, &err);
		if (t ? r != 0 : r == 0 || strcmp(err.msg, refusal) != 0)
			abort();
		if (!t)
			continue;
		if (!same_samples(t, &other))
			abort();
		ord_timeline_done(&other);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ord_timeline t;
	struct ord_analysis a;
	struct ord_err err = {.code = ORD_OK};
	char *one, *two;
	size_t n_one, n_two;
	FILE *in;

	if (!size)
		return 0;
	in = fmemopen((void *)(uintptr_t)data, size, "r");
	if (!in)
		return 0;
	if (ord_timeline_read(in, &t, &err)) {
		read_otherwise(in, NULL, err.msg);
		(void)fclose(in);
		if (err.code == ORD_OK || !err.msg[0])
			abort();
		return 0;
	}
	read_otherwise(in, &t, "");
	(void)fclose(in);
	if (t.repetitions > 50 ||
	    ord_analyse(&t, &a, &err)) { /* many repetitions only make it slow */
		ord_timeline_done(&t);
		return 0;
	}
	check(&a);
	one = write_all(&a, &n_one);
	two = write_all(&a, &n_two);
	if (n_one != n_two || memcmp(one, two, n_one) != 0)
		abort();
	free(one);
	free(two);
	ord_analysis_done(&a);
	ord_timeline_done(&t);
	return 0;
}
