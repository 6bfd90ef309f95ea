/*
 * mem.fill: one child in the target's memory control group that owns the memory, touches it once
 * and then sleeps. The holder and its guardian stay outside, so that the limit and the OOM killer
 * meet the child alone. That it is killed by the OOM killer is a result, not an error.
 */
#include "mem_fill.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/units.h"

#define OOM_ADJ "1000"
/* Parts per million of the size that must be there. */
#define IN_FORCE 990000
/* How often the machine's free memory is looked at: while it is filled, and while it is held. */
#define LOOK_NS	     (20 * ORD_MS)
#define LOOK_HELD_NS (500 * ORD_MS)

static uint64_t kills(const struct mem_fill *f)
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
static void open_oom_counter(struct mem_fill *f)
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

static int open_all(const struct inj_step *step, struct mem_fill *f, struct ord_err *err)
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

static int tell(const struct mem_fill *f, json_t *report, struct ord_err *err)
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
	struct mem_fill *f = calloc(1, sizeof *f);

	if (!f)
		return ord_fail_nomem(err);
	step->state = f;
	f->join = f->pipe[0] = f->pipe[1] = f->oom_adj = f->meminfo = f->oom_file = -1;
	f->seed = step->seed;
	inj_child_name(step->lease, f->name);
	if (inj_child_join(step->place, "memory", &f->join, &f->group, err) ||
	    mem_fill_decide(step, f, err) || open_all(step, f, err) ||
	    inj_child_record(undo, step->lease, err))
		return -1;
	return tell(f, report, err);
}

/* Ours, so that the child inherits it from its first instant; without CAP_SYS_RESOURCE it may come
 * back. */
static int set_oom_adj(const struct mem_fill *f, const char *value, struct ord_err *err)
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
	struct mem_fill *f = step->state;
	struct mem_filler me = {.f = f, .done = f->pipe[1]};
	struct inj_child_how how = {.name = f->name,
				    .join = f->join,
				    .keep = f->pipe[1],
				    .failed = &f->words->failed,
				    .main = mem_fill_main,
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
static int read_back(struct mem_fill *f, struct ord_err *err)
{
	char path[40], text[4096];

	(void)snprintf(path, sizeof path, "/proc/%ld/status", (long)f->child.pid);
	if (ord_file_peek(AT_FDCWD, path, text, sizeof text) <= 0)
		return ord_fail_sys(err, "read '%s'", path);
	f->resident = mem_fill_kib(text, "VmRSS");
	f->swapped = mem_fill_kib(text, "VmSwap");
	if (f->resident + f->swapped < mem_fill_share(f->size, IN_FORCE))
		return ord_fail(err, ORD_SYS, "%" PRIu64 " of %" PRIu64 " MiB are there",
				f->resident >> 20, f->size >> 20);
	return 0;
}

static int in_force(struct inj_step *step, bool *ret, struct ord_err *err)
{
	struct mem_fill *f = step->state;

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
	const struct mem_fill *f = step->state;

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
static int guard_free(struct mem_fill *f, struct ord_err *err)
{
	uint64_t least = f->in_force ? f->keep_free / 4 * 3 : f->keep_free, now = ord_now_ns(),
		 total, available;

	if (!least || now < f->look_ns)
		return 0;
	f->look_ns = now + (f->in_force ? LOOK_HELD_NS : LOOK_NS);
	if (mem_fill_meminfo(f->meminfo, &total, &available) || available >= least)
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
	struct mem_fill *f = step->state;
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
	struct mem_fill *f = step->state;

	(void)fds;
	(void)n;
	if (inj_child_look(&f->child))
		return child_gone(step, ret_over, err);
	return guard_free(f, err);
}

static void figures(struct inj_step *step, json_t *out)
{
	const struct mem_fill *f = step->state;
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
	struct mem_fill *f = step->state;

	(void)err;
	inj_child_end(&f->child);
	return 0;
}

static void done(struct inj_step *step)
{
	struct mem_fill *f = step->state;

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
