/*
 * The pacer: fires slots at their absolute instants, gives each a deadline, bounds what is in
 * flight, and counts as skipped what it could not send. It never waits for an answer before the
 * next slot.
 */
#include "ordeal/probe.h"

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/units.h"
#include "scheduler/probe/probe.h"

#define IN_FLIGHT_MAX	   1024u
#define IN_FLIGHT_EXEC_MAX 64u
/* A slot that we reach later than this is not sent: its sample would tell of us, not of the system.
 */
#define LATE_NS (50 * ORD_MS)

/* From so many slots a second on the pacer spins; the loop's other sources wait no longer than a
 * slice. */
#define SPIN_PER_SECOND 10000u
#define SPIN_SLICE_NS	(200 * ORD_US)

struct pace {
	struct prb_probe probe; /* first: the kinds see only this */
	const struct prb_kind *kind;
	struct ord_probes *all;
	size_t index;
	uint64_t first_due, n; /* slot n is the next, due at first_due + n * every */
	sd_event_source *due, *deadline;
	struct prb_sample *head, *tail; /* in flight, by due; all have the same time allowed */
	struct prb_sample *idle;
	unsigned in_flight, cap;
	bool armed; /* deadline is */
};

struct ord_probes {
	struct prb_host host; /* first: a kind hands it back */
	bool spins;
	uint64_t soonest; /* the next slot of any probe is not due before */
	sd_event_source *spin;
	void (*on_sample)(void *arg, const struct ord_sample *s);
	void *arg;
	size_t n;
	struct pace v[];
};

const char *ord_outcome_name(enum ord_outcome o)
{
	static const char *const names[] = {
		[ORD_OUTCOME_OK] = "ok",
		[ORD_OUTCOME_WRONG] = "wrong",
		[ORD_OUTCOME_REFUSED] = "refused",
		[ORD_OUTCOME_RESET] = "reset",
		[ORD_OUTCOME_TIMEOUT] = "timeout",
		[ORD_OUTCOME_SKIPPED] = "skipped",
		[ORD_OUTCOME_LOCAL_ERROR] = "local-error",
	};

	return names[o];
}

static uint64_t usec_up(uint64_t ns)
{
	return (ns + ORD_US - 1) / ORD_US;
}

static void unlink_sample(struct pace *p, struct prb_sample *s)
{
	*(s->prev ? &s->prev->next : &p->head) = s->next;
	*(s->next ? &s->next->prev : &p->tail) = s->prev;
	p->in_flight--;
	s->next = p->idle;
	s->prev = NULL;
	p->idle = s;
}

/*
 * For the oldest in flight. An answer leaves the timer alone: it fires once a timeout at most,
 * finds nothing due, and is armed again for the oldest of then.
 */
static void arm_deadline(struct pace *p)
{
	p->armed = p->head;
	if (!p->armed) {
		(void)sd_event_source_set_enabled(p->deadline, SD_EVENT_OFF);
		return;
	}
	(void)sd_event_source_set_time(p->deadline,
				       usec_up(p->head->s.due + p->probe.spec->timeout_ns));
	(void)sd_event_source_set_enabled(p->deadline, SD_EVENT_ONESHOT);
}

/* Hands the sample out and keeps it for reuse. */
static void tell(struct pace *p, struct prb_sample *s)
{
	struct ord_sample out = s->s;

	unlink_sample(p, s);
	p->all->on_sample(p->all->arg, &out);
}

static void answered(struct prb_sample *s, enum ord_outcome o, const char *why)
{
	struct pace *p = (struct pace *)(void *)s->probe;

	s->s.done = ord_now_ns();
	if (s->s.done - s->s.due > p->probe.spec->timeout_ns && o != ORD_OUTCOME_LOCAL_ERROR) {
		o = ORD_OUTCOME_TIMEOUT;
		why = "answered after its time was up";
	}
	s->s.outcome = o;
	if (o == ORD_OUTCOME_OK)
		prb_judge(p->probe.spec, &p->probe.expect, s);
	else
		(void)snprintf(s->s.why, sizeof s->s.why, "%s", why ? why : ord_outcome_name(o));
	tell(p, s);
}

