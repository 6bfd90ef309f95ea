/*
 * The API server's wall clock against ours. A Date header tells it in whole seconds: at some time
 * between the sending of the request and the arrival of the answer it lay within [Date, Date + 1
 * s). Each answer gives an interval, and what all of them have in common is what we know.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "kube/client.h"

#define DRIFT_PPM 100 /* two clocks that nobody steps may part by so much */

void kube_clock_seen(struct kube_seen *s, const char *date, int64_t sent_wall_ns,
		     int64_t first_wall_ns, uint64_t now_ns)
{
	time_t t = curl_getdate(date, NULL);
	int64_t at = (int64_t)t * (int64_t)ORD_S, lo, hi, drift;

	if (t < 0 || first_wall_ns < sent_wall_ns)
		return;
	lo = at - first_wall_ns;
	hi = at + (int64_t)ORD_S - sent_wall_ns;
	if (s->known) {
		drift = (int64_t)((now_ns - s->at_ns) / (1000000 / DRIFT_PPM));
		s->lo_ns -= drift;
		s->hi_ns += drift;
	}
	/* Nothing in common: one of the clocks was stepped. The newest is right. */
	if (!s->known || lo > s->hi_ns || hi < s->lo_ns) {
		*s = (struct kube_seen){.known = true, .lo_ns = lo, .hi_ns = hi, .at_ns = now_ns};
		return;
	}
	s->lo_ns = lo > s->lo_ns ? lo : s->lo_ns;
	s->hi_ns = hi < s->hi_ns ? hi : s->hi_ns;
	s->at_ns = now_ns;
}

bool kube_clock_offset(const struct kube *k, int64_t *ret_lo_ns, int64_t *ret_hi_ns)
{
	if (!k->clock.known)
		return false;
	*ret_lo_ns = k->clock.lo_ns;
	*ret_hi_ns = k->clock.hi_ns;
	return true;
}
