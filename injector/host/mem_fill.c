/*
 * mem.fill: one child in the target's memory control group that owns the memory, touches it once
 * and then sleeps. The holder and its guardian stay outside, so that the limit and the OOM killer
 * meet the child alone. That it is killed by the OOM killer is a result, not an error.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/units.h"
#include "injector/host/child.h"
#include "injector/lease/injector.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

/* Filled at once: small enough that its pages are still in the cache when they are marked. */
#define STEP	1048576ull
#define PACE_NS (10 * ORD_MS)
#define OOM_ADJ "1000"
/* Parts per million of the size that must be there. */
#define IN_FORCE 990000
/* How often the machine's free memory is looked at: while it is filled, and while it is held. */
#define LOOK_NS	     (20 * ORD_MS)
#define LOOK_HELD_NS (500 * ORD_MS)

struct words {
	atomic_int failed; /* errno */
	atomic_ullong filled, done_ns;
};

struct fill {
	uint64_t size, rate, seed, page;
	uint64_t total, keep_free; /* of the machine, bytes */
	struct words *words;
	struct inj_child child;
	int join;
	int pipe[2]; /* the child says by it that it is done */
	int oom_adj; /* of ourselves, for the child to inherit; -1: leave it */
	int meminfo;
	int oom_file; /* where kills are counted */
	struct ord_cgroup group;
	char name[16];
	char oom_before[8];
	uint64_t kills_before, began_ns, look_ns, resident, swapped;
	bool in_force, oom_killed;
};

struct filler {
	const struct fill *f;
	char *memory;
	int done; /* descriptor */
};

/* "Key:   123 kB" of a text of /proc; 0 where it is not there. */
static uint64_t kib_of(const char *text, const char *key)
{
	const char *p = strstr(text, key);
	uint64_t v;

	return p && sscanf(p + strlen(key), ": %" SCNu64, &v) == 1 ? v * 1024 : 0;
}

static int read_meminfo(int fd, uint64_t *ret_total, uint64_t *ret_available)
{
	char text[2048];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);

	if (n <= 0)
		return -1;
	text[n] = '\0';
	*ret_total = kib_of(text, "MemTotal");
	*ret_available = kib_of(text, "MemAvailable");
	return *ret_total ? 0 : -1;
}

/* One random word a page: no page equals another, so none is merged or stored as a pattern. */
static void mark(char *at, uint64_t size, uint64_t page, struct ord_rng *rng)
{
	for (uint64_t i = 0; i < size; i += page) {
		uint64_t word = ord_rng_next(rng);

		memcpy(at + i, &word, sizeof word);
	}
}

