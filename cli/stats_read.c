#include "cli/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/file.h"
#include "reports/stats/rank.h"

struct columns {
	size_t time, event, group;
	bool has_event, has_group;
};

void stats_data_done(struct stats_data *d)
{
	ord_csv_done(&d->csv);
	free(d->text);
	free(d->v);
	free(d->x);
	free(d->sorted);
	*d = (struct stats_data){0};
}

static int missing(const struct stats_data *d, const char *what, struct ord_err *err)
{
	const struct ord_csv_cell *header = &d->csv.cells[0];

	return ord_csv_refuse(&d->csv, header, err,
			      "no column %s; what is read is 'time,event[,group]' (event: 1, or 0 "
			      "for censored), or 'value'",
			      what);
}

static int choose_columns(struct stats_data *d, const struct stats_options *o, struct columns *ret,
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

static int read_event(const struct stats_data *d, size_t row, size_t column, bool *ret,
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

static int find_group(struct stats_data *d, const struct ord_csv_cell *cell, size_t *ret,
		      struct ord_err *err)
{
	const char *name = cell ? cell->text : "";
	size_t k = 0;

	while (k < d->n_groups && strcmp(d->groups[k].name, name))
		k++;
	if (k == STATS_GROUPS_MAX)
		return ord_csv_refuse(&d->csv, cell, err, "more than %d groups", STATS_GROUPS_MAX);
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

static int read_row(struct stats_data *d, const struct columns *c, size_t row,
		    struct ord_surv *rows, size_t *group_of, struct ord_err *err)
{
	const struct ord_csv_cell *named = c->has_group ? ord_csv_at(&d->csv, row, c->group) : NULL;
	struct ord_surv s = {.event = true};

	if (ord_csv_number(&d->csv, row, c->time, &s.time, err) ||
	    (c->has_event && read_event(d, row, c->event, &s.event, err)) ||
	    find_group(d, named, &group_of[row], err))
		return -1;
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
static void sort_groups(struct stats_data *d, const struct ord_surv *rows, const size_t *group_of)
{
	size_t at[STATS_GROUPS_MAX], next = 0;

	for (size_t k = 0; k < d->n_groups; k++) {
		at[k] = next;
		d->groups[k].v = d->sorted + next;
		d->groups[k].x = d->x + next;
		next += d->groups[k].n;
	}
	for (size_t i = 0; i < d->n; i++)
		d->sorted[at[group_of[i]]++] = rows[i];
	for (size_t k = 0; k < d->n_groups; k++) {
		const struct stats_group *g = &d->groups[k];

		ord_surv_sort(g->v, g->n);
		for (size_t i = 0; i < g->n; i++)
			g->x[i] = g->v[i].time;
	}
}

static int read_rows(struct stats_data *d, const struct stats_options *o, struct ord_err *err)
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

int stats_read(const char *path, const struct stats_options *o, struct stats_data *ret,
	       struct ord_err *err)
{
	bool in = !strcmp(path, "-");
	struct stats_data d = {0};
	size_t size;

	if (ord_file_read(in ? "/dev/stdin" : path, ORD_CSV_BYTES_MAX, &d.text, &size, err))
		return -1;
	if (ord_csv_parse(in ? "standard input" : path, d.text, size, &d.csv, err) ||
	    read_rows(&d, o, err)) {
		stats_data_done(&d);
		return -1;
	}
	*ret = d;
	return 0;
}
