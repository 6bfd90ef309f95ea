/*
 * The chart of a repetition as SVG: instants with their intervals, the fault as a band, each user
 * probe's outcomes and latency, each signal, the phases. Integers only (tenths of a pixel), so that
 * every machine draws the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "reports/member.h"
#include "reports/write/html.h"
#include "reports/write/text.h"

#define COLUMNS	   500 /* of a strip with more samples than are drawn one by one */
#define LABELS_MAX 48
#define ROWS_MAX   6

__extension__ typedef __int128 wide;

struct chart {
	FILE *out;
	const struct ord_analysis *a;
	const struct ord_rep *r;
	bool narrow;
	size_t detail; /* draw so many samples one by one; bucket beyond */
	int64_t t0, t1;
	int width;	/* px */
	int64_t x0, x1; /* tenths */
	int64_t y, top; /* tenths: where the next lane begins; where the lanes begin */
};

struct label {
	const struct ord_instant *in;
	const char *css;
	char text[112];
	int64_t x;
	unsigned row;
	bool before; /* the text stands left of the mark */
};

static void px(FILE *out, int64_t tenths)
{
	if (tenths % 10)
		(void)fprintf(out, "%s%lld.%lld", tenths < 0 ? "-" : "", llabs(tenths) / 10,
			      llabs(tenths) % 10);
	else
		(void)fprintf(out, "%lld", (long long)(tenths / 10));
}

static int64_t x_of(const struct chart *c, int64_t t)
{
	if (t < c->t0)
		t = c->t0;
	if (t > c->t1)
		t = c->t1;
	return c->x0 + (int64_t)((wide)(t - c->t0) * (c->x1 - c->x0) / (c->t1 - c->t0));
}

static void rect(const struct chart *c, const char *css, int64_t x, int64_t y, int64_t w, int64_t h)
{
	(void)fprintf(c->out, "<rect class=\"%s\" x=\"", css);
	px(c->out, x);
	(void)fputs("\" y=\"", c->out);
	px(c->out, y);
	(void)fputs("\" width=\"", c->out);
	px(c->out, w > 5 ? w : 5);
	(void)fputs("\" height=\"", c->out);
	px(c->out, h);
	(void)fputs("\"/>", c->out);
}

static void line(const struct chart *c, const char *css, int64_t x1, int64_t y1, int64_t x2,
		 int64_t y2)
{
	(void)fprintf(c->out, "<path class=\"%s\" d=\"M", css);
	px(c->out, x1);
	(void)fputc(' ', c->out);
	px(c->out, y1);
	(void)fputc('L', c->out);
	px(c->out, x2);
	(void)fputc(' ', c->out);
	px(c->out, y2);
	(void)fputs("\"/>", c->out);
}

static void text(const struct chart *c, const char *css, int64_t x, int64_t y, const char *s)
{
	(void)fprintf(c->out, "<text class=\"%s\" x=\"", css);
	px(c->out, x);
	(void)fputs("\" y=\"", c->out);
	px(c->out, y);
	(void)fputs("\">", c->out);
	ord_xml_text(c->out, s);
	(void)fputs("</text>", c->out);
}

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

/* What is worth seeing: from a bit before the fault until a bit after all is over. */
static void set_window(struct chart *c)
{
	const struct ord_rep *r = c->r;
	const struct ord_instant *const ins[] = {&r->in_force, &r->impact, &r->rollback,
						 &r->cleared, &r->recovered};
	int64_t last = r->zero, pad;
	bool open =
		r->requested.known && (!r->cleared.known || r->bad_time.state == ORD_SPAN_CENSORED);

	for (size_t i = 0; i < sizeof ins / sizeof *ins; i++)
		if (ins[i]->known && ins[i]->hi > last)
			last = ins[i]->hi;
	for (size_t p = 0; p < c->a->t->n_probes; p++)
		if (r->detections[p].at.known && r->detections[p].at.hi > last)
			last = r->detections[p].at.hi;
	if (open || last == r->zero)
		last = r->end;
	pad = (last - r->zero) / 4;
	pad = pad < c->a->hold ? c->a->hold : pad;
	c->t0 = r->zero - pad > r->begin ? r->zero - pad : r->begin;
	c->t1 = last + pad < r->end ? last + pad : r->end;
	if (c->t1 <= c->t0)
		c->t1 = c->t0 + (int64_t)ORD_S;
}

