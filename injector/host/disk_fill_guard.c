/* What disk.fill does not take from those who must go on: ordeal's own files, and the machine's
 * memory. */
#include "disk_fill.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "base/auto.h"
#include "base/units.h"
#include "injector/host/mem_fill.h"
#include "injector/lease/undo.h"

#define KEPT   (64ull << 20) /* some minutes of a timeline, and records beside it */
#define ALIKE  (16ull << 20) /* what others may take between two looks */
#define MEMORY 100000	     /* ppm of the machine's that stay available */

/* Of the path, or of what is there of it. */
static int look(const char *path, struct stat *ret_st, struct statvfs *ret)
{
	char at[PATH_MAX];

	(void)snprintf(at, sizeof at, "%s", path);
	while (stat(at, ret_st) || statvfs(at, ret)) {
		char *slash = strrchr(at, '/');

		if (!slash || slash == at)
			return -1;
		*slash = '\0';
	}
	return 0;
}

/*
 * One device is one file system. But overlayfs and the subvolumes of btrfs have device numbers of
 * their own, and tell of the file system below: there the same size and as much that is free count.
 */
static bool on_same(const struct disk_fill *f, const char *path)
{
	struct statvfs own, other;
	struct stat a, b;
	struct statfs type;
	uint64_t free_a, free_b;

	if (fstat(f->file, &a) || fstatvfs(f->file, &own) || fstatfs(f->file, &type) ||
	    look(path, &b, &other))
		return false;
	if (a.st_dev == b.st_dev)
		return true;
	free_a = (uint64_t)own.f_bfree * own.f_frsize;
	free_b = (uint64_t)other.f_bfree * other.f_frsize;
	return (type.f_type == OVERLAYFS_SUPER_MAGIC || type.f_type == BTRFS_SUPER_MAGIC) &&
	       own.f_blocks * own.f_frsize == other.f_blocks * other.f_frsize &&
	       own.f_files == other.f_files &&
	       (free_a > free_b ? free_a - free_b : free_b - free_a) < ALIKE;
}

static int memory_guard(const struct disk_fill *f, uint64_t fill, struct ord_err *err)
{
	ord_autoclose int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	uint64_t total, available, keep;

	if (fd < 0 || mem_fill_meminfo(fd, &total, &available))
		return ord_fail_sys(err, "read /proc/meminfo");
	keep = mem_fill_share(total, MEMORY);
	if (!f->memory || (available > keep && available - keep >= fill))
		return 0;
	return ord_fail(err, ORD_GUARD,
			"path: a tmpfs is memory: filling %" PRIu64 " MiB of it would leave less "
			"than 10%% of the machine's %" PRIu64 " MiB: leave more",
			fill >> 20, total >> 20);
}

int disk_fill_guard(const struct inj_step *step, const struct disk_fill *f, struct ord_err *err)
{
	uint64_t left = f->size ? f->before - f->size : f->leave;
	struct inj_dirs dirs;
	const char *own[3] = {step->folder};
	char kept[32];

	if (inj_dirs(&dirs, err))
		return -1;
	own[1] = dirs.base;
	own[2] = dirs.journal;
	for (size_t i = 0; left < KEPT && i < ORD_COUNT(own); i++)
		if (own[i][0] && on_same(f, own[i]))
			return ord_fail(err, ORD_GUARD,
					"path: ordeal writes to '%.128s' on the same file system: "
					"leave at least %s",
					own[i], ord_format_size((int64_t)KEPT, kept));
	return memory_guard(f, f->before - left, err);
}
