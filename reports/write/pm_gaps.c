/* Where the timeline of a repetition is silent, and people may know more. */
#include "reports/write/pm.h"

static int64_t impact_end(const struct ord_rep *r)
{
	return r->recovered.known ? r->recovered.value : r->end;
}

/* The first that a channel reported; INT64_MAX: nothing was. */
static int64_t first_notice(const struct ord_analysis *a, const struct ord_rep *r)
{
	int64_t first = INT64_MAX;

	for (size_t p = 0; p < a->t->n_probes; p++) {
		const struct ord_instant *at = &r->detections[p].at;

		if (a->t->probes[p].is_signal && at->known && at->value < first)
			first = at->value;
	}
	return first;
}

/* Between two rows that follow each other, from the impact to the recovery. */
static bool longest(const struct ord_rep *r, const struct ord_rows *rows,
		    struct ord_pm_question *ret)
{
	int64_t last = r->impact.value;

	*ret = (struct ord_pm_question){.gap = ORD_PM_GAP_LONGEST, .from = last, .to = last};
	for (size_t i = 0; i < rows->n && last < impact_end(r); i++) {
		int64_t t = rows->v[i].t;

		if (t <= last)
			continue;
		t = t < impact_end(r) ? t : impact_end(r);
		if (t - last > ret->to - ret->from) {
			ret->from = last;
			ret->to = t;
		}
		last = t;
	}
	return ret->to > ret->from;
}

/* True: nobody had said anything when the first row after the impact came. */
static bool no_person(const struct ord_rep *r, const struct ord_rows *rows,
		      struct ord_pm_question *ret)
{
	bool other = false;

	*ret = (struct ord_pm_question){
		.gap = ORD_PM_GAP_NO_PERSON, .from = r->impact.value, .to = r->end, .no_end = true};
	for (size_t i = 0; i < rows->n; i++) {
		const struct ord_row *row = &rows->v[i];

		if (row->t < r->impact.value || row->line == r->impact.line)
			continue;
		if (row->by == ORD_ROW_PERSON) {
			ret->to = row->t;
			ret->no_end = false;
			break;
		}
		other = true;
	}
	return other || ret->no_end;
}

size_t ord_pm_find_gaps(const struct ord_analysis *a, const struct ord_rep *r,
			const struct ord_rows *rows,
			struct ord_pm_question ret[static ORD_PM_QUESTIONS_MAX])
{
	size_t n = 0;

	if (r->impact.known && longest(r, rows, &ret[n])) {
		ret[n].unnoticed = first_notice(a, r) >= ret[n].to;
		n++;
	}
	if (r->impact.known && no_person(r, rows, &ret[n]))
		n++;
	for (size_t i = 0; i < a->n_alerts && n < ORD_PM_QUESTIONS_MAX; i++) {
		const struct ord_breakdown *b = &r->breakdowns[i];

		if (b->suppressed.known)
			ret[n++] = (struct ord_pm_question){.gap = ORD_PM_GAP_SUPPRESSED,
							    .from = b->suppressed.value,
							    .to = b->suppressed.value,
							    .alert = b->alert};
	}
	return n;
}
