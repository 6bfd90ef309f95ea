/* The time that packets take on a link of a rate. */
#include "base/clock.h"
#include "fate_draw.h"

/* Bytes as the link counts them: with overhead, in whole cells. */
static uint64_t counted(const struct fate_params *p, uint32_t len)
{
	const int64_t whole = (int64_t)len + p->packet_overhead;
	uint64_t n = whole > 0 ? (uint64_t)whole : 0, cell;

	if (p->cell_size) {
		cell = (uint64_t)((int64_t)p->cell_size + p->cell_overhead);
		n = (n + p->cell_size - 1) / p->cell_size;
		n = n < FATE_SIZE_MAX / cell ? n * cell : FATE_SIZE_MAX;
	}
	return n < FATE_SIZE_MAX ? n : FATE_SIZE_MAX;
}

/* Puts off f->free_ns by the time of n bytes; what is less than a nanosecond is kept for the next.
 */
static void take_time(struct fate *f, uint64_t n)
{
	const uint64_t t = n * ORD_S + f->rest;

	f->free_ns += t / f->p.rate;
	f->rest = t % f->p.rate;
}

/* The bucket is full at free_ns. A packet leaves as soon as it holds the packet's bytes; one that
 * is larger than the bucket waits until it is full and leaves it in debt. */
static uint64_t through_bucket(struct fate *f, uint64_t now_ns, uint64_t n)
{
	const struct fate_params *p = &f->p;
	const uint64_t before = n < p->burst ? (p->burst - n) * ORD_S / p->rate : 0;
	uint64_t leave = now_ns;

	if (f->free_ns <= now_ns) {
		f->free_ns = now_ns;
		f->rest = 0;
	} else if (f->free_ns - now_ns > before) {
		leave = f->free_ns - before;
	}
	take_time(f, n);
	return leave;
}

uint64_t fate_link(struct fate *f, uint64_t now_ns, uint32_t len)
{
	const uint64_t n = counted(&f->p, len);

	if (f->p.burst)
		return through_bucket(f, now_ns, n);
	if (f->free_ns < now_ns) {
		f->free_ns = now_ns;
		f->rest = 0;
	}
	take_time(f, n);
	return f->free_ns;
}
