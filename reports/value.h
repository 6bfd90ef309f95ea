/* The numbers that a `prom` probe's samples carry. */
#ifndef ORDEAL_REPORTS_VALUE_H
#define ORDEAL_REPORTS_VALUE_H

#include "reports/timeline.h"

/* -1: no memory. What is no finite number is left out. */
int ord_value_add(struct ord_timeline *t, uint32_t rep, size_t probe, int64_t done,
		  const char *text);
void ord_value_sort(struct ord_timeline *t); /* once all were added */
/* The last that was done in (from, to], in millionths; false: none. */
bool ord_value_last(const struct ord_timeline *t, uint32_t rep, size_t probe, int64_t from,
		    int64_t to, int64_t *ret);

#endif
