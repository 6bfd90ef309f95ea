/*
 * A circuit breaker. Closed: calls pass, and the last few results are remembered; too many failures
 * among them open it. Open: calls are refused at once. After a while it is half open: one trial
 * call at a time passes; enough good trials in a row close it, one bad trial opens it again.
 *
 * Pure: it does no I/O and reads no clock.
 */
#ifndef DEMO_BREAKER_H
#define DEMO_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#define BREAKER_WINDOW 10 /* results remembered */

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

/* How a call was let through; handed back with its result. */
enum breaker_pass { BREAKER_REFUSED, BREAKER_PASSED, BREAKER_TRIAL };

struct breaker {
	/* Set these first. */
	bool enabled;	   /* false: always passes, never opens */
	uint32_t failures; /* this many among the last BREAKER_WINDOW results open it */
	uint32_t trials;   /* this many good trials in a row close it */
	uint64_t open_ns;  /* how long it refuses before it tries */

	enum breaker_state state;
	uint32_t window; /* a bit for each result, 1: failed, newest lowest */
	uint32_t good_trials;
	bool trial_out;	   /* a trial is on its way */
	uint64_t retry_ns; /* when open: the instant of the first trial */
	uint64_t opened;   /* how often it has opened */
};

/* Asks to make a call now. What was not refused must be followed by one breaker_result or
 * breaker_forget. */
enum breaker_pass breaker_ask(struct breaker *b, uint64_t now_ns);
void breaker_result(struct breaker *b, enum breaker_pass pass, bool good, uint64_t now_ns);
/* The call was given up by its caller: no verdict on the other side. */
void breaker_forget(struct breaker *b, enum breaker_pass pass);
const char *breaker_name(const struct breaker *b);

#endif
