/* What the parts of the daemon share: its tables, and what each part does to them. */
#ifndef ORDEAL_SERVE_PRIVATE_H
#define ORDEAL_SERVE_PRIVATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "base/clock.h"
#include "ordeal/agenda.h"
#include "ordeal/child.h"
#include "ordeal/locks.h"
#include "ordeal/pick.h"
#include "ordeal/serve.h"
#include "ordeal/spec.h"
#include "scheduler/serve/journal.h"
#include "scheduler/serve/late.h"
#include "scheduler/serve/texts.h"

#define SERVE_PATH_MAX 4096

/*
 * What the agenda does not hold of a schedule; found by its id there. That of a few is in memory,
 * that of all in their texts on the disk.
 */
struct entry {
	struct entry *next, *before; /* of those in memory */
	char *text;		     /* owned; the last good version */
	size_t size;
	char sha256[65];
	char *file;		/* owned; its name below the folder */
	char *schedule;		/* owned; "cron 0 10 * * mon-fri, Europe/Berlin"; "": it has none */
	struct ord_pick *pick;	/* owned; NULL: an experiment, else it draws one */
	uint32_t gameday_steps; /* of a game day, which people hold; 0: it is none */
	json_t *labels;		/* owned */
	json_t *last;		/* owned; how the last run ended, NULL: none yet */
	uint64_t patience_ns;	/* longer than this no run of it takes */
	uint64_t version;	/* of all entries: another text has another */
	uint32_t id;		/* its own */
	uint32_t running, waiting, runs; /* runs: those too that wait for their instant */
	json_t *noted;			 /* owned; the `last` that is on the disk, too */
	bool used;			 /* since those in memory were looked through */
};

enum run_state {
	RUN_CLAIMED, /* written down, and waits for its instant */
	RUN_QUEUED,  /* waits for others */
	RUN_RUNNING,
	RUN_ENDING, /* was asked to end */
};

enum run_reason { RUN_SCHEDULE, RUN_CATCH_UP, RUN_NOW };

/* A dispatch, from its claim to its end. */
struct run {
	struct ord_serve *serve;
	struct run *next, *before;
	struct run *later, *sooner; /* of those that wait for their instant */
	uint64_t key;
	uint32_t id; /* its schedule; ORD_AGENDA_NONE: taken off meanwhile */
	char name[ORD_NAME_MAX];
	enum run_reason reason;
	int64_t planned_ns, at_ns, since_ns;
	enum run_state state;
	uint64_t mark; /* of its claim in the journal; 0: it is not in there yet */
	struct ord_child *child;
	struct ord_child *warm; /* waits for the instant; becomes the child then */
	uint64_t warm_version;	/* of the text that it has read; 0: none was prepared */
	struct run *next_untold;
	bool untold; /* that it has begun */
	bool queued; /* it waited for others, and is not late for that */
	char dir[SERVE_PATH_MAX];
	char waits_for[ORD_NAME_MAX + ORD_CLAIM_TEXT + 32];
	struct ord_claims *claims;   /* owned; its targets, until it asks for them */
	uint64_t version;	     /* of the text that they are of */
	bool wanted, held;	     /* it has asked for them, and has them */
	struct ord_child_look *look; /* owned; counts since the last strip */
	int64_t phase_since_ns;
	uint64_t asked_boot_ns, ends_boot_ns; /* when it was asked to end, and is at the latest */
	bool named;			      /* its folder is in the journal */
};

struct ord_serve {
	struct ord_serve_options options;
	char dir[SERVE_PATH_MAX], state[SERVE_PATH_MAX], runs_dir[SERVE_PATH_MAX];
	char id[17]; /* of the journal */
	sd_event *loop;
	int state_fd, lock_fd;
	int64_t since_ns;
	struct ord_agenda *agenda;
	struct ord_locks *locks;
	struct texts *texts; /* NULL: they stay in memory */
	struct rows *rows;
	struct files *files;
	struct look *look; /* the folder is being looked through; NULL: it is not */
	struct watch *watch;
	struct tenure *tenure; /* NULL: no Lease is asked for */

