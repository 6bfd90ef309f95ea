/*
 * The daemon that runs experiments by their schedules: a folder is watched, what is due is started
 * as a child process, and what was done about each instant is written down before it is done
 * (docs/formats/journal.md). One event loop, in whose thread all of these are called.
 */
#ifndef ORDEAL_SERVE_H
#define ORDEAL_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

struct json_t;
struct ord_api_options;
struct ord_ctl_order;
struct ord_tenure_options;
struct sd_event;
struct ord_serve;

/* All borrowed for as long as it is open. */
struct ord_serve_options {
	const char *dir;	  /* the experiments */
	const char *state;	  /* NULL: `serve` in ordeal's state directory; made if absent */
	const char *runs;	  /* where the runs' folders are made; NULL: as `ordeal run` does */
	const char *const *extra; /* further arguments of each run, NULL-ended; NULL: none */
	uint32_t max_runs;	  /* at once; 0: the default */
	const char *program;	  /* what is started as `PROGRAM run ...`; NULL: this executable */
	/* Nothing begins but while this Lease is held; NULL: it needs none. What was left behind is
	 * looked for in these namespaces, NULL-ended; NULL: in all. */
	const struct ord_tenure_options *lease;
	const char *const *namespaces;
	bool cold; /* nothing of a run is done ahead of its instant */
	void (*say)(void *arg, const char *line); /* what happens, for people */
	void *arg;
};

#define ORD_SERVE_RUNS_DEFAULT 16
#define ORD_SERVE_RUNS_MAX     1000

/* -1 ORD_USAGE where another has the state folder, or the folder of experiments is none. */
int ord_serve_open(struct sd_event *loop, const struct ord_serve_options *options,
		   struct ord_serve **ret, struct ord_err *err);
/* Starts nothing any more, aborts what runs, and ends the loop when all of it has ended. */
void ord_serve_stop(struct ord_serve *s);
/* What still runs is killed: its guardians revert. NULL is fine. */
void ord_serve_close(struct ord_serve *s);

/* Whether it may begin runs: it needs no Lease, or holds it. */
bool ord_serve_is_ready(const struct ord_serve *s);
/* The state folder, for as long as it is open. */
const char *ord_serve_state(const struct ord_serve *s);

/*
 * What it knows, as JSON that the caller owns; NULL: out of memory, or no such thing. The keys
 * stand in docs/formats/serve.md.
 */
struct json_t *ord_serve_status(struct ord_serve *s);
struct json_t *ord_serve_schedules(struct ord_serve *s);
/* Names that hold `text` (NULL: all), after the name `after` (NULL: from the first), at most
 * `limit`, in the order of names. */
struct json_t *ord_serve_schedules_page(struct ord_serve *s, const char *after, const char *text,
					size_t limit);
struct json_t *ord_serve_schedule(struct ord_serve *s, const char *name);
struct json_t *ord_serve_calendar(struct ord_serve *s, int64_t from_ns, int64_t to_ns, size_t max);
struct json_t *ord_serve_runs(struct ord_serve *s);
/* The game days of the folder, by name: [{"name", "file", "steps"}]. They are not run: people hold
 * them (ordeal/days.h). */
struct json_t *ord_serve_gamedays(struct ord_serve *s);
/* Who asked for what that is done elsewhere, for the record of such. */
void ord_serve_record(struct ord_serve *s, const char *what, const char *name, const char *who);

enum ord_serve_verb {
	ORD_SERVE_RUN_NOW,   /* name: a schedule */
	ORD_SERVE_PAUSE,     /* a schedule */
	ORD_SERVE_RESUME,    /* a schedule */
	ORD_SERVE_SKIP_NEXT, /* a schedule */
	ORD_SERVE_ABORT,     /* a run: its key, or its folder's name */
	ORD_SERVE_MARK,	     /* a run; what, by, note */
	ORD_SERVE_NOTE,	     /* a run; note, by */
	ORD_SERVE_HALT,
	ORD_SERVE_UNHALT,
	ORD_SERVE_RELOAD,
};

/* All borrowed; what a verb has no use for is NULL. */
struct ord_serve_order {
	enum ord_serve_verb verb;
	const char *name, *what, *by, *note;
	const char *who; /* for the record: "uid 1000", "token ops" */
};

/*
 * All but MARK and NOTE. Does it, writes down who asked for it, and answers with what it came to
 * (owned): the SCHEDULE, the RUN or the status. ORD_USAGE: there is no such thing, or it cannot be
 * done to it now.
 */
int ord_serve_do(struct ord_serve *s, const struct ord_serve_order *order, struct json_t **ret,
		 struct ord_err *err);

/*
 * MARK and NOTE: handed to the run, which may take its time. said() is called once, from the loop
 * and never from here: with what it came to (borrowed), or why it was not written.
 */
typedef void ord_serve_said(void *arg, const struct json_t *told, const struct ord_err *err);
int ord_serve_say(struct ord_serve *s, const struct ord_serve_order *order, ord_serve_said *said,
		  void *arg, struct ord_err *err);
/* Whoever still waits for that is told that the daemon ends. */
void ord_serve_hush(struct ord_serve *s);

/* What happens, as it happens; data is borrowed. One listener; NULL ends it. */
void ord_serve_listen(struct ord_serve *s,
		      void (*event)(void *arg, const char *type, const struct json_t *data),
		      void *arg);

/* Says what is in the folder and when it would run; *ret_broken of its files are wrong. */
int ord_serve_check(const struct ord_serve_options *options, size_t *ret_broken,
		    struct ord_err *err);

/* ---- the module */

#define ORD_SERVE_SYMBOL "ordeal_serve_calls"

struct ord_serve_calls {
	size_t size; /* of this struct, as the module was compiled */
	/* Serves until it is told to end. An exit status above 0 is that of a daemon that said why
	 * itself. */
	int (*serve)(const struct ord_serve_options *options, const struct ord_api_options *api,
		     struct ord_err *err);
	int (*check)(const struct ord_serve_options *options, size_t *ret_broken,
		     struct ord_err *err);
	int (*ctl)(const struct ord_ctl_order *order, struct ord_err *err);
};

#endif
