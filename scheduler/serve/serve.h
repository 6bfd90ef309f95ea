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

#define SERVE_PATH_MAX 4096

/* A file of the folder. */
struct file {
	char *name; /* owned; below the folder */
	uint64_t dev, ino, size, mtime_ns, ctime_ns;
	uint32_t id;   /* what it put on the agenda; ORD_AGENDA_NONE: nothing */
	char *message; /* owned; what is wrong with it now, NULL: nothing */
	unsigned line, column;
	bool seen; /* while the folder is looked through */
};

/* What the agenda does not hold of a schedule; found by its id there. */
struct entry {
	char *text; /* owned; the last good version */
	size_t size;
	char sha256[65];
	char file[256];
	char schedule[320];    /* "cron 0 10 * * mon-fri, Europe/Berlin"; "": it has none */
	struct ord_pick *pick; /* owned; NULL: an experiment, else it draws one */
	json_t *labels;	       /* owned */
	json_t *last;	       /* owned; how the last run ended, NULL: none yet */
	uint64_t patience_ns;  /* longer than this no run of it takes */
	uint64_t version;      /* of all entries: another text has another */
	uint32_t id;	       /* its own */
	uint32_t running, waiting, runs; /* runs: those too that wait for their instant */
	bool changed;			 /* and not yet told of */
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
	struct run *next, *before;
	uint64_t key;
	uint32_t id; /* its schedule; ORD_AGENDA_NONE: taken off meanwhile */
	char name[ORD_NAME_MAX];
	enum run_reason reason;
	int64_t planned_ns, at_ns, since_ns;
	enum run_state state;
	uint64_t mark; /* of its claim in the journal; 0: it is not in there yet */
	struct ord_child *child;
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
	struct entry **entries; /* by the agenda's ids */
	size_t n_entries;

	struct file *files; /* by name */
	size_t n_files;
	struct watch *watch;

	struct journal *journal;
	json_t *kept; /* what the journal says of schedules that are not there (yet), by name */
	uint64_t synced, next_key, next_version;
	char history_dir[SERVE_PATH_MAX];
	bool history_told; /* that it takes nothing */

	struct run *first, *last; /* by the instants at which they start */
	size_t n_running, n_queued;
	bool freed; /* what those that are queued wait for may be there */
	struct late late;

	int timer; /* CLOCK_REALTIME */
	sd_event_source *timed, *tick, *strips, *hurry;
	int64_t wall_less_boot_ns;  /* at the last look: a step changes it */
	uint64_t boot_less_mono_ns; /* a suspend does */
	uint64_t n_steps;
	int64_t last_step_ns;

	bool ready; /* the journal is */
	bool halted, marked, stopping;
	bool clearing;	     /* our own `ordeal resume` is on its way */
	unsigned n_commands; /* `ordeal halt` and `ordeal resume` that run */
	int64_t halted_since_ns;
	char halted_by[96];
	uint64_t stopped_boot_ns;

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

/* ---- store.c: the folder */
/*
 * Reads what has changed of these names (the keys of an object), or of all for NULL, and takes it
 * over. -1: the folder could not be read, and all stays as it was.
 */
int store_look(struct ord_serve *s, json_t *names, struct ord_err *err);
void store_done(struct ord_serve *s);
struct file *store_file(const struct ord_serve *s, const char *name);  /* NULL: none */
struct entry *store_entry(const struct ord_serve *s, uint32_t id);     /* NULL: none */
struct entry *store_find(const struct ord_serve *s, const char *file); /* NULL: none */
/* Of the files' names, without those that are no experiments. */
bool store_takes(const char *name);

/* ---- watch.c: when it changes */
int watch_open(struct ord_serve *s, struct watch **ret, struct ord_err *err);
void watch_close(struct watch *w);
/* Whether it is another folder than before, or gone: once a second. */
void watch_check(struct watch *w);
/* As after a change of everything. */
void watch_all(struct watch *w);

/* ---- state.c: what the journal says */
/*
 * Reads it. *ret_claims (owned): claims that have no end, by key; *ret_same_boot: what was written
 * last was so since this boot, and nothing of it is lost.
 */
int state_open(struct ord_serve *s, json_t **ret_claims, bool *ret_same_boot, struct ord_err *err);
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

/* ---- command.c: `ordeal` beside the loop */
typedef void command_end(struct ord_serve *s, bool ok);
/* argv[0] is "ordeal". -1: it could not be started, which was said. */
int command_start(struct ord_serve *s, const char *const argv[], command_end *end);

/* ---- past.c: the history */
void past_open(struct ord_serve *s, const char *home);
void past_skipped(struct ord_serve *s, const char *name, int64_t first_ns, int64_t last_ns,
		  uint64_t times, const char *reason);
void past_interrupted(struct ord_serve *s, const char *name, int64_t planned_ns, const char *dir);

/* ---- claims.c: what was claimed before a restart */
/* Goes on with what was not begun, and tells what was interrupted. The claims are taken. */
void claims_settle(struct ord_serve *s, json_t *claims, bool same_boot);

/* ---- due.c: what is due, and the clock */
int due_open(struct ord_serve *s, struct ord_err *err);
void due_done(struct ord_serve *s);
/* Deals with what is due, and sets the clock for what is next. */
void due_turn(struct ord_serve *s);
/* The same in the next turn of the loop. */
void due_soon(struct ord_serve *s);
/* Schedules that a clock which was wrong had taken far into the future are taken back. */
void due_forget_future(struct ord_serve *s);

/* ---- runs.c: dispatches */
const char *run_reason_name(enum run_reason reason);
/* Claims it: written down, to begin at its instant. NULL: out of memory. */
struct run *run_claim(struct ord_serve *s, uint32_t id, enum run_reason reason, int64_t planned_ns,
		      int64_t at_ns, int64_t cursor_ns);
/* Whose text it runs; NULL: there is none any more. */
struct entry *run_entry(const struct ord_serve *s, const struct run *r);
/* Its instant has come. */
void run_begin(struct ord_serve *s, struct run *r);
void run_skip(struct ord_serve *s, struct run *r, const char *reason);
void run_abort(struct ord_serve *s, struct run *r);
/* Those that wait, where they need not any more. */
void runs_queue(struct ord_serve *s);
/* Once a second: who takes too long. */
void runs_check(struct ord_serve *s);
void runs_abort_all(struct ord_serve *s);
void runs_done(struct ord_serve *s);
void run_insert(struct ord_serve *s, struct run *r);
json_t *run_claim_record(const struct run *r);
/* "queued", "begin", "started", "run" */
json_t *run_record(const struct run *r, const char *what);

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
bool halt_is_marked(void);
/* Follows the mark of the machine. */
void halt_check(struct ord_serve *s);

#endif
