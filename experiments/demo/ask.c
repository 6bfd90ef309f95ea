#include "ask.h"

#include "util.h"

/* xorshift64: jitter needs no better. */
static uint64_t draw(struct asker *asker, uint64_t below)
{
	uint64_t x = asker->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	asker->random = x;
	return below ? x % below : 0;
}

static void try(struct ask *ask)
{
	ask->tries_left--;
	ask->tried++;
	pool_start(ask->asker->pool, &ask->call);
}

static void answer(struct ask *ask, enum call_result result, const char *line, size_t len)
{
	ask->asker = NULL;
	ask->done(ask,
		  result == CALL_OK	   ? ASK_OK
		  : result == CALL_TIMEOUT ? ASK_TIMEOUT
					   : ASK_DOWN,
		  line, len);
}

static bool may_retry(const struct ask *ask, enum call_result result)
{
	/* A trial is a question to the store itself: one try, one verdict. */
	return ask->tries_left > 0 && ask->pass == BREAKER_PASSED &&
	       (result == CALL_REFUSED || (ask->idempotent && result != CALL_OK));
}

static void retry(struct timer *timer)
{
	struct ask *ask = container_of(timer, struct ask, timer);
	struct asker *asker = ask->asker;

	/* It may have opened during the pause, and must not be stormed then. */
	ask->pass = breaker_ask(&asker->breaker, now_ns());
	if (ask->pass == BREAKER_REFUSED) {
		asker->refused++;
		answer(ask, CALL_LOST, "", 0);
		return;
	}
	asker->retries++;
	try(ask);
}

static void call_done(struct call *call, enum call_result result, const char *line, size_t len)
{
	struct ask *ask = container_of(call, struct ask, call);
	struct asker *asker = ask->asker;
	uint64_t now = now_ns();

	breaker_result(&asker->breaker, ask->pass, result == CALL_OK, now);
	if (!may_retry(ask, result)) {
		answer(ask, result, line, len);
		return;
	}
	/* Full jitter: callers that failed together do not come back together. */
	timer_set(asker->pool->loop, &ask->timer,
		  now + draw(asker, asker->backoff_ns << (ask->tried - 1)));
}

int asker_ask(struct asker *asker, struct ask *ask)
{
	ask->pass = breaker_ask(&asker->breaker, now_ns());
	if (ask->pass == BREAKER_REFUSED) {
		asker->refused++;
		return -1;
	}
	ask->asker = asker;
	ask->timer.fire = retry;
	ask->call.done = call_done;
	ask->tries_left = asker->tries;
	ask->tried = 0;
	try(ask);
	return 0;
}

void asker_cancel(struct ask *ask)
{
	if (!ask->asker)
		return;
	/* In a pause the result of the last try has been told already. */
	if (ask->timer.slot == 0)
		breaker_forget(&ask->asker->breaker, ask->pass);
	timer_stop(ask->asker->pool->loop, &ask->timer);
	pool_cancel(&ask->call);
	ask->asker = NULL;
}
