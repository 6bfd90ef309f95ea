/* The instants of a schedule, one after the other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/civil.h"
#include "base/clock.h"
#include "base/rng.h"
#include "scheduler/calendar/calendar.h"
#include "scheduler/calendar/open.h"

#define S	   ((int64_t)ORD_S)
#define MS	   ((int64_t)ORD_MS)
#define YEARS	   10
#define HORIZON_S  (YEARS * 366ll * ORD_DAY_S)
#define SPANS_MAX  256 /* open spans in a period of a random schedule */
#define LABEL_SIZE 48

/* What is meant, before jitter. */
struct planned {
	int64_t ns, missing_local_s;
	int64_t open_until_s;
};

static int64_t utc_of(const struct ord_calendar *c, struct ord_time t)
{
	return t.is_local ? ord_zone_utc(c->zone, t.s, NULL) : t.s;
}

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static bool is_open(const struct ord_calendar *c, int64_t utc_s, struct span *ret)
{
	return open_span(c->schedule, c->zone, utc_s, ret) && ret->begin <= utc_s;
}

/* A person who names a time means it: one that windows forbid is a mistake. */
static int appointments(struct ord_calendar *c, struct ord_err *err)
{
	const struct ord_schedule *s = c->schedule;
	struct span span;
	char stamp[32];

	for (size_t i = 0; i < s->n_at; i++) {
		c->at_s[i] = utc_of(c, s->at[i]);
		ord_format_utc((uint64_t)(c->at_s[i] * S), stamp);
		if (!is_open(c, c->at_s[i], &span))
			return ord_fail(err, ORD_USAGE,
					"the time %s of 'at' is not within 'windows', or falls "
					"into 'except'",
					stamp);
	}
	qsort(c->at_s, s->n_at, sizeof c->at_s[0], compare);
	return 0;
}

int calendar_begin(struct ord_calendar *c, const struct ord_schedule *schedule,
		   const struct ord_zone *zone, struct ord_err *err)
{
	c->schedule = schedule;
	c->zone = zone;
	c->from_ns = utc_of(c, schedule->from) * S;
	return appointments(c, err);
}

int ord_calendar_open(const struct ord_schedule *schedule, const char *name, uint64_t seed,
		      struct ord_calendar **ret, struct ord_err *err)
{
	struct ord_calendar *c = calloc(1, sizeof *c);

	if (!c)
		return ord_fail_nomem(err);
	c->seed = ord_rng_derive(seed, name);
	if (ord_zone_open(*schedule->zone ? schedule->zone : "UTC", &c->own, err) ||
	    calendar_begin(c, schedule, c->own, err)) {
		ord_calendar_close(c);
		return -1;
	}
	*ret = c;
	return 0;
}

void ord_calendar_close(struct ord_calendar *calendar)
{
	if (calendar)
		ord_zone_close(calendar->own);
	free(calendar);
}

const struct ord_zone *ord_calendar_zone(const struct ord_calendar *calendar)
{
	return calendar->zone;
}

static bool next_cron(const struct ord_calendar *c, int64_t after_ns, struct planned *ret)
{
	int64_t after_s = div_floor(after_ns, S), local_s = ord_zone_passed(c->zone, after_s);
	enum ord_local kind;
	struct span span;
	int64_t utc_s;

	for (;;) {
		local_s = ord_cron_next(&c->schedule->cron, local_s);
		if (local_s == ORD_NEVER || local_s > after_s + HORIZON_S)
			return false;
		utc_s = ord_zone_utc(c->zone, local_s, &kind);
		if (!open_span(c->schedule, c->zone, utc_s, &span))
			return false;
		if (span.begin <= utc_s)
			break;
		local_s = ord_zone_passed(c->zone, span.begin - 1);
	}
	*ret = (struct planned){utc_s * S, kind == ORD_LOCAL_NEVER ? local_s : ORD_NEVER, span.end};
	return true;
}

