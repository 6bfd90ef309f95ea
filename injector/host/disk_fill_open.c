/* What disk.fill fills: the directory as the target sees it, the file without a name in it, and how
 * much. */
#include "disk_fill.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/units.h"
#include "injector/host/mem_fill.h"

int disk_fill_free(const struct disk_fill *f, uint64_t *ret)
{
	struct statvfs fs;

	if (fstatvfs(f->file, &fs))
		return -1;
	*ret = (uint64_t)(f->reserved ? fs.f_bfree : fs.f_bavail) * f->block;
	return 0;
}

/* A container's or a unit's control group of several processes: they share what its first one sees.
 */
static int first_of(const struct ord_place *place, struct ord_proc *ret, struct ord_err *err)
{
	ord_autoclose int dir = open(place->cgroup, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	char pid[16];

	if (dir < 0 || fstat(dir, &st))
		return ord_fail_sys(err, "open '%s'", place->cgroup);
	if (place->cgroup_ino && st.st_ino != place->cgroup_ino)
		return ord_fail(err, ORD_USAGE,
				"control group '%s' is another than was resolved: what was in it "
				"was replaced meanwhile",
				place->cgroup);
	if (ord_file_peek(dir, "cgroup.procs", pid, sizeof pid) <= 0)
		return ord_fail(err, ORD_USAGE, "'%s' holds no process", place->cgroup);
	ret->pid = (pid_t)strtol(pid, NULL, 10);
	ret->start = ord_proc_start(ret->pid);
	return 0;
}

/* The directory as one process sees it: within its root and its mounts, also where a link says
 * otherwise. proc NULL: as we do. */
static int dir_of(const struct ord_proc *proc, const char *path, int *ret, struct ord_err *err)
{
	struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	ord_autoclose int of = proc ? ord_proc_open(proc->pid) : -1, root = -1;
	const char *name = proc ? "root" : "/";

	if (proc && of < 0)
		return ord_fail(err, ORD_USAGE, "process %ld is gone", (long)proc->pid);
	root = openat(of, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 && (errno == EACCES || errno == EPERM))
		return ord_fail(err, ORD_SKIP,
				"path: may not see the files of the target: run as root");
	if (root < 0)
		return ord_fail_sys(err, "open the target's '%s'", name);
	if (proc && ord_proc_check(proc, err))
		return -1;
	*ret = (int)syscall(SYS_openat2, root, path, &how, sizeof how);
	return *ret < 0 ? ord_fail_sys(err, "path: open '%.128s'", path) : 0;
}

/* The same directory for all of them. */
static int dir_open(const struct ord_place *place, const char *path, int *ret, struct ord_err *err)
{
	ord_autoclose int dir = -1;
	struct ord_proc first;
	struct stat a, b;

	if (place->host || !place->n_procs) {
		if (!place->host && first_of(place, &first, err))
			return -1;
		return dir_of(place->host ? NULL : &first, path, ret, err);
	}
	if (dir_of(&place->procs[0], path, &dir, err))
		return -1;
	if (fstat(dir, &a))
		return ord_fail_sys(err, "stat '%.128s'", path);
	for (size_t i = 1; i < place->n_procs; i++) {
		ord_autoclose int other = -1;

		if (dir_of(&place->procs[i], path, &other, err))
			return -1;
		if (fstat(other, &b) || a.st_dev != b.st_dev || a.st_ino != b.st_ino)
			return ord_fail(err, ORD_USAGE,
					"path: '%.128s' is another directory for process %ld than "
					"for %ld",
					path, (long)place->procs[i].pid, (long)place->procs[0].pid);
	}
	*ret = ord_steal_fd(&dir);
	return 0;
}

/*
 * Where a file cannot be made without a name, it loses it before anything is in it. Who is killed
 * in between leaves an empty file, which the next of that name takes away.
 */
static int file_named(int dir, const char *lease, struct ord_err *err)
{
	ord_autoclose int fd = -1;
	char name[96];
	struct stat st;

	(void)snprintf(name, sizeof name, ".ordeal-%.72s", lease);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && !st.st_size)
		(void)unlinkat(dir, name, 0);
	fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return ord_fail_sys(err, "make '%s'", name);
	if (unlinkat(dir, name, 0))
		return ord_fail_sys(err, "remove '%s'", name);
	/* A server's file keeps another name until it is closed, and beyond our death. */
	if (fstat(fd, &st) || st.st_nlink)
		return ord_fail(err, ORD_SKIP, "this file system has no files without a name");
	return ord_steal_fd(&fd);
}

