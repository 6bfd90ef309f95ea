/*
 * Wald's sequential test of a share of failures: stop as soon as it is clear, with the error rates
 * kept. Looking at a plain p-value after each repetition does not keep them.
 */
#ifndef ORDEAL_REPORTS_STATS_SEQUENTIAL_H
#define ORDEAL_REPORTS_STATS_SEQUENTIAL_H

#include <stddef.h>

struct ord_sprt {
	double h1, h2, slope; /* NaN where it was asked for nonsense */
};

enum ord_sprt_verdict { ORD_SPRT_GO_ON, ORD_SPRT_ACCEPT, ORD_SPRT_REJECT };

/*
 * good < bad: the shares of failures to tell apart; alpha: how often a good one may be rejected,
 * beta: a bad one accepted.
 */
struct ord_sprt ord_sprt(double good, double bad, double alpha, double beta);
enum ord_sprt_verdict ord_sprt_judge(const struct ord_sprt *t, size_t failures, size_t n);
/* After so many without a failure it accepts; SIZE_MAX where it was asked for nonsense. */
size_t ord_sprt_clean(const struct ord_sprt *t);

#endif
