/*
 * The figures of runs of one plan, by repetition: what two groups of runs are compared by, and what
 * a baseline file holds (docs/formats/baseline.md). Made from an analysis, from a report.json, or
 * read back; never pooled over plans, and never a recovery by itself with one after the rollback.
 */
#ifndef ORDEAL_REPORTS_FIGURES_H
#define ORDEAL_REPORTS_FIGURES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sha256.h"
#include "ordeal/err.h"
#include "reports/analysis.h"

#define ORD_BASELINE_VERSION 1
#define ORD_FIGURES_RUNS     1000
#define ORD_FIGURE_NAME_MAX  300 /* bytes */

struct ord_figure_value {
	struct ord_span span; /* known or censored */
	uint32_t rep;
	size_t run;
};

struct ord_figure {
	const char *name;	    /* "ttr_self", "ttd:breaker"; borrowed */
	struct ord_figure_value *v; /* in the order of runs and repetitions */
	size_t n, censored;
};

/* What became of an objective in each repetition of a run. */
struct ord_figures_goal {
	const char *text; /* borrowed */
	size_t run;
	enum ord_result *results; /* by repetition, from the first */
	size_t n;
};

struct ord_figures_run {
	const char *id, *plan_hash, *started, *verdict; /* borrowed */
	int64_t seed;
	size_t repetitions, measured, no_impact;
	size_t warm_up;		/* so many of the first are left out */
	const json_t *left_out; /* repetitions by state; borrowed */
};

struct ord_figures {
	json_t *json; /* the baseline file's; owned */
	json_t *plan; /* what of the plan decides figures; borrowed */
	const char *name;
	char digest[ORD_SHA256_HEX]; /* of the plan, */
	char sha256[ORD_SHA256_HEX]; /* and of everything: who the baseline is */
	struct ord_figures_run *runs;
	struct ord_figure *v;
	struct ord_figures_goal *goals;
	size_t n_runs, n, n_goals;
	size_t repetitions, measured; /* of all runs */
};

/* A baseline file's JSON; owned by the caller. */
int ord_figures_of_analysis(const struct ord_analysis *a, json_t **ret, struct ord_err *err);
int ord_figures_of_report(const json_t *report, json_t **ret, struct ord_err *err);
/* Adds the runs of another of the same plan. Neither is valid with what is no baseline file. */
int ord_figures_pool(json_t *into, const json_t *more, struct ord_err *err);

/* Checks and takes the JSON (also where it fails; NULL: there was no memory for it); whatever it
 * holds, *ret is sound. */
int ord_figures_read(json_t *json, struct ord_figures *ret, struct ord_err *err);
void ord_figures_done(struct ord_figures *f); /* fine on a zeroed struct */

/* NULL: there is no such figure. */
const struct ord_figure *ord_figure_find(const struct ord_figures *f, const char *name);
/* Readable and the same for the same figures. */
int ord_figures_write(const json_t *json, FILE *out, struct ord_err *err);

#endif
