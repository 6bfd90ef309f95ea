/* Outcomes in the chart: a strip a probe. */
#include "reports/write/chart.h"

#include <stdlib.h>

/* Colour and height both tell: good is a thin line, unknown a hollow one, bad a full block with a
 * pattern. Tenths, from the top of the lane. */
static const struct look {
	const char *css;
	int64_t y, h;
} looks[2][ORD_TL_OUTCOMES] = {
	{
		[ORD_TL_OK] = {"o-ok", 50, 40},
		[ORD_TL_WRONG] = {"o-wrong", 0, 140},
		[ORD_TL_REFUSED] = {"o-refused", 0, 140},
		[ORD_TL_RESET] = {"o-reset", 0, 140},
		[ORD_TL_TIMEOUT] = {"o-timeout", 0, 140},
		[ORD_TL_SKIPPED] = {"o-skipped", 40, 60},
		[ORD_TL_LOCAL_ERROR] = {"o-skipped", 40, 60},
	},
	{
		[ORD_TL_OK] = {"s-on", 0, 140},
		[ORD_TL_WRONG] = {"s-off", 60, 20},
		[ORD_TL_REFUSED] = {"s-off", 60, 20},
		[ORD_TL_RESET] = {"s-off", 60, 20},
		[ORD_TL_TIMEOUT] = {"s-off", 60, 20},
		[ORD_TL_SKIPPED] = {"o-skipped", 40, 60},
		[ORD_TL_LOCAL_ERROR] = {"o-skipped", 40, 60},
	},
};

/* The pieces of a strip, one path an outcome. */
struct strip {
	const struct chart *c;
	bool is_signal;
	struct {
		FILE *f;
		char *text;
		size_t size;
	} by[ORD_TL_OUTCOMES];
};

static void strip_piece(struct strip *s, enum ord_tl_outcome o, int64_t x1, int64_t x2)
{
	const struct look *look = &looks[s->is_signal][o];
	int64_t w = x2 - x1 > 5 ? x2 - x1 : 5;
	FILE *f = s->by[o].f;

	if (!f)
		f = s->by[o].f = open_memstream(&s->by[o].text, &s->by[o].size);
	if (!f)
		return;
	(void)fputc('M', f);
	ord_chart_px(f, x1);
	(void)fputc(' ', f);
	ord_chart_px(f, s->c->y + look->y);
	(void)fputc('h', f);
	ord_chart_px(f, w);
	(void)fputc('v', f);
	ord_chart_px(f, look->h);
	(void)fputc('h', f);
	ord_chart_px(f, -w);
	(void)fputc('z', f);
}

static void strip_write(struct strip *s)
{
	for (unsigned o = 0; o < ORD_TL_OUTCOMES; o++) {
		if (!s->by[o].f)
			continue;
		if (!fclose(s->by[o].f))
			(void)fprintf(s->c->out, "<path class=\"%s\" d=\"%s\"/>",
				      looks[s->is_signal][o].css, s->by[o].text);
		free(s->by[o].text);
	}
}

static unsigned rank_of(enum ord_tl_outcome o, bool is_signal)
{
	static const unsigned ranks[ORD_TL_OUTCOMES] = {
		[ORD_TL_OK] = 0,     [ORD_TL_SKIPPED] = 1, [ORD_TL_LOCAL_ERROR] = 1,
		[ORD_TL_WRONG] = 2,  [ORD_TL_REFUSED] = 3, [ORD_TL_RESET] = 4,
		[ORD_TL_TIMEOUT] = 5};

	if (is_signal)
		return o == ORD_TL_OK ? 2 : o == ORD_TL_SKIPPED || o == ORD_TL_LOCAL_ERROR ? 0 : 1;
	return ranks[o];
}

size_t ord_chart_visible(const struct chart *c, const struct ord_series *q, size_t *ret_first)
{
	*ret_first = ord_series_find(q, c->t0);
	return ord_series_find(q, c->t1 + 1) - *ret_first;
}

