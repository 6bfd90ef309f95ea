/* A run: plan -> timeline. The one place where things happen; reports read what it wrote. */
#ifndef ORDEAL_RUN_H
#define ORDEAL_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/early.h"
#include "ordeal/holder.h"
#include "ordeal/plan.h"

struct json_t;
struct ord_policy;

struct ord_run_options {
	const char *dir; /* where the run's folder is made; NULL: the state directory */
	/* What the folder is called in the experiment's place, and nobody but the owner may read it
	 * then; NULL: the experiment's name, for all. */
	const char *as;
	const char *const *argv; /* of the command, for the timeline; NULL-ended */
	bool even_if_it_cuts_me_off;
	const char *context; /* --context; NULL: limits.cluster says it */
	/* Who must allow it once its targets are known, before anything is made. Borrowed; NULL:
	 * nobody. */
	struct ord_policy *policy;
	/* What no_regression objectives are held against: a list of `baseline` lines for the
	 * timeline. Borrowed; NULL: none. */
	const struct json_t *baselines;
	/* When all is known and nothing is made yet, this is read from: a byte begins the run, the
	 * end of the file takes it back (-1, ORD_GUARD). 0: it begins at once. */
	int await_fd;
	/* ord_report_early(), for a plan with `sequential`: asked after each repetition, in a
	 * thread of its own. NULL: every repetition is run. */
	int (*judge)(const char *dir, struct ord_early_state *ret, struct ord_err *err);
	/* Each line of the timeline as it is written, its newline included (borrowed), for a
	 * progress view, in a thread of its own: a terminal that takes nothing stops no probe. It
	 * has ended when ord_run returns. May be NULL. */
	void (*on_line)(void *arg, const char *line, size_t size);
	/* What is found wrong before there is a timeline: a line each. May be NULL. */
	void (*tell)(void *arg, const char *line);
	void *arg;
};

/*
 * Runs the plan. SIGINT and SIGTERM abort and revert. Fills ret_dir (ORD_PATH_MAX bytes) with the
 * run's folder as soon as it exists ("" before). 0: the timeline is complete, whatever the verdict;
 * -1: it could not be run or written.
 */
int ord_run(const struct ord_plan *plan, const struct ord_run_options *options, char *ret_dir,
	    struct ord_err *err);

#define ORD_NOTE_MAX	500
#define ORD_MARK_SOCKET "marks" /* in a run's folder while it lasts */

/*
 * Hands a mark to the run in that folder, which writes it into its timeline: what is `detected`,
 * `acknowledged`, `mitigated` or `resolved`, by a role; note may be NULL. Without `what` it is a
 * note alone, and by may be NULL. 0: it has been written. ORD_USAGE where the run is over, or is
 * somebody else's.
 */
int ord_mark(const char *dir, const char *what, const char *by, const char *note,
	     struct ord_err *err);
/* The same without ever waiting: the descriptor is readable when the run has answered, which
 * ord_mark_end() reads, and closes it. */
int ord_mark_begin(const char *dir, const char *what, const char *by, const char *note, int *ret_fd,
		   struct ord_err *err);
int ord_mark_end(int *fd, struct ord_err *err);

/* $XDG_STATE_HOME/ordeal/runs, or /var/lib/ordeal/runs for root. Made if absent. */
int ord_run_home(char ret[ORD_PATH_MAX], struct ord_err *err);

#endif
