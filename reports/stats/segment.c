#include "reports/stats/segment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "reports/stats/dist.h"

const struct ord_segment_rules ord_segment_usual = {.window = 50, .p = 0.001};

struct ord_part_moments ord_moments(const double *v, size_t n)
{
	struct ord_part_moments m = {0};

	for (size_t i = 0; i < n; i++) { /* Welford: no digits are lost to a large mean */
		double off = v[i] - m.mean;

		m.n++;
		m.mean += off / (double)m.n;
		m.squares += off * (v[i] - m.mean);
	}
	return m;
}

/* The moments of both parts together (Chan, Golub, LeVeque). */
static struct ord_part_moments joined(const struct ord_part_moments *a,
				      const struct ord_part_moments *b)
{
	double n = (double)(a->n + b->n), off = b->mean - a->mean;

	return (struct ord_part_moments){
		.n = a->n + b->n,
		.mean = a->mean + off * (double)b->n / n,
		.squares = a->squares + b->squares + off * off * (double)a->n * (double)b->n / n,
	};
}

static double variance_sum(const struct ord_part_moments *m, int biased)
{
	return biased ? m->squares / (double)m->n * (double)(m->n - 1) : m->squares;
}

double ord_t_test(const struct ord_part_moments *a, const struct ord_part_moments *b, int biased)
{
	double df = (double)(a->n + b->n) - 2, off = fabs(a->mean - b->mean), spread;

	if (!a->n || !b->n || !(df > 0))
		return 1;
	/* Means that differ by rounding alone do not differ. */
	if (off <= 1e-13 * fmax(fabs(a->mean), fabs(b->mean)))
		return 1;
	spread = (variance_sum(a, biased) + variance_sum(b, biased)) / df *
		 (1 / (double)a->n + 1 / (double)b->n);
	return spread > 0 ? ord_t_tail2(off / sqrt(spread), df) : 0;
}

/* From v[start .. stop) of a window; row b of the distances: sums of |v[i] - v[b]| over i < a. */
struct window {
	const double *v;
	size_t n;
	double *sums;
};

static double distances(const struct window *w, size_t b, size_t from, size_t to)
{
	const double *row = &w->sums[b * (w->n + 1)];

	return row[to] - row[from];
}

static void fill(const struct window *w)
{
	for (size_t b = 0; b < w->n; b++) {
		double *row = &w->sums[b * (w->n + 1)];

		row[0] = 0;
		for (size_t i = 0; i < w->n; i++)
			row[i + 1] = row[i] + fabs(w->v[i] - w->v[b]);
	}
}

/* Every split and every end: the energy distance of [start, at) from [at, end), each in one step
 * from the one before. */
static struct ord_split best(const struct window *w, size_t start, size_t stop)
{
	struct ord_split found = {0};
	double within_left = 0;

	for (size_t at = start + 1; at < stop; at++) {
		double n = (double)(at - start), between = 0, within_right = 0;

		within_left += distances(w, at - 1, start, at - 1);
		for (size_t end = at + 1; end <= stop; end++) {
			double m = (double)(end - at), q;

			between += distances(w, end - 1, start, at);
			within_right += distances(w, end - 1, at, end - 1);
			q = 2 / (m + n) * between;
			if (n > 1)
				q -= 2 * m / ((m + n) * (n - 1)) * within_left;
			if (m > 1)
				q -= 2 * n / ((m + n) * (m - 1)) * within_right;
			if (q > found.q)
				found = (struct ord_split){at, end, q};
		}
	}
	return found;
}

struct ord_split ord_best_split(const double *v, size_t n, double *room)
{
	const struct window w = {v, n, room};

	fill(&w);
	return best(&w, 0, n);
}

/* A change that may be one, and the part that begins with it. */
struct weak {
	struct ord_change change;
	struct ord_part_moments part;
};

/* The changes within a window; start and stop of each part, and the best split in it. */
struct parts {
	size_t n;
	struct {
		size_t start, stop;
		struct ord_split split;
	} v[ORD_WINDOW_MAX];
};

static size_t strongest(const struct parts *p)
{
	size_t at = 0;

	for (size_t i = 1; i < p->n; i++)
		if (p->v[i].split.q > p->v[at].split.q)
			at = i;
	return at;
}

/* Splits the strongest until it is not significant. found[]: at and q of each, in order. */
static size_t window_changes(const struct window *w, double p, struct ord_split *found,
			     struct parts *parts)
{
	size_t n = 0;

	fill(w);
	parts->n = 1;
	parts->v[0].start = 0;
	parts->v[0].stop = w->n;
	parts->v[0].split = best(w, 0, w->n);
	for (;;) {
		size_t k = strongest(parts), start = parts->v[k].start, stop = parts->v[k].stop;
		struct ord_split split = parts->v[k].split;
		struct ord_part_moments left = ord_moments(w->v + start, split.at - start);
		struct ord_part_moments right = ord_moments(w->v + split.at, stop - split.at);

		if (!(split.q > 0) || ord_t_test(&left, &right, 1) > p)
			break;
		memmove(&parts->v[k + 1], &parts->v[k], (parts->n - k) * sizeof parts->v[0]);
		parts->n++;
		parts->v[k].stop = split.at;
		parts->v[k].split = best(w, start, split.at);
		parts->v[k + 1].start = split.at;
		parts->v[k + 1].split = best(w, split.at, stop);
		memmove(&found[k + 1], &found[k], (n - k) * sizeof *found);
		found[k] = split;
		n++;
	}
	return n;
}

