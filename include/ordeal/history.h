/*
 * The history: what runs came to, in a database beside their folders (docs/formats/history.md). The
 * folders stay the truth: the database is made from them, and can be made anew at any time.
 * All of it is in a module that is opened at first use (history/loader.c).
 */
#ifndef ORDEAL_HISTORY_H
#define ORDEAL_HISTORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ordeal/err.h"

/* Where a history is: all of it is borrowed. */
struct ord_history {
	const char *dir;  /* holds history.db and history.lock */
	const char *home; /* the runs' folders */
};

/* ---- keeping it */

/*
 * Enters a run, in place of what was known of its folder. run: the folder's path; report: its
 * report.json's. Waits for another that is at work for half a second, and fails then: a rebuild
 * finds the run.
 */
int ord_history_enter(const struct ord_history *h, const char *run, const json_t *report,
		      struct ord_err *err);

enum ord_missed_outcome {
	ORD_MISSED_SKIPPED,	/* it was not started */
	ORD_MISSED_INTERRUPTED, /* what had started it ended before it did */
};

/* What was to run and did not, or not to its end. All of it is borrowed; texts are UTF-8. */
struct ord_missed {
	enum ord_missed_outcome outcome;
	const char *name;	     /* of the experiment */
	const char *reason;	     /* one word: "catch-up", "forbid", "paused" */
	const char *text;	     /* for people; NULL: the reason says it all */
	const char *run;	     /* its folder's name; NULL: it has none */
	const json_t *labels;	     /* an object of texts; NULL: none */
	int64_t planned_ns, last_ns; /* of the first and the last (0: the same), since 1970 */
	uint64_t times;		     /* planned instants in this one record; 0: one */
	int64_t at_ns;		     /* when that was decided */
};

/*
 * Appends them to the files that hold such. It takes no lock and opens no database: what is asked
 * next reads them. One of the same name, planned instant and outcome takes the earlier one's place,
 * so whoever is not sure says it again. sync: they are on disk when it returns, and with none, what
 * was appended before.
 */
int ord_history_miss(const struct ord_history *h, const struct ord_missed *list, size_t n,
		     bool sync, struct ord_err *err);

/* What a list is asked for; lists that are NULL or empty ask for nothing. */
struct ord_history_filter {
	const json_t *names;  /* texts: one of them */
	const json_t *labels; /* an object of texts: all of them */
	const char *verdict;  /* NULL: any; ORD_USAGE where there is no such */
	const char *folder;   /* NULL: any; also an id */
	const char *before;   /* NULL: up to the newest; a page's `before`: what came before it */
	int64_t since, until; /* of the start, ns since 1970, [since, until) */
	uint64_t last;	      /* so many of the newest; 0: all */
	bool missed;	      /* also what was to run and did not */
};

#define ORD_HISTORY_ALL ((struct ord_history_filter){.until = INT64_MAX})

/*
 * The runs, oldest first, as docs/formats/history.md has them, with `tags`, `tagged`, and `gone`
 * where the folder is. Without a database *ret is an empty list and *ret_made false. Owned.
 */
int ord_history_list(const struct ord_history *h, const struct ord_history_filter *filter,
		     json_t **ret, bool *ret_made, struct ord_err *err);

/* `ordeal history --json`: {"schema", "runs", "before"}. Owned, as those that follow. */
int ord_history_page(const struct ord_history *h, const struct ord_history_filter *filter,
		     json_t **ret, struct ord_err *err);
/* {"schema", "run"} of a folder's name or a run's id; ORD_USAGE where there is no such. */
int ord_history_one(const struct ord_history *h, const char *run, json_t **ret,
		    struct ord_err *err);
/* `ordeal trend --json` of the runs of the filter that are called so. */
int ord_history_trend(const struct ord_history *h, const char *name,
		      const struct ord_history_filter *filter, const char *figure, json_t **ret,
		      struct ord_err *err);

struct ord_history_reader {
	/* The report.json's of the run in that folder; owned by who asks. */
	int (*read)(void *arg, const char *run, json_t **ret, struct ord_err *err);
	/* A line for each folder that is left out; may be NULL. */
	void (*tell)(void *arg, const char *line);
	void *arg;
};

struct ord_history_rebuilt {
	size_t runs;	/* entered */
	size_t lasting; /* left out: still in progress */
	size_t broken;	/* left out: their timelines cannot be read */
};

/*
 * Makes the database anew from the folders, in a file of its own that takes the old one's place in
 * one step. Who reads the old one goes on.
 */
int ord_history_rebuild(const struct ord_history *h, const struct ord_history_reader *reader,
			struct ord_history_rebuilt *ret, struct ord_err *err);

/* ---- pruning it */

struct ord_history_rules {
	int64_t now_ns;
	int64_t keep_for_ns; /* older ones go; 0: no such rule */
	uint64_t keep_last;  /* of each experiment; 0: no such rule */
	int64_t max_size;    /* bytes of all folders together; -1: no such rule */
};

/*
 * Sets `why` of each of the runs that go. runs: all of them, oldest first, as ord_history_list()
 * has them. Never one that is tagged or in progress, nor the last that passed of an experiment, nor
 * one that the newest run of an experiment was held against.
 * *ret_left: the bytes that stay.
 */
int ord_history_choose(const struct ord_history *h, json_t *runs,
		       const struct ord_history_rules *rules, int64_t *ret_left,
		       struct ord_err *err);

/*
 * Removes the folder, then the row. The folder is out of sight before anything in it goes; it comes
 * back where the run was tagged meanwhile, and *ret_gone is false then.
 */
int ord_history_remove(const struct ord_history *h, const json_t *run, bool *ret_gone,
		       struct ord_err *err);
/* What an earlier removal that was cut off left. */
int ord_history_sweep(const struct ord_history *h, struct ord_err *err);
/* What was missed in months that ended before. *ret: how many months. */
int ord_history_forget(const struct ord_history *h, int64_t before_ns, size_t *ret,
		       struct ord_err *err);

/* ---- reading it */

/*
 * A figure over the runs of one experiment, oldest first (pure): docs/formats/history.md. figure:
 * NULL for the first that any of them has, of ttr_self, ttr_after, ttd:... ORD_USAGE where none has
 * it. Owned.
 */
int ord_trend(const char *name, const json_t *runs, const char *figure, json_t **ret,
	      struct ord_err *err);
/* For people. What was listed or made before has opened the module. */
void ord_trend_print(const json_t *trend, FILE *out);
void ord_history_print(const json_t *runs, FILE *out);

#endif
