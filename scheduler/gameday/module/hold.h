/*
 * Who holds a session: the one loop that runs its steps. What it is told comes from the terminal
 * and the socket; what happens is written into the session first.
 */
#ifndef ORDEAL_GAMEDAY_HOLD_H
#define ORDEAL_GAMEDAY_HOLD_H

#include <systemd/sd-event.h>

#include "ordeal/child.h"
#include "scheduler/gameday/module/control.h"
#include "scheduler/gameday/module/rehearsal.h"
#include "scheduler/gameday/module/session.h"
#include "scheduler/gameday/module/verbs.h"

enum hold_work {
	HOLD_NOTHING,
	HOLD_CHECK,  /* a look before the step */
	HOLD_RUN,    /* the step itself */
	HOLD_RETURN, /* a look after it */
};

/* Lines of the terminal or of a script that have not been done yet. */
struct hold_input {
	int fd; /* -1: none are taken */
	sd_event_source *source, *pause;
	char *text; /* owned */
	size_t used, room;
	bool ended, tty, pausing;
};

struct hold_screen {
	FILE *out;
	bool tty;   /* a line that is written anew each second */
	bool shown; /* it stands there */
	sd_event_source *tick;
	enum day_state last; /* what the last banner said, and of which step */
	size_t last_step;
};

/* While a step runs. */
struct hold_pulse {
	sd_event_source *source;
	int fd; /* of live.json; -1: none */
	uint64_t counts[ORD_PROBES_MAX][3];
};

struct holder {
	struct session *s;
	const char *const *run_args; /* borrowed: of every run; NULL-ended, or NULL */
	const char *output;	     /* borrowed: where the steps' runs go; NULL: as ever */
	struct hold_pulse pulse;
	sd_event *loop;
	struct control *control;
	struct ord_child *child;
	enum hold_work work;
	struct rehearsal_seen seen;
	struct hold_input input;
	struct hold_screen screen;
	sd_event_source *box, *again, *later, *signals[2];
	char phase[32];		      /* of the step's run */
	char ending_by[ORD_NAME_MAX]; /* the day is being aborted by them; "": it is not */
	bool leaving;
	unsigned interrupts; /* Ctrl-C since the step began */
	char looks[ORD_PATH_MAX];
};

static inline struct day_step *hold_step(const struct holder *h)
{
	struct session *s = h->s;

	return s->state.current < s->state.n ? &s->state.steps[s->state.current] : NULL;
}

/* hold.c: takes the terminal and the socket until the session is over or left. */
int hold_session(struct session *s, const struct ord_gameday_order *o, int *ret_exit,
		 struct ord_err *err);
/* What somebody says; -1: it is refused. */
int hold_do(struct holder *h, const struct command *c, struct ord_err *err);
/* What follows from the state by itself. To be called after every change. */
void hold_next(struct holder *h);
/* Writes it down; a failure ends the loop. */
void hold_add(struct holder *h, const struct day_event *e);
void hold_stop(struct holder *h);

/* hold_work.c: children. */
void hold_begin_checks(struct holder *h);
void hold_begin_run(struct holder *h);
void hold_begin_return(struct holder *h);
/* hold_next() comes in a second. */
void hold_wait(struct holder *h);
/* A look is no longer wanted. */
void hold_drop(struct holder *h);

/* hold_pulse.c */
int hold_pulse_begin(struct holder *h, struct ord_err *err);
void hold_pulse_end(struct holder *h);

/* hold_reveal.c: of what is revealed, the runs that have ended are there for all. */
void hold_publish(struct holder *h);

/* hold_input.c */
int hold_input_open(struct holder *h, const struct ord_gameday_order *o, struct ord_err *err);
void hold_input_close(struct holder *h);
/* Does what of the lines belongs to the state as it is. */
void hold_input_pump(struct holder *h);

/* hold_screen.c */
void hold_screen_open(struct holder *h, const struct ord_gameday_order *o);
void hold_screen_close(struct holder *h);
void hold_screen_line(struct holder *h, const json_t *line);
void hold_screen_say(struct holder *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void hold_screen_board(struct holder *h);
/* The state, big, where it has changed. */
void hold_screen_banner(struct holder *h);

#endif
