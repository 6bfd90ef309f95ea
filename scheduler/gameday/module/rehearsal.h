/*
 * A look: the experiment is run with noop in the place of its faults, so that everything but the
 * fault happens. It tells whether the steady state holds, and whether what is injected is taken
 * back.
 */
#ifndef ORDEAL_GAMEDAY_REHEARSAL_H
#define ORDEAL_GAMEDAY_REHEARSAL_H

#include "scheduler/gameday/module/day.h"
#include "scheduler/gameday/module/machine.h"

#define REHEARSAL_ARGS_MAX 48
#define REHEARSAL_TEXT_MAX 500

/* Further arguments of `ordeal run`; [argv] ends with NULL. */
struct rehearsal_args {
	const char *argv[REHEARSAL_ARGS_MAX + 1];
	char *texts[REHEARSAL_ARGS_MAX]; /* owned */
	size_t n;
};

/* The steady state has to hold for so long, and ends the look as soon as it does not. */
int rehearsal_args_make(const struct ord_spec *spec, uint64_t hold_ns, struct rehearsal_args *ret,
			struct ord_err *err);
/* Of a step's own run: that it is of this session; hidden: that nobody else may read it. */
int run_args_make(const char *session, size_t step, bool hidden, struct rehearsal_args *ret,
		  struct ord_err *err);
/* NULL-ended, borrowed; NULL: none. */
int rehearsal_args_add(struct rehearsal_args *args, const char *const *more, struct ord_err *err);
void rehearsal_args_done(struct rehearsal_args *args);

/* What its timeline told. */
struct rehearsal_seen {
	int before, after; /* the steady state: 1 holds, 0 does not, -1: it was not told */
	char not_met[REHEARSAL_TEXT_MAX]; /* the conditions that did not hold */
	bool injected, reverted, left_behind;
	int64_t injected_t, reverting_t, reverted_t;
	char firing[REHEARSAL_TEXT_MAX],
		unasked[REHEARSAL_TEXT_MAX];	 /* alerts, and why nobody could be asked */
	int64_t clock_off_ns;			 /* the worst of the servers' clocks */
	char cause[32], why[REHEARSAL_TEXT_MAX]; /* of its end */
};

void rehearsal_begin(struct rehearsal_seen *seen);
void rehearsal_line(struct rehearsal_seen *seen, const char *line, size_t size);

/* The condition that holds where that one does not. */
void rehearsal_against(const struct ord_condition *c, char out[static ORD_SENTENCE_MAX]);

/* What it means; text: why, for people. said: what the program complained of. Pure. */
enum day_result rehearsal_steady(const struct rehearsal_seen *seen, const struct ord_spec *spec,
				 const char *said, char text[static REHEARSAL_TEXT_MAX]);
enum day_result rehearsal_rollback(const struct rehearsal_seen *seen, const char *said,
				   char text[static REHEARSAL_TEXT_MAX]);
enum day_result rehearsal_alerts(const struct rehearsal_seen *seen, const struct ord_spec *spec,
				 char text[static REHEARSAL_TEXT_MAX]);
/* This machine, and where the servers' clocks stand beside it. */
enum day_result rehearsal_clock(const struct rehearsal_seen *seen,
				char text[static REHEARSAL_TEXT_MAX]);
enum day_result rehearsal_disk(const char *path, char text[static REHEARSAL_TEXT_MAX]);

#endif
