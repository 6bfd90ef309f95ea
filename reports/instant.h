/* Instants and durations as intervals: what every figure of a report is made of. */
#ifndef ORDEAL_REPORTS_INSTANT_H
#define ORDEAL_REPORTS_INSTANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* It happened after lo and not after hi; value is the best single figure. ns on the run's clock. */
struct ord_instant {
	bool known;
	int64_t value, lo, hi;
	uint32_t line, line_before; /* of the timeline; line_before: the last that speaks against
				       it, 0: none */
	uint32_t line_after;	    /* another that it was not after; 0: none */
	size_t probe;		    /* who saw it, where a probe did */
};

enum ord_span_state { ORD_SPAN_NONE, ORD_SPAN_KNOWN, ORD_SPAN_CENSORED };

/* A duration between two instants. Censored: at least value, and not known how long. */
struct ord_span {
	enum ord_span_state state;
	int64_t value, lo, hi;
};

static inline struct ord_span ord_span_between(const struct ord_instant *from,
					       const struct ord_instant *to)
{
	struct ord_span s = {.state = from->known && to->known ? ORD_SPAN_KNOWN : ORD_SPAN_NONE};

	if (s.state == ORD_SPAN_NONE)
		return s;
	s.value = to->value > from->value ? to->value - from->value : 0;
	s.lo = to->lo > from->hi ? to->lo - from->hi : 0;
	s.hi = to->hi > from->lo ? to->hi - from->lo : 0;
	return s;
}

/* From `from` until it was last looked at: not yet so then. */
static inline struct ord_span ord_span_censored(const struct ord_instant *from, int64_t watched)
{
	struct ord_instant end = {.known = true, .value = watched, .lo = watched, .hi = watched};
	struct ord_span s = ord_span_between(from, &end);

	if (s.state == ORD_SPAN_KNOWN)
		s.state = ORD_SPAN_CENSORED;
	return s;
}

#endif
