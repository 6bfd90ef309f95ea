/* Two groups of runs, from their JSON to what is written of them. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "reports/compare.h"
#include "reports/write/compare.h"

ORD_AUTO(compare_report, struct ord_compare_report, ord_compare_report_free);

static const struct {
	const char *name;
	int (*write)(const struct ord_compare_report *r, FILE *out, struct ord_err *err);
} formats[] = {
	{"text", ord_write_compare_text},
	{"md", ord_write_compare_md},
	{"json", ord_write_compare_json},
};

/* A run is as good as itself, whatever became of the system: a tag that was not moved, or a run
 * that was not made, must not pass a gate. */
static int check_apart(const struct ord_figures *a, const struct ord_figures *b,
		       struct ord_err *err)
{
	for (size_t i = 0; i < a->n_runs; i++)
		for (size_t k = 0; k < b->n_runs; k++)
			if (!strcmp(a->runs[i].id, b->runs[k].id))
				return ord_fail(err, ORD_USAGE,
						"the run %.100s is baseline and candidate at once",
						a->runs[i].id);
	return 0;
}

int ord_compare_runs(const json_t *baseline, const json_t *candidate,
		     const struct ord_compare_options *options, struct ord_compare_report **ret,
		     struct ord_err *err)
{
	ord_auto(compare_report) struct ord_compare_report *r = NULL;

	if (!options->force && ord_baseline_same_plan(baseline, candidate, err))
		return -1;
	r = calloc(1, sizeof *r);
	if (!r)
		return ord_fail_nomem(err);
	if (ord_figures_read(json_deep_copy(baseline), &r->a, err) ||
	    ord_figures_read(json_deep_copy(candidate), &r->b, err) ||
	    (!options->force && check_apart(&r->a, &r->b, err)) ||
	    ord_compare(&r->a, &r->b, options, &r->c, err))
		return -1;
	ord_plan_diff(r->a.plan, r->b.plan, &r->diff);
	r->c.options.metrics = NULL;
	r->c.options.n_metrics = 0;
	*ret = ord_steal_ptr(r);
	return 0;
}

void ord_compare_report_free(struct ord_compare_report *r)
{
	if (!r)
		return;
	ord_comparisons_done(&r->c);
	ord_figures_done(&r->a);
	ord_figures_done(&r->b);
	free(r);
}

enum ord_gate ord_compare_gate(const struct ord_compare_report *r)
{
	return r->c.gate;
}

static int no_format(const char *format, struct ord_err *err)
{
	return ord_fail(err, ORD_USAGE, "'%.32s' is not a format; there are text, md and json",
			format);
}

int ord_compare_write(const struct ord_compare_report *r, const char *format, FILE *out,
		      struct ord_err *err)
{
	for (size_t i = 0; i < ORD_COUNT(formats); i++)
		if (!strcmp(format, formats[i].name))
			return formats[i].write(r, out, err);
	return no_format(format, err);
}

static const struct {
	const char *name;
	int (*write)(const struct ord_sequence *s, FILE *out, struct ord_err *err);
} sequence_formats[] = {
	{"text", ord_write_sequence_text},
	{"md", ord_write_sequence_md},
	{"json", ord_write_sequence_json},
};

int ord_sequence_write(const json_t *runs, const struct ord_sequence_options *options,
		       const char *format, FILE *out, enum ord_gate *ret, struct ord_err *err)
{
	struct ord_sequence s = {0};
	struct ord_figures f;
	size_t i = 0;
	int r;

	while (i < ORD_COUNT(sequence_formats) && strcmp(format, sequence_formats[i].name) != 0)
		i++;
	if (i == ORD_COUNT(sequence_formats))
		return no_format(format, err);
	if (ord_figures_read(json_deep_copy(runs), &f, err))
		return -1;
	r = ord_sequence(&f, options, &s, err) ? -1 : sequence_formats[i].write(&s, out, err);
	if (!r)
		*ret = s.gate;
	ord_sequence_done(&s);
	ord_figures_done(&f);
	return r;
}
