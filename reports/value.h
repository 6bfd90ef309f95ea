/* The numbers that a `prom` probe's samples carry. */
#ifndef ORDEAL_REPORTS_VALUE_H
#define ORDEAL_REPORTS_VALUE_H

#include "reports/timeline.h"

/* The last that was done in (from, to], in millionths; false: none. */
bool ord_value_last(const struct ord_timeline *t, uint32_t rep, size_t probe, int64_t from,
		    int64_t to, int64_t *ret);

#endif
