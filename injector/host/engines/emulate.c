#include "emulate.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "emulate_in.h"

#define BUF	    (2 * 65536)	 /* a packet of the queue and what is told of it, or a frame */
#define BURST	    32		 /* packets read at a stretch from one source */
#define TURN_NS	    (2 * ORD_MS) /* then the caller's loop has its say */
#define WATCH_NS    ORD_S	 /* over which a realtime engine's share of a CPU is taken */
#define LEAD_MAX_NS (50 * ORD_US)
#define EARLY_NS    (2 * ORD_US) /* a packet may leave this much before it is due */
#define TICK_NS \
	(20 * ORD_US)	/* with many packets; they then leave up to half of it early, or late */
#define TICK_PACKETS 20 /* in a turn: more is many */

int emulate_init(struct emulate *e, const struct emulate_params *params, struct hold_room *room,
		 struct ord_err *err)
{
	*e = (struct emulate){.p = *params, .queue = {.fd = -1}};
	for (unsigned i = 0; i < LINKS_MAX; i++)
		e->taps[i].fd = -1;
	if (fate_init(&e->fates[0], &params->fate, 0, err) < 0)
		return -1;
	for (uint32_t i = 1; i <= LINKS_MAX; i++)
		fate_for(&e->fates[0], i, &e->fates[i]);
	e->buf = malloc(BUF);
	if (!e->buf)
		return ord_fail_nomem(err);
	return hold_init(&e->hold, room, err);
}

void emulate_done(struct emulate *e)
{
	for (unsigned i = 0; i < e->n_taps; i++)
		tap_close(&e->taps[i]);
	queue_close(&e->queue);
	hold_done(&e->hold);
	free(ord_steal_ptr(e->buf));
}

bool emulate_keeps_frames(const struct emulate_params *p)
{
	return !p->fate.jitter_ns && !p->fate.rate && !fate_has_slots(&p->fate);
}

/* Packets leave in the order in which they came. */
static bool in_order(const struct emulate *e)
{
	return !e->p.fate.jitter_ns && !e->p.fate.reorder.ppm;
}

/* ---- out ---- */

static void give_back(struct emulate *e, const struct held *p)
{
	ssize_t n;

	if (p->source == EMULATE_QUEUE) {
		n = queue_verdict(&e->queue, p->id, true, false);
	} else if (p->source == EMULATE_CHANGED) {
		uint32_t id;

		memcpy(&id, p->data, sizeof id);
		n = queue_replace(&e->queue, id, p->data + sizeof id, p->len - (uint32_t)sizeof id,
				  e->buf);
	} else {
		n = write(e->taps[p->source].fd, p->data, p->len);
	}
	if (n < 0)
		e->refused++;
	hold_release(&e->hold, p);
}

/*
 * In order, one verdict serves all of the queue's packets up to the last that is due. Else each
 * needs its own, and so does one that was changed.
 */
static void accept_upto(struct emulate *e, uint32_t *upto)
{
	if (*upto && queue_verdict(&e->queue, *upto, true, true) < 0)
		e->refused++;
	*upto = 0;
}

static unsigned release(struct emulate *e, bool all)
{
	const uint64_t early = e->ticking ? TICK_NS / 2 : EARLY_NS;
	uint64_t now = ord_now_ns();
	const struct held *first;
	unsigned released = 0;
	uint32_t upto = 0;

	while ((first = hold_first(&e->hold)) && (all || first->due_ns <= now + early)) {
		const struct held p = hold_pop(&e->hold);

		released++;
		if (!all)
			late_add(&e->late, now > p.due_ns ? now - p.due_ns : 0);
		if (p.source == EMULATE_QUEUE && in_order(e)) {
			upto = p.id;
			hold_release(&e->hold, &p);
			continue;
		}
		accept_upto(e, &upto);
		give_back(e, &p);
		now = ord_now_ns();
	}
	accept_upto(e, &upto);
	return released;
}

/* ---- in ---- */

/* 1: a frame, 0: none there, -1: the TAP is gone. */
static int read_tap(struct emulate *e, unsigned i)
{
	const struct tap *t = &e->taps[i];
	uint8_t *room = hold_reserve(&e->hold), *at = room ? room : e->buf;
	ssize_t n = read(t->fd, at, HOLD_FRAME_MAX);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	/* What the TAP itself has to say to the world is no packet of the user's. */
	if (n < TAP_HEADER + ETH_HLEN || memcmp(at + TAP_HEADER + ETH_ALEN, t->mac, ETH_ALEN) == 0)
		e->own++;
	else
		emulate_frame(e, i, at, (uint32_t)n);
	return 1;
}

static void on_queued(void *arg, const struct queued *q)
{
	emulate_queued(arg, q);
}

/* Source i of emulate_wait: the TAPs, then the queue. */
static int read_source(struct emulate *e, unsigned i)
{
	return i < e->n_taps ? read_tap(e, i) : queue_read(&e->queue, e->buf, BUF, on_queued, e);
}

static bool anything_due(const struct emulate *e)
{
	const struct held *first = hold_first(&e->hold);

	return first && first->due_ns <= ord_now_ns();
}

/* How many reads gave something; -1: the source is gone. */
static int read_burst(struct emulate *e, unsigned i, bool to_the_end)
{
	int r = 1, got = 0;

	for (int k = 0; to_the_end || k < BURST; k++) {
		r = read_source(e, i);
		if (r <= 0)
			break;
		got++;
		if (!to_the_end && anything_due(e))
			break;
	}
	if (r == 0)
		e->drained_ns = ord_now_ns();
	e->more = e->more || r > 0;
	return r < 0 ? -1 : got;
}

