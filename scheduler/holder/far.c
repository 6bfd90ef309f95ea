/* What a lease on another machine needs while it lasts: its clock, and signs of life. */
#include "ordeal/far.h"

#include <jansson.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "scheduler/holder/holder.h"

/* Each clock is slewed by at most 500 ppm (adjtimex(2)): apart by twice that. */
#define DRIFT_PPM  1000
#define BEAT_NS	   ORD_S
#define SILENCE_NS (10 * ORD_S)

static struct ord_far_clock widened(const struct ord_far_clock *c, uint64_t now)
{
	struct ord_far_clock w = *c;
	int64_t by = now > c->at ? (int64_t)((now - c->at) / (1000000 / DRIFT_PPM)) + 1 : 0;

	w.lo -= by;
	w.hi += by;
	w.at = now;
	return w;
}

void ord_far_clock_take(struct ord_far_clock *c, uint64_t sent, uint64_t stamp, uint64_t heard)
{
	struct ord_far_clock trip = {.known = true,
				     .lo = (int64_t)(stamp - heard),
				     .hi = (int64_t)(stamp - sent),
				     .at = heard};
	struct ord_far_clock was = widened(c, heard);

	/* Where they contradict each other the far machine slept: what was known is void. */
	if (c->known && was.lo <= trip.hi && trip.lo <= was.hi) {
		trip.lo = was.lo > trip.lo ? was.lo : trip.lo;
		trip.hi = was.hi < trip.hi ? was.hi : trip.hi;
	}
	*c = trip;
}

void ord_far_clock_ours(const struct ord_far_clock *c, uint64_t stamp, uint64_t now,
			uint64_t *ret_lo, uint64_t *ret_hi)
{
	struct ord_far_clock w = widened(c, now);

	*ret_lo = stamp - (uint64_t)w.hi;
	*ret_hi = stamp - (uint64_t)w.lo;
}

bool ord_far_is(const struct ord_holder *h)
{
	return h->is_far;
}

void ord_far_instant(const struct ord_holder *h, uint64_t stamp, uint64_t *ret_lo, uint64_t *ret_hi)
{
	uint64_t now = ord_now_ns();

	*ret_lo = *ret_hi = stamp;
	if (!h->is_far)
		return;
	if (!h->far.clock.known) {
		*ret_lo = *ret_hi = now;
		return;
	}
	ord_far_clock_ours(&h->far.clock, stamp, now, ret_lo, ret_hi);
	/* It was told before it was heard. */
	*ret_hi = *ret_hi > now ? now : *ret_hi;
	*ret_lo = *ret_lo > *ret_hi ? *ret_hi : *ret_lo;
}

uint64_t ord_far_error_ns(const struct ord_holder *h)
{
	struct ord_far_clock w = widened(&h->far.clock, ord_now_ns());

	return h->is_far && w.known ? (uint64_t)(w.hi - w.lo) : 0;
}

int ord_far_beat(struct ord_holder *h, struct ord_err *err)
{
	uint64_t now = ord_now_ns();
	json_t *request;
	int r;

	if (!h->is_far || (!h->far.asked && now - h->far.asked_ns < BEAT_NS))
		return 0;
	if (h->far.asked && now - h->far.asked_ns > SILENCE_NS)
		return ord_fail(err, ORD_SYS, "'%.100s' has not answered for %d s", h->path,
				(int)(SILENCE_NS / ORD_S));
	if (h->far.asked)
		return 0;
	request = json_pack("{s:i, s:s}", "protocol", 1, "op", "hello");
	if (!request)
		return ord_fail_nomem(err);
	h->far.asked = true;
	h->far.asked_ns = now;
	r = ord_holder_send(h, request, err);
	json_decref(request);
	return r;
}

bool ord_far_heard(struct ord_holder *h, const struct json_t *event)
{
	const char *name = json_string_value(json_object_get(event, "event"));
	const json_t *at = json_object_get(event, "at_ns");

	if (!h->is_far || !name || strcmp(name, "hello") != 0)
		return false;
	if (h->far.asked && json_is_integer(at))
		ord_far_clock_take(&h->far.clock, h->far.asked_ns, (uint64_t)json_integer_value(at),
				   ord_now_ns());
	h->far.asked = false;
	return true;
}