static bool keep(struct prb_sample *s, const char *data, size_t n)
{
	if (n > PRB_BODY_MAX - s->body_n)
		n = PRB_BODY_MAX - s->body_n;
	if (s->body_n + n >= s->body_size) { /* one more, for the NUL */
		size_t size = s->body_size ? s->body_size : 4096;
		char *body;

		while (size <= s->body_n + n)
			size *= 2;
		body = realloc(s->body, size);
		if (!body)
			return false;
		s->body = body;
		s->body_size = size;
	}
	memcpy(s->body + s->body_n, data, n);
	s->body_n += n;
	s->body[s->body_n] = '\0';
	return true;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *arg)
{
	struct pace *p = arg;
	uint64_t now = ord_now_ns();
	char text[32];

	(void)source;
	(void)usec;
	while (p->head && p->head->s.due + p->probe.spec->timeout_ns <= now) {
		struct prb_sample *s = p->head;

		p->kind->cancel(&p->probe, s);
		s->s.done = ord_now_ns();
		s->s.outcome = ORD_OUTCOME_TIMEOUT;
		(void)snprintf(s->s.why, sizeof s->s.why, "no answer within %s",
			       ord_format_duration((int64_t)p->probe.spec->timeout_ns, text));
		tell(p, s);
	}
	arm_deadline(p);
	return 0;
}

static void skip(struct pace *p, uint64_t n, uint64_t due, uint64_t now, const char *why)
{
	struct ord_sample s = {.probe = p->index,
			       .n = n,
			       .due = due,
			       .sent = now,
			       .done = now,
			       .outcome = ORD_OUTCOME_SKIPPED};

	(void)snprintf(s.why, sizeof s.why, "%s", why);
	p->all->on_sample(p->all->arg, &s);
}

static struct prb_sample *take_idle(struct pace *p)
{
	struct prb_sample *s = p->idle;

	if (!s) {
		s = calloc(1, sizeof *s);
		if (s)
			s->probe = &p->probe;
		return s;
	}
	p->idle = s->next;
	return s;
}

static void fire(struct pace *p, uint64_t n, uint64_t due)
{
	uint64_t now = ord_now_ns(), half = p->probe.spec->timeout_ns / 2;
	bool late = now - due > (half < LATE_NS ? half : LATE_NS);
	struct prb_sample *s = !late && p->in_flight < p->cap ? take_idle(p) : NULL;

	if (!s) {
		skip(p, n, due, now,
		     late		     ? "ordeal itself was too late"
		     : p->in_flight < p->cap ? "out of memory"
					     : "too many in flight");
		return;
	}
	s->s = (struct ord_sample){.probe = p->index, .n = n, .due = due, .sent = now};
	s->body_n = 0;
	s->exit_status = 0;
	if (s->header)
		s->header[0] = '\0';
	s->next = NULL;
	s->prev = p->tail;
	*(p->tail ? &p->tail->next : &p->head) = s;
	p->tail = s;
	p->in_flight++;
	p->kind->sample(&p->probe, s);
	if (!p->armed)
		arm_deadline(p);
}

/* Fires all slots that are due; returns when the next is. */
static uint64_t fire_due(struct pace *p, uint64_t now)
{
	uint64_t every = p->probe.spec->every_ns;
	uint64_t due = p->first_due + p->n * every;

	for (; due <= now; due += every)
		fire(p, p->n++, due);
	return due;
}

static void turn(const struct prb_host *host)
{
	struct ord_probes *all = (struct ord_probes *)(uintptr_t)host;
	uint64_t now = ord_now_ns();

	if (now < all->soonest)
		return;
	all->soonest = UINT64_MAX;
	for (size_t i = 0; i < all->n; i++) {
		uint64_t due = fire_due(&all->v[i], now);

		all->soonest = due < all->soonest ? due : all->soonest;
	}
}

/* Never sleeps: looks at the clock and at what has arrived in turn, and goes back to the loop every
 * now and then. */
