/*
 * A session as a pure state machine: what has happened makes what may happen next. session.jsonl
 * is the list of its events, so a session that broke off goes on from where they end.
 */
#ifndef ORDEAL_GAMEDAY_MACHINE_H
#define ORDEAL_GAMEDAY_MACHINE_H

#include "ordeal/gameday.h"
#include "ordeal/run.h"

#define DAY_TEXT_MAX 600

/* Also the columns of the board. */
enum day_state {
	DAY_PLANNED,
	DAY_CHECKS, /* being looked at */
	DAY_READY,  /* looked at: go, or hold */
	DAY_HELD,   /* somebody said hold; what was looked at is no longer so */
	DAY_RUNNING,
	DAY_RETURNING, /* its end came; the steady state is waited for */
	DAY_DONE,      /* the four that are the end of a step */
	DAY_CUT,       /* aborted */
	DAY_SKIPPED,
	DAY_INTERRUPTED,
	DAY_STATES
};
const char *day_state_name(enum day_state state); /* "returning" */

enum day_result { DAY_UNKNOWN, DAY_PASS, DAY_FAIL, DAY_CANNOT };
const char *day_result_name(enum day_result result);

enum day_kind {
	DAY_E_SESSION,
	DAY_E_CHECKS, /* the looks begin */
	DAY_E_CHECK,  /* one look's result */
	DAY_E_READY,
	DAY_E_GO,
	DAY_E_HOLD,
	DAY_E_SKIP,
	DAY_E_RUN,   /* it has its folder */
	DAY_E_PHASE, /* of its run */
	DAY_E_ABORT,
	DAY_E_ENDED,
	DAY_E_STEADY,	   /* a look at the steady state after it */
	DAY_E_LEFT,	   /* it is not waited for any longer */
	DAY_E_INTERRUPTED, /* who held the session died */
	DAY_E_RESUMED,
	DAY_E_REVEAL,
	DAY_E_NOTE,
	DAY_E_MARK,
	DAY_E_END,
	DAY_KINDS
};
const char *day_kind_name(enum day_kind kind);
/* DAY_KINDS where there is none of that name. */
enum day_kind day_kind_find(const char *name);

/* Texts are borrowed. */
struct day_event {
	enum day_kind kind;
	size_t step;	/* from 0 */
	const char *by; /* a role; NULL: nobody said it */
	const char *text;
	enum ord_gameday_check check;
	enum day_result result;
	int exit;
	bool overrule; /* go, although a check failed */
	const char *run, *dir, *what;
	bool untold;	/* note, mark: they could not be written into the run's timeline */
	uint64_t at_ns; /* wall clock */
};

struct day_step {
	enum day_state state, outcome;
	enum day_result checks[ORD_GAMEDAY_CHECKS];
	bool aborting, revealed;
	int exit;	  /* of its run */
	uint64_t went_ns; /* wall clock of go; 0: never */
	uint64_t ended_ns;
	char dir[ORD_PATH_MAX]; /* of its run, "" while there is none */
	char verdict[DAY_TEXT_MAX];
};

struct day_session {
	size_t n, current; /* steps, and the first that has not come to its end; n: none */
	bool over;
	struct day_step steps[ORD_GAMEDAY_STEPS_MAX];
};

void day_session_init(struct day_session *s, size_t n_steps);
/* NULL: it may happen; else why not, and what would be right. */
const char *day_refuses(const struct day_session *s, const struct day_event *e);
/* What day_refuses() has nothing against. */
void day_apply(struct day_session *s, const struct day_event *e);
bool day_failed(const struct day_step *step); /* one of its checks did */
bool day_is_end(enum day_state state);
/* The exit code of a session as it is. */
int day_exit(const struct day_session *s);

#endif
