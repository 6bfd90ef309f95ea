/*
 * disk.fill: the holder has a file that has no name, a child makes it larger until as little is
 * free as was asked for. The blocks hang on the holder's descriptor: whatever it dies of, the
 * kernel frees them, and nothing is left in the directory.
 */
#include "disk_fill.h"

#include <errno.h>
#include <inttypes.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"

#define AGAIN_NS (50 * ORD_MS) /* where others made room while it was filled */
#define NEAR	 1048576ull    /* free beyond what was asked for, and still in force */
#define SHORTER	 (4ull << 30)  /* given back at once */

static int note(json_t *notes, const char *text, struct ord_err *err)
{
	return json_array_append_new(notes, json_string(text)) ? ord_fail_nomem(err) : 0;
}

static int tell(const struct inj_step *step, const struct disk_fill *f, json_t *report,
		struct ord_err *err)
{
	uint64_t fill = f->size ? f->size : f->before - f->leave;
	json_t *objects = json_array(), *notes = json_array();
	char text[512];

	if (json_object_set_new(report, "engine", json_string("")) ||
	    json_object_set_new(report, "objects", objects) ||
	    json_object_set_new(report, "notes", notes))
		return ord_fail_nomem(err);
	(void)snprintf(text, sizeof text,
		       "a file without a name in %.200s, of %" PRIu64
		       " MiB; its blocks go with its descriptor",
		       ord_arg_text(step->args, "path"), fill >> 20);
	if (note(objects, text, err))
		return -1;
	(void)snprintf(text, sizeof text,
		       "%" PRIu64 " MiB more are reserved for root, whose processes go on writing: "
		       "'reserved' takes them too",
		       f->root_alone >> 20);
	if (!f->reserved && f->root_alone && note(notes, text, err))
		return -1;
	return f->memory ? note(notes, "a tmpfs: what is filled is memory", err) : 0;
}

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	struct disk_fill *f = calloc(1, sizeof *f);

	if (!f)
		return ord_fail_nomem(err);
	step->state = f;
	f->file = -1;
	f->seed = step->seed;
	inj_child_name(step->lease, f->name);
	if (disk_fill_open(step, f, err) || disk_fill_guard(step, f, err))
		return -1;
	f->words = mmap(NULL, sizeof *f->words, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	if (f->words == MAP_FAILED) {
		f->words = NULL;
		return ord_fail_sys(err, "mmap");
	}
	if (inj_child_record(undo, step->lease, err))
		return -1;
	return tell(step, f, report, err);
}

static int start(struct disk_fill *f, struct ord_err *err)
{
	struct inj_child_how how = {.name = f->name,
				    .join = -1,
				    .keep = f->file,
				    .failed = &f->words->failed,
				    .main = disk_fill_main,
				    .arg = f};

	f->again_ns = 0;
	atomic_store(&f->words->full, false);
	return inj_child_start(&f->child, &how, err);
}

static int inject(struct inj_step *step, struct ord_err *err)
{
	struct disk_fill *f = step->state;

	f->began_ns = ord_now_ns();
	return start(f, err);
}

/* What is free is asked of the file system, not of the child. */
static int read_back(struct inj_step *step, struct disk_fill *f, struct ord_err *err)
{
	struct stat st;

	if (disk_fill_free(f, &f->after) || fstat(f->file, &st))
		return ord_fail_sys(err, "statvfs");
	f->in_force = f->size ? (uint64_t)st.st_blocks * 512 >= f->size
			      : f->after <= f->leave + NEAR ||
					(!f->leave && atomic_load(&f->words->full));
	if (f->in_force)
		f->filled_ns = ord_now_ns() - f->began_ns;
	else
		(void)snprintf(step->why, sizeof step->why, "%" PRIu64 " MiB are free",
			       f->after >> 20);
	return 0;
}

