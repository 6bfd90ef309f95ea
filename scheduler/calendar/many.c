/* Many schedules in little memory: what they say is packed, and kept once however many say it. */
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/rng.h"
#include "scheduler/calendar/calendar.h"

/* A schedule in few bytes, without holes, so that equal ones are equal bytes. */
struct packed {
	int64_t jitter_ns, every_ns, from_s;
	struct ord_cron cron;
	uint32_t zone, opening; /* by number */
	uint8_t kind, from_is_local, each, times;
	uint32_t n_at;
	struct ord_time at[ORD_APPOINTMENTS_MAX]; /* n_at of them */
};

struct opening {
	uint32_t n_windows, n_pauses;
	struct ord_window windows[ORD_WINDOWS_MAX];
	struct ord_pause pauses[ORD_PAUSES_MAX]; /* where the windows that are there end */
};

struct zone_named {
	char name[ORD_ZONE_MAX];
	struct ord_zone *zone; /* owned */
};

struct ord_calendars {
	struct ord_intern rules, openings;
	struct zone_named *zones; /* owned */
	uint32_t n_zones;
	/* What was asked for last, unpacked. */
	uint32_t loaded; /* 1 + its number; 0: nothing */
	struct ord_schedule schedule;
	struct ord_calendar calendar;
	struct packed packed;
	struct opening opening;
};

int ord_calendars_new(struct ord_calendars **ret, struct ord_err *err)
{
	struct ord_calendars *all = calloc(1, sizeof *all);

	if (!all)
		return ord_fail_nomem(err);
	*ret = all;
	return 0;
}

void ord_calendars_free(struct ord_calendars *all)
{
	if (!all)
		return;
	for (uint32_t i = 0; i < all->n_zones; i++)
		ord_zone_close(all->zones[i].zone);
	free(all->zones);
	ord_intern_done(&all->rules);
	ord_intern_done(&all->openings);
	free(all);
}

/* There are some hundred zones at most, and they stay open. */
static int zone_number(struct ord_calendars *all, const char *name, uint32_t *ret,
		       struct ord_err *err)
{
	struct zone_named *more;

	name = *name ? name : "UTC";
	for (*ret = 0; *ret < all->n_zones; ++*ret)
		if (!strcmp(all->zones[*ret].name, name))
			return 0;
	more = reallocarray(all->zones, all->n_zones + 1, sizeof *more);
	if (!more)
		return ord_fail_nomem(err);
	all->zones = more;
	more[all->n_zones] = (struct zone_named){0};
	if (ord_zone_open(name, &more[all->n_zones].zone, err))
		return -1;
	memcpy(more[all->n_zones++].name, name, strlen(name) + 1);
	return 0;
}

/* Field by field, as the bytes between them are nobody's. Returns its size. */
static size_t pack_opening(const struct ord_schedule *s, struct opening *out)
{
	char *end = (char *)out->windows;

	memset(out, 0, sizeof *out);
	out->n_windows = (uint32_t)s->n_windows;
	out->n_pauses = (uint32_t)s->n_pauses;
	for (size_t i = 0; i < s->n_windows; i++) {
		out->windows[i].weekdays = s->windows[i].weekdays;
		out->windows[i].from_s = s->windows[i].from_s;
		out->windows[i].to_s = s->windows[i].to_s;
		end += sizeof out->windows[i];
	}
	for (size_t i = 0; i < s->n_pauses; i++) {
		struct ord_pause p;

		memset(&p, 0, sizeof p);
		p.from_s = s->pauses[i].from_s;
		p.to_s = s->pauses[i].to_s;
		p.is_yearly = s->pauses[i].is_yearly;
		p.from_month = s->pauses[i].from_month;
		p.from_day = s->pauses[i].from_day;
		p.to_month = s->pauses[i].to_month;
		p.to_day = s->pauses[i].to_day;
		memcpy(end, &p, sizeof p);
		end += sizeof p;
	}
	return (size_t)(end - (char *)out);
}

