/*
 * cpu.burn: one process a CPU, pinned there, in the target's cpu control group. Each steers the CPU
 * time that it has consumed itself (CLOCK_THREAD_CPUTIME_ID, which is schedstat's figure) along a
 * line over the wall clock, so that what others took from it is made good; how much of that may
 * pile up is bounded.
 */
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/cpus.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/units.h"
#include "injector/host/child.h"
#include "injector/lease/injector.h"

/* Burn and sleep alternate about this often; the line is never left by more than a quarter of it.
 */
#define CYCLE_NS 1000000.0
/* No shorter sleep is asked for. */
#define SLEEP_NS 100000.0
/* CPU time that is made good at most, and how long making it good may take. */
#define DEBT_NS	   500000000.0
#define CATCHUP_NS 5000000000.0
/* The longest burn before the clocks are read again. */
#define LOOK_NS 200000ull
/* Asked of the scheduler: woken up, run at once rather than after a neighbour's slice. */
#define SLICE_NS 100000ull
/* To start all burners; under full load each waits for its turn. */
#define START_NS (20 * ORD_S)

/* One burner's words, in memory that it shares with the holder; a cache line each. */
struct words {
	_Alignas(64) atomic_int failed; /* errno */
	atomic_uint running;
	atomic_ullong used_ns, at_ns, forgiven_ns; /* CPU time, wall time, both since its start */
};

struct burn {
	unsigned n;
	unsigned cpus[CPU_SETSIZE];
	struct inj_child children[CPU_SETSIZE];
	struct words *words; /* n of them */
	int join;
	double load; /* 0..1 */
	double climb_ns;
	char name[16];
	uint64_t began_ns;
};

struct burner {
	const struct burn *b;
	struct words *w;
	unsigned cpu;
};

/* CPU time that is due t nanoseconds after the start; the slope there in *ret_load. */
static double line(const struct burn *b, double t, double *ret_load)
{
	if (t < b->climb_ns) {
		*ret_load = b->load * t / b->climb_ns;
		return *ret_load * t / 2;
	}
	*ret_load = b->load;
	return b->load * (t - b->climb_ns / 2);
}

static double max_debt(double load)
{
	double d = CATCHUP_NS * (1 - load);

	return d < DEBT_NS ? d : DEBT_NS;
}

static void sleep_until(uint64_t ns)
{
	struct timespec t = ord_timespec(ns);

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

/* Work that the compiler keeps, until the wall clock says so. */
static void spin_until(uint64_t ns)
{
	uint64_t x = ns;

	do {
		for (int i = 0; i < 256; i++)
			x = x * 6364136223846793005ull + 1442695040888963407ull;
		__asm__ volatile("" ::"r"(x));
	} while (ord_now_ns() < ns);
}

/*
 * Runs the line: burns to half a step above it, sleeps until half a step below. At a cycle of 1 ms
 * a window of any length is at most 0.25 ms off, under 0.1 point of 300 ms.
 */
static _Noreturn void burn(const struct burn *b, struct words *w)
{
	uint64_t t0 = ord_now_ns(), u0 = ord_clock_ns(CLOCK_THREAD_CPUTIME_ID);
	double forgiven = 0;

	for (;;) {
		uint64_t now = ord_now_ns();
		double used = (double)(ord_clock_ns(CLOCK_THREAD_CPUTIME_ID) - u0), load, step,
		       over;

		over = used + forgiven - line(b, (double)(now - t0), &load);
		if (over < -max_debt(load)) {
			forgiven += -max_debt(load) - over;
			over = -max_debt(load);
		}
		atomic_store_explicit(&w->used_ns, (unsigned long long)used, memory_order_relaxed);
		atomic_store_explicit(&w->at_ns, now - t0, memory_order_relaxed);
		atomic_store_explicit(&w->forgiven_ns, (unsigned long long)forgiven,
				      memory_order_relaxed);
		atomic_store_explicit(&w->running, 1, memory_order_release);
		step = CYCLE_NS * load * (1 - load) / 2;
		if (step < load * SLEEP_NS / 2)
			step = load * SLEEP_NS / 2;
		if (load >= 1) {
			spin_until(now + LOOK_NS);
		} else if (over >= step * 0.9 || load <= 0) {
			double pause = load > 0 ? (over + step) / load : 10e6;

			sleep_until(now + (uint64_t)(pause < 10e6 ? pause : 10e6));
		} else {
			double left = (step - over) / (1 - load);

			spin_until(now + (left < (double)LOOK_NS ? (uint64_t)left : LOOK_NS));
		}
	}
}

/*
 * Asks for a short slice: since Linux 6.12 the fair scheduler lets a task with one preempt on
 * wake-up, without a larger share. Older kernels ignore the runtime of SCHED_OTHER; where the call
 * is refused the burner is a little less even. The guardian and the burners inherit it.
 */
static void ask_short_slice(void)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attr = {.size = sizeof attr};

	if (syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 0))
		return;
	attr.runtime = SLICE_NS;
	(void)syscall(SYS_sched_setattr, 0, &attr, 0);
}

