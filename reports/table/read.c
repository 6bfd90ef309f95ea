#include "reports/table/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "reports/stats/rank.h"

struct columns {
	size_t time, event, group;
	bool has_event, has_group;
};

void ord_table_done(struct table *d)
{
	ord_csv_done(&d->csv);
	free(d->v);
	free(d->x);
	free(d->sorted);
	*d = (struct table){0};
}

static int missing(const struct table *d, const char *what, struct ord_err *err)
{
	const struct ord_csv_cell *header = &d->csv.cells[0];

	return ord_csv_refuse(&d->csv, header, err,
			      "no column %s; what is read is 'time,event[,group]' (event: 1, or 0 "
			      "for censored), or 'value'",
			      what);
}

static int choose_columns(struct table *d, const struct ord_table_options *o, struct columns *ret,
			  struct ord_err *err)
{
	const char *by = o->by ? o->by : "group";
	struct columns c = {0};
	bool series = o->segments || o->cusum;

	d->times = !series && ord_csv_find(&d->csv, "time", &c.time);
	if (d->times) {
		c.has_event = ord_csv_find(&d->csv, "event", &c.event);
		if (!c.has_event)
			return missing(d, "'event'", err);
	} else if (!ord_csv_find(&d->csv, "value", &c.time)) {
		return missing(d, series ? "'value'" : "'time' or 'value'", err);
	}
	c.has_group = !series && ord_csv_find(&d->csv, by, &c.group);
	if (o->by && !c.has_group)
		return ord_csv_refuse(&d->csv, &d->csv.cells[0], err, "no column '%.40s' (--by)",
				      o->by);
	*ret = c;
	return 0;
}

static int read_event(const struct table *d, size_t row, size_t column, bool *ret,
		      struct ord_err *err)
{
	const struct ord_csv_cell *cell = ord_csv_at(&d->csv, row, column);

	if (strcmp(cell->text, "0") && strcmp(cell->text, "1"))
		return ord_csv_refuse(&d->csv, cell, err,
				      "event is '%.40s': write 1 for an event, 0 for censored",
				      cell->text);
	*ret = *cell->text == '1';
	return 0;
}

static bool printable(const char *name)
{
	json_t *text = json_string(name); /* which checks that it is UTF-8 */
	bool fine = text != NULL;

	for (const char *c = name; *c; c++)
		fine = fine && (unsigned char)*c >= ' ' && *c != 0x7f;
	json_decref(text);
	return fine;
}

static int find_group(struct table *d, const struct ord_csv_cell *cell, size_t *ret,
		      struct ord_err *err)
{
	const char *name = cell ? cell->text : "";
	size_t k = 0;

	while (k < d->n_groups && strcmp(d->groups[k].name, name))
		k++;
	if (k == TABLE_GROUPS_MAX)
		return ord_csv_refuse(&d->csv, cell, err, "more than %d groups", TABLE_GROUPS_MAX);
	if (k == d->n_groups) {
		if (cell && (!*name || !printable(name)))
			return ord_csv_refuse(&d->csv, cell, err, "%s",
					      *name ? "this is no printable name of a group"
						    : "no group here");
		d->groups[d->n_groups++].name = name;
	}
	*ret = k;
	return 0;
}

static int read_row(struct table *d, const struct columns *c, size_t row, struct ord_surv *rows,
		    size_t *group_of, struct ord_err *err)
{
	const struct ord_csv_cell *named = c->has_group ? ord_csv_at(&d->csv, row, c->group) : NULL;
	struct ord_surv s = {.event = true};

	if (ord_csv_number(&d->csv, row, c->time, &s.time, err) ||
	    (c->has_event && read_event(d, row, c->event, &s.event, err)) ||
	    find_group(d, named, &group_of[row], err))
		return -1;
	if (fabs(s.time) > ORD_TABLE_VALUE_MAX)
		return ord_csv_refuse(&d->csv, ord_csv_at(&d->csv, row, c->time), err,
				      "beyond 1e100 nothing is computed");
	if (d->times && s.time < 0)
		return ord_csv_refuse(&d->csv, ord_csv_at(&d->csv, row, c->time), err,
				      "a time below 0");
	d->groups[group_of[row]].n++;
	d->groups[group_of[row]].events += s.event;
	rows[row] = s;
	d->v[row] = s.time;
	return 0;
}