/* ---- instants */

static int by_x(const void *a, const void *b)
{
	const struct label *l = a, *k = b;

	return l->x < k->x ? -1 : l->x > k->x;
}

static void add_label(struct chart *c, struct label *v, size_t *n, const struct ord_instant *in,
		      const char *css, const char *what)
{
	char when[ORD_TEXT];

	if (!in->known || *n == LABELS_MAX)
		return;
	v[*n] = (struct label){.in = in, .css = css, .x = x_of(c, in->value)};
	(void)snprintf(v[*n].text, sizeof v->text, "%.64s %s", what,
		       ord_text_relative(in->value, c->r->zero, when));
	++*n;
}

/* Greedy rows from the left, so that no two texts overlap. Returns how many rows. */
static unsigned place_labels(const struct chart *c, struct label *v, size_t n)
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

static size_t collect_labels(struct chart *c, struct label *v)
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

static void draw_labels(const struct chart *c, const struct label *v, size_t n, int64_t bottom)
{
	for (size_t i = 0; i < n; i++) {
		int64_t y = 100 + (int64_t)v[i].row * 170, lo = x_of(c, v[i].in->lo),
			hi = x_of(c, v[i].in->hi);

		(void)fprintf(c->out, "<g class=\"m %s\">", v[i].css);
		line(c, "hair", v[i].x, y, v[i].x, bottom);
		if (hi - lo >= 5) {
			line(c, "err", lo, y, hi, y);
			line(c, "cap", lo, y - 35, lo, y + 35);
			line(c, "cap", hi, y - 35, hi, y + 35);
		}
		(void)fputs("<circle cx=\"", c->out);
		px(c->out, v[i].x);
		(void)fputs("\" cy=\"", c->out);
		px(c->out, y);
		(void)fputs("\" r=\"4\"/>", c->out);
		text(c, v[i].before ? "lab end" : "lab", v[i].before ? v[i].x - 80 : v[i].x + 80,
		     y + 40, v[i].text);
		(void)fputs("</g>\n", c->out);
	}
}

/* ---- outcomes */

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
		rect(c, o == ORD_TL_OK ? "s-on" : "s-off", x1, o == ORD_TL_OK ? c->y : c->y + 60,
		     x2 - x1, o == ORD_TL_OK ? 140 : 20);
	else if (o == ORD_TL_OK)
		rect(c, "o-ok", x1, c->y + 50, x2 - x1, 40);
	else
		rect(c, strip_css[o], x1, unknown ? c->y + 40 : c->y, x2 - x1, unknown ? 60 : 140);
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

/* The samples of a series within the window. */
static size_t visible(const struct chart *c, const struct ord_series *q, size_t *ret_first)
{
	size_t lo = 0, n = 0;

	while (lo < q->n && q->v[lo].sent < c->t0)
		lo++;
	while (lo + n < q->n && q->v[lo + n].sent <= c->t1)
		n++;
	*ret_first = lo;
	return n;
}

static int column_of(const struct chart *c, int64_t t)
{
	int64_t k = (int64_t)((wide)(t - c->t0) * COLUMNS / (c->t1 - c->t0));

	return k < 0 ? 0 : k >= COLUMNS ? COLUMNS - 1 : (int)k;
}

/* Where two pieces meet: the sample's own time, or its column's edge. */
static int64_t edge(const struct chart *c, const struct ord_sample *s, bool bucketed)
{
	return bucketed ? c->x0 + (c->x1 - c->x0) * column_of(c, s->sent) / COLUMNS
			: x_of(c, s->sent);
}

/* Equal neighbours become one piece; beyond the detail, each column shows the worst that fell into
 * it. */
