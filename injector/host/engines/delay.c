#include "delay.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"

#define BUF	    65536
#define BURST	    32		 /* packets read at a stretch from one source */
#define TURN_NS	    (2 * ORD_MS) /* then the caller's loop has its say */
#define WATCH_NS    ORD_S	 /* over which a realtime engine's share of a CPU is taken */
#define LEAD_MAX_NS (50 * ORD_US)
#define EARLY_NS    (2 * ORD_US) /* a packet may leave this much before it is due */
#define TICK_NS \
	(20 * ORD_US)	/* with many packets; they then leave up to half of it early, or late */
#define TICK_PACKETS 20 /* in a turn: more is many */
#define SOURCE_QUEUE UINT32_MAX

int delay_init(struct delay *d, const struct delay_params *params, struct ord_err *err)
{
	*d = (struct delay){.p = *params, .queue = {.fd = -1}};
	for (unsigned i = 0; i < LINKS_MAX; i++)
		d->taps[i].fd = -1;
	ord_rng_init(&d->rng, params->seed);
	d->buf = malloc(BUF > HOLD_FRAME_MAX ? BUF : HOLD_FRAME_MAX);
	if (!d->buf)
		return ord_fail_nomem(err);
	return hold_init(&d->hold, params->limit, err);
}

void delay_done(struct delay *d)
{
	for (unsigned i = 0; i < d->n_taps; i++)
		tap_close(&d->taps[i]);
	queue_close(&d->queue);
	hold_done(&d->hold);
	free(ord_steal_ptr(d->buf));
}

/* When a packet came that is read only now: never before the one ahead of it. */
static uint64_t arrival(struct delay *d)
{
	const uint64_t now = ord_now_ns(), half = (now - d->drained_ns) / 2;
	const uint64_t stamp = now - (half < d->lead_ns ? half : d->lead_ns);

	if (stamp > d->stamp_ns)
		d->stamp_ns = stamp;
	return d->stamp_ns;
}

static uint64_t due_of(struct delay *d)
{
	const uint64_t due = arrival(d) + d->p.delay_ns;

	return d->p.jitter_ns
		       ? due - d->p.jitter_ns + ord_rng_below(&d->rng, 2 * d->p.jitter_ns + 1)
		       : due;
}

/* ---- out ---- */

static void give_back(struct delay *d, const struct held *p)
{
	ssize_t n;

	if (p->source == SOURCE_QUEUE)
		n = queue_verdict(&d->queue, p->id, true, false);
	else
		n = write(d->taps[p->source].fd, p->data, p->len);
	if (n < 0)
		d->refused++;
	hold_release(&d->hold, p);
}

/*
 * Without jitter the queue's packets leave in the order of their numbers: one verdict serves all up
 * to the last that is due. With jitter each needs its own.
 */
static unsigned release(struct delay *d, bool all)
{
	const uint64_t early = d->ticking ? TICK_NS / 2 : EARLY_NS;
	uint64_t now = ord_now_ns();
	const struct held *first;
	unsigned released = 0;
	uint32_t upto = 0;

	while ((first = hold_first(&d->hold)) && (all || first->due_ns <= now + early)) {
		const struct held p = hold_pop(&d->hold);

		released++;
		if (!all)
			late_add(&d->late, now > p.due_ns ? now - p.due_ns : 0);
		if (p.source == SOURCE_QUEUE && !d->p.jitter_ns) {
			upto = p.id;
			hold_release(&d->hold, &p);
			continue;
		}
		give_back(d, &p);
		now = ord_now_ns();
	}
	if (upto && queue_verdict(&d->queue, upto, true, true) < 0)
		d->refused++;
	return released;
}

/* ---- in ---- */

/* 1: a frame, 0: none there, -1: the TAP is gone. */
static int read_tap(struct delay *d, unsigned i)
{
	const struct tap *t = &d->taps[i];
	uint8_t *room = hold_reserve(&d->hold), *at = room ? room : d->buf;
	ssize_t n = read(t->fd, at, HOLD_FRAME_MAX);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	/* What the TAP itself has to say to the world is no packet of the user's. */
	if (n < TAP_HEADER + ETH_HLEN || memcmp(at + TAP_HEADER + ETH_ALEN, t->mac, ETH_ALEN) == 0)
		d->own++;
	else if (!room)
		d->dropped_limit++;
	else
		hold_frame(&d->hold, due_of(d), (uint32_t)n, i);
	return 1;
}

static void on_queued(void *arg, uint32_t id, uint32_t len)
{
	struct delay *d = arg;

	if (hold_number(&d->hold, due_of(d), id, len, SOURCE_QUEUE))
		return;
	d->dropped_limit++;
	(void)queue_verdict(&d->queue, id, false, false);
}

/* Source i of delay_wait: the TAPs, then the queue. */
static int read_source(struct delay *d, unsigned i)
{
	return i < d->n_taps ? read_tap(d, i) : queue_read(&d->queue, d->buf, BUF, on_queued, d);
}

static bool anything_due(const struct delay *d)
{
	const struct held *first = hold_first(&d->hold);

	return first && first->due_ns <= ord_now_ns();
}