static bool next_every(const struct ord_calendar *c, int64_t after_ns, struct planned *ret)
{
	int64_t every = (int64_t)c->schedule->every_ns, end_ns = after_ns + HORIZON_S * S;
	int64_t ns = after_ns, utc_s;
	struct span span;

	if (ns < c->from_ns - 1)
		ns = c->from_ns - 1;
	for (;;) {
		ns = c->from_ns + (div_floor(ns - c->from_ns, every) + 1) * every;
		utc_s = div_floor(ns, S);
		if (ns > end_ns || !open_span(c->schedule, c->zone, utc_s, &span))
			return false;
		if (span.begin <= utc_s)
			break;
		ns = span.begin * S - 1;
	}
	*ret = (struct planned){ns, ORD_NEVER, span.end};
	return true;
}

static bool next_at(const struct ord_calendar *c, int64_t after_ns, struct planned *ret)
{
	for (size_t i = 0; i < c->schedule->n_at; i++) {
		struct span span;

		if (c->at_s[i] * S <= after_ns || !is_open(c, c->at_s[i], &span))
			continue;
		*ret = (struct planned){c->at_s[i] * S, ORD_NEVER, span.end};
		return true;
	}
	return false;
}

/* The local time at which the period of a local time begins; weeks begin on Mondays. */
static int64_t period_begin(enum ord_period each, int64_t local_s)
{
	int64_t day = ord_day_of(local_s);

	switch (each) {
	case ORD_PERIOD_HOUR:
		return div_floor(local_s, 3600) * 3600;
	case ORD_PERIOD_DAY:
		return day * ORD_DAY_S;
	case ORD_PERIOD_WEEK:
		break;
	}
	return (day - (ord_weekday(day) + 6) % 7) * ORD_DAY_S;
}

static int64_t period_size(enum ord_period each)
{
	return each == ORD_PERIOD_HOUR ? 3600 : each == ORD_PERIOD_DAY ? ORD_DAY_S : 7 * ORD_DAY_S;
}

/* The open parts of a period, and how many seconds they have together. */
static size_t open_parts(const struct ord_calendar *c, struct span period,
			 struct span parts[static SPANS_MAX], int64_t *ret_sum_s)
{
	int64_t at = period.begin, sum = 0;
	struct span part;
	size_t n = 0;

	while (n < SPANS_MAX && at < period.end && open_span(c->schedule, c->zone, at, &part) &&
	       part.begin < period.end) {
		if (part.begin < period.begin)
			part.begin = period.begin;
		if (part.end > period.end)
			part.end = period.end;
		sum += part.end - part.begin;
		parts[n++] = part;
		at = part.end;
	}
	*ret_sum_s = sum;
	return n;
}

/* The instants of a period in milliseconds, ascending; 0: it has no open part. */
static size_t draw(const struct ord_calendar *c, int64_t local_s,
		   int64_t ret_ms[static ORD_DRAWS_MAX])
{
	struct span parts[SPANS_MAX], period;
	char label[LABEL_SIZE];
	struct ord_rng rng;
	int64_t sum_s;
	size_t n_parts;

	period.begin = ord_zone_utc(c->zone, local_s, NULL);
	period.end = ord_zone_utc(c->zone, local_s + period_size(c->schedule->each), NULL);
	n_parts = open_parts(c, period, parts, &sum_s);
	if (!n_parts)
		return 0;
	(void)snprintf(label, sizeof label, "random %lld", (long long)local_s);
	ord_rng_init(&rng, ord_rng_derive(c->seed, label));
	for (size_t i = 0; i < c->schedule->times; i++) {
		int64_t ms = (int64_t)ord_rng_below(&rng, (uint64_t)sum_s * 1000);
		size_t k = 0;

		for (; k + 1 < n_parts && ms >= (parts[k].end - parts[k].begin) * 1000; k++)
			ms -= (parts[k].end - parts[k].begin) * 1000;
		ret_ms[i] = parts[k].begin * 1000 + ms;
	}
	qsort(ret_ms, c->schedule->times, sizeof *ret_ms, compare);
	return c->schedule->times;
}

