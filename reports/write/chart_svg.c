/* The marks of the chart. Integers only, so that every machine draws the same bytes. */
#include "reports/write/chart.h"

#include <stdlib.h>

#include "reports/write/text.h"

void ord_chart_px(FILE *out, int64_t tenths)
{
	if (tenths % 10)
		(void)fprintf(out, "%s%lld.%lld", tenths < 0 ? "-" : "", llabs(tenths) / 10,
			      llabs(tenths) % 10);
	else
		(void)fprintf(out, "%lld", (long long)(tenths / 10));
}

int64_t ord_chart_x(const struct chart *c, int64_t t)
{
	if (t < c->t0)
		t = c->t0;
	if (t > c->t1)
		t = c->t1;
	return c->x0 + (int64_t)((wide)(t - c->t0) * (c->x1 - c->x0) / (c->t1 - c->t0));
}

void ord_chart_rect(const struct chart *c, const char *css, int64_t x, int64_t y, int64_t w,
		    int64_t h)
{
	(void)fprintf(c->out, "<rect class=\"%s\" x=\"", css);
	ord_chart_px(c->out, x);
	(void)fputs("\" y=\"", c->out);
	ord_chart_px(c->out, y);
	(void)fputs("\" width=\"", c->out);
	ord_chart_px(c->out, w > 5 ? w : 5);
	(void)fputs("\" height=\"", c->out);
	ord_chart_px(c->out, h);
	(void)fputs("\"/>", c->out);
}

void ord_chart_line(const struct chart *c, const char *css, int64_t x1, int64_t y1, int64_t x2,
		    int64_t y2)
{
	(void)fprintf(c->out, "<path class=\"%s\" d=\"M", css);
	ord_chart_px(c->out, x1);
	(void)fputc(' ', c->out);
	ord_chart_px(c->out, y1);
	(void)fputc('L', c->out);
	ord_chart_px(c->out, x2);
	(void)fputc(' ', c->out);
	ord_chart_px(c->out, y2);
	(void)fputs("\"/>", c->out);
}

void ord_chart_text(const struct chart *c, const char *css, int64_t x, int64_t y, const char *s)
{
	(void)fprintf(c->out, "<text class=\"%s\" x=\"", css);
	ord_chart_px(c->out, x);
	(void)fputs("\" y=\"", c->out);
	ord_chart_px(c->out, y);
	(void)fputs("\">", c->out);
	ord_xml_text(c->out, s);
	(void)fputs("</text>", c->out);
}

void ord_chart_dot(const struct chart *c, const struct ord_span *s, int64_t y)
{
	int64_t x = ord_chart_x(c, s->value), lo = ord_chart_x(c, s->lo),
		hi = ord_chart_x(c, s->hi);

	if (s->state == ORD_SPAN_CENSORED) {
		/* Open, pointing on: at least so long. */
		(void)fputs("<path class=\"d-open\" d=\"M", c->out);
		ord_chart_px(c->out, x);
		(void)fputc(' ', c->out);
		ord_chart_px(c->out, y - 40);
		(void)fputs("l7 4l-7 4z\"/>", c->out);
		return;
	}
	if (hi - lo >= 5) {
		ord_chart_line(c, "d-err", lo, y, hi, y);
		ord_chart_line(c, "d-err", lo, y - 25, lo, y + 25);
		ord_chart_line(c, "d-err", hi, y - 25, hi, y + 25);
	}
	(void)fputs("<circle class=\"d-dot\" r=\"3.5\" cx=\"", c->out);
	ord_chart_px(c->out, x);
	(void)fputs("\" cy=\"", c->out);
	ord_chart_px(c->out, y);
	(void)fputs("\"/>", c->out);
}
