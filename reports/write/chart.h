/* What the files of the chart share. Coordinates are in tenths of a pixel. */
#ifndef ORDEAL_REPORTS_WRITE_CHART_H
#define ORDEAL_REPORTS_WRITE_CHART_H

#include <stdint.h>
#include <stdio.h>

#include "reports/analysis.h"

__extension__ typedef __int128 wide;

struct chart {
	FILE *out;
	const struct ord_analysis *a;
	const struct ord_rep *r;
	bool narrow, alone; /* alone: there is no broad one beside it */
	size_t detail;	    /* draw so many samples one by one; bucket beyond */
	int columns;	    /* of a strip with more samples than that */
	int64_t t0, t1;
	int width;	/* px */
	int64_t x0, x1; /* tenths */
	int64_t y, top; /* tenths: where the next lane begins; where the lanes begin */
};

void ord_chart_px(FILE *out, int64_t tenths);
int64_t ord_chart_x(const struct chart *c, int64_t t);
void ord_chart_rect(const struct chart *c, const char *css, int64_t x, int64_t y, int64_t w,
		    int64_t h);
void ord_chart_line(const struct chart *c, const char *css, int64_t x1, int64_t y1, int64_t x2,
		    int64_t y2);
void ord_chart_text(const struct chart *c, const char *css, int64_t x, int64_t y, const char *s);

/* A duration of a repetition: full with its interval, or open where it is censored. */
void ord_chart_dot(const struct chart *c, const struct ord_span *s, int64_t y);

/* Seconds since the fault was requested, at c->y, which it moves on. */
void ord_chart_axis(struct chart *c);

/* The samples of a series within the window. */
size_t ord_chart_visible(const struct chart *c, const struct ord_series *q, size_t *ret_first);
/* Which of the columns an instant falls into. */
int ord_chart_column(const struct chart *c, int64_t t);
/* The block before which the cursor stands, where it ends before `end` and falls into one column.
 */
const struct ord_block *ord_chart_block(const struct chart *c, const struct ord_cursor *at,
					size_t end);
/* Outcomes of a probe, side by side; and its latency, in a panel of that height. */
void ord_chart_strip(const struct chart *c, const struct ord_series *q, size_t probe);
void ord_chart_latency(const struct chart *c, const struct ord_series *q, size_t probe,
		       int64_t panel);
/* The instants of a repetition with their intervals, over the lanes below them. */
#define CHART_LABELS_MAX 48
struct label {
	const struct ord_instant *in;
	const char *css;
	char text[192];
	int64_t x;
	unsigned row;
	bool before; /* the text stands left of the mark */
};

size_t ord_chart_labels(const struct chart *c, struct label v[static CHART_LABELS_MAX]);
/* In rows, greedily from the left, so that no two texts overlap. Returns how many. */
unsigned ord_chart_place_labels(struct label *v, size_t n);
void ord_chart_draw_labels(const struct chart *c, const struct label *v, size_t n, int64_t bottom);

#endif