static void strip(const struct chart *c, const struct ord_series *q, size_t probe)
{
	bool is_signal = c->a->t->probes[probe].is_signal, bucketed, hole;
	size_t first, n = visible(c, q, &first), i = 0;
	enum ord_tl_outcome now = ORD_TL_OK;
	int64_t every = c->a->t->probes[probe].every, column_ns = (c->t1 - c->t0) / COLUMNS;
	int64_t longest = 3 * every > column_ns ? 3 * every : column_ns;
	int64_t from = 0, end;

	bucketed = n > c->detail;
	while (i < n) {
		const struct ord_sample *s = &q->v[first + i];
		enum ord_tl_outcome o = (enum ord_tl_outcome)s->outcome;
		int64_t at = edge(c, s, bucketed);
		int column = column_of(c, s->sent);
		size_t k = i + 1;

		for (; bucketed && k < n && column_of(c, q->v[first + k].sent) == column; k++)
			if (rank_of((enum ord_tl_outcome)q->v[first + k].outcome, is_signal) >
			    rank_of(o, is_signal))
				o = (enum ord_tl_outcome)q->v[first + k].outcome;
		/* Where nothing was sent for long, nothing is drawn. */
		hole = i && s->sent - q->v[first + i - 1].sent > longest;
		end = hole ? x_of(c, q->v[first + i - 1].sent + every) : at;
		if (i && (o != now || hole))
			strip_piece(c, now, is_signal, from, end);
		if (!i || o != now || hole)
			from = at;
		now = o;
		i = k;
	}
	if (n)
		strip_piece(c, now, is_signal, from, x_of(c, q->v[first + n - 1].sent + every));
}

/* ---- latency */

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
	size_t first, n = visible(c, q, &first);
	int64_t lo = 1000, hi;

	for (size_t i = first; i < first + n; i++) {
		int64_t v = ord_sample_latency(&q->v[i]);

		if (q->v[i].state == ORD_SAMPLE_UNKNOWN)
			continue;
		s.least = v < s.least ? v : s.least;
		s.most = v > s.most ? v : s.most;
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
	char t[ORD_TEXT];

	for (int64_t v = s->least; v <= s->most && v < INT64_MAX / 20; v *= 10) {
		const char *unit = v >= (int64_t)ORD_S ? "s" : v >= (int64_t)ORD_MS ? "ms" : "us";
		int64_t n = v >= (int64_t)ORD_S	   ? v / (int64_t)ORD_S
			    : v >= (int64_t)ORD_MS ? v / (int64_t)ORD_MS
						   : v / 1000;

		line(c, "grid", c->x0, y_of(s, v), c->x1, y_of(s, v));
		(void)snprintf(t, sizeof t, "%lld %s", (long long)n, unit);
		text(c, c->narrow ? "tick" : "tick end", c->narrow ? c->x0 + 20 : c->x0 - 60,
		     y_of(s, v) + (c->narrow ? -20 : 40), t);
	}
	if (within) {
		char limit[ORD_TEXT + 16];

		line(c, "limit", c->x0, y_of(s, within), c->x1, y_of(s, within));
		(void)snprintf(limit, sizeof limit, "limit %s", ord_text_duration(within, t));
		text(c, "tick end lim", c->x1 - 20, y_of(s, within) - 30, limit);
	}
}

static void glyph(FILE *out, enum ord_tl_outcome o, int64_t x, int64_t y)
{
	(void)fputc('M', out);
	switch (o) {
	case ORD_TL_WRONG: /* a cross */
		px(out, x - 22);
		(void)fputc(' ', out);
		px(out, y - 22);
		(void)fputs("l4.4 4.4m0-4.4l-4.4 4.4", out);
		break;
	case ORD_TL_TIMEOUT: /* a triangle: at least so long */
		px(out, x - 26);
		(void)fputc(' ', out);
		px(out, y + 20);
		(void)fputs("l2.6-4.8l2.6 4.8z", out);
		break;
	case ORD_TL_REFUSED:
	case ORD_TL_RESET: /* a diamond */
		px(out, x - 26);
		(void)fputc(' ', out);
		px(out, y);
		(void)fputs("l2.6-2.6l2.6 2.6l-2.6 2.6z", out);
		break;
	case ORD_TL_OK:
	case ORD_TL_SKIPPED:
	case ORD_TL_LOCAL_ERROR:
		px(out, x);
		(void)fputc(' ', out);
		px(out, y);
		(void)fputs("h0", out);
		break;
	}
}