static int file_open(const struct inj_step *step, const char *path, struct ord_err *err)
{
	ord_autoclose int dir = -1, fd = -1;

	if (dir_open(step->place, path, &dir, err))
		return -1;
	fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
		fd = file_named(dir, step->lease, err);
		if (fd < 0)
			return ord_wrap(err, "path '%.128s'", path);
	}
	if (fd < 0 && (errno == EACCES || errno == EPERM))
		return ord_fail(err, ORD_SKIP, "path: may not make a file in '%.128s': run as root",
				path);
	if (fd < 0)
		return ord_fail_sys(err, "path: make a file in '%.128s'", path);
	return ord_steal_fd(&fd);
}

/* What is asked for, against what there is. */
static int decide(const struct ord_args *args, struct disk_fill *f, struct ord_err *err)
{
	char text[32];

	if (ord_arg_set(args, "size"))
		f->size =
			((uint64_t)ord_arg_int(args, "size") + f->block - 1) / f->block * f->block;
	else if (ord_arg_set(args, "leave-percent"))
		f->leave = mem_fill_share(f->total, ord_arg_int(args, "leave-percent"));
	else if (ord_arg_set(args, "leave"))
		f->leave = (uint64_t)ord_arg_int(args, "leave");
	if (f->size > f->before)
		return ord_fail(err, ORD_SKIP,
				"size: %s are to be filled, and %" PRIu64 " MiB are free",
				ord_format_size((int64_t)f->size, text), f->before >> 20);
	if (!f->size && f->before < f->leave + f->block)
		return ord_fail(err, ORD_SKIP,
				"leave: no more than %" PRIu64 " MiB are free as it is",
				f->before >> 20);
	return 0;
}

/* Root has it nearly everywhere, but not in most containers. */
static bool may_take_reserve(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct have[2] = {0};

	return syscall(SYS_capget, &head, have) == 0 &&
	       (have[0].permitted & 1u << CAP_SYS_RESOURCE);
}

int disk_fill_open(const struct inj_step *step, struct disk_fill *f, struct ord_err *err)
{
	const char *path = ord_arg_text(step->args, "path");
	struct rlimit limit;
	struct statfs type;
	struct statvfs fs;

	f->file = file_open(step, path, err);
	if (f->file < 0)
		return -1;
	if (fstatfs(f->file, &type) || fstatvfs(f->file, &fs))
		return ord_fail_sys(err, "path: statvfs of '%.128s'", path);
	f->memory = type.f_type == TMPFS_MAGIC;
	f->block = fs.f_frsize;
	f->total = (uint64_t)fs.f_blocks * f->block;
	f->reserved = ord_arg_int(step->args, "reserved");
	if (f->reserved && !may_take_reserve())
		return ord_fail(err, ORD_SKIP,
				"reserved: it takes CAP_SYS_RESOURCE, which is not given here");
	f->root_alone = (uint64_t)(fs.f_bfree - fs.f_bavail) * f->block;
	if (!f->total || disk_fill_free(f, &f->before))
		return ord_fail(err, ORD_USAGE, "path: '%.128s' is on a file system without a size",
				path);
	/* Its files may be as large as the file system lets them. */
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_FSIZE, &limit);
	}
	return decide(step->args, f, err);
}
