/* A table of times or values, and the parts of what is computed of it (docs/formats/stats.md). */
#ifndef ORDEAL_REPORTS_TABLE_TABLE_H
#define ORDEAL_REPORTS_TABLE_TABLE_H

#include <jansson.h>
#include <stdbool.h>

#include "ordeal/err.h"
#include "ordeal/table.h"
#include "reports/stats/csv.h"
#include "reports/stats/survival.h"

enum { TABLE_GROUPS_MAX = 20 };

struct table_group {
	const char *name;   /* "": there are no groups */
	struct ord_surv *v; /* sorted, within table.sorted */
	double *x;	    /* the same times */
	size_t n, events;
};

struct table {
	struct ord_csv csv;
	bool times; /* columns time and event; else value */
	double *v;  /* in the order of the file */
	double *x;
	struct ord_surv *sorted; /* group by group */
	size_t n, n_groups;
	struct table_group groups[TABLE_GROUPS_MAX];
};

/* Cuts the text in place. */
int ord_table_read(const char *name, char *text, size_t size, const struct ord_table_options *o,
		   struct table *ret, struct ord_err *err);
void ord_table_done(struct table *d);

/* Null where it is not a finite number. */
json_t *ord_table_number(double v);
json_t *ord_table_pair(double lo, double hi);

/* Owned; NULL: an error was raised. */
json_t *ord_table_groups_json(const struct table *d, const struct ord_table_options *o,
			      struct ord_err *err);
json_t *ord_table_comparisons_json(const struct table *d, const struct ord_table_options *o,
				   struct ord_err *err);
json_t *ord_table_cusum_json(const struct table *d, const struct ord_table_options *o,
			     struct ord_err *err);
json_t *ord_table_segments_json(const struct table *d, struct ord_err *err);

#endif