	struct journal *journal;
	json_t *gamedays; /* owned: of the folder, by name */
	json_t *kept;	  /* what the journal says of schedules that are not there (yet), by name */
	uint64_t synced, next_key, next_version;
	char history_dir[SERVE_PATH_MAX];
	bool history_told;   /* that it takes nothing */
	bool history_behind; /* of it something may not be on the disk */
	json_t *history_due; /* what it is to take yet: struct ord_missed as objects */

	struct run *first, *last;	  /* by the instants at which they start */
	struct run *soonest, *latest;	  /* of them those that wait for it */
	struct run *untold, *last_untold; /* those that have begun, which was not told yet */
	size_t n_running, n_queued, n_warm;
	struct ord_spawner *spawner;
	const struct run *warming; /* is just being started ahead of its instant; NULL: none is */
	int64_t claim_until_ns;	   /* of the batch of claims that is just written; 0: none is */
	unsigned n_claiming;	   /* of it, not yet synced */
	bool freed;		   /* what those that are queued wait for may be there */
	struct late late;

	int timer; /* CLOCK_REALTIME */
	sd_event_source *timed, *tick, *strips, *hurry, *ahead;
	int64_t wall_less_boot_ns;  /* at the last look: a step changes it */
	uint64_t boot_less_mono_ns; /* a suspend does */
	uint64_t n_steps;
	int64_t last_step_ns;

	bool ready; /* the journal is */
	bool halted, marked, stopping;
	bool clearing;		  /* our own `ordeal resume` is on its way */
	unsigned n_commands;	  /* `ordeal halt` and `ordeal resume` that run */
	const char *next_command; /* one of them, when those have ended; NULL: none */
	int64_t halted_since_ns;
	char halted_by[96];
	uint64_t stopped_boot_ns;

	struct words *words; /* that runs were told, and have not answered yet */
	void (*event)(void *arg, const char *type, const json_t *data);
	void *event_arg;
	uint32_t flushed; /* ids, round and round */
	uint64_t said_window_ns;
	unsigned n_said, n_unsaid;
};

/* ---- say.c: standard error, and who listens */
__attribute__((format(printf, 2, 3))) void serve_say(struct ord_serve *s, const char *fmt, ...);
/* The data is taken. */
void serve_emit(struct ord_serve *s, const char *type, json_t *data);
/* Planned instants that are not run, from the first to the last. */
void serve_skipped(struct ord_serve *s, const char *name, int64_t first_ns, int64_t last_ns,
		   uint64_t times, const char *reason);
/* Who asked for what, in a file of its own. */
void serve_record(struct ord_serve *s, const char *what, const char *name, const char *who);

/* ---- entry.c */
struct mistake {
	char text[512];
	unsigned line, column;
};
struct read {
	char name[ORD_NAME_MAX];
	struct ord_schedule schedule;
	uint64_t seed;
	struct entry *entry; /* owned */
};
/* An experiment that could be run. The text is taken in any case. */
int entry_read(char *text, size_t size, const char *file, struct read *ret,
	       struct mistake *ret_why);
void entry_free(struct entry *e); /* NULL is fine */
/* What a run of it takes: ord_claims_done. */
int entry_claims(const struct entry *e, struct ord_claims *ret, struct ord_err *err);
/* The experiment that is meant by an item of a pick; NULL: it is not in the folder. */
struct entry *entry_meant(const struct ord_serve *s, const struct ord_pick_item *item);
/* What is run at a planned instant: of an experiment itself. NULL: what was drawn is not there. */
struct entry *entry_drawn(const struct ord_serve *s, struct entry *e, int64_t planned_ns);
/* Borrowed until the folder changes. */
const char *entry_name(const struct ord_serve *s, const struct entry *e);
/* Whether all are there that it may draw; else why. */
bool entry_complete(const struct ord_serve *s, const struct entry *e, struct mistake *ret_why);

/* ---- rows.c: the schedules that there are, by their ids */
int rows_open(struct ord_serve *s, struct ord_err *err);
void rows_done(struct ord_serve *s);
bool store_has(const struct ord_serve *s, uint32_t id);
/*
 * It is read from the disk where it is not in memory; there until the loop's next turn, and as long
 * as it has runs. NULL: there is none.
 */
