#include "ordeal/target.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/cgroup.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/rng.h"
#include "base/target_find.h"
#include "base/units.h"

#define PID_MAX 4194304 /* the kernel's PID_MAX_LIMIT */

static const char *const kinds[] = {
	[ORD_TARGET_UNSET] = "",
	[ORD_TARGET_HOST] = "host",
	[ORD_TARGET_PID] = "pid",
	[ORD_TARGET_PROCESS] = "process",
	[ORD_TARGET_LISTENING] = "listening",
	[ORD_TARGET_CGROUP] = "cgroup",
	[ORD_TARGET_UNIT] = "unit",
	[ORD_TARGET_CONTAINER] = "container",
	[ORD_TARGET_NETNS] = "netns",
	[ORD_TARGET_POD] = "pod",
	[ORD_TARGET_NODE] = "node",
	[ORD_TARGET_WORKLOAD] = "workload",
	[ORD_TARGET_SERVICE] = "service",
	[ORD_TARGET_OBJECT] = "object",
};

const char *ord_target_kind_name(enum ord_target_kind kind)
{
	return kinds[kind];
}

static bool is_group(enum ord_target_kind kind)
{
	return kind == ORD_TARGET_CGROUP || kind == ORD_TARGET_UNIT || kind == ORD_TARGET_CONTAINER;
}

static bool selects(const struct ord_target *t)
{
	return t->all || t->count || t->percent_ppm;
}