/* Group by group, each sorted. */
static void sort_groups(struct table *d, const struct ord_surv *rows, const size_t *group_of)
{
	size_t at[TABLE_GROUPS_MAX], next = 0;

	for (size_t k = 0; k < d->n_groups; k++) {
		at[k] = next;
		d->groups[k].v = d->sorted + next;
		d->groups[k].x = d->x + next;
		next += d->groups[k].n;
	}
	for (size_t i = 0; i < d->n; i++)
		d->sorted[at[group_of[i]]++] = rows[i];
	for (size_t k = 0; k < d->n_groups; k++) {
		const struct table_group *g = &d->groups[k];

		ord_surv_sort(g->v, g->n);
		for (size_t i = 0; i < g->n; i++)
			g->x[i] = g->v[i].time;
	}
}

static int read_rows(struct table *d, const struct ord_table_options *o, struct ord_err *err)
{
	ord_autofree struct ord_surv *rows = NULL;
	ord_autofree size_t *group_of = NULL;
	struct columns c;

	if (choose_columns(d, o, &c, err))
		return -1;
	d->n = d->csv.n_rows;
	if (!d->n)
		return ord_csv_refuse(&d->csv, &d->csv.cells[0], err, "no row after the header");
	rows = calloc(d->n, sizeof *rows);
	group_of = calloc(d->n, sizeof *group_of);
	d->v = calloc(d->n, sizeof *d->v);
	d->x = calloc(d->n, sizeof *d->x);
	d->sorted = calloc(d->n, sizeof *d->sorted);
	if (!rows || !group_of || !d->v || !d->x || !d->sorted)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < d->n; i++)
		if (read_row(d, &c, i, rows, group_of, err))
			return -1;
	sort_groups(d, rows, group_of);
	return 0;
}

int ord_table_read(const char *name, char *text, size_t size, const struct ord_table_options *o,
		   struct table *ret, struct ord_err *err)
{
	struct table d = {0};

	if (ord_csv_parse(name, text, size, &d.csv, err) || read_rows(&d, o, err)) {
		ord_table_done(&d);
		return -1;
	}
	*ret = d;
	return 0;
}

static int put(json_t *all, const char *key, json_t *part)
{
	return part ? json_object_set_new(all, key, part) : -1;
}

/* Owned; NULL: an error was raised. */
static json_t *compute(const struct table *d, const struct ord_table_options *o,
		       struct ord_err *err)
{
	json_t *all = json_pack("{s:i,s:s,s:f}", "schema", 1, "kind", d->times ? "times" : "values",
				"confidence", o->confidence);

	if ((o->cusum && put(all, "cusum", ord_table_cusum_json(d, o, err))) ||
	    (o->segments && put(all, "segments", ord_table_segments_json(d, err))) ||
	    (!o->cusum && !o->segments &&
	     (put(all, "groups", ord_table_groups_json(d, o, err)) ||
	      put(all, "comparisons", ord_table_comparisons_json(d, o, err))))) {
		json_decref(all);
		return NULL;
	}
	return all;
}

int ord_table_compute(const char *name, char *text, size_t size, const struct ord_table_options *o,
		      json_t **ret, struct ord_err *err)
{
	struct table d;
	json_t *all;

	if (ord_table_read(name, text, size, o, &d, err))
		return -1;
	all = compute(&d, o, err);
	ord_table_done(&d);
	if (!all)
		return -1;
	*ret = all;
	return 0;
}