struct entry *store_entry(const struct ord_serve *s, uint32_t id);
/* The same of what will not be asked for again soon: *ret_owned is the caller's where it is set. */
struct entry *store_peek(const struct ord_serve *s, uint32_t id, struct entry **ret_owned);
struct entry *rows_cached(const struct ord_serve *s, uint32_t id); /* NULL: not in memory */
/* How its last run ended; owned, NULL: none yet. */
json_t *store_last(const struct ord_serve *s, uint32_t id);
/* Of those in memory, among which are all that draw others: the first; `next` follows. */
struct entry *rows_first(const struct ord_serve *s);
/* A new one, or in the place of the one there, whose runs and last end it takes over. Taken where
 * it succeeds. */
int rows_put(struct ord_serve *s, uint32_t id, struct entry *e, uint32_t ident,
	     struct ord_err *err);
void rows_drop(struct ord_serve *s, uint32_t id);
uint32_t rows_ident(const struct ord_serve *s, uint32_t id); /* of its file when it was read */
void rows_set_ident(struct ord_serve *s, uint32_t id, uint32_t ident);
enum { ROW_THERE = 1, ROW_SEEN = 2, ROW_CHANGED = 4, ROW_FREE = 8 };
bool row_is(const struct ord_serve *s, uint32_t id, unsigned flag);
void row_set(struct ord_serve *s, uint32_t id, unsigned flag, bool on);
/* The first id from this one on that has the flag, or ORD_AGENDA_NONE. */
uint32_t rows_with(const struct ord_serve *s, uint32_t from, unsigned flag);
/* When nobody holds an entry: all but those used last go from memory. */
void rows_trim(struct ord_serve *s);

/* ---- files.c: what a file of the folder stands for */
/* A file of which there is more to say than that it stands for a schedule. */
struct odd {
	char *name;    /* owned */
	char *message; /* owned; what is wrong with it now, NULL: not known yet */
	unsigned line, column;
	uint32_t ident;	 /* when it was read; 0: it is to be read again in any case */
	uint32_t before; /* where its last good text is among those of the daemon before */
	bool seen;
};
struct found {
	uint32_t id; /* ORD_AGENDA_NONE: it stands for none */
	struct odd *odd;
};
int files_open(struct ord_serve *s, struct ord_err *err);
void files_done(struct ord_serve *s);
struct found files_find(const struct ord_serve *s, const char *name);
/* Where there is one already, that. NULL: out of memory. */
struct odd *files_add_odd(struct ord_serve *s, const char *name);
void files_drop_odd(struct ord_serve *s, struct odd *odd);
size_t files_broken(const struct ord_serve *s);
/* Of index i, by name; NULL: there are no more. */
struct odd *files_odd(const struct ord_serve *s, size_t i);
/* It is on the agenda with its file; before it is there no more, or with another. */
int files_add(struct ord_serve *s, uint32_t id, struct ord_err *err);
void files_remove(struct ord_serve *s, uint32_t id);

/* ---- store.c: the folder */
/* What is known of it, nothing yet. */
int store_open(struct ord_serve *s, struct ord_err *err);
/*
 * Reads what has changed of these names (the keys of an object), or of all for NULL, and takes it
 * over; what takes longer is gone on with in later turns of the loop, and taken over whole at its
 * end. -1: the folder could not be read, and all stays as it was.
 */
int store_look(struct ord_serve *s, json_t *names, struct ord_err *err);
void store_done(struct ord_serve *s);
/* Of the files' names, without those that are no experiments. */
bool store_takes(const char *name);
/* The one that a file stands for; NULL: none */
struct entry *store_find(const struct ord_serve *s, const char *file);

/* ---- watch.c: when it changes */
int watch_open(struct ord_serve *s, struct watch **ret, struct ord_err *err);
void watch_close(struct watch *w);
/* Whether it is another folder than before, or gone: once a second. */
void watch_check(struct watch *w);
/* As after a change of everything. */
void watch_all(struct watch *w);
/* A look that took longer has come to its end; it failed where there is an error. */
void watch_looked(struct watch *w, const struct ord_err *err);