/* The child has exited, and was reaped. */
static int filled(struct inj_step *step, struct disk_fill *f, struct ord_err *err)
{
	uint64_t mib = atomic_load(&f->words->filled) >> 20;
	int failed = atomic_load(&f->words->failed);
	char who[64], fate[48];

	(void)snprintf(who, sizeof who, "filling ended at %" PRIu64 " MiB", mib);
	if (failed == DISK_FILL_NO_EFFECT)
		return ord_fail(err, ORD_SKIP,
				"this file system keeps no room for what it was asked to: %s", who);
	if (failed)
		return inj_child_failed(failed, who, err);
	if (!WIFEXITED(f->child.status) || WEXITSTATUS(f->child.status))
		return ord_fail(err, ORD_SYS, "%s: the process that fills %s", who,
				inj_child_fate(&f->child, fate));
	inj_child_end(&f->child);
	if (read_back(step, f, err))
		return -1;
	if (!f->in_force && atomic_load(&f->words->full))
		return ord_fail(err, ORD_SYS, "%s: no more is to be had", who);
	return 0;
}

static int in_force(struct inj_step *step, bool *ret, struct ord_err *err)
{
	struct disk_fill *f = step->state;

	if (f->child.pid && inj_child_look(&f->child) && filled(step, f, err))
		return -1;
	if (f->child.pid)
		(void)snprintf(step->why, sizeof step->why, "%" PRIu64 " MiB are filled",
			       (uint64_t)atomic_load(&f->words->filled) >> 20);
	else if (!f->in_force && !f->again_ns)
		f->again_ns = ord_now_ns() + AGAIN_NS;
	*ret = f->in_force;
	return 0;
}

static unsigned wait_fds(struct inj_step *step, struct pollfd *fds, unsigned max, uint64_t *due_ns)
{
	const struct disk_fill *f = step->state;

	(void)max;
	if (f->again_ns && f->again_ns < *due_ns)
		*due_ns = f->again_ns;
	fds[0] = (struct pollfd){.fd = f->child.pid ? f->child.pidfd : -1, .events = POLLIN};
	return 1;
}

static int wake(struct inj_step *step, const struct pollfd *fds, unsigned n, bool *ret_over,
		struct ord_err *err)
{
	struct disk_fill *f = step->state;

	(void)fds;
	(void)n;
	(void)ret_over;
	return f->again_ns && ord_now_ns() >= f->again_ns ? start(f, err) : 0;
}

static void figures(struct inj_step *step, json_t *out)
{
	const struct disk_fill *f = step->state;
	uint64_t now = 0;

	if (!f || !f->words)
		return;
	(void)json_object_set_new(out, "filled_bytes",
				  json_integer((json_int_t)atomic_load(&f->words->filled)));
	(void)json_object_set_new(out, "free_before_bytes", json_integer((json_int_t)f->before));
	if (f->in_force && disk_fill_free(f, &now) == 0) {
		(void)json_object_set_new(out, "free_bytes", json_integer((json_int_t)f->after));
		(void)json_object_set_new(out, "free_end_bytes", json_integer((json_int_t)now));
		(void)json_object_set_new(out, "fill_ns", json_integer((json_int_t)f->filled_ns));
	}
	(void)json_object_set_new(out, "written", json_integer(atomic_load(&f->words->written)));
}

/* A large file takes its time to go: bit by bit, with a sign of life between. */
static int end(struct inj_step *step, struct ord_err *err)
{
	struct disk_fill *f = step->state;
	struct stat st;

	(void)err;
	inj_child_end(&f->child);
	if (fstat(f->file, &st))
		st.st_size = 0;
	while (st.st_size > (off_t)SHORTER) {
		st.st_size -= (off_t)SHORTER;
		if (ftruncate(f->file, st.st_size))
			break;
		inj_beat();
	}
	ord_close(&f->file);
	return 0;
}

static void done(struct inj_step *step)
{
	struct disk_fill *f = step->state;

	if (!f)
		return;
	inj_child_end(&f->child);
	if (f->words)
		(void)munmap(f->words, sizeof *f->words);
	ord_close(&f->file);
	free(f);
	step->state = NULL;
}

static int available(const char **ret_engine, struct ord_err *err)
{
	(void)err;
	*ret_engine = "";
	return 0;
}

static const int syscalls[] = {SCMP_SYS(fallocate),
			       SCMP_SYS(fstatfs),
			       SCMP_SYS(ftruncate),
			       SCMP_SYS(fdatasync),
			       SCMP_SYS(capset),
			       INJ_CHILD_SYSCALLS,
			       -1};
static const int revert_syscalls[] = {INJ_CHILD_REVERT_SYSCALLS, -1};

const struct ord_injector inj_disk_fill = {
	.name = "disk.fill",
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
