/*
 * Comparing stored runs: figures out of run folders, reports and baseline files, two groups of them
 * compared, and a sequential test over the repetitions of one. No privileged call. The rules:
 * docs/formats/compare.md.
 */
#ifndef ORDEAL_COMPARE_H
#define ORDEAL_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ordeal/err.h"

struct json_t;

#define ORD_COMPARE_ALPHA      0.05
#define ORD_COMPARE_MARGIN_PPM 100000
#define ORD_COMPARE_SEED       1

/*
 * The figures of a run's folder, of a report.json, or of a baseline file, as a baseline file's JSON
 * (docs/formats/baseline.md), checked. Owned by the caller.
 */
int ord_baseline_load(const char *path, struct json_t **ret, struct ord_err *err);
/* Adds the runs of another. Refused (ORD_USAGE) where the plans differ in what decides figures, and
 * says in what, unless forced. */
int ord_baseline_add(struct json_t *into, const struct json_t *more, bool force,
		     struct ord_err *err);
/* Leaves the first n repetitions of each run out. */
int ord_baseline_warm_up(struct json_t *baseline, uint32_t n, struct ord_err *err);
/* 0, or ORD_USAGE with the first differences of two plans. */
int ord_baseline_same_plan(const struct json_t *a, const struct json_t *b, struct ord_err *err);
/* The same of a plan that has yet to be run: what no_regression will say of it can be told before.
 */
int ord_baseline_fits(const struct json_t *baseline, const struct json_t *plan,
		      struct ord_err *err);
int ord_baseline_write(const struct json_t *baseline, FILE *out, struct ord_err *err);

struct ord_compare_options {
	int64_t margin_ppm; /* how much longer is still as good */
	double alpha;	    /* two-sided */
	uint64_t seed;	    /* where relabellings are drawn */
	/* Which figures: "ttr" (by itself and after the rollback, each for itself), "ttr_self",
	 * "ttr_after", "ttr_full", "impact", "ttd" (every channel), "ttd:CHANNEL". None: all. */
	const char *const *metrics;
	size_t n_metrics;
	bool force; /* plans may differ, and a run may be on both sides */
};

/* Whether the candidate may pass: is it worse by more than the margin? */
enum ord_gate { ORD_GATE_INCONCLUSIVE, ORD_GATE_PASS, ORD_GATE_FAIL, ORD_GATE_NOT_APPLICABLE };

struct ord_compare_report;

/* 0, or ORD_USAGE with the figures that there are. */
int ord_metric_check(const char *metric, struct ord_err *err);
/* Takes nothing; *ret borrows nothing either. */
int ord_compare_runs(const struct json_t *baseline, const struct json_t *candidate,
		     const struct ord_compare_options *options, struct ord_compare_report **ret,
		     struct ord_err *err);
void ord_compare_report_free(struct ord_compare_report *r); /* NULL is fine */
enum ord_gate ord_compare_gate(const struct ord_compare_report *r);
/* "text", "md" or "json". */
int ord_compare_write(const struct ord_compare_report *r, const char *format, FILE *out,
		      struct ord_err *err);

/* Wald's sequential test of the share of repetitions that miss an objective. */
struct ord_sequence_options {
	double good, bad;      /* the shares of failures to tell apart */
	double alpha, beta;    /* how often a good one may be rejected, a bad one accepted */
	const char *objective; /* as in the experiment; NULL: each of them */
};

#define ORD_SEQUENCE_GOOD  0.01
#define ORD_SEQUENCE_BAD   0.10
#define ORD_SEQUENCE_ALPHA 0.05
#define ORD_SEQUENCE_BETA  0.10

/* Over the repetitions in the order of the runs; writes the report in that format. *ret: failed
 * where one is rejected, passed where all are accepted. */
int ord_sequence_write(const struct json_t *runs, const struct ord_sequence_options *options,
		       const char *format, FILE *out, enum ord_gate *ret, struct ord_err *err);

#endif