static _Noreturn void burner_main(void *arg)
{
	const struct burner *me = arg;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(me->cpu, &set);
	if (sched_setaffinity(0, sizeof set, &set)) {
		atomic_store(&me->w->failed, errno);
		_exit(1);
	}
	(void)prctl(PR_SET_TIMERSLACK, 1);
	burn(me->b, me->w);
}

/*
 * The CPUs that may be taken: those online, within the target's own where it is bound to some.
 * Version 2 has one group for all controllers, so that the target's cpuset will be the burners' as
 * well.
 */
static int candidates(const struct inj_step *step, const struct ord_cgroup *group, cpu_set_t *ret,
		      struct ord_err *err)
{
	char effective[4096];
	ord_autofree char *online = NULL;
	const struct ord_place *p = step->place;
	cpu_set_t bound;

	if (ord_file_read("/sys/devices/system/cpu/online", 4096, &online, NULL, err))
		return -1;
	online[strcspn(online, "\n")] = '\0';
	if (ord_cpus_parse(online, ret, err))
		return ord_wrap(err, "/sys/devices/system/cpu/online");
	if (p->n_procs && !sched_getaffinity(p->procs[0].pid, sizeof bound, &bound))
		CPU_AND(ret, ret, &bound);
	if (group->v2 &&
	    !ord_cgroup_get(group, "cpuset.cpus.effective", effective, sizeof effective) &&
	    !ord_cpus_parse(effective, &bound, NULL))
		CPU_AND(ret, ret, &bound);
	return 0;
}

/* Tries the set on ourselves: what does not come back is offline or outside of our cpuset. */
static int allowed(const cpu_set_t *want, struct ord_err *err)
{
	cpu_set_t before, got, missing;
	char text[128];

	CPU_ZERO(&got);
	if (sched_getaffinity(0, sizeof before, &before))
		return ord_fail_sys(err, "sched_getaffinity");
	if (!sched_setaffinity(0, sizeof *want, want)) {
		(void)sched_getaffinity(0, sizeof got, &got);
		(void)sched_setaffinity(0, sizeof before, &before);
	}
	CPU_XOR(&missing, want, &got);
	if (!CPU_COUNT(&missing))
		return 0;
	return ord_fail(err, ORD_SKIP,
			"CPU %s cannot be used here: offline, absent, or outside of our cpuset",
			ord_cpus_format(&missing, text, sizeof text));
}

/* As many as are asked for of those that may be taken; which, the seed decides. */
static int pick_cores(const struct inj_step *step, const struct ord_cgroup *group, cpu_set_t *ret,
		      struct ord_err *err)
{
	uint32_t order[CPU_SETSIZE];
	unsigned listed[CPU_SETSIZE], n = 0, want;
	struct ord_rng rng;
	cpu_set_t may;

	if (candidates(step, group, &may, err))
		return -1;
	for (unsigned c = 0; c < CPU_SETSIZE; c++)
		if (CPU_ISSET(c, &may))
			listed[n++] = c;
	want = ord_arg_set(step->args, "cores") ? (unsigned)ord_arg_int(step->args, "cores") : n;
	if (want > n)
		return ord_fail(err, ORD_SKIP, "%u CPUs are asked for, but only %u are there", want,
				n);
	ord_rng_init(&rng, step->seed);
	ord_rng_permutation(&rng, order, n);
	CPU_ZERO(ret);
	for (unsigned i = 0; i < want; i++)
		CPU_SET(listed[order[i]], ret);
	return 0;
}

