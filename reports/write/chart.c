/*
 * The chart of a repetition as SVG: instants with their intervals, the fault as a band, each user
 * probe's outcomes and latency, each signal, the phases. Integers only (tenths of a pixel), so that
 * every machine draws the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "reports/member.h"
#include "reports/write/chart.h"
#include "reports/write/html.h"
#include "reports/write/text.h"

/* Two pixels each: a bar that is narrower is not seen. */
#define BROAD_COLUMNS 500
#define SLIM_COLUMNS  175

#define FAULT_NAME   160
#define FAULT_LETTER 62 /* tenths of a pixel, of a fault's name */

/* What is worth seeing: from a bit before the fault until a bit after all is over. */
static void set_window(struct chart *c)
{
	const struct ord_rep *r = c->r;
	const struct ord_instant *const ins[] = {&r->in_force, &r->impact, &r->rollback,
						 &r->cleared, &r->recovered};
	int64_t last = r->zero, pad;
	bool open = r->requested.known &&
		    ((r->undoable && !r->cleared.known) || r->bad_time.state == ORD_SPAN_CENSORED);

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

/* ---- lanes */

static void lane_name(struct chart *c, const char *name, const char *css, int64_t h)
{
	if (c->narrow) {
		c->y += 130;
		ord_chart_text(c, css, c->x0, c->y - 40, name);
		return;
	}
	ord_chart_text(c, css, 0, c->y + h / 2 + 40, name);
}

static void probe_lane(struct chart *c, size_t p, int64_t panel)
{
	const struct ord_tl_probe *probe = &c->a->t->probes[p];
	const struct ord_series *q = ord_timeline_series(c->a->t, c->r->number, p);
	char name[24];

	(void)snprintf(name, sizeof name, "%.*s%s", c->narrow ? 23 : 13, probe->name,
		       !c->narrow && strlen(probe->name) > 13 ? "…" : "");
	lane_name(c, name, probe->is_signal ? "lane sig" : "lane", 140);
	ord_chart_strip(c, q, p);
	(void)fputc('\n', c->out);
	c->y += 140 + 60;
	if (probe->is_signal || probe->asks_nobody)
		return;
	c->y += 40;
	ord_chart_latency(c, q, p, panel);
	c->y += panel + 120;
}

/* In the bar, before it or behind it: where it fits, else where most of it does, and cut. */
static void fault_name(const struct chart *c, int64_t from, int64_t to, const char *name)
{
	static const char *const css[] = {"ftext", "ftext out end", "ftext out"};
	const int64_t room[] = {to - from, from - c->x0, c->width * 10 - to};
	const int64_t at[] = {from + 60, from - 60, to + 60};
	int64_t wanted = (int64_t)strlen(name) * FAULT_LETTER + 100, letters;
	char cut[FAULT_NAME + sizeof "…"];
	size_t best = 0;

	for (size_t i = 1; i < ORD_COUNT(room); i++)
		if (room[best] <= wanted && (room[i] > wanted || room[i] > room[best]))
			best = i;
	letters = room[best] > wanted ? FAULT_NAME : (room[best] - 100) / FAULT_LETTER - 1;
	if (letters < 1)
		return;
	(void)snprintf(cut, FAULT_NAME, "%.*s", (int)letters, name);
	ord_text_clean(cut);
	if (room[best] <= wanted)
		(void)snprintf(cut + strlen(cut), sizeof "…", "…");
	ord_chart_text(c, css[best], at[best], c->y + 115, cut);
}

static void fault_lanes(struct chart *c)
{
	const struct ord_timeline *t = c->a->t;

	for (size_t i = 0; c->r->number && i < t->n_faults; i++) {
		const struct ord_fault_result *f = &c->r->faults[i];
		int64_t from = ord_chart_x(c, f->in_force.value);
		/* What cannot be taken away has an instant, and no length. */
		int64_t to = !f->undoable	? from + 50
			     : f->cleared.known ? ord_chart_x(c, f->cleared.value)
						: c->x1;
		char name[FAULT_NAME];

		if (!f->in_force.known)
			continue;
		(void)snprintf(name, sizeof name, "%.64s · %.64s", t->faults[i].name,
			       t->faults[i].fault);
		lane_name(c, "fault", "lane", 160);
		ord_chart_rect(c, "fault", from, c->y, to - from, 160);
		(void)fputs("<g class=\"in\">", c->out);
		fault_name(c, from, to, name);
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

			from = ord_chart_x(c, open->t);
			to = ord_chart_x(c, e ? e->t : c->r->end);
			if (to > from)
				ord_chart_rect(c, k++ % 2 ? "ph b" : "ph", from, c->y, to - from,
					       120);
			if (to - from > (int64_t)strlen(name) * 56 + 60)
				ord_chart_text(c, "phtext", from + 40, c->y + 92, name);
		}
		open = e;
	}
	(void)fputc('\n', c->out);
	c->y += 120 + 40;
}