static int gone(const struct emulate *e, unsigned i, struct ord_err *err)
{
	if (i < e->n_taps)
		return ord_fail_sys(err, "TAP %s was removed by somebody, packets would vanish",
				    e->taps[i].name);
	return ord_fail_sys(err, "packet queue %u", e->queue.number);
}

/* By how much an alarm is set before a packet is due. */
static uint64_t ahead(const struct emulate *e)
{
	return e->p.spin_ns > e->lead_ns ? e->p.spin_ns : e->lead_ns;
}

unsigned emulate_wait(struct emulate *e, struct pollfd *fds, unsigned max, uint64_t *due_ns)
{
	const struct held *first = hold_first(&e->hold);
	unsigned n = 0;

	for (; n < e->n_taps && n < max; n++)
		fds[n] = (struct pollfd){.fd = e->taps[n].fd, .events = POLLIN};
	if (e->queue.fd >= 0 && n < max)
		fds[n++] = (struct pollfd){.fd = e->queue.fd, .events = POLLIN};
	e->alarm_ns = 0;
	if (first && first->due_ns - ahead(e) < *due_ns)
		e->alarm_ns = *due_ns = first->due_ns - ahead(e);
	return n;
}

/* The first packet is due so soon that sleeping would take longer. */
static bool close_enough(const struct emulate *e)
{
	const struct held *first = hold_first(&e->hold);

	return first && first->due_ns <= ord_now_ns() + ahead(e);
}

/* After a wake-up that nothing but the alarm can have caused. */
static void learn_lead(struct emulate *e)
{
	const uint64_t now = ord_now_ns();
	uint64_t late;

	if (e->p.alone || !e->alarm_ns || now < e->alarm_ns)
		return;
	late = now - e->alarm_ns < LEAD_MAX_NS ? now - e->alarm_ns : LEAD_MAX_NS;
	e->lead_ns += late / 16 - e->lead_ns / 16;
}

/* The kernel throttles a realtime task at 95 % of a CPU, for 50 ms at a stretch: stay away from
 * that. */
static void watch_realtime(struct emulate *e, uint64_t now)
{
	const struct sched_param none = {0};
	uint64_t cpu;

	if (!e->p.realtime || now < e->watch_wall_ns + WATCH_NS)
		return;
	cpu = ord_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	if (e->watch_wall_ns && (cpu - e->watch_cpu_ns) > (now - e->watch_wall_ns) / 10 * 9) {
		/* Only who may raise priorities could drop the flag (sched_setscheduler(2)). */
		e->realtime_given_up =
			sched_setscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, &none) == 0;
		e->p.realtime = !e->realtime_given_up;
	}
	e->watch_wall_ns = now;
	e->watch_cpu_ns = cpu;
}

/* One look at everything: how much was done; -1: a source is gone. */
static int work(struct emulate *e, const struct pollfd *fds, unsigned n, struct ord_err *err)
{
	const bool all = e->more || e->ticking || e->p.spin_ns;
	int done = (int)release(e, false);

	e->more = false;
	for (unsigned i = 0; i < n; i++) {
		int r = fds[i].revents || all ? read_burst(e, i, false) : 0;

		if (r < 0)
			return gone(e, i, err);
		done += r;
	}
	return done;
}

/* Sleeps until something comes or is due; when ticking, for a tick. */
static void sleep_until(struct emulate *e, struct pollfd *fds, unsigned n, uint64_t now,
			uint64_t end)
{
	uint64_t due = end;
	struct timespec t;

	(void)emulate_wait(e, fds, n, &due);
	if (e->ticking) {
		t = ord_timespec(TICK_NS);
		(void)ppoll(NULL, 0, &t, NULL);
		return;
	}
	t = ord_timespec(due > now ? due - now : 0);
	if (ppoll(fds, n, &t, NULL) == 0 && due < end)
		learn_lead(e);
}

int emulate_run(struct emulate *e, const struct pollfd *polled, unsigned n, struct ord_err *err)
{
	const uint64_t end = ord_now_ns() + TURN_NS;
	struct pollfd fds[LINKS_MAX + 1];
	int r, ready = 0, done = 0;

	watch_realtime(e, end - TURN_NS);
	memcpy(fds, polled, n * sizeof *fds);
	for (unsigned i = 0; i < n; i++)
		ready += fds[i].revents != 0;
	if (!ready)
		learn_lead(e);
	while ((r = work(e, fds, n, err)) >= 0) {
		uint64_t now = ord_now_ns();

		done += r;
		/* While there is traffic it is waited for here: the caller's loop has more to look
		 * at. */
		if (now >= end || done == 0) {
			e->ticking = done > TICK_PACKETS;
			return 0;
		}
		if (e->more)
			continue;
		if (!e->ticking && close_enough(e)) {
			__builtin_ia32_pause();
			memset(fds, 0, n * sizeof *fds);
			continue;
		}
		sleep_until(e, fds, n, now, end);
	}
	return -1;
}

int emulate_flush(struct emulate *e, struct ord_err *err)
{
	const unsigned n = e->n_taps + (e->queue.fd >= 0);

	for (unsigned i = 0; i < n; i++)
		if (read_burst(e, i, true) < 0)
			return gone(e, i, err);
	(void)release(e, true);
	return 0;
}