/* How many reads gave something; -1: the source is gone. */
static int read_burst(struct delay *d, unsigned i, bool to_the_end)
{
	int r = 1, got = 0;

	for (int k = 0; to_the_end || k < BURST; k++) {
		r = read_source(d, i);
		if (r <= 0)
			break;
		got++;
		if (!to_the_end && anything_due(d))
			return got;
	}
	if (r == 0)
		d->drained_ns = ord_now_ns();
	return r < 0 ? -1 : got;
}

static int gone(const struct delay *d, unsigned i, struct ord_err *err)
{
	if (i < d->n_taps)
		return ord_fail_sys(err, "TAP %s was removed by somebody, packets would vanish",
				    d->taps[i].name);
	return ord_fail_sys(err, "packet queue %u", d->queue.number);
}

/* By how much an alarm is set before a packet is due. */
static uint64_t ahead(const struct delay *d)
{
	return d->p.spin_ns > d->lead_ns ? d->p.spin_ns : d->lead_ns;
}

unsigned delay_wait(struct delay *d, struct pollfd *fds, unsigned max, uint64_t *due_ns)
{
	const struct held *first = hold_first(&d->hold);
	unsigned n = 0;

	for (; n < d->n_taps && n < max; n++)
		fds[n] = (struct pollfd){.fd = d->taps[n].fd, .events = POLLIN};
	if (d->queue.fd >= 0 && n < max)
		fds[n++] = (struct pollfd){.fd = d->queue.fd, .events = POLLIN};
	d->alarm_ns = 0;
	if (first && first->due_ns - ahead(d) < *due_ns)
		d->alarm_ns = *due_ns = first->due_ns - ahead(d);
	return n;
}

/* The first packet is due so soon that sleeping would take longer. */
static bool close_enough(const struct delay *d)
{
	const struct held *first = hold_first(&d->hold);

	return first && first->due_ns <= ord_now_ns() + ahead(d);
}

/* After a wake-up that nothing but the alarm can have caused. */
static void learn_lead(struct delay *d)
{
	const uint64_t now = ord_now_ns();
	uint64_t late;

	if (!d->alarm_ns || now < d->alarm_ns)
		return;
	late = now - d->alarm_ns < LEAD_MAX_NS ? now - d->alarm_ns : LEAD_MAX_NS;
	d->lead_ns += late / 16 - d->lead_ns / 16;
}

/* The kernel throttles a realtime task at 95 % of a CPU, for 50 ms at a stretch: stay away from
 * that. */
static void watch_realtime(struct delay *d, uint64_t now)
{
	const struct sched_param none = {0};
	uint64_t cpu;

	if (!d->p.realtime || now < d->watch_wall_ns + WATCH_NS)
		return;
	cpu = ord_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	if (d->watch_wall_ns && (cpu - d->watch_cpu_ns) > (now - d->watch_wall_ns) / 10 * 9) {
		(void)sched_setscheduler(0, SCHED_OTHER, &none);
		d->p.realtime = false;
		d->realtime_given_up = true;
	}
	d->watch_wall_ns = now;
	d->watch_cpu_ns = cpu;
}

/* One look at everything: how much was done; -1: a source is gone. */
static int work(struct delay *d, const struct pollfd *fds, unsigned n, struct ord_err *err)
{
	int done = (int)release(d, false);

	for (unsigned i = 0; i < n; i++) {
		int r = fds[i].revents || d->ticking || d->p.spin_ns ? read_burst(d, i, false) : 0;

		if (r < 0)
			return gone(d, i, err);
		done += r;
	}
	return done;
}

/* Sleeps until something comes or is due; when ticking, for a tick. */
static void sleep_until(struct delay *d, struct pollfd *fds, unsigned n, uint64_t now, uint64_t end)
{
	uint64_t due = end;
	struct timespec t;

	(void)delay_wait(d, fds, n, &due);
	if (d->ticking) {
		t = ord_timespec(TICK_NS);
		(void)ppoll(NULL, 0, &t, NULL);
		return;
	}
	t = ord_timespec(due > now ? due - now : 0);
	if (ppoll(fds, n, &t, NULL) == 0 && due < end)
		learn_lead(d);
}

int delay_run(struct delay *d, const struct pollfd *polled, unsigned n, struct ord_err *err)
{
	const uint64_t end = ord_now_ns() + TURN_NS;
	struct pollfd fds[LINKS_MAX + 1];
	int r, ready = 0, done = 0;

	watch_realtime(d, end - TURN_NS);
	memcpy(fds, polled, n * sizeof *fds);
	for (unsigned i = 0; i < n; i++)
		ready += fds[i].revents != 0;
	if (!ready)
		learn_lead(d);
	while ((r = work(d, fds, n, err)) >= 0) {
		uint64_t now = ord_now_ns();

		done += r;
		/* While there is traffic it is waited for here: the caller's loop has more to look
		 * at. */
		if (now >= end || done == 0) {
			d->ticking = done > TICK_PACKETS;
			return 0;
		}
		if (!d->ticking && close_enough(d)) {
			__builtin_ia32_pause();
			memset(fds, 0, n * sizeof *fds);
			continue;
		}
		sleep_until(d, fds, n, now, end);
	}
	return -1;
}

int delay_flush(struct delay *d, struct ord_err *err)
{
	const unsigned n = d->n_taps + (d->queue.fd >= 0);

	for (unsigned i = 0; i < n; i++)
		if (read_burst(d, i, true) < 0)
			return gone(d, i, err);
	(void)release(d, true);
	return 0;
}
