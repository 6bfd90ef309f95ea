/* What was read is taken over. */
#ifndef ORDEAL_SERVE_TAKE_H
#define ORDEAL_SERVE_TAKE_H

#include "scheduler/serve/serve.h"

/* A file that was read, to be taken over. */
struct fresh {
	const char *name; /* borrowed */
	uint32_t ident;
	bool gone, good;
	struct read *read; /* owned; where it is good */
	struct mistake why;
};

void take_done(struct fresh *x);
/* All of them, as if at once: their names may have moved from file to file. */
void take_over(struct ord_serve *s, struct fresh *list, size_t n);
/* What was looked for and not seen is gone. */
void take_unseen(struct ord_serve *s);
/* What no file stands for any more is taken off. */
void take_end(struct ord_serve *s);
/* Of files that are broken since before the daemon began: what they last were. */
void take_before(struct ord_serve *s);

#endif