/* One path an outcome: every sample. */
static void dots(const struct chart *c, const struct ord_series *q, const struct scale *s,
		 size_t first, size_t n)
{
	for (int o = 0; o < ORD_TL_OUTCOMES; o++) {
		size_t drawn = 0;

		if (o == ORD_TL_SKIPPED || o == ORD_TL_LOCAL_ERROR)
			continue;
		for (size_t i = first; i < first + n; i++) {
			const struct ord_sample *v = &q->v[i];

			if (v->outcome != o)
				continue;
			if (!drawn++)
				(void)fprintf(c->out, "<path class=\"l-%s\" d=\"",
					      ord_tl_outcome_name((enum ord_tl_outcome)o));
			glyph(c->out, (enum ord_tl_outcome)o, x_of(c, v->sent),
			      y_of(s, ord_sample_latency(v)));
		}
		if (drawn)
			(void)fputs("\"/>\n", c->out);
	}
}

/* Beyond the detail: least to most of each column for one outcome, so that no bad one is lost. */
static void bars(const struct chart *c, const struct ord_series *q, const struct scale *s,
		 size_t first, size_t n, enum ord_tl_outcome o)
{
	bool any = false;

	for (size_t i = first; i < first + n;) {
		int column = column_of(c, q->v[i].sent);
		int64_t least = INT64_MAX, most = -1, x, y;

		for (; i < first + n && column_of(c, q->v[i].sent) == column; i++) {
			int64_t v = ord_sample_latency(&q->v[i]);

			if (q->v[i].outcome != o)
				continue;
			least = v < least ? v : least;
			most = v > most ? v : most;
		}
		if (most < 0)
			continue;
		if (!any)
			(void)fprintf(c->out, "<path class=\"%s-%s\" d=\"",
				      o == ORD_TL_OK ? "b" : "l", ord_tl_outcome_name(o));
		any = true;
		x = c->x0 + (c->x1 - c->x0) * (2 * column + 1) / (2 * COLUMNS);
		y = y_of(s, most);
		if (o != ORD_TL_OK) {
			glyph(c->out, o, x, y);
			continue;
		}
		(void)fputc('M', c->out);
		px(c->out, x);
		(void)fputc(' ', c->out);
		px(c->out, y);
		(void)fputc('V', c->out);
		px(c->out, y_of(s, least) + 5);
	}
	if (any)
		(void)fputs("\"/>\n", c->out);
}

/* ---- lanes */

static void lane_name(struct chart *c, const char *name, const char *css, int64_t h)
{
	if (c->narrow) {
		c->y += 130;
		text(c, css, c->x0, c->y - 40, name);
		return;
	}
	text(c, css, 0, c->y + h / 2 + 40, name);
}

static void probe_lane(struct chart *c, size_t p, int64_t panel)
{
	const struct ord_tl_probe *probe = &c->a->t->probes[p];
	const struct ord_series *q = ord_timeline_series(c->a->t, c->r->number, p);
	char name[24];
	size_t first, n = visible(c, q, &first);
	struct scale s;

	(void)snprintf(name, sizeof name, "%.*s%s", c->narrow ? 23 : 13, probe->name,
		       !c->narrow && strlen(probe->name) > 13 ? "…" : "");
	lane_name(c, name, probe->is_signal ? "lane sig" : "lane", 140);
	strip(c, q, p);
	(void)fputc('\n', c->out);
	c->y += 140 + 60;
	if (probe->is_signal)
		return;
	c->y += 40;
	s = make_scale(c, q, p, panel);
	grid(c, &s, probe->within);
	if (n <= c->detail)
		dots(c, q, &s, first, n);
	else
		for (int o = 0; o < ORD_TL_SKIPPED; o++)
			bars(c, q, &s, first, n, (enum ord_tl_outcome)o);
	c->y += panel + 120;
}

