/*
 * How the service asks the store: through the breaker, with retries that back off. One question may
 * take several calls; the caller sees one answer.
 */
#ifndef DEMO_ASK_H
#define DEMO_ASK_H

#include "breaker.h"
#include "pool.h"

enum ask_result {
	ASK_OK,
	ASK_TIMEOUT, /* the last try got no answer in time */
	ASK_DOWN,    /* the last try found no store, or lost it */
};

struct ask {
	/* Set by the caller: call.line, call.len, and these; the struct stays put until done or
	 * asker_cancel. */
	bool idempotent; /* may be asked again though the store may have seen it */
	void (*done)(struct ask *ask, enum ask_result result, const char *line, size_t len);

	struct call call;
	struct asker *asker; /* NULL: not under way */
	struct timer timer;  /* the pause before the next try */
	enum breaker_pass pass;
	uint32_t tries_left, tried;
};

struct asker {
	/* Set first. */
	struct pool *pool;
	struct breaker breaker;
	uint32_t tries;
	uint64_t backoff_ns; /* the pause before the second try is below it, then below twice that,
				... */

	uint64_t random; /* state, never 0 */
	uint64_t retries, refused;
};

/* -1: the breaker refused it, done() will not be called. Never calls done() before it returns. */
int asker_ask(struct asker *asker, struct ask *ask);
/* Forgets it. Fine when it is not under way. */
void asker_cancel(struct ask *ask);

#endif