static int on_spin(sd_event_source *source, void *arg)
{
	struct ord_probes *all = arg;
	uint64_t until = ord_now_ns() + SPIN_SLICE_NS;

	(void)source;
	do {
		for (size_t i = 0; i < all->n; i++) {
			turn(&all->host);
			if (all->v[i].kind->poll)
				all->v[i].kind->poll(&all->v[i].probe);
		}
	} while (ord_now_ns() < until);
	return 0;
}

static int on_due(sd_event_source *source, uint64_t usec, void *arg)
{
	uint64_t due = fire_due(arg, ord_now_ns());

	(void)usec;
	(void)sd_event_source_set_time(source, usec_up(due));
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int find_kind(enum ord_probe_kind kind, const struct ord_probe_source *source,
		     const struct prb_kind **ret, struct ord_err *err)
{
	switch (kind) {
	case ORD_PROBE_KUBE:
		if (!source || !source->kind)
			return ord_fail(err, ORD_USAGE, "a kube probe needs a cluster");
		*ret = source->kind;
		return 0;
	case ORD_PROBE_PROM:
		if (!source || !source->prom)
			return ord_fail(err, ORD_USAGE, "a prom probe needs its module");
		*ret = source->prom;
		return 0;
	case ORD_PROBE_HTTP:
		return prb_http_module(ret, err);
	case ORD_PROBE_TCP:
		*ret = &prb_tcp;
		return 0;
	case ORD_PROBE_EXEC:
		*ret = &prb_exec;
		return 0;
	case ORD_PROBE_DNS:
		*ret = &prb_dns;
		return 0;
	}
	return ord_fail(err, ORD_USAGE, "no such kind of probe");
}

static int open_sources(struct pace *p, struct ord_err *err)
{
	sd_event *loop = p->probe.host->loop;
	int r = sd_event_add_time(loop, &p->due, CLOCK_MONOTONIC, 0, 1, on_due, p);

	if (r >= 0)
		r = sd_event_source_set_enabled(p->due, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time(loop, &p->deadline, CLOCK_MONOTONIC, 0, 1, on_deadline, p);
	if (r >= 0)
		r = sd_event_source_set_enabled(p->deadline, SD_EVENT_OFF);
	if (r >= 0)
		return 0;
	errno = -r;
	return ord_fail_sys(err, "timer of probe '%s'", p->probe.spec->name);
}

static int open_pace(struct pace *p, const struct ord_probe_source *source, struct ord_err *err)
{
	const struct ord_probe_spec *spec = p->probe.spec;
	uint64_t fit = spec->timeout_ns / spec->every_ns + 2;
	unsigned most = spec->kind == ORD_PROBE_EXEC ? IN_FLIGHT_EXEC_MAX : IN_FLIGHT_MAX;

	p->cap = fit < most ? (unsigned)fit : most;
	p->probe.wants_body = prb_expect_wants_body(&spec->expect);
	if (prb_expect_open(&p->probe.expect, &spec->expect, err) < 0 ||
	    find_kind(spec->kind, source, &p->kind, err) < 0 || open_sources(p, err) < 0 ||
	    p->kind->open(&p->probe, err) < 0)
		return ord_wrap(err, "probe '%s'", spec->name);
	return 0;
}

/* A black hole at 1,000 slots a second needs as many sockets as slots fit into its timeout. */
static void raise_files(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_cur < lim.rlim_max) {
		lim.rlim_cur = lim.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &lim);
	}
}

/*
 * A short slice: with EEVDF (Linux 6.12 and later) a task that asks for 0.1 ms at a time runs
 * sooner once it is woken, which matters beside a CPU that is being burnt. It needs no privilege,
 * and older kernels do not look at it.
 */
static void ask_for_short_slices(void)
{
	struct sched_attr attr = {.size = sizeof attr,
				  .sched_policy = SCHED_NORMAL,
				  .sched_nice = getpriority(PRIO_PROCESS, 0),
				  .sched_runtime = 100 * ORD_US};

	if (syscall(SYS_sched_getscheduler, 0) == SCHED_NORMAL)
		(void)syscall(SYS_sched_setattr, 0, &attr, 0u);
}