static void fault_lanes(struct chart *c)
{
	const struct ord_timeline *t = c->a->t;

	for (size_t i = 0; c->r->number && i < t->n_faults; i++) {
		const struct ord_fault_result *f = &c->r->faults[i];
		int64_t from = x_of(c, f->in_force.value);
		/* What cannot be taken away has an instant, and no length. */
		int64_t to = !f->undoable	? from + 50
			     : f->cleared.known ? x_of(c, f->cleared.value)
						: c->x1;
		char name[160];

		if (!f->in_force.known)
			continue;
		(void)snprintf(name, sizeof name, "%.64s · %.64s", t->faults[i].name,
			       t->faults[i].fault);
		lane_name(c, "fault", "lane", 160);
		rect(c, "fault", from, c->y, to - from, 160);
		(void)fputs("<g class=\"in\">", c->out);
		if (to - from > (int64_t)strlen(name) * 62 + 100)
			text(c, "ftext", from + 60, c->y + 115, name);
		else if (from - c->x0 > (int64_t)strlen(name) * 62 + 100)
			text(c, "ftext out end", from - 60, c->y + 115, name);
		else
			text(c, "ftext out", to + 60, c->y + 115, name);
		(void)fputs("</g>\n", c->out);
		c->y += 160 + 100;
	}
}

static void phase_lane(struct chart *c)
{
	const struct ord_timeline *t = c->a->t;
	const struct ord_event *open = NULL;
	unsigned k = 0;

	lane_name(c, "phase", "lane dim", 120);
	for (size_t i = 0; i <= t->n_events; i++) {
		const struct ord_event *e = i < t->n_events ? &t->events[i] : NULL;
		int64_t from, to;

		if (e && (e->kind != ORD_EVENT_PHASE || e->rep != c->r->number))
			continue;
		if (open) {
			const char *name = ord_member_text(open->json, "phase", "");

			from = x_of(c, open->t);
			to = x_of(c, e ? e->t : c->r->end);
			if (to > from)
				rect(c, k++ % 2 ? "ph b" : "ph", from, c->y, to - from, 120);
			if (to - from > (int64_t)strlen(name) * 56 + 60)
				text(c, "phtext", from + 40, c->y + 92, name);
		}
		open = e;
	}
	(void)fputc('\n', c->out);
	c->y += 120 + 40;
}

static void axis(struct chart *c)
{
	static const int64_t steps[] = {1, 2, 5};
	int64_t want = (c->t1 - c->t0) / (c->narrow ? 4 : 10), step = 1000000, t;
	char s[ORD_TEXT];

	for (size_t i = 0; step < want && step < INT64_MAX / 100; i++)
		step = steps[(i + 1) % 3] * (step / steps[i % 3]) * ((i + 1) % 3 ? 1 : 10);
	line(c, "axis", c->x0, c->y, c->x1, c->y);
	t = c->r->zero - (c->r->zero - c->t0) / step * step;
	for (; t <= c->t1; t += step) {
		int64_t d = (t - c->r->zero) / (int64_t)ORD_MS;

		line(c, "axis", x_of(c, t), c->y, x_of(c, t), c->y + 40);
		ord_text_milli(d,
			       step % (int64_t)ORD_S == 0 ? 0
			       : step % 100000000 == 0	  ? 1
							  : 3,
			       s);
		(void)strncat(s, " s", sizeof s - strlen(s) - 1);
		if (x_of(c, t) > c->x1 - 120)
			text(c, "tick end", c->x1, c->y + 160, s);
		else
			text(c, "tick mid", x_of(c, t), c->y + 160, s);
	}
	c->y += 220;
}

static void describe(const struct chart *c, const struct label *v, size_t n)
{
	(void)fputs("<title>", c->out);
	ord_html_rep_name(c->a, c->r, c->out);
	(void)fputs(": outcomes and latency of the probes around the fault</title><desc>Seconds "
		    "since the fault was requested.",
		    c->out);
	for (size_t i = 0; i < n; i++) {
		(void)fputc(' ', c->out);
		ord_xml_text(c->out, v[i].text);
		(void)fputc(';', c->out);
	}
	(void)fputs(" the same figures stand in the tables below.</desc>", c->out);
}

