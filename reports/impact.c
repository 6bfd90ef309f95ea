/* When the users first felt it, and when they were well again. */
#include "reports/analysis.h"

#include <stdio.h>
#include <string.h>

/* A sample, or none. */
struct word {
	bool any;
	struct ord_sample s;
};

/* The onset as one probe saw it; unknown where it saw none. Sets *ret_before to a probe's last word
 * before the fault. */
static struct ord_instant onset(const struct ord_rep *r, const struct ord_series *q, size_t probe,
				struct word *ret_before)
{
	struct word good = {0};
	struct ord_cursor c;
	struct ord_sample s;
	struct ord_instant in = {.probe = probe};
	int64_t requested = r->requested.value;

	ord_cursor_begin(q, &c);
	while (c.at < q->n) {
		const struct ord_block *b = ord_cursor_block(&c);
		enum ord_sample_state state;
		bool sent_into;
		int64_t hi;

		/* All good, and all on one side of the request: only the last may matter. */
		if (b && b->by_state[ORD_SAMPLE_GOOD] == b->n &&
		    (b->done_max < requested || b->done_min >= requested))
			ord_cursor_seek(&c, b->first + b->n - 1u);
		if (!ord_cursor_next(&c, &s))
			break;
		state = ord_sample_counts(&s);
		/* One that was under way while the fault came may have been struck in flight, at
		 * any time until done. */
		sent_into = r->in_force.known && s.sent >= r->in_force.hi;
		hi = sent_into ? s.sent : s.done;
		if (state == ORD_SAMPLE_UNKNOWN)
			continue;
		if (s.done < requested)
			*ret_before = (struct word){true, s};
		else if (state == ORD_SAMPLE_BAD && !in.known)
			in = (struct ord_instant){.known = true,
						  .value = s.sent,
						  .hi = hi,
						  .line = s.line,
						  .line_before = good.any ? good.s.line : 0,
						  .probe = probe};
		else if (state == ORD_SAMPLE_BAD && hi < in.hi)
			in.hi = hi;
		if (state == ORD_SAMPLE_BAD && sent_into)
			break;
		if (state == ORD_SAMPLE_GOOD && !in.known)
			good = (struct word){true, s};
	}
	if (!in.known)
		return in;
	in.lo = good.any && good.s.sent > requested ? good.s.sent : requested;
	if (in.hi < in.lo)
		in.hi = in.lo;
	in.value = in.value < in.lo ? in.lo : in.value > in.hi ? in.hi : in.value;
	return in;
}

void ord_analyse_impact(const struct ord_timeline *t, struct ord_rep *r)
{
	for (size_t p = 0; r->requested.known && p < t->n_probes; p++) {
		struct word before = {0};
		struct ord_instant in, *best = &r->impact;

		if (t->probes[p].is_signal)
			continue;
		in = onset(r, ord_timeline_series(t, r->number, p), p, &before);
		if (before.any && ord_sample_counts(&before.s) == ORD_SAMPLE_BAD &&
		    r->state == ORD_REP_MEASURED && r->number) {
			r->state = ORD_REP_INVALID;
			(void)snprintf(r->why, sizeof r->why,
				       "onset before injection: '%.64s' was failing when the fault "
				       "was requested (line %u)",
				       t->probes[p].name, before.s.line);
		}
		if (!in.known)
			continue;
		if (!best->known || in.value < best->value) {
			int64_t lo = best->known && best->lo < in.lo ? best->lo : in.lo;
			int64_t hi = best->known && best->hi < in.hi ? best->hi : in.hi;

			*best = in;
			best->lo = lo;
			best->hi = hi;
		} else {
			best->lo = in.lo < best->lo ? in.lo : best->lo;
			best->hi = in.hi < best->hi ? in.hi : best->hi;
		}
	}
}

/* All user probes as one series in the order of sending, and the run of good samples that is open.
 */
struct walk {
	const struct ord_timeline *t;
	const struct ord_rep *r;
	int64_t hold, until;
	struct ord_cursor at[64]; /* behind `ahead` of each probe */
	struct word ahead[64];
	bool stale[64];	     /* `ahead` has been given out */
	bool ill[64];	     /* bad, and no good sample since */
	int64_t decided[64]; /* sent of the last decided sample, -1: none */
	size_t n_ill;
	struct ord_sample bad; /* the last bad one */
	bool seen_bad, open;
	struct ord_instant run; /* where the open run began */
	struct ord_instant
		well[64]; /* hi: the earliest end of a good answer since the last bad one */
};

/* How long a probe may say nothing within a run: what nobody watched cannot be held. */
static int64_t longest_gap(const struct walk *w, size_t p)
{
	int64_t half = w->hold / 2, few = 3 * w->t->probes[p].every;

	return half > few ? half : few;
}

/* Whether nothing that comes of these samples could differ, were they taken one by one: good ones
 * of a probe that is well already (on_good), and watched without a gap. */
static bool is_settled(const struct walk *w, size_t p, const struct ord_block *b)
{
	int64_t gap = longest_gap(w, p);

	return b->by_state[ORD_SAMPLE_GOOD] == b->n && !w->ill[p] &&
	       b->done_min >= w->r->requested.value && w->well[p].hi <= b->done_min &&
	       b->done_max <= w->until && b->sent_last < w->until && b->gap <= gap &&
	       (w->decided[p] < 0 || b->sent_first - w->decided[p] <= gap);
}

