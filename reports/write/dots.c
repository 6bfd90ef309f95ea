/* Repetitions as dots on one axis: full with an interval where there is a figure, open where it is
 * censored. */
#include <string.h>

#include "reports/write/html.h"
#include "reports/write/text.h"

#define WIDTH 230

__extension__ typedef __int128 wide;

static int64_t scale(int64_t v, int64_t most)
{
	return 60 + (int64_t)((wide)(v < most ? v : most) * (WIDTH * 10 - 160) / most);
}

static void px(FILE *out, const char *name, int64_t tenths)
{
	(void)fprintf(out, " %s=\"%lld.%lld\"", name, (long long)(tenths / 10),
		      (long long)(tenths % 10));
}

static int64_t find_most(const struct ord_analysis *a, ord_span_fn *of, size_t which, int64_t limit)
{
	int64_t most = limit + limit / 5;

	for (uint32_t i = 1; i <= a->t->repetitions; i++) {
		const struct ord_span *s = of(&a->reps[i], which);

		if (s->state != ORD_SPAN_NONE && s->hi > most)
			most = s->hi;
	}
	return most ? most : 1;
}

static void dot(const struct ord_span *s, int64_t y, int64_t most, FILE *out)
{
	int64_t x = scale(s->value, most), lo = scale(s->lo, most), hi = scale(s->hi, most);

	if (s->state == ORD_SPAN_CENSORED) {
		/* Open, pointing on: at least so long. */
		(void)fprintf(out, "<path class=\"d-open\" d=\"M%lld.%lld %lld.%lldl7 4l-7 4z\"/>",
			      (long long)(x / 10), (long long)(x % 10), (long long)(y / 10 - 4),
			      (long long)(y % 10));
		return;
	}
	(void)fputs("<line class=\"d-err\"", out);
	px(out, "x1", lo);
	px(out, "y1", y);
	px(out, "x2", hi);
	px(out, "y2", y);
	(void)fputs("/><circle class=\"d-dot\" r=\"3.5\"", out);
	px(out, "cx", x);
	px(out, "cy", y);
	(void)fputs("/>", out);
}

void ord_html_dots(const struct ord_analysis *a, ord_span_fn *of, size_t which, int64_t limit,
		   const char *title, FILE *out)
{
	uint32_t reps =
		a->t->repetitions > ORD_HTML_REPS_MAX ? ORD_HTML_REPS_MAX : a->t->repetitions;
	int64_t most = find_most(a, of, which, limit), step = reps > 12 ? 50 : 110,
		height = 100 + step * reps;
	char text[ORD_TEXT];

	(void)fprintf(out,
		      "<svg class=\"dots\" role=\"img\" width=\"%d\" height=\"%lld\" viewBox=\"0 0 "
		      "%d %lld\"><title>",
		      WIDTH, (long long)(height / 10 + 14), WIDTH, (long long)(height / 10 + 14));
	ord_xml_text(out, title);
	(void)fputs(": each repetition, first on top</title>", out);
	if (limit) {
		(void)fputs("<rect class=\"d-ok\" x=\"6\" y=\"2\"", out);
		px(out, "width", scale(limit, most) - 60);
		px(out, "height", height - 60);
		(void)fputs("/><line class=\"d-limit\" y1=\"0\"", out);
		px(out, "x1", scale(limit, most));
		px(out, "x2", scale(limit, most));
		px(out, "y2", height - 20);
		(void)fputs("/>", out);
	}
	(void)fputs("<line class=\"axis\" x1=\"6\"", out);
	px(out, "y1", height - 40);
	px(out, "x2", WIDTH * 10 - 100);
	px(out, "y2", height - 40);
	(void)fputs("/>", out);
	for (uint32_t i = 1; i <= reps; i++)
		if (of(&a->reps[i], which)->state != ORD_SPAN_NONE)
			dot(of(&a->reps[i], which), 60 + step * (i - 1), most, out);
	(void)fputs("<text class=\"tick\" x=\"2\"", out);
	px(out, "y", height + 90);
	(void)fprintf(out, ">0</text><text class=\"tick %s\"", limit ? "mid" : "end");
	px(out, "x", limit ? scale(limit, most) : WIDTH * 10 - 100);
	px(out, "y", height + 90);
	(void)fprintf(out, ">%s</text></svg>", ord_text_duration(limit ? limit : most, text));
}
