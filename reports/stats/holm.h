/* Many comparisons at once: p-values that are adjusted for that. */
#ifndef ORDEAL_REPORTS_STATS_HOLM_H
#define ORDEAL_REPORTS_STATS_HOLM_H

#include <stddef.h>

#include "ordeal/err.h"

/* The chance of any false alarm among the n stays at alpha. adjusted holds n, in the order of p. */
int ord_holm(const double *p, size_t n, double *adjusted, struct ord_err *err);
/* Benjamini and Hochberg: the expected share of false ones among the alarms stays at alpha. */
int ord_false_discovery(const double *p, size_t n, double *adjusted, struct ord_err *err);

#endif
