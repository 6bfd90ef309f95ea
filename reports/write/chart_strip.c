/* Outcomes in the chart: a strip a probe. */
#include "reports/write/chart.h"

static const char *const strip_css[ORD_TL_OUTCOMES] = {
	[ORD_TL_OK] = "o-ok",
	[ORD_TL_WRONG] = "o-wrong",
	[ORD_TL_REFUSED] = "o-refused",
	[ORD_TL_RESET] = "o-reset",
	[ORD_TL_TIMEOUT] = "o-timeout",
	[ORD_TL_SKIPPED] = "o-skipped",
	[ORD_TL_LOCAL_ERROR] = "o-skipped",
};

/* Colour and height both tell: good is a thin line, unknown a hollow one, bad a full block with a
 * pattern. */
static void strip_piece(const struct chart *c, enum ord_tl_outcome o, bool is_signal, int64_t x1,
			int64_t x2)
{
	bool unknown = o == ORD_TL_SKIPPED || o == ORD_TL_LOCAL_ERROR;

	if (is_signal && !unknown)
		ord_chart_rect(c, o == ORD_TL_OK ? "s-on" : "s-off", x1,
			       o == ORD_TL_OK ? c->y : c->y + 60, x2 - x1,
			       o == ORD_TL_OK ? 140 : 20);
	else if (o == ORD_TL_OK)
		ord_chart_rect(c, "o-ok", x1, c->y + 50, x2 - x1, 40);
	else
		ord_chart_rect(c, strip_css[o], x1, unknown ? c->y + 40 : c->y, x2 - x1,
			       unknown ? 60 : 140);
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
	int64_t k = (int64_t)((wide)(t - c->t0) * CHART_COLUMNS / (c->t1 - c->t0));

	return k < 0 ? 0 : k >= CHART_COLUMNS ? CHART_COLUMNS - 1 : (int)k;
}

/* Where two pieces meet: the sample's own time, or its column's edge. */
static int64_t edge(const struct chart *c, const struct ord_sample *s, bool bucketed)
{
	return bucketed ? c->x0 + (c->x1 - c->x0) * ord_chart_column(c, s->sent) / CHART_COLUMNS
			: ord_chart_x(c, s->sent);
}

/* Equal neighbours become one piece; beyond the detail, each column shows the worst that fell into
 * it. */
void ord_chart_strip(const struct chart *c, const struct ord_series *q, size_t probe)
{
	bool is_signal = c->a->t->probes[probe].is_signal, bucketed, hole;
	size_t first, n = ord_chart_visible(c, q, &first), i = 0;
	enum ord_tl_outcome now = ORD_TL_OK;
	int64_t every = c->a->t->probes[probe].every, column_ns = (c->t1 - c->t0) / CHART_COLUMNS;
	int64_t longest = 3 * every > column_ns ? 3 * every : column_ns;
	int64_t from = 0, end, last = 0; /* last: when the sample before was sent */
	struct ord_cursor samples;
	struct ord_sample s;

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
		for (last = sent; bucketed && i < n && ord_cursor_next(&samples, &s);
		     last = s.sent, i++) {
			if (ord_chart_column(c, s.sent) != column) {
				(void)ord_cursor_prev(&samples, &s);
				break;
			}
			if (rank_of((enum ord_tl_outcome)s.outcome, is_signal) >
			    rank_of(o, is_signal))
				o = (enum ord_tl_outcome)s.outcome;
		}
		if (!begins && (o != now || hole))
			strip_piece(c, now, is_signal, from, end);
		if (begins || o != now || hole)
			from = at;
		now = o;
	}
	if (n)
		strip_piece(c, now, is_signal, from, ord_chart_x(c, last + every));
}
