/*
 * A timeline's lines, in order, in chunks that were scanned ahead: by a thread of its own where the
 * file is large, and by the reader itself while it would wait. What comes out does not depend on
 * who scanned what.
 */
#ifndef ORDEAL_REPORTS_FEED_H
#define ORDEAL_REPORTS_FEED_H

#include <stdio.h>

#include "reports/scan.h"

struct ord_feed;

struct ord_chunk {
	const char *text;
	const struct ord_scanned *lines; /* one for each line */
	size_t n;
	bool torn; /* the last line ended without a newline: it is the file's last */
};

/* The first chunk is the first line, which holds the plan that scanning needs. chunk: bytes of the
 * others, about; a longer line makes a longer one. */
int ord_feed_open(FILE *in, const struct ord_timeline *t, size_t chunk, struct ord_feed **ret,
		  struct ord_err *err);
/* Once t has its plan: the other lines are read, by one thread beside the caller's; quick: sample
 * lines are scanned. */
void ord_feed_scan(struct ord_feed *f, bool quick);
/* 1: *ret is the next chunk, borrowed until the next call; 0: end of file; -1: error. */
int ord_feed_next(struct ord_feed *f, struct ord_chunk *ret, struct ord_err *err);
void ord_feed_close(struct ord_feed *f); /* NULL is fine */

#endif