static void pace(const struct fill *f, uint64_t began, uint64_t filled)
{
	/* In seconds and the rest, so that nothing overflows. */
	uint64_t due = began + filled / f->rate * ORD_S + filled % f->rate * ORD_S / f->rate;
	struct timespec t = ord_timespec(due);

	while (due > ord_now_ns() &&
	       clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static uint64_t step_of(const struct fill *f)
{
	uint64_t step = f->rate ? f->rate / (ORD_S / PACE_NS) / f->page * f->page : STEP;

	return step < f->page ? f->page : step < STEP ? step : STEP;
}

static _Noreturn void filler_main(void *arg)
{
	const struct filler *me = arg;
	const struct fill *f = me->f;
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

/* Exact, and without overflow. */
static uint64_t share(uint64_t whole, int64_t ppm)
{
	uint64_t p = (uint64_t)ppm;

	return whole / ORD_PPM * p + whole % ORD_PPM * p / ORD_PPM;
}

/* The least limit of the group and of those above it; 0: none. */
static uint64_t limit_of(const struct ord_cgroup *group)
{
	uint64_t least = 0, v;
	struct ord_cgroup g = *group;
	char text[32];

	while (g.dir[0]) {
		char *slash = strrchr(g.dir, '/');

		if (!ord_cgroup_get(&g, g.v2 ? "memory.max" : "memory.limit_in_bytes", text,
				    sizeof text) &&
		    sscanf(text, "%" SCNu64, &v) == 1 && v < 1ull << 62 && (!least || v < least))
			least = v;
		*slash = '\0';
	}
	return least;
}

static int decide_size(const struct inj_step *step, struct fill *f, struct ord_err *err)
{
	uint64_t limit = f->group.dir[0] ? limit_of(&f->group) : 0, available;

	f->page = (uint64_t)sysconf(_SC_PAGESIZE);
	f->meminfo = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	if (f->meminfo < 0 || read_meminfo(f->meminfo, &f->total, &available))
		return ord_fail_sys(err, "read /proc/meminfo");
	if (ord_arg_set(step->args, "size")) {
		f->size = (uint64_t)ord_arg_int(step->args, "size");
	} else {
		uint64_t whole = limit && limit < f->total ? limit : f->total;

		f->size = share(whole, ord_arg_int(step->args, "percent"));
	}
	f->size = (f->size + f->page - 1) / f->page * f->page;
	f->rate = ord_arg_set(step->args, "rate") ? (uint64_t)ord_arg_int(step->args, "rate") : 0;
	f->keep_free = share(f->total, ord_arg_int(step->args, "keep-free"));
	/* What the group's limit stops does not reach the machine. */
	limit = limit && limit < f->size ? limit : f->size;
	if (available < f->keep_free || available - f->keep_free < limit)
		return ord_fail(err, ORD_GUARD,
				"of the machine's %" PRIu64 " MiB %" PRIu64
				" MiB are available: filling %" PRIu64
				" MiB would not leave the %" PRIu64 " MiB of 'keep-free'",
				f->total >> 20, available >> 20, limit >> 20, f->keep_free >> 20);
	return 0;
}

static uint64_t kills(const struct fill *f)
{
	char text[16384];
	ssize_t n = f->oom_file < 0 ? -1 : pread(f->oom_file, text, sizeof text - 1, 0);
	const char *p;
	uint64_t v;

	if (n <= 0)
		return 0;
	text[n] = '\0';
	p = strstr(text, "oom_kill ");
	return p && sscanf(p, "oom_kill %" SCNu64, &v) == 1 ? v : 0;
}

/* The group's own counter where it has one (v1 since 4.13), else the machine's. */
static void open_oom_counter(struct fill *f)
{
	char path[sizeof f->group.dir + 24];

	if (f->group.dir[0]) {
		(void)snprintf(path, sizeof path, "%s/%s", f->group.dir,
			       f->group.v2 ? "memory.events" : "memory.oom_control");
		f->oom_file = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (f->oom_file < 0)
		f->oom_file = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
}

static int open_all(const struct inj_step *step, struct fill *f, struct ord_err *err)
{
	open_oom_counter(f);
	if (pipe2(f->pipe, O_CLOEXEC | O_NONBLOCK))
		return ord_fail_sys(err, "pipe");
	f->words = mmap(NULL, sizeof *f->words, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	if (f->words == MAP_FAILED) {
		f->words = NULL;
		return ord_fail_sys(err, "mmap");
	}
	if (!ord_arg_int(step->args, "oom-first"))
		return 0;
	/* /proc/self of a process that has left uid 0 is root's: opened now, written to when the
	 * child is forked. */
	f->oom_adj = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
	if (f->oom_adj < 0 || pread(f->oom_adj, f->oom_before, sizeof f->oom_before - 1, 0) <= 0)
		return ord_fail_sys(err, "open /proc/self/oom_score_adj");
	return 0;
}

static int tell(const struct fill *f, json_t *report, struct ord_err *err)
{
	json_t *objects = json_array(), *notes = json_array();
	char text[512], size[32];

	(void)snprintf(text, sizeof text,
		       "one process that owns %s; killed by the kernel with the parent",
		       ord_format_size((int64_t)f->size, size));
	if (json_object_set_new(report, "engine", json_string("")) ||
	    json_object_set_new(report, "objects", objects) ||
	    json_object_set_new(report, "notes", notes) ||
	    json_array_append_new(objects, json_string(text)))
		return ord_fail_nomem(err);
	if (!f->group.dir[0])
		return 0;
	(void)snprintf(text, sizeof text, "in control group %s", f->group.dir);
	return json_array_append_new(notes, json_string(text)) ? ord_fail_nomem(err) : 0;
}

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	struct fill *f = calloc(1, sizeof *f);

	if (!f)
		return ord_fail_nomem(err);
	step->state = f;
	f->join = f->pipe[0] = f->pipe[1] = f->oom_adj = f->meminfo = f->oom_file = -1;
	f->seed = step->seed;
	inj_child_name(step->lease, f->name);
	if (inj_child_join(step->place, "memory", &f->join, &f->group, err) ||
	    decide_size(step, f, err) || open_all(step, f, err) ||
	    inj_child_record(undo, step->lease, err))
		return -1;
	return tell(f, report, err);
}

/* Ours, so that the child inherits it from its first instant; without CAP_SYS_RESOURCE it may come
 * back. */
static int set_oom_adj(const struct fill *f, const char *value, struct ord_err *err)
{
	size_t n = strlen(value);

	if (f->oom_adj < 0)
		return 0;
	return pwrite(f->oom_adj, value, n, 0) == (ssize_t)n
		       ? 0
		       : ord_fail_sys(err, "oom_score_adj %.5s", value);
}

static int inject(struct inj_step *step, struct ord_err *err)
{
	struct fill *f = step->state;
	struct filler me = {.f = f, .done = f->pipe[1]};
	struct inj_child_how how = {.name = f->name,
				    .join = f->join,
				    .keep = f->pipe[1],
				    .failed = &f->words->failed,
				    .main = filler_main,
				    .arg = &me};
	int r;

	f->kills_before = kills(f);
	me.memory = mmap(NULL, f->size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (me.memory == MAP_FAILED)
		return ord_fail_sys(err, "mmap of %" PRIu64 " MiB", f->size >> 20);
	f->began_ns = ord_now_ns();
	r = set_oom_adj(f, OOM_ADJ, err) || inj_child_start(&f->child, &how, err) ? -1 : 0;
	/* Reserved only, never touched here: the child alone owns what it fills. */
	(void)munmap(me.memory, f->size);
	if (set_oom_adj(f, f->oom_before, r ? NULL : err))
		r = -1;
	ord_close(&f->pipe[1]);
	return r;
}

/* Is it there? Counted by the kernel, not by the child: what was swapped out is told apart. */
static int read_back(struct fill *f, struct ord_err *err)
{
	char path[40], text[4096];

	(void)snprintf(path, sizeof path, "/proc/%ld/status", (long)f->child.pid);
	if (ord_file_peek(AT_FDCWD, path, text, sizeof text) <= 0)
		return ord_fail_sys(err, "read '%s'", path);
	f->resident = kib_of(text, "VmRSS");
	f->swapped = kib_of(text, "VmSwap");
	if (f->resident + f->swapped < share(f->size, IN_FORCE))
		return ord_fail(err, ORD_SYS, "%" PRIu64 " of %" PRIu64 " MiB are there",
				f->resident >> 20, f->size >> 20);
	return 0;
}

static int in_force(struct inj_step *step, bool *ret, struct ord_err *err)
{
	struct fill *f = step->state;

	if (!f->in_force && atomic_load(&f->words->done_ns) && !inj_child_look(&f->child)) {
		if (read_back(f, err))
			return -1;
		f->in_force = true;
	}
	*ret = f->in_force;
	return 0;
}

static unsigned wait_fds(struct inj_step *step, struct pollfd *fds, unsigned max, uint64_t *due_ns)
{
	const struct fill *f = step->state;

	(void)max;
	fds[0] = (struct pollfd){.fd = f->child.pidfd, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = f->in_force ? -1 : f->pipe[0], .events = POLLIN};
	/* While it is held, the holder wakes up for its beats often enough. */
	if (f->keep_free && !f->in_force && *due_ns > f->look_ns)
		*due_ns = f->look_ns;
	return 2;
}

/* Strictly while it is filled; once it is held a quarter of it is left to the others to come and go
 * in. */
static int guard_free(struct fill *f, struct ord_err *err)
{
	uint64_t least = f->in_force ? f->keep_free / 4 * 3 : f->keep_free, now = ord_now_ns(),
		 total, available;

	if (!least || now < f->look_ns)
		return 0;
	f->look_ns = now + (f->in_force ? LOOK_HELD_NS : LOOK_NS);
	if (read_meminfo(f->meminfo, &total, &available) || available >= least)
		return 0;
	return ord_fail(
		err, ORD_GUARD,
		"only %" PRIu64
		" MiB of the machine's memory are available, less than 'keep-free' allows (%" PRIu64
		" MiB)",
		available >> 20, least >> 20);
}

static int child_gone(struct inj_step *step, bool *ret_over, struct ord_err *err)
{
	struct fill *f = step->state;
	char fate[48], who[64];
	int failed;

	f->oom_killed = WIFSIGNALED(f->child.status) && WTERMSIG(f->child.status) == SIGKILL &&
			kills(f) > f->kills_before;
	/* A result: the memory ran out; or the group was killed as a whole. */
	if (f->oom_killed ||
	    (step->place->n_procs && ord_proc_check(&step->place->procs[0], NULL))) {
		*ret_over = true;
		return 0;
	}
	(void)snprintf(who, sizeof who, "filling ended at %llu of %" PRIu64 " MiB",
		       (unsigned long long)atomic_load(&f->words->filled) >> 20, f->size >> 20);
	failed = atomic_load(&f->words->failed);
	if (failed)
		return inj_child_failed(failed, who, err);
	return ord_fail(err, ORD_SYS, "the process that holds the memory %s",
			inj_child_fate(&f->child, fate));
}

static int wake(struct inj_step *step, const struct pollfd *fds, unsigned n, bool *ret_over,
		struct ord_err *err)
{
	struct fill *f = step->state;

	(void)fds;
	(void)n;
	if (inj_child_look(&f->child))
		return child_gone(step, ret_over, err);
	return guard_free(f, err);
}

static void figures(struct inj_step *step, json_t *out)
{
	const struct fill *f = step->state;
	uint64_t done;

	if (!f || !f->words)
		return;
	done = atomic_load(&f->words->done_ns);
	(void)json_object_set_new(out, "asked_bytes", json_integer((json_int_t)f->size));
	(void)json_object_set_new(out, "filled_bytes",
				  json_integer((json_int_t)atomic_load(&f->words->filled)));
	(void)json_object_set_new(out, "resident_bytes", json_integer((json_int_t)f->resident));
	(void)json_object_set_new(out, "swapped_bytes", json_integer((json_int_t)f->swapped));
	(void)json_object_set_new(out, "oom_killed", json_integer(f->oom_killed));
	if (done)
		(void)json_object_set_new(out, "fill_ns",
					  json_integer((json_int_t)(done - f->began_ns)));
}

static int end(struct inj_step *step, struct ord_err *err)
{
	struct fill *f = step->state;

	(void)err;
	inj_child_end(&f->child);
	return 0;
}

static void done(struct inj_step *step)
{
	struct fill *f = step->state;

	if (!f)
		return;
	inj_child_end(&f->child);
	if (f->words)
		(void)munmap(f->words, sizeof *f->words);
	ord_close(&f->join);
	ord_close(&f->pipe[0]);
	ord_close(&f->pipe[1]);
	ord_close(&f->oom_adj);
	ord_close(&f->meminfo);
	ord_close(&f->oom_file);
	free(f);
	step->state = NULL;
}

static int available(const char **ret_engine, struct ord_err *err)
{
	(void)err;
	*ret_engine = "";
	return 0;
}

static const int syscalls[] = {INJ_CHILD_SYSCALLS, -1};
static const int revert_syscalls[] = {INJ_CHILD_REVERT_SYSCALLS, -1};

const struct ord_injector inj_mem_fill = {
	.name = "mem.fill",
	.syscalls = syscalls,
	.revert_syscalls = revert_syscalls,
	.check = check,
	.inject = inject,
	.in_force = in_force,
	.wait = wait_fds,
	.wake = wake,
	.figures = figures,
	.end = end,
	.residue = inj_child_residue,
	.validate = inj_child_validate,
	.done = done,
	.available = available,
};
