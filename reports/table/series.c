/* One series: cumulative sums, and where it changes. */
#include <math.h>
#include <stdlib.h>

#include "base/auto.h"
#include "reports/table/table.h"
#include "reports/stats/cusum.h"
#include "reports/stats/quantile.h"
#include "reports/stats/rank.h"
#include "reports/stats/segment.h"

/* Where a value stands: its row among the values, from 1, and its line in the file. */
static void put_place(const struct table *d, size_t i, const char *row, const char *line,
		      json_t *to)
{
	(void)json_object_set_new(to, row, json_integer((json_int_t)i + 1));
	(void)json_object_set_new(to, line, json_integer(ord_csv_at(&d->csv, i, 0)->line));
}

static json_t *alarm_json(const struct table *d, size_t at, size_t onset, double sum)
{
	json_t *one = json_pack("{s:f}", "sum", sum);

	put_place(d, at, "row", "line", one);
	put_place(d, onset, "onset_row", "onset_line", one);
	return one;
}

json_t *ord_table_cusum_json(const struct table *d, const struct ord_table_options *o,
			     struct ord_err *err)
{
	json_t *ups = json_array(), *downs = json_array(), *up = NULL, *down = NULL, *all;
	struct ord_cusum c;

	ord_cusum_begin(&c, o->mean, o->slack);
	for (size_t i = 0; i < d->n; i++) {
		ord_cusum_step(&c, d->v[i]);
		(void)json_array_append_new(ups, ord_table_number(c.up));
		(void)json_array_append_new(downs, ord_table_number(c.down));
		if (!up && c.up > o->limit)
			up = alarm_json(d, i, ord_cusum_onset_up(&c), c.up);
		if (!down && c.down > o->limit)
			down = alarm_json(d, i, ord_cusum_onset_down(&c), c.down);
	}
	all = json_pack("{s:I,s:f,s:f,s:f,s:o*,s:o*,s:o,s:o}", "n", (json_int_t)d->n, "mean",
			o->mean, "k", o->slack, "h", o->limit, "alarm_up", up, "alarm_down", down,
			"up", ups, "down", downs);
	if (!all)
		(void)ord_fail_nomem(err);
	return all;
}

/* The part [from, to) by order statistics: a few wild values do not move them. */
static int add_part(const struct table *d, size_t from, size_t to, double *room, json_t *parts)
{
	json_t *one = json_object();

	put_place(d, from, "row", "line", one);
	(void)json_object_set_new(one, "n", json_integer((json_int_t)(to - from)));
	(void)json_object_set_new(one, "mad",
				  ord_table_number(ord_mad(d->v + from, to - from, room)));
	for (size_t i = from; i < to; i++)
		room[i - from] = d->v[i];
	ord_sort_doubles(room, to - from);
	(void)json_object_set_new(one, "median",
				  ord_table_number(ord_median_sorted(room, to - from)));
	return json_array_append_new(parts, one);
}

json_t *ord_table_segments_json(const struct table *d, struct ord_err *err)
{
	ord_autofree double *room = calloc(d->n, sizeof *room);
	ord_autofree struct ord_change *found = NULL;
	json_t *changes, *parts;
	size_t n, from = 0;

	if (!room) {
		(void)ord_fail_nomem(err);
		return NULL;
	}
	if (ord_segment(d->v, d->n, &ord_segment_usual, &found, &n, err))
		return NULL;
	changes = json_array();
	parts = json_array();
	for (size_t i = 0; i < n; i++) {
		const struct ord_change *c = &found[i];
		json_t *one = json_pack("{s:f,s:f,s:f,s:f}", "q", c->q, "p", c->p, "mean_before",
					c->before, "mean_after", c->after);

		put_place(d, c->at, "row", "line", one);
		(void)json_array_append_new(changes, one);
		(void)add_part(d, from, c->at, room, parts);
		from = c->at;
	}
	(void)add_part(d, from, d->n, room, parts);
	return json_pack("{s:I,s:I,s:f,s:o,s:o}", "n", (json_int_t)d->n, "window",
			 (json_int_t)ord_segment_usual.window, "p_kept", ord_segment_usual.p,
			 "changes", changes, "parts", parts);
}
