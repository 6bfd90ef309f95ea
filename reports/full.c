/*
 * Full recovery: the first instant, not before the users were well again, from which every
 * condition of `fullRecovery` holds for the hold window. A condition looks at the samples that were
 * done in the window before, as the run's own do.
 */
#include "reports/analysis.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/units.h"
#include "reports/value.h"

#define WINDOW_MAX 1000000 /* samples; as the run's own windows */

struct seen {
	int64_t done, latency;
	uint32_t line;
	bool good, timed;
};

/* The samples of a condition's probe in the order in which they were done, and a window of them. */
struct view {
	const struct ord_tl_condition *c;
	struct ord_cursor cursor;
	struct seen *v; /* owned; v[first..n): the window, then what is not yet counted */
	size_t first, counted, n, room;
	size_t known, good, timed, within;
	bool over;    /* the cursor is at the end */
	int64_t sent; /* of the last that was read: what is done before it comes no more */
};

static int push(struct view *w, const struct ord_sample *s, struct ord_err *err)
{
	size_t i;

	if (w->n == w->room && w->first > w->n / 2) {
		memmove(w->v, w->v + w->first, (w->n - w->first) * sizeof *w->v);
		w->n -= w->first;
		w->counted -= w->first;
		w->first = 0;
	}
	if (w->n == w->room) {
		size_t room = w->room ? w->room * 2 : 1024;
		struct seen *v;

		if (room > 2 * WINDOW_MAX)
			return ord_fail(err, ORD_USAGE, "the window of '%.100s' is too long",
					w->c->text);
		v = reallocarray(w->v, room, sizeof *v);
		if (!v)
			return ord_fail_nomem(err);
		w->v = v;
		w->room = room;
	}
	/* Nearly in order already: what hung comes later than what was sent after it. */
	for (i = w->n++; i > w->counted && w->v[i - 1].done > s->done; i--)
		w->v[i] = w->v[i - 1];
	w->v[i] = (struct seen){
		.done = s->done,
		.latency = ord_sample_latency(s),
		.line = s->line,
		.good = s->state == ORD_SAMPLE_GOOD,
		.timed = s->outcome != ORD_TL_REFUSED && s->outcome != ORD_TL_RESET,
	};
	return 0;
}

/* Reads on until the next to be done is known for sure. */
static int fill(struct view *w, struct ord_err *err)
{
	struct ord_sample s;

	while (!w->over && (w->counted == w->n || w->sent < w->v[w->counted].done)) {
		if (!ord_cursor_next(&w->cursor, &s)) {
			w->over = true;
			break;
		}
		w->sent = s.sent;
		if (s.state != ORD_SAMPLE_UNKNOWN && push(w, &s, err))
			return -1;
	}
	return 0;
}

static bool compare(int64_t value, enum ord_tl_op op, int64_t with)
{
	switch (op) {
	case ORD_TL_LT:
		return value < with;
	case ORD_TL_LE:
		return value <= with;
	case ORD_TL_GT:
		return value > with;
	case ORD_TL_GE:
		return value >= with;
	case ORD_TL_EQ:
		return value == with;
	case ORD_TL_NE:
		break;
	}
	return value != with;
}

static bool is_within(const struct view *w, const struct seen *s)
{
	/* Of a quantile it is enough to count: it is below L where so many are below L. */
	return s->timed &&
	       (w->c->op == ORD_TL_LT || w->c->op == ORD_TL_GE ? s->latency < w->c->value
							       : s->latency <= w->c->value);
}

static void count(struct view *w, const struct seen *s, size_t by)
{
	w->known += by;
	w->good += s->good ? by : 0;
	w->timed += s->timed ? by : 0;
	w->within += is_within(w, s) ? by : 0;
}

static void advance(struct view *w, int64_t now)
{
	while (w->first < w->counted && w->v[w->first].done <= now - w->c->window)
		count(w, &w->v[w->first++], (size_t)-1);
}

