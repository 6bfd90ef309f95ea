/*
 * Distributions that the tests and the intervals stand on, to about twelve digits. Probabilities
 * are in [0, 1]; what is asked beyond a function's domain answers NaN.
 */
#ifndef ORDEAL_REPORTS_STATS_DIST_H
#define ORDEAL_REPORTS_STATS_DIST_H

#include <stddef.h>

double ord_norm_cdf(double z);
/* The z with cdf(z) = p; -inf and inf at 0 and 1. */
double ord_norm_quantile(double p);
/* P(X > x) of chi-squared with one degree of freedom. */
double ord_chi1_tail(double x);
/* P(|T| > |t|) of Student's t with df degrees of freedom. */
double ord_t_tail2(double t, double df);

/* The regularised incomplete beta function I_x(a, b), and its inverse in x. */
double ord_beta_cdf(double x, double a, double b);
double ord_beta_quantile(double p, double a, double b);

/* P(X <= k) of the binomial distribution; k < 0: 0. */
double ord_binom_cdf(long k, size_t n, double p);
/* The least k with P(X <= k) >= q. */
size_t ord_binom_quantile(double q, size_t n, double p);
/* The natural logarithm of n over k. */
double ord_log_choose(size_t n, size_t k);

#endif