/* Reads the next decided sample of a probe that was not done before the fault. */
static void read_ahead(struct walk *w, size_t p)
{
	struct word *ahead = &w->ahead[p];
	struct ord_cursor *at = &w->at[p];

	w->stale[p] = false;
	for (ahead->any = false; at->at < at->q->n;) {
		const struct ord_block *b = ord_cursor_block(at);

		if (b && (b->done_max < w->r->requested.value || is_settled(w, p, b))) {
			if (b->done_max >= w->r->requested.value)
				w->decided[p] = b->sent_last;
			ord_cursor_skip(at, b);
			continue;
		}
		ahead->any = ord_cursor_next(at, &ahead->s) &&
			     ord_sample_counts(&ahead->s) != ORD_SAMPLE_UNKNOWN &&
			     ahead->s.done >= w->r->requested.value;
		if (ahead->any)
			return;
	}
}

static void begin(struct walk *w)
{
	memset(w->decided, 0xff, sizeof w->decided);
	for (size_t p = 0; p < w->t->n_probes; p++) {
		ord_cursor_begin(ord_timeline_series(w->t, w->r->number, p), &w->at[p]);
		w->stale[p] = !w->t->probes[p].is_signal;
	}
}

/* The next decided sample of all user probes in the order of sending; false at the end. */
static bool next(struct walk *w, struct ord_sample *ret, size_t *ret_probe)
{
	const struct ord_sample *best = NULL;

	for (size_t p = 0; p < w->t->n_probes; p++) {
		if (w->stale[p])
			read_ahead(w, p);
		if (w->ahead[p].any && (!best || w->ahead[p].s.sent < best->sent)) {
			best = &w->ahead[p].s;
			*ret_probe = p;
		}
	}
	if (!best || best->sent >= w->until)
		return false;
	*ret = *best;
	w->stale[*ret_probe] = true;
	return true;
}

static bool held(const struct walk *w, int64_t hold, int64_t from, int64_t end)
{
	int64_t since = w->run.value > from ? w->run.value : from;

	return w->open && end - since >= hold;
}

static void on_bad(struct walk *w, const struct ord_sample *s, size_t p)
{
	w->n_ill += !w->ill[p];
	w->ill[p] = true;
	w->well[p] = (struct ord_instant){.hi = INT64_MAX};
	w->bad = *s;
	w->seen_bad = true;
	w->open = false;
}

/* Well since the last of the probes that were ill had its first good answer, whichever came first.
 */
static void open_run(struct walk *w)
{
	w->run = (struct ord_instant){.hi = INT64_MIN};
	for (size_t p = 0; p < w->t->n_probes; p++)
		if (w->well[p].known && w->well[p].hi > w->run.hi)
			w->run = w->well[p];
	w->run.value = w->run.hi;
	w->run.lo = w->bad.sent;
	w->run.line_before = w->bad.line;
	w->open = true;
}

static void on_good(struct walk *w, const struct ord_sample *s, size_t p)
{
	/* After a long blind stretch the run begins anew. */
	bool blind = w->open && w->decided[p] >= 0 && s->sent - w->decided[p] > longest_gap(w, p);
	struct ord_instant *well = &w->well[p];

	w->n_ill -= w->ill[p];
	w->ill[p] = false;
	if (!w->seen_bad)
		return;
	/* A good answer may have waited for the recovery: it is certain when it is done. */
	if (blind || (well->hi > s->done && (well->known || well->hi == INT64_MAX)))
		*well = (struct ord_instant){
			.known = true, .hi = s->done, .line = s->line, .probe = p};
	else if (w->open)
		return;
	if (!w->n_ill)
		open_run(w);
}

/* Until when every user probe was heard. */
static int64_t heard(const struct walk *w, int64_t until)
{
	int64_t end = until;

	for (size_t p = 0; p < w->t->n_probes; p++)
		if (!w->t->probes[p].is_signal && w->decided[p] >= 0 &&
		    w->decided[p] + w->t->probes[p].every < end)
			end = w->decided[p] + w->t->probes[p].every;
	return end;
}

struct ord_instant ord_analyse_recovery(const struct ord_timeline *t, const struct ord_rep *r,
					int64_t hold, int64_t from, int64_t until,
					int64_t *ret_watched)
{
	struct walk w = {.t = t, .r = r, .hold = hold, .until = until};
	struct ord_sample s;
	bool more;
	int64_t end;
	size_t p = 0;

	begin(&w);
	while ((more = next(&w, &s, &p))) {
		if (ord_sample_counts(&s) == ORD_SAMPLE_BAD) {
			if (held(&w, hold, from, s.sent))
				break;
			on_bad(&w, &s, p);
		} else if (s.done <= until) {
			on_good(&w, &s, p);
		} else {
			continue; /* it may have waited for what happened at `until` */
		}
		w.decided[p] = s.sent;
	}
	end = more ? s.sent : heard(&w, until);
	if (held(&w, hold, from, end))
		return w.run;
	/* An open run may yet be the recovery: all that is known is that it was not before the last
	 * bad sample. */
	*ret_watched = w.open ? w.bad.sent : end;
	return (struct ord_instant){0};
}