int ord_chart_column(const struct chart *c, int64_t t)
{
	int64_t k = (int64_t)((wide)(t - c->t0) * c->columns / (c->t1 - c->t0));

	return k < 0 ? 0 : k >= c->columns ? c->columns - 1 : (int)k;
}

const struct ord_block *ord_chart_block(const struct chart *c, const struct ord_cursor *at,
					size_t end)
{
	const struct ord_block *b = ord_cursor_block(at);

	return b && b->first + b->n <= end &&
			       ord_chart_column(c, b->sent_first) ==
				       ord_chart_column(c, b->sent_last)
		       ? b
		       : NULL;
}

static enum ord_tl_outcome worst_of(const struct ord_block *b, enum ord_tl_outcome worst,
				    bool is_signal)
{
	for (int o = 0; o < ORD_TL_OUTCOMES; o++)
		if (b->by_outcome[o] &&
		    rank_of((enum ord_tl_outcome)o, is_signal) > rank_of(worst, is_signal))
			worst = (enum ord_tl_outcome)o;
	return worst;
}

/* Where two pieces meet: the sample's own time, or its column's edge. */
static int64_t edge(const struct chart *c, const struct ord_sample *s, bool bucketed)
{
	return bucketed ? c->x0 + (c->x1 - c->x0) * ord_chart_column(c, s->sent) / c->columns
			: ord_chart_x(c, s->sent);
}

/* Equal neighbours become one piece; beyond the detail, each column shows the worst that fell into
 * it. */
void ord_chart_strip(const struct chart *c, const struct ord_series *q, size_t probe)
{
	bool is_signal = c->a->t->probes[probe].is_signal, bucketed, hole;
	size_t first, n = ord_chart_visible(c, q, &first), i = 0;
	enum ord_tl_outcome now = ORD_TL_OK;
	int64_t every = c->a->t->probes[probe].every, column_ns = (c->t1 - c->t0) / c->columns;
	int64_t longest = 3 * every > column_ns ? 3 * every : column_ns;
	int64_t from = 0, end, last = 0; /* last: when the sample before was sent */
	struct ord_cursor samples;
	struct ord_sample s;
	struct strip strip = {.c = c, .is_signal = is_signal};

	bucketed = n > c->detail;
	ord_cursor_begin(q, &samples);
	ord_cursor_seek(&samples, first);
	while (i < n && ord_cursor_next(&samples, &s)) {
		enum ord_tl_outcome o = (enum ord_tl_outcome)s.outcome;
		int64_t at = edge(c, &s, bucketed), sent = s.sent;
		int column = ord_chart_column(c, s.sent);
		bool begins = !i++;

		/* Where nothing was sent for long, nothing is drawn. */
		hole = !begins && sent - last > longest;
		end = hole ? ord_chart_x(c, last + every) : at;
		for (last = sent; bucketed && i < n; last = s.sent, i++) {
			const struct ord_block *b = ord_chart_block(c, &samples, first + n);

			if (b && ord_chart_column(c, b->sent_first) == column) {
				o = worst_of(b, o, is_signal);
				ord_cursor_seek(&samples, b->first + b->n - 1u);
				i += b->n - 1u;
			}
			if (!ord_cursor_next(&samples, &s))
				break;
			if (ord_chart_column(c, s.sent) != column) {
				(void)ord_cursor_prev(&samples, &s);
				break;
			}
			if (rank_of((enum ord_tl_outcome)s.outcome, is_signal) >
			    rank_of(o, is_signal))
				o = (enum ord_tl_outcome)s.outcome;
		}
		if (!begins && (o != now || hole))
			strip_piece(&strip, now, from, end);
		if (begins || o != now || hole)
			from = at;
		now = o;
	}
	if (n)
		strip_piece(&strip, now, from, ord_chart_x(c, last + every));
	strip_write(&strip);
}