void ord_chart_axis(struct chart *c)
{
	static const int64_t steps[] = {1, 2, 5};
	int64_t want = (c->t1 - c->t0) / (c->narrow ? 4 : 10), step = 1000000, t;
	char s[ORD_TEXT];

	for (size_t i = 0; step < want && step < INT64_MAX / 100; i++)
		step = steps[(i + 1) % 3] * (step / steps[i % 3]) * ((i + 1) % 3 ? 1 : 10);
	ord_chart_line(c, "axis", c->x0, c->y, c->x1, c->y);
	t = c->r->zero - (c->r->zero - c->t0) / step * step;
	t += t < c->t0 ? step : 0;
	for (; t <= c->t1; t += step) {
		int64_t d = (t - c->r->zero) / (int64_t)ORD_MS;

		ord_chart_line(c, "axis", ord_chart_x(c, t), c->y, ord_chart_x(c, t), c->y + 40);
		ord_text_milli(d,
			       step % (int64_t)ORD_S == 0 ? 0
			       : step % 100000000 == 0	  ? 1
							  : 3,
			       s);
		(void)strncat(s, " s", sizeof s - strlen(s) - 1);
		if (ord_chart_x(c, t) > c->x1 - 120)
			ord_chart_text(c, "tick end", c->x1, c->y + 160, s);
		else if (ord_chart_x(c, t) < 150)
			ord_chart_text(c, "tick", c->x0, c->y + 160, s);
		else
			ord_chart_text(c, "tick mid", ord_chart_x(c, t), c->y + 160, s);
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
	struct label labels[CHART_LABELS_MAX];
	size_t n, users = 0;
	int64_t panel;
	char *body = NULL;
	size_t size = 0;
	FILE *out = c->out;

	set_window(c);
	n = ord_chart_labels(c, labels);
	c->top = 100 + (int64_t)ord_chart_place_labels(labels, n) * 170;
	c->y = c->top;
	for (size_t p = 0; p < c->a->t->n_probes; p++)
		users += !c->a->t->probes[p].is_signal && !c->a->t->probes[p].asks_nobody;
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
	ord_chart_axis(c);
	(void)fclose(c->out);
	c->out = out;
	(void)fprintf(out, "<svg class=\"chart %s\" role=\"img\" viewBox=\"0 0 %d %lld\">",
		      c->alone	  ? "alone"
		      : c->narrow ? "slim"
				  : "broad",
		      c->width, (long long)(c->y / 10 + 1));
	describe(c, labels, n);
	if (c->r->in_force.known && c->r->undoable && c->r->number) {
		int64_t from = ord_chart_x(c, c->r->in_force.value);

		ord_chart_rect(c, "band", from, c->top - 40,
			       (c->r->cleared.known ? ord_chart_x(c, c->r->cleared.value) : c->x1) -
				       from,
			       c->y - 220 - c->top + 40);
	}
	(void)fwrite(body ? body : "", 1, size, out);
	ord_chart_draw_labels(c, labels, n, c->y - 220);
	(void)fputs("</svg>\n", out);
	free(body);
}

void ord_html_chart(const struct ord_analysis *a, const struct ord_rep *r, size_t detail,
		    bool twice, FILE *out)
{
	struct chart broad = {.out = out,
			      .a = a,
			      .r = r,
			      .detail = detail,
			      .columns = BROAD_COLUMNS,
			      .width = 1040,
			      .x0 = 960,
			      .x1 = 10320};
	struct chart slim = {.out = out,
			     .a = a,
			     .r = r,
			     .detail = detail,
			     .columns = SLIM_COLUMNS,
			     .width = 358,
			     .x0 = 20,
			     .x1 = 3560,
			     .narrow = true};

	slim.alone = !twice;
	if (twice)
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
