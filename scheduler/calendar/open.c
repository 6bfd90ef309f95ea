/* Windows and pauses are local times; as later local times are never earlier instants, all of them
 * are compared as such, and only the result becomes UTC. */
#include "scheduler/calendar/open.h"

#include "base/civil.h"

#define YEARS	  10
#define YEAR_S	  (366ll * ORD_DAY_S)
#define TURNS_MAX 20000 /* windows and pauses that are gone through in a search */

struct range {
	int64_t from, to;
};

static bool holds(struct range r, int64_t s)
{
	return s >= r.from && s < r.to;
}

static struct range window_on(const struct ord_window *w, int64_t day)
{
	return (struct range){day * ORD_DAY_S + w->from_s, day * ORD_DAY_S + w->to_s};
}

/* When the windows that are open at a local time close; the time itself: none is. */
static int64_t window_end(const struct ord_schedule *schedule, int64_t local_s)
{
	int64_t day = ord_day_of(local_s), end = local_s;

	for (size_t i = 0; i < schedule->n_windows; i++)
		for (int64_t d = day - 1; d <= day; d++) {
			const struct ord_window *w = &schedule->windows[i];
			struct range r = window_on(w, d);

			if (w->weekdays >> ord_weekday(d) & 1 && holds(r, local_s) && r.to > end)
				end = r.to;
		}
	return end;
}

/* When the next window opens; ORD_NEVER: there is none. */
static int64_t window_begin(const struct ord_schedule *schedule, int64_t local_s)
{
	int64_t day = ord_day_of(local_s), begin = ORD_NEVER;

	for (size_t i = 0; i < schedule->n_windows; i++)
		for (int64_t d = day; d <= day + 7; d++) {
			const struct ord_window *w = &schedule->windows[i];
			struct range r = window_on(w, d);

			if (w->weekdays >> ord_weekday(d) & 1 && r.from > local_s && r.from < begin)
				begin = r.from;
		}
	return begin;
}

/* The pause that begins in a year; 29 February is in leap years alone. */
static struct range pause_in(const struct ord_pause *p, int32_t year)
{
	bool wraps = p->to_month < p->from_month ||
		     (p->to_month == p->from_month && p->to_day < p->from_day);
	struct ord_date to = {year + wraps, p->to_month, p->to_day};
	int64_t from;

	if (!p->is_yearly)
		return (struct range){p->from_s, p->to_s};
	from = ord_days_of((struct ord_date){year, p->from_month, 1}) + p->from_day - 1;
	if (to.day > ord_month_days(to.year, to.month))
		to.day = (uint8_t)ord_month_days(to.year, to.month);
	return (struct range){from * ORD_DAY_S, (ord_days_of(to) + 1) * ORD_DAY_S};
}

/* When the pauses at a local time end; the time itself: there is none. */
static int64_t pause_end(const struct ord_schedule *schedule, int64_t local_s)
{
	int32_t year = ord_date_of(ord_day_of(local_s)).year;
	int64_t end = local_s;

	for (size_t i = 0; i < schedule->n_pauses; i++)
		for (int32_t y = year - 1; y <= year; y++) {
			struct range r = pause_in(&schedule->pauses[i], y);

			if (holds(r, local_s) && r.to > end)
				end = r.to;
		}
	return end;
}

static int64_t pause_begin(const struct ord_schedule *schedule, int64_t local_s)
{
	int32_t year = ord_date_of(ord_day_of(local_s)).year;
	int64_t begin = ORD_NEVER;

	for (size_t i = 0; i < schedule->n_pauses; i++)
		for (int32_t y = year; y <= year + 1; y++) {
			struct range r = pause_in(&schedule->pauses[i], y);

			if (r.from > local_s && r.from < r.to && r.from < begin)
				begin = r.from;
		}
	return begin;
}

/* The first open local time from this one on; ORD_NEVER: none in ten years. */
static int64_t local_open(const struct ord_schedule *schedule, int64_t local_s)
{
	int64_t limit = local_s + YEARS * YEAR_S, next;

	for (unsigned turn = 0; turn < TURNS_MAX && local_s < limit; turn++) {
		next = pause_end(schedule, local_s);
		if (next == local_s && schedule->n_windows &&
		    window_end(schedule, local_s) == local_s)
			next = window_begin(schedule, local_s);
		if (next == local_s)
			return local_s;
		local_s = next;
	}
	return ORD_NEVER;
}

static int64_t local_close(const struct ord_schedule *schedule, int64_t local_s)
{
	int64_t end = schedule->n_windows ? local_s : local_s + YEARS * YEAR_S, next;
	int64_t paused = pause_begin(schedule, local_s);

	/* Windows that meet are one. */
	while (schedule->n_windows && end < paused && end < local_s + YEAR_S &&
	       (next = window_end(schedule, end)) > end)
		end = next;
	return end < paused ? end : paused;
}

bool open_span(const struct ord_schedule *schedule, const struct ord_zone *zone, int64_t utc_s,
	       struct span *ret)
{
	/* What clocks show a second time has passed: it neither opens nor closes anything again. */
	int64_t local_s = ord_zone_passed(zone, utc_s);
	struct span span;

	if (!schedule->n_windows && !schedule->n_pauses) {
		*ret = (struct span){utc_s, utc_s + YEARS * YEAR_S};
		return true;
	}
	while ((local_s = local_open(schedule, local_s)) != ORD_NEVER) {
		int64_t close = local_close(schedule, local_s);

		span = (struct span){ord_zone_utc(zone, local_s, NULL),
				     ord_zone_utc(zone, close, NULL)};
		if (span.end > utc_s && span.end > span.begin) {
			*ret = span;
			return true;
		}
		local_s = close;
	}
	return false;
}

/* The first open time of that length from an instant on: where it begins. */
static int64_t first_fit(const struct ord_schedule *schedule, const struct ord_zone *zone,
			 int64_t from_s, int64_t length_s)
{
	int64_t begin = from_s, at_s = from_s;
	struct span span;

	for (unsigned turn = 0; turn < TURNS_MAX && at_s < from_s + YEARS * YEAR_S; turn++) {
		if (!open_span(schedule, zone, at_s, &span))
			return ORD_NEVER;
		/* One that goes on where the last ended is the same. */
		if (span.begin > at_s)
			begin = span.begin;
		if (span.end - begin >= length_s)
			return begin;
		at_s = span.end;
	}
	return ORD_NEVER;
}

bool ord_schedule_covers(const struct ord_schedule *schedule, const struct ord_zone *zone,
			 int64_t from_s, int64_t to_s, int64_t *ret_next_s)
{
	int64_t next = first_fit(schedule, zone, from_s, to_s - from_s);

	if (next == from_s)
		return true;
	*ret_next_s = next;
	return false;
}
