/* What `ordeal stats` is made of: the table, what is computed of it as JSON, and that for people.
 */
#ifndef ORDEAL_CLI_STATS_H
#define ORDEAL_CLI_STATS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "ordeal/err.h"
#include "reports/stats/csv.h"
#include "reports/stats/survival.h"

enum { STATS_GROUPS_MAX = 20 };

struct stats_options {
	const char *by;		  /* NULL: `group`, where there is such a column */
	double confidence, alpha; /* 1 in sum */
	double tau;		  /* NaN: as long as every group was watched */
	uint64_t seed;		  /* of what is drawn */
	bool segments, cusum;
	double mean, slack, limit; /* of the cumulative sums */
};

struct stats_group {
	const char *name;   /* "": there are no groups */
	struct ord_surv *v; /* sorted, within stats_data.sorted */
	double *x;	    /* the same times */
	size_t n, events;
};

struct stats_data {
	char *text;
	struct ord_csv csv;
	bool times; /* columns time and event; else value */
	double *v;  /* in the order of the file */
	double *x;
	struct ord_surv *sorted; /* group by group */
	size_t n, n_groups;
	struct stats_group groups[STATS_GROUPS_MAX];
};

/* "-" is the standard input. */
int stats_read(const char *path, const struct stats_options *o, struct stats_data *ret,
	       struct ord_err *err);
void stats_data_done(struct stats_data *d);

/* Null where it is not a finite number. */
json_t *stats_number(double v);
json_t *stats_pair(double lo, double hi);

/* Owned; NULL: an error was raised. */
json_t *stats_groups_json(const struct stats_data *d, const struct stats_options *o,
			  struct ord_err *err);
json_t *stats_comparisons_json(const struct stats_data *d, const struct stats_options *o,
			       struct ord_err *err);
json_t *stats_cusum_json(const struct stats_data *d, const struct stats_options *o,
			 struct ord_err *err);
json_t *stats_segments_json(const struct stats_data *d, struct ord_err *err);

/* The same for people. */
void stats_print(const json_t *all, FILE *out);

#endif