static void draw(struct chart *c)
{
	struct label labels[LABELS_MAX];
	size_t n, users = 0;
	int64_t panel;
	char *body = NULL;
	size_t size = 0;
	FILE *out = c->out;

	set_window(c);
	n = collect_labels(c, labels);
	c->top = 100 + (int64_t)place_labels(c, labels, n) * 170;
	c->y = c->top;
	for (size_t p = 0; p < c->a->t->n_probes; p++)
		users += !c->a->t->probes[p].is_signal;
	panel = users > 3 ? 600 : users > 1 ? 1000 : 1500;
	c->out = open_memstream(&body, &size);
	if (!c->out) {
		c->out = out;
		return;
	}
	fault_lanes(c);
	for (size_t p = 0; p < c->a->t->n_probes; p++)
		if (!c->a->t->probes[p].is_signal)
			probe_lane(c, p, panel);
	for (size_t p = 0; p < c->a->t->n_probes; p++)
		if (c->a->t->probes[p].is_signal && !c->a->t->probes[p].is_channel)
			probe_lane(c, p, 0);
	phase_lane(c);
	axis(c);
	(void)fclose(c->out);
	c->out = out;
	(void)fprintf(out, "<svg class=\"chart %s\" role=\"img\" viewBox=\"0 0 %d %lld\">",
		      c->narrow ? "slim" : "broad", c->width, (long long)(c->y / 10 + 1));
	describe(c, labels, n);
	if (c->r->in_force.known && c->r->undoable && c->r->number) {
		int64_t from = x_of(c, c->r->in_force.value);

		rect(c, "band", from, c->top - 40,
		     (c->r->cleared.known ? x_of(c, c->r->cleared.value) : c->x1) - from,
		     c->y - 220 - c->top + 40);
	}
	(void)fwrite(body ? body : "", 1, size, out);
	draw_labels(c, labels, n, c->y - 220);
	(void)fputs("</svg>\n", out);
	free(body);
}

void ord_html_chart(const struct ord_analysis *a, const struct ord_rep *r, size_t detail, FILE *out)
{
	struct chart broad = {.out = out,
			      .a = a,
			      .r = r,
			      .detail = detail,
			      .width = 1040,
			      .x0 = 960,
			      .x1 = 10320};
	struct chart slim = {.out = out,
			     .a = a,
			     .r = r,
			     .detail = detail,
			     .width = 358,
			     .x0 = 20,
			     .x1 = 3560,
			     .narrow = true};

	draw(&broad);
	draw(&slim);
}

void ord_html_defs(FILE *out)
{
	(void)fputs(
		"<svg class=\"defs\" aria-hidden=\"true\" focusable=\"false\" width=\"0\" "
		"height=\"0\"><defs>"
		"<pattern id=\"p-wrong\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" "
		"patternTransform=\"rotate(45)\"><rect class=\"pb\" width=\"5\" "
		"height=\"5\"/><rect class=\"pl\" width=\"2\" height=\"5\"/></pattern>"
		"<pattern id=\"p-refused\" width=\"5\" height=\"5\" "
		"patternUnits=\"userSpaceOnUse\"><rect class=\"pb\" width=\"5\" "
		"height=\"5\"/><rect class=\"pl\" width=\"5\" height=\"2\"/></pattern>"
		"<pattern id=\"p-reset\" width=\"5\" height=\"5\" "
		"patternUnits=\"userSpaceOnUse\"><rect class=\"pb\" width=\"5\" "
		"height=\"5\"/><circle class=\"pl\" cx=\"2.5\" cy=\"2.5\" r=\"1.3\"/></pattern>"
		"<pattern id=\"p-fault\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" "
		"patternTransform=\"rotate(-45)\"><rect class=\"fb\" width=\"7\" "
		"height=\"7\"/><rect class=\"fl\" width=\"2.5\" height=\"7\"/></pattern>"
		"</defs></svg>\n",
		out);
}