struct list {
	struct weak *v; /* v[0] is the series' begin, which is no change */
	size_t n, room;
};

static int list_add(struct list *l, size_t at, double q, struct ord_err *err)
{
	struct weak *grown = l->v;

	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 64;

		grown = realloc(l->v, room * sizeof *grown);
		if (!grown)
			return ord_fail_nomem(err);
		l->v = grown;
		l->room = room;
	}
	grown[l->n++] = (struct weak){.change = {.at = at, .q = q}};
	return 0;
}

/* A window begins at the last change of the one before, or half a window further. */
static int find_weak(const double *v, size_t n, const struct ord_segment_rules *rules, double p,
		     struct list *l, struct ord_err *err)
{
	ord_autofree double *sums = calloc(rules->window * (rules->window + 1), sizeof *sums);
	ord_autofree struct parts *parts = malloc(sizeof *parts);
	struct ord_split found[ORD_WINDOW_MAX];
	size_t start = 0;

	if (!sums || !parts)
		return ord_fail_nomem(err);
	while (start < n) {
		struct window w = {v + start, n - start, sums};
		size_t next = start + rules->window / 2, k;

		w.n = w.n < rules->window ? w.n : rules->window;
		k = window_changes(&w, p, found, parts);
		for (size_t i = 0; i < k; i++) {
			if (list_add(l, start + found[i].at, found[i].q, err))
				return -1;
		}
		if (k && start + found[k - 1].at > next)
			next = start + found[k - 1].at;
		start = next;
	}
	return 0;
}

static void judge(struct list *l, size_t i)
{
	struct ord_change *c = &l->v[i].change;

	c->p = ord_t_test(&l->v[i - 1].part, &l->v[i].part, 1);
	c->before = l->v[i - 1].part.mean;
	c->after = l->v[i].part.mean;
}

/* How many times larger the larger mean is, less one; 0 to anything counts as 1. */
static double magnitude(const struct ord_change *c)
{
	double ahead = c->before < 0 || c->before > 0 ? fabs(c->after / c->before - 1) : 0;
	double back = c->after < 0 || c->after > 0 ? fabs(c->before / c->after - 1) : 0;

	return fmax(ahead, back);
}

/* The one to be taken away next, 0: none. The least significant; then the smallest. */
static size_t weakest(const struct list *l, const struct ord_segment_rules *rules)
{
	size_t unlikely = 1, small = 1;

	if (l->n < 2)
		return 0;
	for (size_t i = 2; i < l->n; i++) {
		if (l->v[i].change.p > l->v[unlikely].change.p)
			unlikely = i;
		if (magnitude(&l->v[i].change) < magnitude(&l->v[small].change))
			small = i;
	}
	if (l->v[unlikely].change.p >= rules->p)
		return unlikely;
	return magnitude(&l->v[small].change) > rules->least ? 0 : small;
}

/* Until all that are left are changes; the two parts beside one that was none become one. */
static void merge(const double *v, size_t n, const struct ord_segment_rules *rules, struct list *l)
{
	size_t k;

	for (size_t i = 0; i < l->n; i++) {
		size_t from = l->v[i].change.at, to = i + 1 < l->n ? l->v[i + 1].change.at : n;

		l->v[i].part = ord_moments(v + from, to - from);
		if (i)
			judge(l, i);
	}
	while ((k = weakest(l, rules))) {
		l->v[k - 1].part = joined(&l->v[k - 1].part, &l->v[k].part);
		memmove(&l->v[k], &l->v[k + 1], (l->n - k - 1) * sizeof *l->v);
		l->n--;
		if (k > 1)
			judge(l, k - 1);
		if (k < l->n)
			judge(l, k);
	}
}

/* Weak ones are looked for ten times more readily than they are kept. */
static double weak_p(double p)
{
	return p < 0.05 ? 10 * p : p < 0.5 ? 2 * p : p;
}

int ord_segment(const double *v, size_t n, const struct ord_segment_rules *rules,
		struct ord_change **ret, size_t *ret_n, struct ord_err *err)
{
	struct ord_change *changes;
	struct list l = {0};
	int failed = 0;

	if (n > ORD_SEGMENT_MAX)
		return ord_fail(err, ORD_USAGE, "%zu values are more than %d", n, ORD_SEGMENT_MAX);
	if (rules->window < 4 || rules->window > ORD_WINDOW_MAX || !(rules->p > 0 && rules->p < 1))
		return ord_fail(err, ORD_USAGE,
				"a window is 4 to %d values, and p is within 0 and 1",
				ORD_WINDOW_MAX);
	failed = list_add(&l, 0, 0, err);
	if (!failed)
		failed = find_weak(v, n, rules, weak_p(rules->p), &l, err);
	changes = failed ? NULL : calloc(l.n, sizeof *changes);
	if (!changes) {
		free(l.v);
		return failed ? -1 : ord_fail_nomem(err);
	}
	merge(v, n, rules, &l);
	for (size_t i = 1; i < l.n; i++)
		changes[i - 1] = l.v[i].change;
	*ret_n = l.n - 1;
	*ret = changes;
	free(l.v);
	return 0;
}
