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
	while (ord_cursor_next(&c, &s)) {
		enum ord_sample_state state = ord_sample_counts(&s);
		/* One that was under way while the fault came may have been struck in flight, at
		 * any time until done. */
		bool sent_into = r->in_force.known && s.sent >= r->in_force.hi;
		int64_t hi = sent_into ? s.sent : s.done;

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
	struct ord_cursor at[64]; /* behind `ahead` of each probe */
	struct word ahead[64];
	bool ill[64];	     /* bad, and no good sample since */
	int64_t decided[64]; /* sent of the last decided sample, -1: none */
	size_t n_ill;
	struct ord_sample bad; /* the last bad one */
	bool seen_bad, open;
	struct ord_instant run; /* where the open run began */
	struct ord_instant
		well[64]; /* hi: the earliest end of a good answer since the last bad one */
};

/* Reads the next decided sample of a probe that was not done before the fault. */
static void read_ahead(struct walk *w, size_t p)
{
	struct word *ahead = &w->ahead[p];

	do {
		ahead->any = ord_cursor_next(&w->at[p], &ahead->s);
	} while (ahead->any && (ord_sample_counts(&ahead->s) == ORD_SAMPLE_UNKNOWN ||
				ahead->s.done < w->r->requested.value));
}

static void begin(struct walk *w)
{
	memset(w->decided, 0xff, sizeof w->decided);
	for (size_t p = 0; p < w->t->n_probes; p++) {
		ord_cursor_begin(ord_timeline_series(w->t, w->r->number, p), &w->at[p]);
		if (!w->t->probes[p].is_signal)
			read_ahead(w, p);
	}
}

/* The next decided sample of all user probes in the order of sending; false at the end. */
static bool next(struct walk *w, int64_t until, struct ord_sample *ret, size_t *ret_probe)
{
	const struct ord_sample *best = NULL;

	for (size_t p = 0; p < w->t->n_probes; p++)
		if (w->ahead[p].any && (!best || w->ahead[p].s.sent < best->sent)) {
			best = &w->ahead[p].s;
			*ret_probe = p;
		}
	if (!best || best->sent >= until)
		return false;
	*ret = *best;
	read_ahead(w, *ret_probe);
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

static void on_good(struct walk *w, const struct ord_sample *s, size_t p, int64_t hold)
{
	int64_t every = w->t->probes[p].every, gap = hold / 2 > 3 * every ? hold / 2 : 3 * every;
	/* What nobody watched cannot be held: after a long blind stretch the run begins anew. */
	bool blind = w->open && w->decided[p] >= 0 && s->sent - w->decided[p] > gap;
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
	struct walk w = {.t = t, .r = r};
	struct ord_sample s;
	bool more;
	int64_t end;
	size_t p = 0;

	begin(&w);
	while ((more = next(&w, until, &s, &p))) {
		if (ord_sample_counts(&s) == ORD_SAMPLE_BAD) {
			if (held(&w, hold, from, s.sent))
				break;
			on_bad(&w, &s, p);
		} else if (s.done <= until) {
			on_good(&w, &s, p, hold);
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
