/*
 * Times of which some are censored: at least so long, how long is not known. An event and a
 * censoring at the same time: the event comes first, so the censored one was still at risk.
 * NaN stands for "not reached" and "not defined"; who writes JSON writes null.
 */
#ifndef ORDEAL_REPORTS_STATS_SURVIVAL_H
#define ORDEAL_REPORTS_STATS_SURVIVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

struct ord_surv {
	double time; /* finite, not negative */
	bool event;  /* false: censored */
};

struct ord_band {
	double lo, hi; /* NaN where S is 0 */
};

/* One step down of the curve of Kaplan and Meier. */
struct ord_km_step {
	double t;
	size_t n_at_risk; /* just before t */
	size_t d;	  /* events at t */
	double s;	  /* S(t), from t on */
	double se;	  /* of S, by Greenwood; NaN where S is 0 */
	double hazard;	  /* Nelson-Aalen's H(t) */
	double greenwood; /* the sum of d / (n (n - d)) up to t */
	/* Pointwise bands. loglog stays within (0, 1) and is the one for few repetitions; log is
	 * R's default; plain is S -+ z se, clipped. */
	struct ord_band plain, log, loglog;
};

enum ord_band_kind { ORD_BAND_LOGLOG, ORD_BAND_LOG, ORD_BAND_PLAIN };

/* By time, events before censorings: every function here wants it so. */
void ord_surv_sort(struct ord_surv *v, size_t n);

/* The steps, in `steps` with room for n; how many. confidence: 0.95. */
size_t ord_km(const struct ord_surv *sorted, size_t n, double confidence,
	      struct ord_km_step *steps);
/* S at the time t: 1 before the first step. */
double ord_km_at(const struct ord_km_step *steps, size_t n_steps, double t);

/* A quantile and where the band crosses the same height (Brookmeyer and Crowley). */
struct ord_km_quantile {
	double value, lo, hi; /* NaN: not reached */
};

/*
 * The least t with S(t) <= 1 - p; where S is 1 - p on a plateau, its middle. p = 0.5 is the median;
 * without censoring that is the usual one.
 */
struct ord_km_quantile ord_km_quantile(const struct ord_km_step *steps, size_t n_steps, double p,
				       enum ord_band_kind band);

/* The restricted mean: the area under S up to tau, which is the mean of min(time, tau). */
struct ord_rmst {
	double value, se;
	/* Is someone censored before tau when S is not yet 0, with nobody at risk after? Then the
	 * last S was taken to hold until tau, and the value is an upper bound. */
	bool extended;
};

struct ord_rmst ord_rmst(const struct ord_surv *sorted, size_t n, const struct ord_km_step *steps,
			 size_t n_steps, double tau);

struct ord_logrank {
	double observed[2], expected[2];
	double u;	 /* observed - expected of the first group */
	double variance; /* 0: nothing to compare */
	double chi2, p;	 /* one degree of freedom; NaN where the variance is 0 */
};

/* Weights S(t-)^rho: rho 0 is the log-rank test, 1 that of Peto and Peto. Both groups sorted. */
struct ord_logrank ord_logrank(const struct ord_surv *a, size_t n_a, const struct ord_surv *b,
			       size_t n_b, double rho);

/* A permutation test of a sum of scores. */
struct ord_permutation {
	double statistic;
	bool exact;	       /* every relabelling was counted */
	uint64_t relabellings; /* counted, or drawn */
	uint64_t as_extreme;   /* of them, on both sides */
	double p;	       /* two-sided; drawn: (as_extreme + 1) / (relabellings + 1) */
	double p_less;	       /* of a statistic so small: the first group's events come late */
	double p_greater;      /* of one so large: they come early */
};

/* So many values at most: of more the log-rank test by chi-squared is as good. */
enum { ORD_RELABELLINGS_MAX = 200000, ORD_PERMUTE_MAX = 2000 };

/*
 * Is the sum of the first n_a of n scores farther from what relabelling gives than chance would
 * have it? Every relabelling where there are at most ORD_RELABELLINGS_MAX, else that many drawn
 * from the seed, which is then part of the result: print it. ORD_USAGE beyond ORD_PERMUTE_MAX.
 */
int ord_permute(const double *scores, size_t n, size_t n_a, uint64_t seed,
		struct ord_permutation *ret, struct ord_err *err);

/* The log-rank test by permutation: statistic is `u` of the log-rank test. */
int ord_logrank_exact(const struct ord_surv *a, size_t n_a, const struct ord_surv *b, size_t n_b,
		      uint64_t seed, struct ord_permutation *ret, struct ord_err *err);

/* Schoenfeld: events in both groups together that show a hazard ratio at two-sided alpha. */
double ord_logrank_events(double hazard_ratio, double alpha, double power);

#endif
