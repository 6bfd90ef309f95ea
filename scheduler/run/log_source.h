/* Where the lines of one log come from: a file, or the journal. */
#ifndef ORDEAL_RUN_LOG_SOURCE_H
#define ORDEAL_RUN_LOG_SOURCE_H

#include <stdint.h>

#include "ordeal/probe.h"
#include "scheduler/run/log_lines.h"

/* One line. lo_ns, hi_ns (CLOCK_MONOTONIC): when it was written; stamp: what the source says of
 * that, "" where it says nothing. */
typedef void log_line_fn(void *arg, const char *text, uint64_t lo_ns, uint64_t hi_ns,
			 const char *stamp);

struct log_look {
	uint64_t now_ns;
	log_line_fn *line;
	void *arg;
	char why[ORD_WHY_MAX]; /* of -1: why it cannot be read */
};

struct log_file;
struct log_journal;

/* What is in the file when it is opened does not count. The path is borrowed. NULL: out of memory.
 */
struct log_file *log_file_open(const char *path, uint64_t now_ns);
/* Takes in some of what has been written since; returns after two milliseconds, or when there is no
 * more. -1: it cannot be read now. */
int log_file_look(struct log_file *f, struct log_look *look);
void log_file_close(struct log_file *f);

/* The same of a unit's lines in the journal. */
struct log_journal *log_journal_open(const char *unit, uint64_t now_ns);
int log_journal_look(struct log_journal *j, struct log_look *look);
void log_journal_close(struct log_journal *j);

#endif
