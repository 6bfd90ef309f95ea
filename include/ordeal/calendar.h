/*
 * When experiments run: what a schedule says, and the instants that follow from it. The instants
 * depend on the schedule, its name, its seed and the time zone's rules alone, so that they can be
 * told beforehand and are the same after a restart.
 */
#ifndef ORDEAL_CALENDAR_H
#define ORDEAL_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

#define ORD_CRON_MAX	     256 /* an expression, with the NUL */
#define ORD_ZONE_MAX	     64	 /* a zone's name, with the NUL */
#define ORD_WINDOWS_MAX	     16
#define ORD_PAUSES_MAX	     64
#define ORD_APPOINTMENTS_MAX 64
#define ORD_DRAWS_MAX	     24 /* random instants a period */
#define ORD_NEVER	     INT64_MAX

/*
 * "Local seconds" are what a clock on the wall shows, as seconds since it showed 1970-01-01 00:00:
 * a day has 86400 of them, and no zone is in them.
 */

/* A cron expression as bits; what each means stands in ordeal-spec(5). */
struct ord_cron {
	uint64_t seconds, minutes;
	uint32_t hours, days;	   /* bit d: day d of the month */
	uint32_t last_days;	   /* bit n: n days before the last of the month */
	uint16_t months;	   /* bit m */
	uint8_t weekdays;	   /* bit w, 0 Sunday */
	uint8_t nth[6];		   /* weekdays: [1..5] the nth of the month, [0] the last */
	bool any_day, any_weekday; /* the field begins with '*' or is '?' */
};

/*
 * "MIN HOUR DAY MONTH WEEKDAY", the same after "SEC", or "@daily" and its like. -1: *err says what
 * is wrong and what would be right, *ret_at at which byte; an expression that can never come is
 * wrong.
 */
int ord_cron_parse(const char *text, struct ord_cron *ret, size_t *ret_at, struct ord_err *err);
/* The first that comes after the local second; ORD_NEVER: none in 400 years. */
int64_t ord_cron_next(const struct ord_cron *cron, int64_t local_s);

/* Whether it has the form of a zone's name; no name leads out of the database. */
bool ord_zone_named(const char *name);

struct ord_zone;
/*
 * Rules of a time zone, from the machine's copy of the IANA database (RFC 9636; $TZDIR, else
 * /usr/share/zoneinfo). "UTC" needs none. They are followed until the year 2200. The zone is the
 * caller's to close. ORD_USAGE: there is no such zone; ORD_SKIP: there is no database.
 */
int ord_zone_open(const char *name, struct ord_zone **ret, struct ord_err *err);
void ord_zone_close(struct ord_zone *zone); /* NULL is fine */
/* Seconds that local time is ahead of UTC at an instant. */
int32_t ord_zone_offset(const struct ord_zone *zone, int64_t utc_s);

enum ord_local {
	ORD_LOCAL_ONCE,
	ORD_LOCAL_NEVER, /* clocks are put forward over it */
	ORD_LOCAL_TWICE, /* clocks are put back over it */
};
/*
 * The instant of a local time: where it comes twice the first; where it never comes the next that
 * does, which is the change itself. ret_kind may be NULL.
 */
int64_t ord_zone_utc(const struct ord_zone *zone, int64_t local_s, enum ord_local *ret_kind);
/* The last local time whose ord_zone_utc() is not after the instant. */
int64_t ord_zone_passed(const struct ord_zone *zone, int64_t utc_s);

/* A time as it is written: an instant where its offset from UTC stands there, else local. */
struct ord_time {
	int64_t s; /* since 1970, UTC; or local seconds */
	bool is_local;
};

/* "2026-12-01T10:00", "2026-12-01T10:00:30", either with "Z" or "+01:00" after it, or a date, which
 * is its midnight. */
int ord_time_parse(const char *text, struct ord_time *ret, struct ord_err *err);

/* A part of each of these days, in local time. Beyond midnight it goes into the day after. */
struct ord_window {
	uint8_t weekdays;     /* bit w, 0 Sunday: the days on which it begins */
	int32_t from_s, to_s; /* of the day; from_s < to_s <= from_s + 86400 */
};

/* "mon-fri", "mon,wed", as in a cron expression's last field. */
int ord_weekdays_parse(const char *text, uint8_t *ret, struct ord_err *err);
/* "09:00", "24:00": seconds of a day. */
int ord_day_time_parse(const char *text, int32_t *ret_s, struct ord_err *err);

/* When nothing runs: [from_s, to_s) of local time, or some days of each year. */
struct ord_pause {
	int64_t from_s, to_s;
	bool is_yearly;
	uint8_t from_month, from_day, to_month, to_day; /* is_yearly: both included */
};

/* "2026-12-24", "2026-12-24..2027-01-02", "12-24..01-02" (each year),
 * "2026-12-24T18:00..2026-12-27T06:00". */
