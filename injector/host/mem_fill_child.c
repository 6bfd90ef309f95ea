/* The process that fills: it touches its memory once, as fast as it may, and sleeps. */
#include "mem_fill.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

/* Filled at once: small enough that its pages are still in the cache when they are marked. */
#define STEP	1048576ull
#define PACE_NS (10 * ORD_MS)

/* One random word a page: no page equals another, so none is merged or stored as a pattern. */
static void mark(char *at, uint64_t size, uint64_t page, struct ord_rng *rng)
{
	for (uint64_t i = 0; i < size; i += page) {
		uint64_t word = ord_rng_next(rng);

		memcpy(at + i, &word, sizeof word);
	}
}

static void pace(const struct mem_fill *f, uint64_t began, uint64_t filled)
{
	/* In seconds and the rest, so that nothing overflows. */
	uint64_t due = began + filled / f->rate * ORD_S + filled % f->rate * ORD_S / f->rate;
	struct timespec t = ord_timespec(due);

	while (due > ord_now_ns() &&
	       clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static uint64_t step_of(const struct mem_fill *f)
{
	uint64_t step = f->rate ? f->rate / (ORD_S / PACE_NS) / f->page * f->page : STEP;

	return step < f->page ? f->page : step < STEP ? step : STEP;
}

_Noreturn void mem_fill_main(void *arg)
{
	const struct mem_filler *me = arg;
	const struct mem_fill *f = me->f;
	uint64_t step = step_of(f), began = ord_now_ns();
	bool populate = true;
	struct ord_rng rng;

	ord_rng_init(&rng, f->seed);
	for (uint64_t at = 0; at < f->size;) {
		uint64_t n = f->size - at < step ? f->size - at : step;

		/* An old kernel does not know the advice: then the marks do the touching. */
		if (populate && madvise(me->memory + at, n, MADV_POPULATE_WRITE)) {
			if (errno != EINVAL) {
				atomic_store(&f->words->failed, errno);
				_exit(1);
			}
			populate = false;
		}
		mark(me->memory + at, n, f->page, &rng);
		at += n;
		atomic_store_explicit(&f->words->filled, at, memory_order_release);
		if (f->rate)
			pace(f, began, at);
	}
	atomic_store(&f->words->done_ns, ord_now_ns());
	(void)!write(me->done, "d", 1);
	for (;;)
		(void)poll(NULL, 0, -1);
}