static bool latency_holds(const struct view *w)
{
	size_t rank = (w->timed * w->c->percent + 99) / 100;
	bool below = w->within >= rank;

	if (!w->timed)
		return false;
	return w->c->op == ORD_TL_LT || w->c->op == ORD_TL_LE ? below : !below;
}

static bool holds(const struct ord_timeline *t, const struct ord_rep *r, struct view *w,
		  int64_t now)
{
	int64_t value;

	advance(w, now);
	switch (w->c->metric) {
	case ORD_TL_OK_RATIO:
		return w->known && compare((int64_t)w->good * ORD_PPM, w->c->op,
					   w->c->value * (int64_t)w->known);
	case ORD_TL_LATENCY:
		return latency_holds(w);
	case ORD_TL_VALUE:
		break;
	}
	return ord_value_last(t, r->number, w->c->probe, now - w->c->window, now, &value) &&
	       compare(value, w->c->op, w->c->value);
}

/* The view whose next sample is done first; n: none has one. */
static size_t earliest(const struct view *v, size_t n)
{
	size_t best = n;

	for (size_t i = 0; i < n; i++)
		if (v[i].counted < v[i].n &&
		    (best == n || v[i].v[v[i].counted].done < v[best].v[v[best].counted].done))
			best = i;
	return best;
}

/* Steps through all samples of all conditions as they were done. */
static int search(const struct ord_timeline *t, const struct ord_rep *r, struct view *v, size_t n,
		  int64_t hold, struct ord_instant *ret, int64_t *ret_watched, struct ord_err *err)
{
	struct ord_instant open = {0};
	int64_t before = r->recovered.lo, now = r->recovered.value;
	uint32_t line, line_before = r->recovered.line_before;

	for (;;) {
		bool all = true;
		size_t i;

		for (i = 0; i < n; i++)
			if (fill(&v[i], err))
				return -1;
		i = earliest(v, n);
		if (i == n)
			break;
		count(&v[i], &v[i].v[v[i].counted], 1);
		line = v[i].v[v[i].counted].line;
		now = v[i].v[v[i].counted++].done;
		for (i = 0; i < n; i++)
			all &= holds(t, r, &v[i], now);
		if (now < r->recovered.value)
			continue;
		if (!all) {
			open.known = false;
			before = now;
			line_before = line;
		} else if (!open.known) {
			open = (struct ord_instant){.known = true,
						    .value = now,
						    .lo = before,
						    .hi = now,
						    .line = line,
						    .line_before = line_before};
		}
		if (open.known && now - open.value >= hold)
			break;
	}
	*ret_watched = open.known ? open.lo : now;
	if (open.known && now - open.value >= hold)
		*ret = open;
	return 0;
}

static int64_t reach(const struct ord_timeline *t)
{
	int64_t most = 0;

	for (size_t i = 0; i < t->n_full; i++)
		most = t->full[i].window > most ? t->full[i].window : most;
	return most;
}

int ord_analyse_full(const struct ord_timeline *t, const struct ord_rep *r, int64_t hold,
		     struct ord_instant *ret, struct ord_span *ret_span, struct ord_err *err)
{
	ord_autofree struct view *v = NULL;
	struct ord_instant full = {0};
	int64_t watched = r->end;
	int failed = 0;

	if (!t->n_full || !r->impact.known)
		return 0;
	v = calloc(t->n_full, sizeof *v);
	if (!v)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < t->n_full; i++) {
		const struct ord_series *q = ord_timeline_series(t, r->number, t->full[i].probe);
		int64_t longest = t->probes[t->full[i].probe].timeout;

		v[i].c = &t->full[i];
		ord_cursor_begin(q, &v[i].cursor);
		(void)ord_cursor_seek_sent(&v[i].cursor, r->recovered.value - reach(t) - longest);
	}
	if (r->recovered.known)
		failed = search(t, r, v, t->n_full, hold, &full, &watched, err);
	for (size_t i = 0; i < t->n_full; i++)
		free(v[i].v);
	if (failed)
		return -1;
	*ret = full;
	*ret_span = full.known ? ord_span_between(&r->impact, &full)
			       : ord_span_censored(&r->impact, watched);
	return 0;
}