static int resolve_netns(const char *text, struct ord_place *ret, struct ord_err *err)
{
	ord_autoclose int fd = -1;
	struct statfs fs;
	struct stat st;
	int n = *text == '/' ? snprintf(ret->netns, sizeof ret->netns, "%s", text)
			     : snprintf(ret->netns, sizeof ret->netns, "/run/netns/%s", text);

	if (n < 0 || (size_t)n >= sizeof ret->netns || strstr(text, ".."))
		return ord_fail(err, ORD_USAGE,
				"'%.64s' is not the path or name of a network namespace", text);
	fd = open(ret->netns, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return ord_fail(err, ORD_USAGE, "there is no network namespace '%s'", ret->netns);
	if (fd < 0)
		return ord_fail_sys(err, "open '%s'", ret->netns);
	if (fstatfs(fd, &fs) || fstat(fd, &st))
		return ord_fail_sys(err, "stat '%s'", ret->netns);
	if (fs.f_type != NSFS_MAGIC)
		return ord_fail(err, ORD_USAGE, "'%s' is not a network namespace", ret->netns);
	ret->netns_ino = st.st_ino;
	return 0;
}

/* What one process adds to a place; what it does not share with those before it is left empty. */
static void share_place(struct ord_place *place, pid_t pid, int dir, bool first)
{
	uint64_t ino = ord_proc_ns(dir, "net");
	struct ord_cgroup g = {.dir = ""};

	if (ord_cgroup_of(dir, "memory", &g, NULL))
		g.dir[0] = '\0';
	if (first) {
		(void)snprintf(place->netns, sizeof place->netns, "/proc/%ld/ns/net", (long)pid);
		place->netns_ino = ino;
		(void)snprintf(place->cgroup, sizeof place->cgroup, "%s", g.dir);
	}
	if (ino != place->netns_ino) {
		place->netns[0] = '\0';
		place->netns_ino = 0;
	}
	if (strcmp(g.dir, place->cgroup) != 0)
		place->cgroup[0] = '\0';
}

/* A container is where its first process is, whatever others in it made themselves. */
static int fill_container(const struct ord_found *found, struct ord_place *ret, struct ord_err *err)
{
	ord_autoclose int dir = ord_proc_open(found->init);

	if (dir < 0)
		return ord_fail(err, ORD_SYS, "the container's first process, %ld, is gone",
				(long)found->init);
	share_place(ret, found->init, dir, true);
	return 0;
}

static uint64_t inode(const char *path)
{
	struct stat st;

	return *path && !stat(path, &st) ? st.st_ino : 0;
}

/* Fills netns and cgroup. Processes that are not named (a group as a whole) may come and go. */
static int fill_place(const struct ord_found *found, bool named, struct ord_place *ret,
		      struct ord_err *err)
{
	bool first = true;

	if (found->init && fill_container(found, ret, err))
		return -1;
	for (size_t i = 0; !found->init && i < found->n; i++) {
		pid_t pid = found->v[i].pid;
		ord_autoclose int dir = ord_proc_open(pid);
		struct ord_proc_stat s;

		if (dir < 0 || ord_proc_stat(dir, &s)) {
			if (named)
				return ord_fail(err, ORD_SYS, "process %ld is gone", (long)pid);
			continue;
		}
		share_place(ret, pid, dir, first);
		first = false;
	}
	if (found->cgroup[0])
		(void)snprintf(ret->cgroup, sizeof ret->cgroup, "%s", found->cgroup);
	ret->cgroup_ino = inode(ret->cgroup);
	return 0;
}

static int add_proc(struct ord_place *ret, pid_t pid, struct ord_err *err)
{
	ord_autoclose int dir = ord_proc_open(pid);
	struct ord_proc *p = &ret->procs[ret->n_procs];
	struct ord_proc_stat s;

	if (dir < 0 || ord_proc_stat(dir, &s))
		return ord_fail(err, ORD_SYS, "process %ld is gone", (long)pid);
	p->pid = pid;
	p->start = s.start;
	memcpy(p->comm, s.comm, sizeof p->comm);
	ret->n_procs++;
	return 0;
}

/* Leaves those out that a safety rule refuses; the error is about the first where none is left. */
static int drop_guarded(struct ord_found *f, struct ord_err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		if (!ord_proc_guard(f->v[i].pid, n ? NULL : err))
			f->v[n++] = f->v[i];
	f->n = n;
	return n ? 0 : -1;
}

static int ambiguous(const struct ord_target *t, const struct ord_found *f, struct ord_err *err)
{
	char some[128] = "";
	size_t have = 0;

	for (size_t i = 0; i < f->n && i < 4; i++)
		have += (size_t)snprintf(some + have, sizeof some - have, "%s%ld", i ? ", " : "",
					 (long)f->v[i].pid);
	return ord_fail(
		err, ORD_USAGE,
		"%zu processes match %s '%s' (%s%s); name one, or say count, percent or all", f->n,
		kinds[t->kind], t->text, some, f->n > 4 ? ", ..." : "");
}

/* How many of n the target asks for. */
static int wanted(const struct ord_target *t, const struct ord_found *f, size_t *ret,
		  struct ord_err *err)
{
	size_t n = f->n;

	if (t->count)
		n = t->count;
	else if (t->percent_ppm)
		n = (size_t)(((uint64_t)f->n * t->percent_ppm + ORD_PPM - 1) / ORD_PPM);
	else if (!t->all && n > 1)
		return ambiguous(t, f, err);
	if (n > f->n)
		return ord_fail(err, ORD_USAGE,
				"%zu processes are asked for, but only %zu match %s '%s'", n, f->n,
				kinds[t->kind], t->text);
	if (n > ORD_PROCS_MAX)
		return ord_fail(err, ORD_GUARD,
				"%zu processes match %s '%s'; at most %d can be taken", n,
				kinds[t->kind], t->text, ORD_PROCS_MAX);
	*ret = n;
	return 0;
}

/* Takes k of them at random, in the order of pids. */
static int choose(struct ord_found *f, size_t k, uint64_t seed, struct ord_err *err)
{
	ord_autofree uint32_t *order = NULL;
	ord_autofree bool *taken = NULL;
	struct ord_rng rng;
	size_t n = 0;

	if (k == f->n)
		return 0;
	order = calloc(f->n, sizeof *order);
	taken = calloc(f->n, sizeof *taken);
	if (!order || !taken)
		return ord_fail_nomem(err);
	ord_rng_init(&rng, seed);
	ord_rng_permutation(&rng, order, (uint32_t)f->n);
	for (size_t i = 0; i < k; i++)
		taken[order[i]] = true;
	for (size_t i = 0; i < f->n; i++)
		if (taken[i])
			f->v[n++] = f->v[i];
	f->n = n;
	return 0;
}

static int place_of(const struct ord_found *f, bool named, struct ord_place *ret,
		    struct ord_err *err)
{
	for (size_t i = 0; named && i < f->n; i++)
		if (add_proc(ret, f->v[i].pid, err))
			return -1;
	return fill_place(f, named, ret, err);
}

/*
 * A group without a selection is taken as a whole: its namespace and its control group count, and
 * its one process where it has but one.
 */
static int resolve_group(struct ord_found *f, struct ord_place *ret, struct ord_err *err)
{
	if (!f->n) {
		(void)snprintf(ret->cgroup, sizeof ret->cgroup, "%s", f->cgroup);
		ret->cgroup_ino = inode(ret->cgroup);
		return 0;
	}
	return place_of(f, f->n == 1 && !ord_proc_guard(f->v[0].pid, NULL), ret, err);
}

static int resolve_found(const struct ord_target *t, struct ord_found *f, uint64_t seed,
			 struct ord_place *ret, struct ord_err *err)
{
	size_t k = 0;

	if (is_group(t->kind) && !selects(t))
		return resolve_group(f, ret, err);
	if (!f->n)
		return ord_fail(err, ORD_USAGE, "no process is in %s '%s'", kinds[t->kind],
				t->text);
	if (drop_guarded(f, err) || wanted(t, f, &k, err) || choose(f, k, seed, err))
		return -1;
	return place_of(f, true, ret, err);
}

static int check_selection(const struct ord_target *t, struct ord_err *err)
{
	if ((t->all != 0) + (t->count != 0) + (t->percent_ppm != 0) > 1)
		return ord_fail(err, ORD_USAGE, "count, percent and all exclude each other");
	if (t->percent_ppm > ORD_PPM)
		return ord_fail(err, ORD_USAGE, "percent: more than 100%%");
	if (selects(t) && (t->kind == ORD_TARGET_HOST || t->kind == ORD_TARGET_NETNS ||
			   t->kind == ORD_TARGET_PID))
		return ord_fail(err, ORD_USAGE,
				"count, percent and all make no sense with target '%s'",
				kinds[t->kind]);
	return 0;
}

static int find(const struct ord_target *t, struct ord_found *f, struct ord_err *err)
{
	int64_t pid;

	switch (t->kind) {
	case ORD_TARGET_PID:
		if (ord_parse_int(t->text, 1, PID_MAX, &pid, err))
			return ord_wrap(err, "pid");
		/* Asked for by number, the reason of a refusal is the answer. */
		return ord_proc_guard((pid_t)pid, err) || ord_found_add(f, (pid_t)pid, 0, err) ? -1
											       : 0;
	case ORD_TARGET_PROCESS:
		return ord_find_named(t->text, f, err);
	case ORD_TARGET_LISTENING:
		return ord_find_listening(t->text, selects(t), f, err);
	case ORD_TARGET_CGROUP:
		return ord_find_cgroup(t->text, f, err);
	case ORD_TARGET_UNIT:
		return ord_find_unit(t->text, f, err);
	case ORD_TARGET_CONTAINER:
		return ord_find_container(t, f, err);
	case ORD_TARGET_UNSET:
	case ORD_TARGET_HOST:
	case ORD_TARGET_NETNS:
		break;
	case ORD_TARGET_POD:
	case ORD_TARGET_NODE:
	case ORD_TARGET_WORKLOAD:
	case ORD_TARGET_SERVICE:
	case ORD_TARGET_OBJECT:
		return ord_fail(err, ORD_USAGE, "target '%s' is not on this machine",
				kinds[t->kind]);
	}
	return ord_fail(err, ORD_USAGE, "no target is given");
}

int ord_target_resolve(const struct ord_target *target, uint64_t seed, struct ord_place *ret,
		       struct ord_err *err)
{
	ord_autofree struct ord_place *place = calloc(1, sizeof *place);
	struct ord_found found = {0};
	int r = 0;

	if (!place)
		return ord_fail_nomem(err);
	if (target->via)
		return ord_fail(err, ORD_USAGE, "the target is on another machine");
	if (check_selection(target, err))
		return -1;
	if (target->kind == ORD_TARGET_HOST)
		place->host = true;
	else if (target->kind == ORD_TARGET_NETNS)
		r = resolve_netns(target->text, place, err);
	else
		r = find(target, &found, err) || resolve_found(target, &found, seed, place, err)
			    ? -1
			    : 0;
	ord_found_done(&found);
	if (!r)
		*ret = *place;
	return r;
}
