/* Instants in the chart: marks with their intervals, and texts that do not overlap. */
#include <stdlib.h>
#include <string.h>

#include "reports/write/chart.h"
#include "reports/write/text.h"

#define ROWS_MAX 6

static int by_x(const void *a, const void *b)
{
	const struct label *l = a, *k = b;

	return l->x < k->x ? -1 : l->x > k->x;
}

static void add_label(const struct chart *c, struct label *v, size_t *n,
		      const struct ord_instant *in, const char *css, const char *what)
{
	char when[ORD_TEXT];

	if (!in->known || *n == CHART_LABELS_MAX)
		return;
	v[*n] = (struct label){.in = in, .css = css, .x = ord_chart_x(c, in->value)};
	(void)snprintf(v[*n].text, sizeof v->text, "%.64s %s", what,
		       ord_text_relative(in->value, c->r->zero, when));
	++*n;
}

/* Greedy rows from the left, so that no two texts overlap. Returns how many rows. */
unsigned ord_chart_place_labels(const struct chart *c, struct label *v, size_t n)
{
	int64_t taken[ROWS_MAX];
	unsigned rows = 0;

	qsort(v, n, sizeof *v, by_x);
	for (unsigned i = 0; i < ROWS_MAX; i++)
		taken[i] = INT64_MIN / 2;
	for (size_t i = 0; i < n; i++) {
		int64_t w = (int64_t)strlen(v[i].text) * 70 + 100;
		int64_t from;

		v[i].before = v[i].x + w > c->width * 10;
		from = v[i].before ? v[i].x - w : v[i].x - 40;
		while (v[i].row < ROWS_MAX - 1 && taken[v[i].row] > from)
			v[i].row++;
		taken[v[i].row] = v[i].before ? v[i].x + 40 : v[i].x + w;
		rows = v[i].row + 1 > rows ? v[i].row + 1 : rows;
	}
	return rows;
}

size_t ord_chart_labels(const struct chart *c, struct label v[static CHART_LABELS_MAX])
{
	const struct ord_rep *r = c->r;
	size_t n = 0;

	add_label(c, v, &n, &r->in_force, "m-fault", r->number ? "in force" : "placebo begins");
	add_label(c, v, &n, &r->impact, "m-bad", "impact");
	for (size_t p = 0; p < c->a->t->n_probes; p++) {
		char what[80];

		(void)snprintf(what, sizeof what, "%.60s noticed", c->a->t->probes[p].name);
		add_label(c, v, &n, &r->detections[p].at, "m-signal", what);
	}
	add_label(c, v, &n, &r->cleared, "m-fault", r->number ? "cleared" : "placebo ends");
	add_label(c, v, &n, &r->recovered, "m-good", "recovered");
	return n;
}

void ord_chart_draw_labels(const struct chart *c, const struct label *v, size_t n, int64_t bottom)
{
	for (size_t i = 0; i < n; i++) {
		int64_t y = 100 + (int64_t)v[i].row * 170, lo = ord_chart_x(c, v[i].in->lo),
			hi = ord_chart_x(c, v[i].in->hi);

		(void)fprintf(c->out, "<g class=\"m %s\">", v[i].css);
		ord_chart_line(c, "hair", v[i].x, y, v[i].x, bottom);
		if (hi - lo >= 5) {
			ord_chart_line(c, "err", lo, y, hi, y);
			ord_chart_line(c, "cap", lo, y - 35, lo, y + 35);
			ord_chart_line(c, "cap", hi, y - 35, hi, y + 35);
		}
		(void)fputs("<circle cx=\"", c->out);
		ord_chart_px(c->out, v[i].x);
		(void)fputs("\" cy=\"", c->out);
		ord_chart_px(c->out, y);
		(void)fputs("\" r=\"4\"/>", c->out);
		ord_chart_text(c, v[i].before ? "lab end" : "lab",
			       v[i].before ? v[i].x - 80 : v[i].x + 80, y + 40, v[i].text);
		(void)fputs("</g>\n", c->out);
	}
}
