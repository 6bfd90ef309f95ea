/*
 * A baseline and a candidate, figure by figure: better, worse, or inconclusive, and whether the
 * candidate is worse by more than a margin. Pure. docs/formats/compare.md has the rules.
 */
#ifndef ORDEAL_REPORTS_COMPARE_H
#define ORDEAL_REPORTS_COMPARE_H

#include "ordeal/compare.h"
#include "reports/figures.h"
#include "reports/plan_diff.h"

#define ORD_COMPARE_POWER    0.8
#define ORD_COMPARE_NEED_MAX 10000

enum ord_compared { ORD_COMPARED_INCONCLUSIVE, ORD_COMPARED_BETTER, ORD_COMPARED_WORSE };

/* Values of one side in seconds. */
struct ord_side {
	const struct ord_figure *figure; /* borrowed; NULL: it has none */
	size_t n, never;
	bool has_median;
	int64_t median, worst; /* worst: the largest known; -1: none is */
	int64_t width;	       /* the widest interval of a known value: what the probes resolve */
};

struct ord_comparison {
	const char *figure;   /* borrowed */
	struct ord_side a, b; /* baseline, candidate */
	enum ord_compared verdict;
	enum ord_gate gate;
	bool tested, censored; /* censored: by log-rank, else by Mann and Whitney */
	bool drawn;	       /* relabellings were drawn from the seed, not counted */
	bool too_many;	       /* values, for an interval: neither a ratio nor a shift is told */
	const char *method;
	double p;	 /* of no difference; NaN: not tested */
	double p_margin; /* of none beyond the margin, in the direction that was seen */
	double p_holm;	 /* that, corrected over all that were compared */
	/* How many times as long the candidate takes. NaN: not known, 0 and inf: no bound. Where
	 * something is censored these hold whatever it would have come to. */
	double ratio, lo, hi;
	double confidence; /* that the interval attains; 0: there is none with so few */
	/* Where values of 0 leave no ratio: by how many seconds longer. NaN: not used. */
	double shift, shift_lo, shift_hi;
	/* Repetitions that are likely to settle it: of the candidate beside this baseline, or of
	 * each. 0: not known, or it is settled. Beyond ORD_COMPARE_NEED_MAX: so many. */
	size_t need_beside, need_each;
	double detectable; /* the ratio that these n are likely to show; NaN: none, or not known */
	char why[240];
};

struct ord_comparisons {
	const struct ord_figures *a, *b; /* borrowed */
	struct ord_compare_options options;
	struct ord_comparison *v; /* owned */
	size_t n;
	size_t family;			    /* over so many tests was corrected */
	size_t better, worse, inconclusive; /* by verdict */
	enum ord_gate gate;		    /* of all of them */
};

/* Every figure that one of them has, tested; nothing is concluded yet. */
int ord_compare_figures(const struct ord_figures *a, const struct ord_figures *b,
			const struct ord_compare_options *options, struct ord_comparisons *ret,
			struct ord_err *err);
/* What the tests say, corrected over the tests of all n. */
int ord_compare_conclude(struct ord_comparisons *const *v, size_t n, struct ord_err *err);
/* Both, of one. */
int ord_compare(const struct ord_figures *a, const struct ord_figures *b,
		const struct ord_compare_options *options, struct ord_comparisons *ret,
		struct ord_err *err);
void ord_comparisons_done(struct ord_comparisons *c);

const char *ord_compared_name(enum ord_compared v); /* "worse" */
const char *ord_gate_name(enum ord_gate g);	    /* "pass" */
/* Whether the metric of an objective or an option names that figure. */
bool ord_metric_is(const char *metric, const char *figure);
/* The steps of ord_compare (compare_test.c, compare_need.c). The sides are filled. */
int ord_compare_test(struct ord_comparison *c, const struct ord_compare_options *o,
		     struct ord_err *err);
/* After Holm; family: over how many was corrected. */
void ord_compare_need(struct ord_comparison *c, const struct ord_compare_options *o, size_t family);

/* A no_regression objective, judged over the run. */
struct ord_regression {
	size_t goal;
	const char *against;	   /* as in the experiment; borrowed */
	const char *message;	   /* why there is no baseline, NULL: there is one; borrowed */
	struct ord_plan_diff diff; /* n > 0: of another plan, and not compared */
	struct ord_figures a, b;   /* the baseline's and the run's; owned */
	struct ord_comparisons c;
};

/* Judges them by the baselines in the timeline; goals[] get their results. */
int ord_analyse_regressions(struct ord_analysis *a, struct ord_err *err);
void ord_regressions_done(struct ord_analysis *a);

/* What is written of a comparison. */
struct ord_compare_report {
	struct ord_figures a, b; /* owned */
	struct ord_comparisons c;
	struct ord_plan_diff diff; /* n > 0: forced */
};

#endif