static bool next_random(const struct ord_calendar *c, int64_t after_ns, struct planned *ret)
{
	int64_t after_s = div_floor(after_ns, S), ms[ORD_DRAWS_MAX];
	int64_t local_s = period_begin(c->schedule->each, ord_zone_passed(c->zone, after_s));
	struct span span;

	while (local_s < after_s + HORIZON_S) {
		size_t n = draw(c, local_s, ms);

		for (size_t i = 0; i < n; i++)
			if (ms[i] * MS > after_ns) {
				*ret = (struct planned){ms[i] * MS, ORD_NEVER, ORD_NEVER};
				return true;
			}
		local_s += period_size(c->schedule->each);
		/* On to where it is open: years may be paused. */
		if (!open_span(c->schedule, c->zone, ord_zone_utc(c->zone, local_s, NULL), &span))
			return false;
		if (ord_zone_passed(c->zone, span.begin) > local_s)
			local_s = period_begin(c->schedule->each,
					       ord_zone_passed(c->zone, span.begin));
	}
	return false;
}

static bool next_planned(const struct ord_calendar *c, int64_t after_ns, struct planned *ret)
{
	switch (c->schedule->kind) {
	case ORD_SCHEDULE_NONE:
		break;
	case ORD_SCHEDULE_CRON:
		return next_cron(c, after_ns, ret);
	case ORD_SCHEDULE_EVERY:
		return next_every(c, after_ns, ret);
	case ORD_SCHEDULE_AT:
		return next_at(c, after_ns, ret);
	case ORD_SCHEDULE_RANDOM:
		return next_random(c, after_ns, ret);
	}
	return false;
}

/* So much at least lies between two instants, where that can be told at a glance. */
static int64_t gap_ms(const struct ord_schedule *s)
{
	if (s->kind == ORD_SCHEDULE_EVERY)
		return (int64_t)s->every_ns / MS;
	if (s->kind != ORD_SCHEDULE_CRON || __builtin_popcountll(s->cron.seconds) > 1)
		return 0;
	if (__builtin_popcountll(s->cron.minutes) > 1)
		return 60 * 1000;
	/* Less than an hour or a day by what clocks are put forward. */
	return __builtin_popcount(s->cron.hours) > 1 ? 1800 * 1000 : ORD_DAY_S / 2 * 1000;
}

/* Jitter ends where the windows do, and before the next instant: runs keep their order. */
static int64_t delayed(const struct ord_calendar *c, const struct planned *p)
{
	int64_t room_ms = (int64_t)c->schedule->jitter_ns / MS;
	struct planned next;
	char label[LABEL_SIZE];
	struct ord_rng rng;

	if (room_ms > gap_ms(c->schedule) && next_planned(c, p->ns, &next) &&
	    room_ms > (next.ns - p->ns) / MS)
		room_ms = (next.ns - p->ns) / MS;
	if (room_ms > p->open_until_s * 1000 - p->ns / MS)
		room_ms = p->open_until_s * 1000 - p->ns / MS;
	if (room_ms <= 0)
		return p->ns;
	(void)snprintf(label, sizeof label, "jitter %lld", (long long)p->ns);
	ord_rng_init(&rng, ord_rng_derive(c->seed, label));
	return p->ns + (int64_t)ord_rng_below(&rng, (uint64_t)room_ms) * MS;
}

bool ord_calendar_next(const struct ord_calendar *calendar, int64_t after_ns, struct ord_due *ret)
{
	struct planned p;

	if (!next_planned(calendar, after_ns, &p))
		return false;
	*ret = (struct ord_due){p.ns, delayed(calendar, &p), p.missing_local_s};
	return true;
}
