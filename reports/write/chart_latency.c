/* Latency in the chart: a panel a probe, on a log axis. */
#include "base/clock.h"
#include "reports/write/chart.h"
#include "reports/write/text.h"

/* log2 in 1/65536, exact to the bit on every machine. */
static int64_t log2_q16(uint64_t v)
{
	int n = v ? 63 - __builtin_clzll(v) : 0;
	uint64_t x = v ? v << (63 - n) >> 32 : 1ull << 31;
	int64_t r = n;

	for (int i = 0; i < 16; i++) {
		x = x * x >> 31;
		r = r << 1 | (x >> 32 ? 1 : 0);
		if (x >> 32)
			x >>= 1;
	}
	return r;
}

struct scale {
	int64_t lo, hi;	     /* log2 in 1/65536 */
	int64_t y, h;	     /* tenths */
	int64_t least, most; /* ns */
};

static int64_t y_of(const struct scale *s, int64_t ns)
{
	int64_t v = log2_q16(ns > 0 ? (uint64_t)ns : 1);

	v = v < s->lo ? s->lo : v > s->hi ? s->hi : v;
	return s->y + (int64_t)((wide)(s->hi - v) * s->h / (s->hi - s->lo));
}

static struct scale make_scale(const struct chart *c, const struct ord_series *q, size_t probe,
			       int64_t h)
{
	struct scale s = {.y = c->y, .h = h, .least = INT64_MAX};
	size_t first, n = ord_chart_visible(c, q, &first);
	int64_t lo = 1000, hi;
	struct ord_cursor samples;
	struct ord_sample one;

	ord_cursor_begin(q, &samples);
	ord_cursor_seek(&samples, first);
	while (samples.at < first + n) {
		const struct ord_block *b = ord_cursor_block(&samples);

		if (b && b->first + b->n <= first + n && !b->by_state[ORD_SAMPLE_UNKNOWN]) {
			s.least = b->latency_min < s.least ? b->latency_min : s.least;
			s.most = b->latency_max > s.most ? b->latency_max : s.most;
			ord_cursor_skip(&samples, b);
			continue;
		}
		if (!ord_cursor_next(&samples, &one) || one.state == ORD_SAMPLE_UNKNOWN)
			continue;
		s.least = ord_sample_latency(&one) < s.least ? ord_sample_latency(&one) : s.least;
		s.most = ord_sample_latency(&one) > s.most ? ord_sample_latency(&one) : s.most;
	}
	if (c->a->t->probes[probe].within > s.most)
		s.most = c->a->t->probes[probe].within;
	while (lo * 10 <= s.least && lo < (int64_t)ORD_S)
		lo *= 10;
	for (hi = lo * 10; hi < s.most && hi < INT64_MAX / 20; hi *= 10)
		;
	if (hi / 2 >= s.most + s.most / 5 && hi / 2 > lo)
		hi /= 2;
	s.least = lo;
	s.most = hi;
	s.lo = log2_q16((uint64_t)lo);
	s.hi = log2_q16((uint64_t)hi);
	return s;
}

static void grid(const struct chart *c, const struct scale *s, int64_t within)
{
	for (int64_t v = s->least; v <= s->most && v < INT64_MAX / 20; v *= 10)
		ord_chart_line(c, "grid", c->x0, y_of(s, v), c->x1, y_of(s, v));
	if (within)
		ord_chart_line(c, "limit", c->x0, y_of(s, within), c->x1, y_of(s, within));
}

/* After the samples, so that none lies on a word where these stand among them. */
static void grid_words(const struct chart *c, const struct scale *s, int64_t within)
{
	char t[ORD_TEXT];

	for (int64_t v = s->least; v <= s->most && v < INT64_MAX / 20; v *= 10) {
		const char *unit = v >= (int64_t)ORD_S ? "s" : v >= (int64_t)ORD_MS ? "ms" : "us";
		int64_t n = v >= (int64_t)ORD_S	   ? v / (int64_t)ORD_S
			    : v >= (int64_t)ORD_MS ? v / (int64_t)ORD_MS
						   : v / 1000;

		(void)snprintf(t, sizeof t, "%lld %s", (long long)n, unit);
		ord_chart_text(c, c->narrow ? "tick over" : "tick end",
			       c->narrow ? c->x0 + 20 : c->x0 - 60,
			       y_of(s, v) + (c->narrow ? -20 : 40), t);
	}
	if (within) {
		char limit[ORD_TEXT + 16];

		(void)snprintf(limit, sizeof limit, "limit %s", ord_text_duration(within, t));
		ord_chart_text(c, "tick over end lim", c->x1 - 20, y_of(s, within) - 30, limit);
	}
}