static size_t pack(const struct ord_schedule *s, struct packed *out)
{
	memset(out, 0, sizeof *out);
	out->kind = (uint8_t)s->kind;
	out->jitter_ns = (int64_t)s->jitter_ns;
	if (s->kind == ORD_SCHEDULE_CRON)
		memcpy(&out->cron, &s->cron,
		       offsetof(struct ord_cron, any_weekday) + sizeof s->cron.any_weekday);
	if (s->kind == ORD_SCHEDULE_EVERY) {
		out->every_ns = (int64_t)s->every_ns;
		out->from_s = s->from.s;
		out->from_is_local = s->from.is_local;
	}
	if (s->kind == ORD_SCHEDULE_RANDOM) {
		out->each = (uint8_t)s->each;
		out->times = (uint8_t)s->times;
	}
	if (s->kind == ORD_SCHEDULE_AT)
		out->n_at = (uint32_t)s->n_at;
	for (size_t i = 0; i < out->n_at; i++) {
		out->at[i].s = s->at[i].s;
		out->at[i].is_local = s->at[i].is_local;
	}
	return offsetof(struct packed, at) + out->n_at * sizeof out->at[0];
}

int ord_calendars_add(struct ord_calendars *all, const struct ord_schedule *schedule,
		      uint32_t *ret_rule, struct ord_err *err)
{
	size_t size = pack(schedule, &all->packed);
	uint32_t zone, opening, rule, before = all->rules.n_held;

	all->loaded = 0;
	if (zone_number(all, schedule->zone, &zone, err) ||
	    calendar_begin(&all->calendar, schedule, all->zones[zone].zone, err) ||
	    ord_intern_add(&all->openings, &all->opening, pack_opening(schedule, &all->opening),
			   &opening, err))
		return -1;
	all->packed.zone = zone;
	all->packed.opening = opening;
	if (ord_intern_add(&all->rules, &all->packed, size, &rule, err)) {
		ord_intern_drop(&all->openings, opening);
		return -1;
	}
	/* Each rule holds its opening once. */
	if (all->rules.n_held == before)
		ord_intern_drop(&all->openings, opening);
	*ret_rule = rule;
	return 0;
}

void ord_calendars_drop(struct ord_calendars *all, uint32_t rule)
{
	const struct packed *p = ord_intern_get(&all->rules, rule, NULL);
	uint32_t opening = p->opening, before = all->rules.n_held;

	ord_intern_drop(&all->rules, rule);
	if (all->rules.n_held == before)
		return;
	ord_intern_drop(&all->openings, opening);
	all->loaded = 0;
}

const char *ord_calendars_zone(const struct ord_calendars *all, uint32_t rule,
			       const struct ord_zone **ret_zone)
{
	const struct packed *p = ord_intern_get(&all->rules, rule, NULL);

	if (ret_zone)
		*ret_zone = all->zones[p->zone].zone;
	return all->zones[p->zone].name;
}

static void unpack_opening(const struct ord_calendars *all, uint32_t number, struct ord_schedule *s)
{
	const char *data = ord_intern_get(&all->openings, number, NULL);
	uint32_t n[2];

	memcpy(n, data, sizeof n);
	s->n_windows = n[0];
	s->n_pauses = n[1];
	data += offsetof(struct opening, windows);
	memcpy(s->windows, data, n[0] * sizeof s->windows[0]);
	data += n[0] * sizeof s->windows[0];
	memcpy(s->pauses, data, n[1] * sizeof s->pauses[0]);
}

/* Into what the pool has for it: a schedule is kilobytes, most of them unused. */
static void load(struct ord_calendars *all, uint32_t rule)
{
	struct ord_schedule *s = &all->schedule;
	struct packed *p = &all->packed;
	size_t size;
	const void *data = ord_intern_get(&all->rules, rule, &size);
	struct ord_err err;

	memcpy(p, data, size);
	s->kind = p->kind;
	s->jitter_ns = (uint64_t)p->jitter_ns;
	s->cron = p->cron;
	s->every_ns = (uint64_t)p->every_ns;
	s->from = (struct ord_time){p->from_s, p->from_is_local};
	s->each = p->each;
	s->times = p->times;
	s->n_at = p->n_at;
	memcpy(s->at, p->at, p->n_at * sizeof s->at[0]);
	unpack_opening(all, p->opening, s);
	(void)calendar_begin(&all->calendar, s, all->zones[p->zone].zone, &err); /* did before */
	all->loaded = rule + 1;
}

const struct ord_calendar *ord_calendars_get(struct ord_calendars *all, uint32_t rule,
					     const char *name, uint64_t seed)
{
	if (all->loaded != rule + 1)
		load(all, rule);
	all->calendar.seed = ord_rng_derive(seed, name);
	return &all->calendar;
}