int ord_pause_parse(const char *text, struct ord_pause *ret, struct ord_err *err);

enum ord_schedule_kind {
	ORD_SCHEDULE_NONE,
	ORD_SCHEDULE_CRON,
	ORD_SCHEDULE_EVERY,
	ORD_SCHEDULE_AT,
	ORD_SCHEDULE_RANDOM,
};

/* What becomes of instants at which nobody was there to start it. */
enum ord_catch_up { ORD_CATCH_UP_SKIP, ORD_CATCH_UP_ONCE, ORD_CATCH_UP_ALL };
#define ORD_CATCH_UP_MAX 100

/* What it does at an instant at which it runs already. */
enum ord_concurrency { ORD_CONCURRENCY_FORBID, ORD_CONCURRENCY_QUEUE, ORD_CONCURRENCY_REPLACE };

enum ord_period { ORD_PERIOD_HOUR, ORD_PERIOD_DAY, ORD_PERIOD_WEEK };

struct ord_schedule {
	enum ord_schedule_kind kind;
	char cron_text[ORD_CRON_MAX];
	struct ord_cron cron;
	uint64_t every_ns;
	struct ord_time from; /* what `every` counts from */
	struct ord_time at[ORD_APPOINTMENTS_MAX];
	size_t n_at;
	enum ord_period each; /* random: so many instants in each */
	uint32_t times;
	char zone[ORD_ZONE_MAX];
	uint64_t jitter_ns;
	struct ord_window windows[ORD_WINDOWS_MAX]; /* none: always */
	size_t n_windows;
	struct ord_pause pauses[ORD_PAUSES_MAX];
	size_t n_pauses;
	/* Of `ordeal serve`; the instants do not depend on them. */
	enum ord_catch_up catch_up;
	uint32_t catch_up_max; /* ORD_CATCH_UP_ALL: the latest so many */
	enum ord_concurrency concurrency;
};

/*
 * Whether the whole of [from_s, to_s), UTC, lies within the windows and outside of the pauses of a
 * schedule. Else *ret_next_s is the first instant from which as long a time does; ORD_NEVER: none
 * within ten years.
 */
bool ord_schedule_covers(const struct ord_schedule *schedule, const struct ord_zone *zone,
			 int64_t from_s, int64_t to_s, int64_t *ret_next_s);

struct ord_calendar;

/*
 * Borrows the schedule. The name and the seed decide what is random in it. ORD_USAGE: a zone that
 * is not there, or an appointment outside of the windows.
 */
int ord_calendar_open(const struct ord_schedule *schedule, const char *name, uint64_t seed,
		      struct ord_calendar **ret, struct ord_err *err);
void ord_calendar_close(struct ord_calendar *calendar); /* NULL is fine */
const struct ord_zone *ord_calendar_zone(const struct ord_calendar *calendar);

/* One time that it runs; ns since 1970, UTC. */
struct ord_due {
	int64_t planned_ns;	 /* by which it is known, and before jitter */
	int64_t at_ns;		 /* when it runs: planned_ns, or up to jitter later */
	int64_t missing_local_s; /* the local time that was meant and does not exist; else
				    ORD_NEVER */
};

/* The first that is planned after the instant; false: none within ten years. */
bool ord_calendar_next(const struct ord_calendar *calendar, int64_t after_ns, struct ord_due *ret);

/* Planned instants of a span, counted. */
struct ord_count {
	uint64_t n;
	int64_t first_ns, last_ns; /* n > 0 */
};
/* Those planned after `after_ns` and not after `until_ns`. The work grows with the days and the
 * windows of the span, not with the instants; save for random ones. */
void ord_calendar_count(const struct ord_calendar *calendar, int64_t after_ns, int64_t until_ns,
			struct ord_count *ret);
/* The last `max` of them, in their order. Returns how many there are. */
size_t ord_calendar_last(const struct ord_calendar *calendar, int64_t after_ns, int64_t until_ns,
			 struct ord_due *ret, size_t max);

/*
 * Many schedules, of which most say the same: each text is held once, and each zone. What it gives
 * out is a number, which is held until as many drops as adds.
 */
struct ord_calendars;
int ord_calendars_new(struct ord_calendars **ret, struct ord_err *err);
void ord_calendars_free(struct ord_calendars *all); /* NULL is fine */
int ord_calendars_add(struct ord_calendars *all, const struct ord_schedule *schedule,
		      uint32_t *ret_rule, struct ord_err *err);
void ord_calendars_drop(struct ord_calendars *all, uint32_t rule);
/* Its time zone; both are borrowed, the name until the next add. ret_zone may be NULL. */
const char *ord_calendars_zone(const struct ord_calendars *all, uint32_t rule,
			       const struct ord_zone **ret_zone);
/* The calendar of one of them, of this name and seed; borrowed until the next call. */
const struct ord_calendar *ord_calendars_get(struct ord_calendars *all, uint32_t rule,
					     const char *name, uint64_t seed);

#endif
