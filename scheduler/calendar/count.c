/* How many instants there are in a span, and the last of them, without going through them all. */
#include "base/civil.h"
#include "base/clock.h"
#include "scheduler/calendar/calendar.h"
#include "scheduler/calendar/cron.h"
#include "scheduler/calendar/open.h"
#include "scheduler/calendar/zone.h"

#define S ((int64_t)ORD_S)

/* Instants in the local times [from, to). */
static uint64_t cron_count(const struct ord_cron *cron, int64_t from_s, int64_t to_s)
{
	int64_t first = ord_day_of(from_s), last = ord_day_of(to_s);
	uint64_t n = 0;

	if (to_s <= from_s)
		return 0;
	if (cron_on(cron, last))
		n += cron_times(cron, (uint32_t)(to_s - last * ORD_DAY_S));
	if (cron_on(cron, first))
		n -= cron_times(cron, (uint32_t)(from_s - first * ORD_DAY_S));
	return n + cron_days_count(cron, first, last) * cron_times(cron, ORD_DAY_S);
}

/* Local times that do not exist are all the change itself: one instant, however many. */
static uint64_t merged(const struct ord_calendar *c, int64_t from_s, int64_t to_s)
{
	const struct ord_zone *z = c->zone;
	uint64_t n = 0;

	for (size_t i = zone_changes_until(z, from_s - 1); i < z->n && z->changes[i].utc_s < to_s;
	     i++) {
		int32_t before = i ? z->changes[i - 1].offset_s : z->first_s;
		int64_t at_s = z->changes[i].utc_s;
		uint64_t k = cron_count(&c->schedule->cron, at_s + before,
					at_s + z->changes[i].offset_s + 1);

		n += k ? k - 1 : 0;
	}
	return n;
}

/* Of cron, in an open span of UTC. */
static uint64_t cron_number(const struct ord_calendar *c, struct span span)
{
	int64_t from_s = ord_zone_passed(c->zone, span.begin - 1) + 1,
		to_s = ord_zone_passed(c->zone, span.end - 1) + 1;

	return cron_count(&c->schedule->cron, from_s, to_s) - merged(c, span.begin, span.end);
}

/* Of `every`, in [from, to). */
static uint64_t every_number(const struct ord_calendar *c, int64_t from_ns, int64_t to_ns)
{
	int64_t every = (int64_t)c->schedule->every_ns;
	int64_t from = from_ns > c->from_ns ? from_ns - c->from_ns : 0, to = to_ns - c->from_ns;

	if (to <= 0 || to <= from)
		return 0;
	return (uint64_t)((to + every - 1) / every - (from + every - 1) / every);
}

/* Those that next_cron() and next_every() would tell after `after_ns` until `until_ns`. */
static uint64_t number_open(const struct ord_calendar *c, int64_t after_ns, int64_t until_ns)
{
	bool cron = c->schedule->kind == ORD_SCHEDULE_CRON;
	int64_t after_s = div_floor(after_ns, S), until_s = div_floor(until_ns, S);
	int64_t at_s = cron ? after_s + 1 : after_s;
	struct span span;
	uint64_t n = 0;

	while (at_s <= until_s && open_span(c->schedule, c->zone, at_s, &span) &&
	       span.begin <= until_s) {
		int64_t next_s = span.end;

		if (span.begin < at_s)
			span.begin = at_s;
		if (span.end > until_s + 1)
			span.end = until_s + 1;
		if (cron)
			n += cron_number(c, span);
		else
			n += every_number(c,
					  span.begin * S > after_ns ? span.begin * S : after_ns + 1,
					  span.end * S <= until_ns ? span.end * S : until_ns + 1);
		at_s = next_s;
	}
	return n;
}

static uint64_t number(const struct ord_calendar *c, int64_t after_ns, int64_t until_ns)
{
	struct ord_due due;
	uint64_t n = 0;

	if (until_ns <= after_ns)
		return 0;
	if (c->schedule->kind == ORD_SCHEDULE_CRON || c->schedule->kind == ORD_SCHEDULE_EVERY)
		return number_open(c, after_ns, until_ns);
	while (ord_calendar_next(c, after_ns, &due) && due.planned_ns <= until_ns) {
		after_ns = due.planned_ns;
		n++;
	}
	return n;
}

/* An instant after which there are `want` of them, or few more; or `after_ns`. */
static int64_t back(const struct ord_calendar *c, int64_t after_ns, int64_t until_ns, size_t want)
{
	int64_t step = S, lo, hi;

	for (lo = hi = until_ns; lo > after_ns; step *= 2) {
		hi = lo;
		lo = until_ns - after_ns > step ? until_ns - step : after_ns;
		if (number(c, lo, until_ns) >= want)
			break;
	}
	while (hi - lo > S) {
		int64_t mid = lo + (hi - lo) / 2;
		uint64_t n = number(c, mid, until_ns);

		if (n == want)
			return mid;
		if (n > want)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

size_t ord_calendar_last(const struct ord_calendar *calendar, int64_t after_ns, int64_t until_ns,
			 struct ord_due *ret, size_t max)
{
	int64_t at_ns = back(calendar, after_ns, until_ns, max);
	struct ord_due due;
	size_t n = 0;

	while (max && ord_calendar_next(calendar, at_ns, &due) && due.planned_ns <= until_ns) {
		at_ns = due.planned_ns;
		if (n == max) {
			for (size_t i = 1; i < max; i++)
				ret[i - 1] = ret[i];
			n--;
		}
		ret[n++] = due;
	}
	return n;
}

void ord_calendar_count(const struct ord_calendar *calendar, int64_t after_ns, int64_t until_ns,
			struct ord_count *ret)
{
	struct ord_due due;

	*ret = (struct ord_count){.n = number(calendar, after_ns, until_ns)};
	if (ret->n && ord_calendar_next(calendar, after_ns, &due))
		ret->first_ns = due.planned_ns;
	if (ret->n && ord_calendar_last(calendar, after_ns, until_ns, &due, 1))
		ret->last_ns = due.planned_ns;
}
