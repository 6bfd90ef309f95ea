/*
 * The journal: what was decided, a line each, in the order in which it was
 * (docs/formats/journal.md). A line is with the kernel when journal_put() returns, so that no death
 * of ours loses it; it is on the disk when the journal says so, some milliseconds after
 * journal_sync(), which waits for nothing: a thread does.
 */
#ifndef ORDEAL_SERVE_JOURNAL_H
#define ORDEAL_SERVE_JOURNAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ordeal/err.h"

struct sd_event;
struct journal;

struct journal_calls {
	/* On the disk is all that was put up to this mark. */
	void (*synced)(void *arg, uint64_t mark);
	/* Once when it can no longer be written, and once (why NULL) when it can again. */
	void (*failing)(void *arg, const char *why);
	void *arg;
};

/*
 * Opens the journal in the folder, or begins one. each() is told what it holds, in its order, save
 * for what is torn or was changed: *ret_bad lines in the midst of it were.
 * The journal is then rewritten by the caller (journal_renew), and only from there on can be put
 * to.
 */
int journal_open(int dir, void (*each)(void *arg, const json_t *record), void *arg, size_t *ret_bad,
		 struct journal **ret, struct ord_err *err);
/* Begins the thread. */
int journal_start(struct journal *j, struct sd_event *loop, const struct journal_calls *calls,
		  struct ord_err *err);
/* Waits until all is on the disk. NULL is fine. */
void journal_close(struct journal *j);

/*
 * Takes the record. Returns the mark that synced() will reach when it is on the disk; 0: it could
 * not be written and will not be, failing() has said why.
 */
uint64_t journal_put(struct journal *j, json_t *record);
void journal_sync(struct journal *j);
/* Where it stands now: what synced() reaches when all of it is on the disk. */
uint64_t journal_mark(const struct journal *j);
/* What could not be written is lost to it: it is to be renewed. */
bool journal_failing(const struct journal *j);
/* Whether it is much longer than what it says. */
bool journal_long(struct journal *j);
/*
 * Begins a new one that holds these records (a list, taken) in place of all before. A death on the
 * way leaves the old one or the new.
 */
int journal_renew(struct journal *j, json_t *records, struct ord_err *err);
/* The same of more records than memory is to hold at once: next() gives one after the other, and
 * NULL at their end; *ret_failed: it had no memory for one. */
typedef json_t *journal_next(void *arg, bool *ret_failed);
int journal_renew_from(struct journal *j, journal_next *next, void *arg, struct ord_err *err);

#endif
