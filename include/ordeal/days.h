/*
 * A window on the sessions of game days: what those below STATE/gamedays are at, whoever holds
 * them, and a way to tell the holder something. Nothing here holds a session, and nothing waits.
 */
#ifndef ORDEAL_DAYS_H
#define ORDEAL_DAYS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

#define ORD_DAYS_ID_MAX	   128
#define ORD_DAYS_LINES_MAX 1000

struct ord_days;
struct sd_event;

/* All borrowed for as long as it is open; NULL: not given. */
struct ord_days_options {
	const char *home;    /* of the sessions; default: `gamedays` in ordeal's state directory */
	const char *program; /* that holds what is begun here; default: this executable */
	const char *const *extra; /* further arguments of it, NULL-ended */
	/* A line that was added; view: to what those are told who do not know. */
	void (*line)(void *arg, const char *id, bool view, uint64_t n, const json_t *line);
	/* What its step's run is at, some times a second (live.json of docs/formats/gameday.md). */
	void (*pulse)(void *arg, const char *id, const json_t *now, bool hidden);
	/* A session was taken up, or is held by nobody any more. */
	void (*changed)(void *arg, const char *id, const char *state);
	/* What goes wrong, for people. */
	void (*log)(void *arg, const char *text);
	void *arg;
};

int ord_days_open(struct sd_event *loop, const struct ord_days_options *options,
		  struct ord_days **ret, struct ord_err *err);
/* Who waits for an answer of ord_days_tell() is told that none comes, and no more is taken. */
void ord_days_hush(struct ord_days *w);
void ord_days_close(struct ord_days *w); /* NULL is fine */

/* Whose eyes: all that there is, or without what is hidden and not revealed. */
enum ord_days_view { ORD_DAYS_ALL, ORD_DAYS_RESPONDER };

bool ord_days_has(const struct ord_days *w, const char *id);
bool ord_days_is_over(const struct ord_days *w, const char *id);
/* The SESSIONs of docs/formats/openapi.yaml, newest first; owned. NULL: out of memory. */
json_t *ord_days_list(struct ord_days *w);
/* One of them whole; owned. ORD_USAGE: there is no such. */
int ord_days_show(struct ord_days *w, const char *id, enum ord_days_view view, json_t **ret,
		  struct ord_err *err);
/* {"lines", "next"}: its lines after the n-th, as a file has them; owned. */
int ord_days_lines(struct ord_days *w, const char *id, enum ord_days_view view, uint64_t after,
		   json_t **ret, struct ord_err *err);
/* A file of its folder, read-only. ORD_USAGE: there is none. */
int ord_days_file(struct ord_days *w, const char *id, const char *name, int *ret_fd,
		  struct ord_err *err);
/* Whether a run of that session and step ("1") is to be kept from those who do not know. */
bool ord_days_hides(struct ord_days *w, const char *id, const char *step);
/* The same of a run by its folder's name, for what tells no more of it. */
bool ord_days_hides_run(struct ord_days *w, const char *run);

/*
 * Begins a session of the game day in that file, held by a process of its own, which outlives this
 * one. ORD_GUARD: the file is wrong; the first of its mistakes is told.
 */
int ord_days_begin(struct ord_days *w, const char *path, char ret_id[static ORD_DAYS_ID_MAX],
		   struct ord_err *err);
/* Has one taken up again that nobody holds. ORD_GUARD: it is over, or held. */
int ord_days_resume(struct ord_days *w, const char *id, struct ord_err *err);

/* Texts are borrowed; NULL: not given. */
struct ord_days_command {
	const char *verb, *by, *what, *text;
	uint64_t step;
	bool overrule, day;
};

/* Called once: with NULL when it was done, else with why not. */
typedef void ord_days_told(void *arg, const struct ord_err *err);
/* -1: nothing is called. What lasts longer than ten seconds has failed. */
int ord_days_tell(struct ord_days *w, const char *id, const struct ord_days_command *command,
		  ord_days_told *told, void *arg, struct ord_err *err);

#endif