/* ---- state.c: what the journal says */
struct state_past {
	json_t *claims; /* by key: those that have no end */
	json_t *skips;	/* records of what was not run: `n`, `first`, `last`, `times`, `why` */
	bool same_boot;
	bool whole; /* all that was said is in it: no machine fell meanwhile, no line is damaged */
};
/* Reads it. *ret is owned also where it fails. */
int state_open(struct ord_serve *s, struct state_past *ret, struct ord_err *err);
void state_past_done(struct state_past *p);
/* Nothing comes any more. */
void state_close(struct ord_serve *s);
/* When the folder was read and the claims were dealt with: writes all of it anew. Until then
 * state_put() takes nothing. */
int state_ready(struct ord_serve *s, struct ord_err *err);
int state_renew(struct ord_serve *s, struct ord_err *err);
/* A record, taken. Its mark in the journal, or 0. */
uint64_t state_put(struct ord_serve *s, json_t *record);
/* What is known of a schedule that comes; taken out. Owned; NULL: nothing. */
json_t *state_take(struct ord_serve *s, const char *name);
void state_seen(struct ord_serve *s, uint32_t id);
void state_gone(struct ord_serve *s, const char *name);
json_t *state_halt_record(const struct ord_serve *s);
/* What is not run is in the journal, too: that is on the disk before the history is. */
void state_skipped(struct ord_serve *s, const char *name, int64_t first_ns, int64_t last_ns,
		   uint64_t times, const char *reason);

/* ---- order.c */
/* By its key, or its folder's name. */
struct run *run_find(const struct ord_serve *s, const char *name, struct ord_err *err);

/* ---- command.c: `ordeal` beside the loop */
typedef void command_end(struct ord_serve *s, bool ok);
/* argv[0] is "ordeal". -1: it could not be started, which was said. */
int command_start(struct ord_serve *s, const char *const argv[], command_end *end);

/* ---- past.c: the history */
void past_open(struct ord_serve *s, const char *home);
void past_skipped(struct ord_serve *s, const char *name, int64_t first_ns, int64_t last_ns,
		  uint64_t times, const char *reason);
void past_interrupted(struct ord_serve *s, const char *name, int64_t planned_ns, const char *dir);
/* It has no folder: what kept it from running, as it said so itself. */
void past_failed(struct ord_serve *s, const char *name, int64_t planned_ns, const char *said);
/* What a machine that fell may have taken from it. */
void past_again(struct ord_serve *s, const json_t *skips);
/* What could not be written (a full disk) is tried again. */
void past_retry(struct ord_serve *s);
/* All of it is on the disk when it returns, or that is said. */
void past_sync(struct ord_serve *s);

/* ---- claims.c: what was claimed before a restart */
/* Goes on with what was not begun, and tells what was interrupted. */
void claims_settle(struct ord_serve *s, const struct state_past *past);

/* ---- due.c: what is due, and the clock */
int due_open(struct ord_serve *s, struct ord_err *err);
void due_done(struct ord_serve *s);
/* Deals with what is due, and sets the clock for what is next. */
void due_turn(struct ord_serve *s);
/* The same in the next turn of the loop. */
void due_soon(struct ord_serve *s);
/* What is not urgent, one thing a turn: what began is told, claims are written, processes are
 * prepared. */
void due_ahead(struct ord_serve *s);
/* Schedules that a clock which was wrong had taken far into the future are taken back. */
void due_forget_future(struct ord_serve *s);

/* ---- runs.c: dispatches */
const char *run_reason_name(enum run_reason reason);
/* Claims it: written down, to begin at its instant. NULL: out of memory. */
struct run *run_claim(struct ord_serve *s, uint32_t id, enum run_reason reason, int64_t planned_ns,
		      int64_t at_ns, int64_t cursor_ns);
