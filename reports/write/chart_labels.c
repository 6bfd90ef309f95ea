/* Instants in the chart: marks with their intervals, and texts that do not overlap. */
#include <stdlib.h>
#include <string.h>

#include "reports/write/chart.h"
#include "reports/write/text.h"

#define ROWS_MAX CHART_LABELS_MAX /* none needs to lie on another */

#define LETTER 78  /* of a text, on average and then some */
#define MARGIN 100 /* from the mark to its text, and behind it */

static int64_t width_of(const struct label *l)
{
	return (int64_t)strlen(l->text) * LETTER + MARGIN;
}

static int by_x(const void *a, const void *b)
{
	const struct label *l = a, *k = b;

	return l->x < k->x ? -1 : l->x > k->x;
}

/* On the side of the mark where there is more room; a name that does not fit there is cut. */
static void add_label(const struct chart *c, struct label *v, size_t *n,
		      const struct ord_instant *in, const char *css, const char *name,
		      const char *what)
{
	char when[ORD_TEXT];
	int64_t left, right, room;
	size_t rest;

	if (!in->known || *n == CHART_LABELS_MAX)
		return;
	v[*n] = (struct label){.in = in, .css = css, .x = ord_chart_x(c, in->value)};
	(void)ord_text_relative(in->value, c->r->zero, when);
	left = v[*n].x;
	right = c->width * 10 - left;
	rest = strlen(what) + strlen(when) + 2;
	room = ((left > right ? left : right) - MARGIN) / LETTER - (int64_t)rest;
	if (room < 4)
		room = 4;
	if ((int64_t)strlen(name) > room)
		(void)snprintf(v[*n].text, sizeof v->text, "%.*s… %s %s", (int)room - 1, name, what,
			       when);
	else
		(void)snprintf(v[*n].text, sizeof v->text, "%.64s%s%s %s", name, *name ? " " : "",
			       what, when);
	ord_text_clean(v[*n].text);
	v[*n].before = right < width_of(&v[*n]) && left > right;
	++*n;
}

unsigned ord_chart_place_labels(struct label *v, size_t n)
{
	int64_t taken[ROWS_MAX];
	unsigned rows = 0;

	qsort(v, n, sizeof *v, by_x);
	for (unsigned i = 0; i < ROWS_MAX; i++)
		taken[i] = INT64_MIN / 2;
	for (size_t i = 0; i < n; i++) {
		int64_t w = width_of(&v[i]), from;

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

	add_label(c, v, &n, &r->in_force, "m-fault", "", r->number ? "in force" : "placebo begins");
	add_label(c, v, &n, &r->impact, "m-bad", "", "impact");
	for (size_t p = 0; p < c->a->t->n_probes; p++)
		add_label(c, v, &n, &r->detections[p].at, "m-signal", c->a->t->probes[p].name,
			  "noticed");
	add_label(c, v, &n, &r->cleared, "m-fault", "", r->number ? "cleared" : "placebo ends");
	add_label(c, v, &n, &r->recovered, "m-good", "", "recovered");
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