static int choose_cpus(const struct inj_step *step, const struct ord_cgroup *group, struct burn *b,
		       struct ord_err *err)
{
	cpu_set_t set;

	if (ord_arg_set(step->args, "cpus")) {
		if (ord_cpus_parse(ord_arg_text(step->args, "cpus"), &set, err))
			return -1;
	} else if (pick_cores(step, group, &set, err)) {
		return -1;
	}
	for (unsigned c = 0; c < CPU_SETSIZE; c++)
		if (CPU_ISSET(c, &set))
			b->cpus[b->n++] = c;
	return allowed(&set, err);
}

static int tell(const struct burn *b, const struct ord_cgroup *g, json_t *report,
		struct ord_err *err)
{
	json_t *objects = json_array(), *notes = json_array();
	char cpus[128], text[512];
	cpu_set_t set;

	CPU_ZERO(&set);
	for (unsigned i = 0; i < b->n; i++)
		CPU_SET(b->cpus[i], &set);
	(void)snprintf(text, sizeof text,
		       "%u process%s on CPU %s; killed by the kernel with the parent", b->n,
		       b->n > 1 ? "es" : "", ord_cpus_format(&set, cpus, sizeof cpus));
	if (json_object_set_new(report, "engine", json_string("")) ||
	    json_object_set_new(report, "objects", objects) ||
	    json_object_set_new(report, "notes", notes) ||
	    json_array_append_new(objects, json_string(text)))
		return ord_fail_nomem(err);
	if (!g->dir[0])
		return 0;
	(void)snprintf(text, sizeof text, "in control group %s", g->dir);
	return json_array_append_new(notes, json_string(text)) ? ord_fail_nomem(err) : 0;
}

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	struct burn *b = calloc(1, sizeof *b);
	struct ord_cgroup group;

	if (!b)
		return ord_fail_nomem(err);
	step->state = b;
	b->join = -1;
	b->load = (double)ord_arg_int(step->args, "load") / ORD_PPM;
	b->climb_ns = (double)ord_arg_int(step->args, "climb");
	inj_child_name(step->lease, b->name);
	/* Ours, our guardian's and the burners': where all CPUs burn, the beats must come through.
	 */
	ask_short_slice();
	if (inj_child_join(step->place, "cpu", &b->join, &group, err) ||
	    choose_cpus(step, &group, b, err))
		return -1;
	b->words = mmap(NULL, b->n * sizeof *b->words, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (b->words == MAP_FAILED) {
		b->words = NULL;
		return ord_fail_sys(err, "mmap");
	}
	if (inj_child_record(undo, step->lease, err))
		return -1;
	return tell(b, &group, report, err);
}

static int failed_start(const struct burn *b, unsigned i, struct ord_err *err)
{
	int failed = atomic_load(&b->words[i].failed);
	char fate[48], who[32];

	(void)snprintf(who, sizeof who, "burner on CPU %u", b->cpus[i]);
	if (failed)
		return inj_child_failed(failed, who, err);
	if (b->children[i].gone)
		return ord_fail(err, ORD_SYS, "the burner on CPU %u %s", b->cpus[i],
				inj_child_fate(&b->children[i], fate));
	return ord_fail(err, ORD_SYS, "the burner on CPU %u got no time to start", b->cpus[i]);
}

/* In force: every burner says that it runs where it should, and has consumed time. */
static int inject(struct inj_step *step, struct ord_err *err)
{
	struct burn *b = step->state;
	uint64_t limit = ord_now_ns() + START_NS;

	b->began_ns = ord_now_ns();
	for (unsigned i = 0; i < b->n; i++) {
		struct burner me = {.b = b, .w = &b->words[i], .cpu = b->cpus[i]};
		struct inj_child_how how = {.name = b->name,
					    .join = b->join,
					    .keep = -1,
					    .failed = &b->words[i].failed,
					    .main = burner_main,
					    .arg = &me};

		if (inj_child_start(&b->children[i], &how, err))
			return -1;
	}
	for (unsigned i = 0; i < b->n; i++)
		while (!atomic_load_explicit(&b->words[i].running, memory_order_acquire)) {
			if (inj_child_look(&b->children[i]) || ord_now_ns() > limit)
				return failed_start(b, i, err);
			sleep_until(ord_now_ns() + 100 * ORD_US);
			inj_beat();
		}
	return 0;
}