static void glyph(FILE *out, enum ord_tl_outcome o, int64_t x, int64_t y)
{
	(void)fputc('M', out);
	switch (o) {
	case ORD_TL_WRONG: /* a cross */
		ord_chart_px(out, x - 22);
		(void)fputc(' ', out);
		ord_chart_px(out, y - 22);
		(void)fputs("l4.4 4.4m0-4.4l-4.4 4.4", out);
		break;
	case ORD_TL_TIMEOUT: /* a triangle: at least so long */
		ord_chart_px(out, x - 26);
		(void)fputc(' ', out);
		ord_chart_px(out, y + 20);
		(void)fputs("l2.6-4.8l2.6 4.8z", out);
		break;
	case ORD_TL_REFUSED:
	case ORD_TL_RESET: /* a diamond */
		ord_chart_px(out, x - 26);
		(void)fputc(' ', out);
		ord_chart_px(out, y);
		(void)fputs("l2.6-2.6l2.6 2.6l-2.6 2.6z", out);
		break;
	case ORD_TL_OK:
	case ORD_TL_SKIPPED:
	case ORD_TL_LOCAL_ERROR:
		ord_chart_px(out, x);
		(void)fputc(' ', out);
		ord_chart_px(out, y);
		(void)fputs("h0", out);
		break;
	}
}

/* One path an outcome: every sample. */
static void dots(const struct chart *c, const struct ord_series *q, const struct scale *s,
		 size_t first, size_t n)
{
	for (int o = 0; o < ORD_TL_OUTCOMES; o++) {
		struct ord_cursor samples;
		struct ord_sample v;
		size_t drawn = 0;

		if (o == ORD_TL_SKIPPED || o == ORD_TL_LOCAL_ERROR)
			continue;
		ord_cursor_begin(q, &samples);
		ord_cursor_seek(&samples, first);
		for (size_t i = 0; i < n && ord_cursor_next(&samples, &v); i++) {
			if (v.outcome != o)
				continue;
			if (!drawn++)
				(void)fprintf(c->out, "<path class=\"l-%s\" d=\"",
					      ord_tl_outcome_name((enum ord_tl_outcome)o));
			glyph(c->out, (enum ord_tl_outcome)o, ord_chart_x(c, v.sent),
			      y_of(s, ord_sample_latency(&v)));
		}
		if (drawn)
			(void)fputs("\"/>\n", c->out);
	}
}

/* Least to most of one outcome in a column; most < least: none. */
struct bar {
	int column;
	int64_t least, most;
};

static void bar_add(struct bar *b, int64_t least, int64_t most)
{
	b->least = least < b->least ? least : b->least;
	b->most = most > b->most ? most : b->most;
}

static void bar_draw(const struct chart *c, const struct scale *s, const struct bar *b,
		     enum ord_tl_outcome o, bool *any)
{
	int64_t x = c->x0 + (c->x1 - c->x0) * (2 * b->column + 1) / (2 * c->columns);

	if (b->most < b->least)
		return;
	if (!*any)
		(void)fprintf(c->out, "<path class=\"%s-%s\" d=\"", o == ORD_TL_OK ? "b" : "l",
			      ord_tl_outcome_name(o));
	*any = true;
	if (o != ORD_TL_OK) {
		glyph(c->out, o, x, y_of(s, b->most));
		return;
	}
	(void)fputc('M', c->out);
	ord_chart_px(c->out, x);
	(void)fputc(' ', c->out);
	ord_chart_px(c->out, y_of(s, b->most));
	(void)fputc('V', c->out);
	ord_chart_px(c->out, y_of(s, b->least) + 5);
}

/* Beyond the detail: a bar a column, for one outcome, so that no bad one is lost. */
static void bars(const struct chart *c, const struct ord_series *q, const struct scale *s,
		 size_t first, size_t n, enum ord_tl_outcome o)
{
	struct bar bar = {.column = -1, .least = INT64_MAX, .most = -1};
	struct ord_cursor samples;
	struct ord_sample one = {0};
	bool any = false;

	ord_cursor_begin(q, &samples);
	ord_cursor_seek(&samples, first);
	while (samples.at < first + n) {
		const struct ord_block *b = ord_chart_block(c, &samples, first + n);
		size_t of_it = b ? b->by_outcome[o] : 1;
		int column;

		if (b && (!of_it || of_it == b->n))
			ord_cursor_skip(&samples, b);
		else if (!ord_cursor_next(&samples, &one))
			break;
		else
			b = NULL;
		column = ord_chart_column(c, b ? b->sent_first : one.sent);
		if (column != bar.column) {
			bar_draw(c, s, &bar, o, &any);
			bar = (struct bar){.column = column, .least = INT64_MAX, .most = -1};
		}
		if (b && of_it)
			bar_add(&bar, b->latency_min, b->latency_max);
		else if (!b && one.outcome == o)
			bar_add(&bar, ord_sample_latency(&one), ord_sample_latency(&one));
	}
	bar_draw(c, s, &bar, o, &any);
	if (any)
		(void)fputs("\"/>\n", c->out);
}

void ord_chart_latency(const struct chart *c, const struct ord_series *q, size_t probe,
		       int64_t panel)
{
	struct scale s = make_scale(c, q, probe, panel);
	size_t first, n = ord_chart_visible(c, q, &first);

	grid(c, &s, c->a->t->probes[probe].within);
	if (n <= c->detail)
		dots(c, q, &s, first, n);
	else
		for (int o = 0; o < ORD_TL_SKIPPED; o++)
			bars(c, q, &s, first, n, (enum ord_tl_outcome)o);
	grid_words(c, &s, c->a->t->probes[probe].within);
}
