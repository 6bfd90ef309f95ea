/* The probes of a run: what they are made of, and the loop that they turn on. */
#include "ordeal/probe.h"

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/clock.h"
#include "scheduler/probe/pace.h"

#define IN_FLIGHT_MAX	   1024u
#define IN_FLIGHT_EXEC_MAX 64u

/*
 * Slots that come closer than a sleep is accurate are met by spinning, which takes a core; the
 * loop's other sources wait no longer than a slice.
 */
#define SPIN_PER_SECOND 10000u
#define SPIN_SLICE_NS	(200 * ORD_US)

/* One slot of each probe: where several are due, answers are taken in between. */
static void turn(const struct prb_host *host)
{
	struct ord_probes *all = (struct ord_probes *)(uintptr_t)host;
	uint64_t now = ord_now_ns();

	if (now < all->soonest)
		return;
	all->soonest = UINT64_MAX;
	for (size_t i = 0; i < all->n; i++) {
		uint64_t due = pace_fire_one(&all->v[i], now);

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

static int open_pace(struct pace *p, const struct ord_probe_source *source, struct ord_err *err)
{
	const struct ord_probe_spec *spec = p->probe.spec;
	uint64_t fit = spec->timeout_ns / spec->every_ns + 2;
	unsigned most = spec->kind == ORD_PROBE_EXEC ? IN_FLIGHT_EXEC_MAX : IN_FLIGHT_MAX;

	p->cap = fit < most ? (unsigned)fit : most;
	p->probe.wants_body = prb_expect_wants_body(&spec->expect);
	if (prb_expect_open(&p->probe.expect, &spec->expect, err) < 0 ||
	    find_kind(spec->kind, source, &p->kind, err) < 0 || pace_open_timers(p, err) < 0 ||
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

static bool must_spin(const struct ord_probe_spec *specs, size_t n)
{
	uint64_t per_second = 0;

	for (size_t i = 0; i < n; i++)
		per_second += ORD_S / specs[i].every_ns;
	return per_second >= SPIN_PER_SECOND;
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
				      .trace_ids = prb_trace_ids,
				      .cluster = source ? source->cluster : NULL,
				      .prometheus = source ? source->prometheus : NULL,
				      .spins = must_spin(specs, n),
				      .answered = pace_answered,
				      .keep = pace_keep,
				      .turn = turn,
				      .fail = ord_fail_at};
	all->soonest = UINT64_MAX; /* nothing before the start */
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

static int open_spin(struct ord_probes *all)
{
	int r;

	if (!all->host.spins)
		return 0;
	r = sd_event_add_defer(all->host.loop, &all->spin, on_spin, all);
	if (r >= 0)
		r = sd_event_source_set_priority(all->spin, SD_EVENT_PRIORITY_IDLE);
	return r < 0 ? r : sd_event_source_set_enabled(all->spin, SD_EVENT_ON);
}

void ord_probes_trace(struct ord_probes *all, uint64_t seed, const char *run)
{
	prb_trace_from(all->host.trace, seed, run);
}

int ord_probes_start(struct ord_probes *all, uint64_t t0, struct ord_err *err)
{
	int spin = open_spin(all);

	all->soonest = 0;
	if (spin < 0) {
		errno = -spin;
		return ord_fail_sys(err, "the loop of the probes");
	}
	for (size_t i = 0; i < all->n; i++) {
		struct pace *p = &all->v[i];

		/* Spread: two probes of the same period never fire together. */
		if (pace_begin(p, t0 + p->probe.spec->every_ns / all->n * i, !all->host.spins,
			       err) < 0)
			return -1;
	}
	return 0;
}

void ord_probes_free(struct ord_probes *all)
{
	if (!all)
		return;
	(void)sd_event_source_disable_unref(all->spin);
	for (size_t i = 0; i < all->n; i++)
		pace_close(&all->v[i]);
	free(all);
}