static unsigned wait_fds(struct inj_step *step, struct pollfd *fds, unsigned max, uint64_t *due_ns)
{
	const struct burn *b = step->state;
	unsigned n = b->n < max ? b->n : max; /* the rest is looked at with the beats */

	(void)due_ns;
	for (unsigned i = 0; i < n; i++)
		fds[i] = (struct pollfd){.fd = b->children[i].pidfd, .events = POLLIN};
	return n;
}

static int wake(struct inj_step *step, const struct pollfd *fds, unsigned n, bool *ret_over,
		struct ord_err *err)
{
	struct burn *b = step->state;
	char fate[48];

	for (unsigned i = 0; i < b->n; i++) {
		if ((i < n && !fds[i].revents) || !inj_child_look(&b->children[i]))
			continue;
		/* Killed together with the target it shares a group with: that is the target's end,
		 * not ours. */
		if (step->place->n_procs && ord_proc_check(&step->place->procs[0], NULL)) {
			*ret_over = true;
			return 0;
		}
		return ord_fail(err, ORD_SYS, "the burner on CPU %u %s", b->cpus[i],
				inj_child_fate(&b->children[i], fate));
	}
	return 0;
}

static json_int_t ppm(double part, double whole)
{
	return whole > 0 ? (json_int_t)(part / whole * ORD_PPM + 0.5) : 0;
}

/* What each burner consumed of its CPU since it started, and what it was to consume by its line. */
static void figures(struct inj_step *step, json_t *out)
{
	const struct burn *b = step->state;
	double used = 0, at = 0, due = 0, forgiven = 0, load;
	char key[32];

	if (!b || !b->words)
		return;
	for (unsigned i = 0; i < b->n; i++) {
		double u = (double)atomic_load(&b->words[i].used_ns),
		       t = (double)atomic_load(&b->words[i].at_ns);

		used += u;
		at += t;
		due += line(b, t, &load);
		forgiven += (double)atomic_load(&b->words[i].forgiven_ns);
		(void)snprintf(key, sizeof key, "cpu%u_ppm", b->cpus[i]);
		if (b->n <= 64)
			(void)json_object_set_new(out, key, json_integer(ppm(u, t)));
	}
	(void)json_object_set_new(out, "burners", json_integer((json_int_t)b->n));
	(void)json_object_set_new(out, "achieved_ppm", json_integer(ppm(used, at)));
	(void)json_object_set_new(out, "asked_ppm", json_integer(ppm(due, at)));
	(void)json_object_set_new(out, "forgiven_ns", json_integer((json_int_t)forgiven));
}

static int end(struct inj_step *step, struct ord_err *err)
{
	struct burn *b = step->state;

	(void)err;
	for (unsigned i = 0; i < b->n; i++)
		inj_child_end(&b->children[i]);
	return 0;
}

static void done(struct inj_step *step)
{
	struct burn *b = step->state;

	if (!b)
		return;
	for (unsigned i = 0; i < b->n; i++)
		inj_child_end(&b->children[i]);
	if (b->words)
		(void)munmap(b->words, b->n * sizeof *b->words);
	ord_close(&b->join);
	free(b);
	step->state = NULL;
}

static int available(const char **ret_engine, struct ord_err *err)
{
	(void)err;
	*ret_engine = "";
	return 0;
}

static const int syscalls[] = {INJ_CHILD_SYSCALLS, SCMP_SYS(sched_setaffinity), -1};
static const int revert_syscalls[] = {INJ_CHILD_REVERT_SYSCALLS, -1};

const struct ord_injector inj_cpu_burn = {
	.name = "cpu.burn",
	.syscalls = syscalls,
	.revert_syscalls = revert_syscalls,
	.check = check,
	.inject = inject,
	.wait = wait_fds,
	.wake = wake,
	.figures = figures,
	.end = end,
	.residue = inj_child_residue,
	.validate = inj_child_validate,
	.done = done,
	.available = available,
};
