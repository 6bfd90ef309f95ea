#include "scheduler/plan/steps.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	const struct plan_step *x = a, *y = b;

	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	if (x->inject != y->inject)
		return x->inject ? 1 : -1;
	if (x->fault == y->fault)
		return 0;
	/* What came last goes first. */
	return (x->fault < y->fault) == x->inject ? -1 : 1;
}

size_t plan_steps(const struct ord_spec *spec, struct plan_step ret[static PLAN_STEPS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < spec->n_faults; i++) {
		const struct ord_fault_spec *f = &spec->faults[i];

		ret[n++] = (struct plan_step){.at_ns = f->at_ns, .inject = true, .fault = i};
		ret[n++] = (struct plan_step){.at_ns = f->at_ns + f->for_ns, .fault = i};
	}
	qsort(ret, n, sizeof *ret, compare);
	return n;
}
