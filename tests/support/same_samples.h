/* Whether two timelines hold the same samples, with the same reasons. */
#ifndef ORDEAL_TESTS_SAME_SAMPLES_H
#define ORDEAL_TESTS_SAME_SAMPLES_H

#include <string.h>

#include "reports/timeline.h"

static inline bool same_series(const struct ord_timeline *a, const struct ord_timeline *b, size_t i)
{
	struct ord_cursor x, y;
	struct ord_sample s, r;

	ord_cursor_begin(&a->series[i], &x);
	ord_cursor_begin(&b->series[i], &y);
	while (ord_cursor_next(&x, &s))
		if (!ord_cursor_next(&y, &r) || memcmp(&s, &r, sizeof s) != 0)
			return false;
	return !ord_cursor_next(&y, &r);
}

static inline bool same_samples(const struct ord_timeline *a, const struct ord_timeline *b)
{
	if (a->repetitions != b->repetitions || a->n_probes != b->n_probes ||
	    a->n_samples != b->n_samples || a->n_why != b->n_why || a->lines != b->lines ||
	    a->ignored != b->ignored || a->torn != b->torn || a->n_events != b->n_events ||
	    a->last_t != b->last_t)
		return false;
	for (size_t i = 1; i <= a->n_why; i++)
		if (strcmp(a->why[i], b->why[i]) != 0)
			return false;
	for (size_t i = 0; i < (size_t)(a->repetitions + 1) * a->n_probes; i++)
		if (!same_series(a, b, i))
			return false;
	return true;
}

#endif
