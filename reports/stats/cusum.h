/*
 * Cumulative sums: the first small lasting shift of a mean, or of a share of failures. Online: one
 * step a value. An alarm is a sum above h; the shift began at the last value after which the sum
 * was 0, plus one.
 */
#ifndef ORDEAL_REPORTS_STATS_CUSUM_H
#define ORDEAL_REPORTS_STATS_CUSUM_H

#include <stddef.h>

struct ord_cusum {
	double mean, slack;  /* k: half of the shift that matters, in units of the values */
	double up, down;     /* the sums */
	size_t n;	     /* values so far */
	size_t n_up, n_down; /* values since each was 0 */
};

void ord_cusum_begin(struct ord_cusum *c, double mean, double slack);
void ord_cusum_step(struct ord_cusum *c, double x);
/* The 0-based place at which the shift that raised the sum began. */
size_t ord_cusum_onset_up(const struct ord_cusum *c);
size_t ord_cusum_onset_down(const struct ord_cusum *c);

/* What one failure and one success add where a share of failures goes from p0 to p1. */
struct ord_cusum_weights {
	double failure, success;
};

struct ord_cusum_weights ord_cusum_bernoulli(double p0, double p1);
double ord_cusum_bernoulli_step(double sum, const struct ord_cusum_weights *w, int failed);

/*
 * Values until an alarm, on average, by Siegmund's approximation; shift, k and h in units of the
 * standard deviation, one-sided. Two-sided without a shift it is half. shift = 0: between false
 * alarms.
 */
double ord_cusum_run_length(double shift, double k, double h);

#endif
