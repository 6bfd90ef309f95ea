/* What people said while the run was under way: `ordeal mark`. */
#include "reports/analysis.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "reports/member.h"

bool ord_mark_rep(const struct ord_event *e, const struct ord_rep *r)
{
	if (json_is_integer(json_object_get(e->json, "rep")))
		return e->rep == r->number;
	return r->number && e->t >= r->begin && e->t <= r->end;
}

static enum ord_mark_kind kind_of(const char *what)
{
	static const char *const names[] = {[ORD_MARK_DETECTED] = "detected",
					    [ORD_MARK_ACKNOWLEDGED] = "acknowledged",
					    [ORD_MARK_MITIGATED] = "mitigated",
					    [ORD_MARK_RESOLVED] = "resolved"};

	for (size_t i = 0; i < ORD_COUNT(names); i++)
		if (!strcmp(what, names[i]))
			return (enum ord_mark_kind)i;
	return ORD_MARK_OTHER;
}

/* The first of that kind from the request on. */
static const struct ord_instant *first(const struct ord_rep *r, enum ord_mark_kind kind)
{
	static const struct ord_instant none = {.known = false};

	for (size_t i = 0; i < r->n_marks; i++)
		if (r->marks[i].kind == kind && r->marks[i].at.value >= r->requested.value)
			return &r->marks[i].at;
	return &none;
}

/* Whoever noticed first, person or machine. */
static struct ord_instant first_detection(const struct ord_timeline *t, const struct ord_rep *r)
{
	struct ord_instant best = *first(r, ORD_MARK_DETECTED);

	for (size_t p = 0; p < t->n_probes; p++) {
		const struct ord_detection *d = &r->detections[p];

		if (t->probes[p].is_signal && d->kind == ORD_DETECTION_NOTICED &&
		    (!best.known || d->at.value < best.value))
			best = d->at;
	}
	return best;
}

int ord_analyse_marks(const struct ord_timeline *t, struct ord_rep *r, struct ord_err *err)
{
	struct ord_instant detected;
	size_t n = 0;

	for (size_t i = 0; i < t->n_events; i++)
		n += t->events[i].kind == ORD_EVENT_MARK;
	if (!n || !r->begin_line)
		return 0;
	r->marks = calloc(n, sizeof *r->marks);
	if (!r->marks)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < t->n_events; i++) {
		const struct ord_event *e = &t->events[i];
		const char *what = ord_member_text(e->json, "what", "");

		if (e->kind == ORD_EVENT_MARK && ord_mark_rep(e, r))
			r->marks[r->n_marks++] =
				(struct ord_mark){.kind = kind_of(what),
						  .what = what,
						  .by = ord_member_text(e->json, "by", ""),
						  .note = ord_member_text(e->json, "note", ""),
						  .at = ord_line_instant(e)};
	}
	if (!r->requested.known)
		return 0;
	detected = first_detection(t, r);
	r->acknowledge = ord_span_between(&detected, first(r, ORD_MARK_ACKNOWLEDGED));
	r->mitigate = ord_span_between(&r->impact, first(r, ORD_MARK_MITIGATED));
	r->resolve = ord_span_between(&r->impact, first(r, ORD_MARK_RESOLVED));
	return 0;
}
