/*
 * The process that fills: it makes the file larger piece by piece until as much is free as was
 * asked for, and exits. The holder keeps the file. A file system may take its time for a piece;
 * that is this process's time, and whoever ends it waits for one piece at most.
 */
#include "disk_fill.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"

#define PIECE	  (64ull << 20)
#define PIECE_MAX (4ull << 30)
#define QUICK_NS  (10 * ORD_MS)
#define SLOW_NS	  (100 * ORD_MS)
#define WRITTEN	  (1u << 20) /* at once */
#define SYNCED	  (64ull << 20)

/* CAP_SYS_RESOURCE opens the reserved blocks, and quotas: not where they are left alone. */
static void caps_leave(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};

	(void)syscall(SYS_capset, &head, none);
}

/* How many bytes there are still to fill; whole blocks. */
static int wanted(const struct disk_fill *f, uint64_t done, uint64_t *ret)
{
	uint64_t now, n;

	if (f->size) {
		n = f->size - done;
	} else {
		if (disk_fill_free(f, &now))
			return -1;
		n = now > f->leave ? now - f->leave : 0;
	}
	*ret = (n + f->block - 1) / f->block * f->block;
	return 0;
}

/* Random, so that a file system that compresses or shares equal blocks does neither. */
static int put(const struct disk_fill *f, uint64_t at, uint64_t n, struct ord_rng *rng)
{
	static uint64_t buf[WRITTEN / sizeof(uint64_t)];

	for (size_t i = 0; i < WRITTEN / sizeof *buf; i++)
		buf[i] = ord_rng_next(rng);
	for (uint64_t end = at + n; at < end;) {
		ssize_t r = pwrite(f->file, buf, end - at, (off_t)at);

		if (r < 0 && errno != EINTR)
			return -1;
		at += r > 0 ? (uint64_t)r : 0;
		/* Until it is on the disk, the file system may not know that it has no room. */
		if (at % SYNCED == 0 && fdatasync(f->file))
			return -1;
	}
	return 0;
}

static int extend(struct disk_fill *f, uint64_t at, uint64_t n, struct ord_rng *rng)
{
	if (!atomic_load(&f->words->written)) {
		if (fallocate(f->file, 0, (off_t)at, (off_t)n) == 0)
			return 0;
		if (errno != EOPNOTSUPP)
			return -1;
		atomic_store(&f->words->written, true);
	}
	return put(f, at, n < WRITTEN ? n : WRITTEN, rng);
}

static uint64_t piece_after(uint64_t piece, uint64_t took_ns, uint64_t block)
{
	if (took_ns < QUICK_NS && piece < PIECE_MAX)
		return piece * 2;
	return took_ns > SLOW_NS && piece / 2 >= block ? piece / 2 : piece;
}

/* 0, or errno. */
static int fill(struct disk_fill *f)
{
	uint64_t piece = PIECE, done = atomic_load(&f->words->filled), left;
	bool refused = false;
	struct ord_rng rng;

	ord_rng_init(&rng, f->seed);
	while (!wanted(f, done, &left)) {
		uint64_t n = left < piece ? left : piece, began = ord_now_ns();

		if (!n)
			return atomic_load(&f->words->written) && fdatasync(f->file) ? errno : 0;
		if (done > f->total)
			return DISK_FILL_NO_EFFECT;
		if (extend(f, done, n, &rng) == 0) {
			if (atomic_load(&f->words->written) && n > WRITTEN)
				n = WRITTEN;
			done += n;
			atomic_store(&f->words->filled, done);
			if (!refused)
				piece = piece_after(piece, ord_now_ns() - began, f->block);
		} else if (errno == ENOSPC && n > f->block) {
			/* What is free is not always to be had in one piece, or at all. */
			refused = true;
			piece = n / 2 / f->block * f->block;
		} else if (errno == ENOSPC) {
			atomic_store(&f->words->full, true);
			return 0;
		} else if (errno != EINTR) {
			return errno;
		}
	}
	return errno;
}

_Noreturn void disk_fill_main(void *arg)
{
	struct disk_fill *f = arg;
	int failed;

	if (!f->reserved)
		caps_leave();
	failed = fill(f);
	atomic_store(&f->words->failed, failed);
	_exit(failed ? 1 : 0);
}
