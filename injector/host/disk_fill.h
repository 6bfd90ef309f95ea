/* What the files of disk.fill share: the file without a name, how much, the process that fills. */
#ifndef ORDEAL_HOST_DISK_FILL_H
#define ORDEAL_HOST_DISK_FILL_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "injector/host/child.h"
#include "injector/lease/injector.h"

/* In `failed`: the file grows, and no less is free. */
#define DISK_FILL_NO_EFFECT EMEDIUMTYPE

struct disk_fill_words {
	atomic_int failed;    /* errno */
	atomic_bool full;     /* the kernel refused one more block */
	atomic_bool written;  /* the file system has no fallocate: it was written */
	atomic_ullong filled; /* bytes of the file */
};

struct disk_fill {
	int file;	     /* without a name; its blocks go with the last descriptor */
	uint64_t block;	     /* bytes */
	uint64_t total;	     /* of the file system, bytes */
	uint64_t before;     /* free before */
	uint64_t leave;	     /* so much is to be free; where `size` is 0 */
	uint64_t size;	     /* so much is to be filled; 0: as `leave` says */
	uint64_t seed;	     /* of what is written */
	bool reserved;	     /* what only root may use is filled too, and counts as free */
	uint64_t root_alone; /* free for root alone, before */
	bool memory;	     /* a tmpfs */
	struct disk_fill_words *words;
	struct inj_child child;
	char name[16];
	uint64_t began_ns, filled_ns, again_ns, after;
	bool in_force;
};

/* Free for the fault's purpose now, in bytes; -1 with errno. */
int disk_fill_free(const struct disk_fill *f, uint64_t *ret);

/*
 * Opens the file in the directory that `path` names for the target, as who started us; decides how
 * much is filled, and refuses what would leave the machine or ordeal itself without room.
 */
int disk_fill_open(const struct inj_step *step, struct disk_fill *f, struct ord_err *err);
/* ORD_GUARD where ordeal's own records or the run's folder lie on the same file system and too
 * little would be left, and where memory would be. */
int disk_fill_guard(const struct inj_step *step, const struct disk_fill *f, struct ord_err *err);

/* Of the child; arg is the struct disk_fill. It exits with 0 once it is filled. */
_Noreturn void disk_fill_main(void *arg);

#endif