int ord_probes_open(const struct ord_probe_spec *specs, size_t n, struct sd_event *loop,
		    const struct ord_probe_source *source,
		    void (*on_sample)(void *arg, const struct ord_sample *s), void *arg,
		    struct ord_probes **ret, struct ord_err *err)
{
	struct ord_probes *all = calloc(1, sizeof *all + n * sizeof all->v[0]);

	if (!all)
		return ord_fail_nomem(err);
	raise_files();
	(void)prctl(PR_SET_TIMERSLACK, 1ul, 0, 0, 0);
	ask_for_short_slices();
	all->host = (struct prb_host){.loop = loop,
				      .cluster = source ? source->cluster : NULL,
				      .prometheus = source ? source->prometheus : NULL,
				      .answered = answered,
				      .keep = keep,
				      .turn = turn,
				      .fail = ord_fail_at};
	all->on_sample = on_sample;
	all->arg = arg;
	for (; all->n < n; all->n++) {
		struct pace *p = &all->v[all->n];

		p->all = all;
		p->index = all->n;
		p->probe.spec = &specs[all->n];
		p->probe.host = &all->host;
		if (open_pace(p, source, err) < 0) {
			all->n++;
			ord_probes_free(all);
			return -1;
		}
	}
	*ret = all;
	return 0;
}

/* Slots that come closer than a sleep is accurate are met by spinning, which takes a core. */
static int open_spin(struct ord_probes *all)
{
	uint64_t per_second = 0;
	int r;

	for (size_t i = 0; i < all->n; i++)
		per_second += ORD_S / all->v[i].probe.spec->every_ns;
	all->spins = per_second >= SPIN_PER_SECOND;
	if (!all->spins)
		return 0;
	r = sd_event_add_defer(all->host.loop, &all->spin, on_spin, all);
	if (r >= 0)
		r = sd_event_source_set_priority(all->spin, SD_EVENT_PRIORITY_IDLE);
	return r < 0 ? r : sd_event_source_set_enabled(all->spin, SD_EVENT_ON);
}

int ord_probes_start(struct ord_probes *all, uint64_t t0, struct ord_err *err)
{
	int spin = open_spin(all);

	if (spin < 0) {
		errno = -spin;
		return ord_fail_sys(err, "the loop of the probes");
	}
	for (size_t i = 0; i < all->n; i++) {
		struct pace *p = &all->v[i];
		int r;

		/* Spread: two probes of the same period never fire together. */
		p->first_due = t0 + p->probe.spec->every_ns / all->n * i;
		p->n = 0;
		if (all->spins)
			continue;
		r = sd_event_source_set_time(p->due, usec_up(p->first_due));
		if (r >= 0)
			r = sd_event_source_set_enabled(p->due, SD_EVENT_ONESHOT);
		if (r < 0) {
			errno = -r;
			return ord_fail_sys(err, "timer of probe '%s'", p->probe.spec->name);
		}
	}
	return 0;
}

static void free_sample(struct pace *p, struct prb_sample *s)
{
	if (s->io && p->kind->drop)
		p->kind->drop(&p->probe, s);
	free(s->body);
	free(s->header);
	free(s);
}

static void close_pace(struct pace *p)
{
	for (struct prb_sample *s = p->head, *next; s; s = next) {
		next = s->next;
		p->kind->cancel(&p->probe, s);
		free_sample(p, s);
	}
	for (struct prb_sample *s = p->idle, *next; s; s = next) {
		next = s->next;
		free_sample(p, s);
	}
	if (p->kind)
		p->kind->close(&p->probe);
	(void)sd_event_source_disable_unref(p->due);
	(void)sd_event_source_disable_unref(p->deadline);
	prb_expect_close(&p->probe.expect);
}

void ord_probes_free(struct ord_probes *all)
{
	if (!all)
		return;
	(void)sd_event_source_disable_unref(all->spin);
	for (size_t i = 0; i < all->n; i++)
		close_pace(&all->v[i]);
	free(all);
}
