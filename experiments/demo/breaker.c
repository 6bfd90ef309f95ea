#include "breaker.h"

static void open_it(struct breaker *b, uint64_t now_ns)
{
	b->state = BREAKER_OPEN;
	b->retry_ns = now_ns + b->open_ns;
	b->trial_out = false;
	b->opened++;
}

static void close_it(struct breaker *b)
{
	b->state = BREAKER_CLOSED;
	b->window = 0;
}

enum breaker_pass breaker_ask(struct breaker *b, uint64_t now_ns)
{
	if (!b->enabled || b->state == BREAKER_CLOSED)
		return BREAKER_PASSED;
	if (b->state == BREAKER_OPEN && now_ns >= b->retry_ns) {
		b->state = BREAKER_HALF_OPEN;
		b->good_trials = 0;
	}
	if (b->state == BREAKER_OPEN || b->trial_out)
		return BREAKER_REFUSED;
	b->trial_out = true;
	return BREAKER_TRIAL;
}

static void closed_result(struct breaker *b, bool good, uint64_t now_ns)
{
	b->window = (b->window << 1 | !good) & ((1u << BREAKER_WINDOW) - 1);
	if (!good && (uint32_t)__builtin_popcount(b->window) >= b->failures)
		open_it(b, now_ns);
}

void breaker_result(struct breaker *b, enum breaker_pass pass, bool good, uint64_t now_ns)
{
	if (!b->enabled)
		return;
	if (b->state == BREAKER_CLOSED && pass == BREAKER_PASSED) {
		closed_result(b, good, now_ns);
	} else if (b->state == BREAKER_HALF_OPEN && pass == BREAKER_TRIAL) {
		b->trial_out = false;
		if (!good)
			open_it(b, now_ns);
		else if (++b->good_trials >= b->trials)
			close_it(b);
	}
	/* Else it is the late result of a call from before it opened: it says nothing new. */
}

void breaker_forget(struct breaker *b, enum breaker_pass pass)
{
	if (pass == BREAKER_TRIAL)
		b->trial_out = false;
}

const char *breaker_name(const struct breaker *b)
{
	static const char *const names[] = {[BREAKER_CLOSED] = "closed",
					    [BREAKER_OPEN] = "open",
					    [BREAKER_HALF_OPEN] = "half-open"};

	return b->enabled ? names[b->state] : "off";
}
