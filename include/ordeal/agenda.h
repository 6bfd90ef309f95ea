/*
 * The agenda of `ordeal serve`: what is due next among up to a million schedules, what is to be
 * done about it, and who must wait for whom. Pure: it has no clock, no file and no thread; the
 * caller says what time it is.
 *
 * Every instant that a schedule plans is dealt with once, in order: it is started, or it is
 * skipped for a reason that is told. How far that has come is the entry's cursor, a planned
 * instant and no time of day, so that a clock that is put back starts nothing again.
 */
#ifndef ORDEAL_AGENDA_H
#define ORDEAL_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/calendar.h"
#include "ordeal/err.h"

#define ORD_AGENDA_NONE UINT32_MAX
/* Later than this an instant was missed, and is up to `catchUp`: as late as a start by cron is. */
#define ORD_AGENDA_LATE_NS 60000000000ll
#define ORD_QUEUE_MAX	   16 /* runs of one schedule that wait for their turn */

struct ord_agenda;
int ord_agenda_new(struct ord_agenda **ret, struct ord_err *err);
void ord_agenda_free(struct ord_agenda *agenda); /* NULL is fine */

/* What is put on the agenda; all of it is borrowed for the call, and none of it the agenda's. */
struct ord_agenda_item {
	const char *name;		     /* unique; it and the seed decide what is random */
	const char *file;		     /* as the caller calls it */
	const struct ord_schedule *schedule; /* NULL or of kind NONE: it is never due */
	uint64_t seed;			     /* 0 where the file has none */
	/* The last planned instant that was dealt with, or the time from which on it counts. */
	int64_t cursor_ns;
	bool paused, skip_next;
};

/*
 * Adds it, or replaces the one of that name, which keeps its id. Ids are small numbers; those of
 * removed entries are given out again. On failure the agenda is as before; ORD_USAGE: the time
 * zone is not there, or an appointment is outside of the windows.
 */
int ord_agenda_put(struct ord_agenda *agenda, const struct ord_agenda_item *item, uint32_t *ret_id,
		   struct ord_err *err);
void ord_agenda_remove(struct ord_agenda *agenda, uint32_t id);
uint32_t ord_agenda_find(const struct ord_agenda *agenda,
			 const char *name); /* or ORD_AGENDA_NONE */
size_t ord_agenda_count(const struct ord_agenda *agenda);
/* All ids are below it; those that ord_agenda_name() knows nothing of are free. */
uint32_t ord_agenda_ids(const struct ord_agenda *agenda);
/* NULL: there is no such entry. Borrowed until the next put or remove. */
const char *ord_agenda_name(const struct ord_agenda *agenda, uint32_t id);
/* Its file; as snprintf() would return. */
int ord_agenda_file(const struct ord_agenda *agenda, uint32_t id, char *out, size_t size);

/* The name of its time zone, borrowed until the next put, and the zone (may be NULL); NULL: it has
 * no schedule. */
const char *ord_agenda_zone(const struct ord_agenda *agenda, uint32_t id,
			    const struct ord_zone **ret_zone);

struct ord_agenda_entry {
	int64_t cursor_ns;
	int64_t planned_ns, at_ns; /* the next that is not dealt with; ORD_NEVER: there is none */
	bool scheduled;		   /* else it is never due */
	bool paused, skip_next;
	enum ord_catch_up catch_up;
	uint32_t catch_up_max;
	enum ord_concurrency concurrency;
};
void ord_agenda_entry(const struct ord_agenda *agenda, uint32_t id, struct ord_agenda_entry *ret);
void ord_agenda_set(struct ord_agenda *agenda, uint32_t id, bool paused, bool skip_next);

/* The entry that is due first, and when; ORD_AGENDA_NONE: none ever. */
uint32_t ord_agenda_first(const struct ord_agenda *agenda, int64_t *ret_at_ns);

enum ord_skip {
	ORD_SKIP_CATCH_UP, /* it was missed, and `catchUp` leaves it out */
	ORD_SKIP_PAUSED,
	ORD_SKIP_NEXT,
	ORD_SKIP_HALTED,
	ORD_SKIP_FORBID,   /* one of it still runs */
	ORD_SKIP_QUEUE,	   /* too many of it wait already */
	ORD_SKIP_REPLACED, /* it waited, and a later one takes its place */
};
const char *ord_skip_name(enum ord_skip reason); /* "catch-up", "skip-next" */

struct ord_agenda_start {
	int64_t planned_ns, at_ns;
	bool catch_up; /* it was missed, else it is on time */
};

/* Planned instants that follow one another, and are not run. */
struct ord_agenda_skip {
	enum ord_skip reason;
	uint64_t n;
	int64_t first_ns, last_ns;
};

/* What is to be done about an entry that is due: skipped first, then started in their order. */
struct ord_agenda_due {
	uint32_t id;
	int64_t cursor_ns;   /* with this, all that was due is dealt with */
	bool skip_next;	     /* whether it is still to come */
	struct ord_due next; /* after the cursor, where it was computed; planned_ns 0: it was not */
	size_t n_skipped, n_start;
	struct ord_agenda_skip skipped[3];
	struct ord_agenda_start start[ORD_CATCH_UP_MAX + 1];
};

/*
 * What is due of an entry by now. false: nothing. However long it was not looked at, the work is
 * bounded. The agenda stays as it is: write down what follows, then ord_agenda_advance().
 */
bool ord_agenda_look(struct ord_agenda *agenda, uint32_t id, int64_t now_ns, bool halted,
		     struct ord_agenda_due *ret);
/* All that was due is dealt with. */
void ord_agenda_advance(struct ord_agenda *agenda, const struct ord_agenda_due *due);

/* One run to come. */
struct ord_agenda_run {
	uint32_t id;
	struct ord_due due;
};
/*
 * The first `max` runs of all entries in [from_ns, to_ns), by time; paused entries are in it as
 * well. Returns how many; *ret_more: there are others.
 */
size_t ord_agenda_calendar(struct ord_agenda *agenda, int64_t from_ns, int64_t to_ns,
			   struct ord_agenda_run *ret, size_t max, bool *ret_more);

enum ord_admission {
	ORD_ADMIT_START,
	ORD_ADMIT_QUEUE, /* after those of it that run or wait */
	/* Those that run are aborted, those that wait are skipped as replaced; it starts when all
	 * have ended. */
	ORD_ADMIT_REPLACE,
	ORD_ADMIT_SKIP, /* with the reason */
};
/* What a due run does while others of the same schedule run, or wait. */
enum ord_admission ord_agenda_admit(enum ord_concurrency concurrency, size_t running,
				    size_t waiting, enum ord_skip *ret_reason);

#endif