/* Whose text it runs; NULL: there is none any more. */
struct entry *run_entry(const struct ord_serve *s, const struct run *r);
void run_skip(struct ord_serve *s, struct run *r, const char *reason);
void run_abort(struct ord_serve *s, struct run *r);
/* Once a second: who takes too long. */
void runs_check(struct ord_serve *s);
void runs_abort_all(struct ord_serve *s);
void runs_done(struct ord_serve *s);
void run_insert(struct ord_serve *s, struct run *r);
/* Whether its claim is on the disk. */
static inline bool run_is_synced(const struct ord_serve *s, const struct run *r)
{
	return r->mark && r->mark <= s->synced;
}
json_t *run_claim_record(const struct run *r);
/* "queued", "begin", "started", "run" */
json_t *run_record(const struct run *r, const char *what);
/* What it takes, ahead of its instant. */
void run_read_claims(struct ord_serve *s, struct run *r);
/* It asks for that. */
void run_want_targets(struct ord_serve *s, struct run *r);
/* So many more run, or wait. */
void run_counted(struct ord_serve *s, const struct run *r, int running, int waiting);
void run_leave_queue(struct ord_serve *s, struct run *r);
/* It does not wait for its instant. */
void run_awaits_no_longer(struct ord_serve *s, struct run *r);
/* Freed, and told. */
void run_ended(struct ord_serve *s, struct run *r, int code, const char *verdict, const char *said);
/* The same, of its process. */
void run_end(void *arg, struct ord_child *c, int code, const char *dir, const char *verdict,
	     const char *said);

/* ---- begin.c */
/* A minute after its instant it is as one that was missed: made up for, which is its reason then,
 * or left out (true), as `catchUp` says. */
bool run_is_missed(int64_t at_ns, enum ord_catch_up catch_up, enum run_reason *reason);
/* Its instant has come. */
void run_begin(struct ord_serve *s, struct run *r);
/* Those that wait, where they need not any more. */
void runs_queue(struct ord_serve *s);
/* Tells of the first that has begun; false: there is none. */
bool runs_tell(struct ord_serve *s);
/* Has its process started, which waits for ord_child_begin(). */
int run_prepare(struct run *r, struct ord_child **ret, struct ord_err *err);

/* ---- warm.c: processes that wait for their instant */
/* Prepares the first that can be; whether there was one. */
bool warm_one(struct ord_serve *s, int64_t now_ns);
/* When the next is to be prepared; ORD_NEVER: none. */
int64_t warm_next(const struct ord_serve *s, int64_t now_ns);
/* One that has read another text is dropped. */
void warm_is_of(struct ord_serve *s, struct run *r, uint64_t version);
/* It is the run's child from now on. */
struct ord_child *warm_take(struct ord_serve *s, struct run *r);
/* It has been started, and may have time for the next. */
void warm_started(struct ord_serve *s, const struct run *r);
void warm_drop(struct ord_serve *s, struct run *r);
/* For one that begins and does not wait: the last of them goes where there are too many. */
void warm_make_room(struct ord_serve *s);
/* Those whose instant has gone far away: the clock was put back. */
void warm_check(struct ord_serve *s, int64_t now_ns);

/* ---- look.c: what runs tell */
void run_line(void *arg, struct ord_child *c, const char *line, size_t size);
/* Four times a second. */
void runs_strips(struct ord_serve *s);

/* ---- show.c, show_runs.c */
json_t *show_time(int64_t wall_ns); /* RFC 3339; NULL for ORD_NEVER */
json_t *show_entry(struct ord_serve *s, uint32_t id);
json_t *show_run(struct ord_serve *s, const struct run *r);
const char *show_key(const struct run *r, char out[static 24]); /* "d42" */
/* Its event `schedule` comes with the next show_flush(). */
void show_changed(struct ord_serve *s, uint32_t id);
void show_flush(struct ord_serve *s);

/* ---- halt.c */
void halt_set(struct ord_serve *s, const char *who, bool ours);
void halt_clear(struct ord_serve *s, const char *who, bool ours);
/* What was halted before a restart still is; unless somebody resumed meanwhile. */
void halt_again(struct ord_serve *s, bool same_boot);
/* Follows the mark of the machine. */
void halt_check(struct ord_serve *s);

#endif
