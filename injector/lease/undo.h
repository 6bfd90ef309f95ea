/*
 * The undo record: written before the change, locked while someone lives who will revert, removed
 * after the revert.
 *
 * One file a lease, LEASE.json, in a directory that only the lease's uid may enter. Its head has a
 * fixed width, so that a change of state is one write in place, which needs no memory and no space.
 * docs/formats/undo.md.
 */
#ifndef ORDEAL_LEASE_UNDO_H
#define ORDEAL_LEASE_UNDO_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "injector/lease/request.h"
#include "ordeal/err.h"
#include "ordeal/fault.h"
#include "ordeal/target.h"

#define INJ_RECORD_MAX	(1u << 20)
#define INJ_DIR_MAX	256
#define INJ_BOOT_ID	37
#define INJ_RECORD_NAME (INJ_LEASE_MAX + 8)

/* WAITING: a revert did not succeed yet, and is tried again by whoever holds the lock. */
enum inj_state { INJ_PREPARED, INJ_INJECTED, INJ_WAITING, INJ_ENDED };
const char *inj_state_name(enum inj_state state);

/* In the base directory: where the journal of its user lies, for root's `status` and `halt`. */
#define INJ_JOURNAL_LINK "journal"

/* Where undo records of this user lie, and where the halt mark lies (base). No slash at the end. */
struct inj_dirs {
	char base[128];		   /* /run/ordeal */
	char undo[160];		   /* /run/ordeal/undo: what goes with a restart */
	char journal[INJ_DIR_MAX]; /* /var/lib/ordeal/undo: what outlives it. "": nowhere */
};
int inj_dirs(struct inj_dirs *ret, struct ord_err *err);
/* The one that this program's records lie in. */
const char *inj_dirs_own(const struct inj_dirs *dirs);
/* Makes base and the program's own, checks owner and mode, and opens the latter. */
int inj_dirs_make(struct inj_dirs *ret, int *ret_fd, struct ord_err *err);
/* Opens a directory of records if it is there: *ret_fd is -1 where it is not. It must be a real
 * directory, 0700. */
int inj_dir_open(const char *path, int *ret_fd, struct ord_err *err);

/* An open record of our own lease. */
struct inj_undo {
	int dir;
	int fd; /* holds the lock */
	char name[INJ_RECORD_NAME];
};

/* Writes it as prepared, with this process as the holder. ORD_GUARD where the lease exists. Takes
 * dir. */
int inj_undo_write(struct inj_undo *ret, int dir, const struct inj_request *req,
		   uint64_t deadline_boot_ns, json_t *undo, struct ord_err *err);
/* These write in place. */
int inj_undo_state(const struct inj_undo *u, enum inj_state state, struct ord_err *err);
int inj_undo_deadline(const struct inj_undo *u, uint64_t boot_ns, struct ord_err *err);
int inj_undo_guardian(const struct inj_undo *u, const struct ord_proc *guardian,
		      struct ord_err *err);
/*
 * The revert is done. Removes the record; but with texts of what was kept because others changed it
 * (kept, may be NULL or empty) it is marked as ended and stays, so that `rescue` can hand them to a
 * person.
 */
int inj_undo_end(const struct inj_undo *u, const json_t *kept, struct ord_err *err);
/* Idempotent. */
int inj_undo_remove(const struct inj_undo *u, struct ord_err *err);

/* A record as read, every field checked. */
struct inj_record {
	enum inj_state state;
	uint64_t deadline_boot_ns;
	struct ord_proc holder, guardian; /* guardian.pid is 0 before it was forked */
	char boot[INJ_BOOT_ID];
	char lease[INJ_LEASE_MAX];
	const struct ord_fault *fault;
	char netns[64];
	uint64_t netns_ino;
	json_t *undo; /* owned */
	json_t *kept; /* owned; NULL: nothing */
};
void inj_record_done(struct inj_record *r);

int inj_record_parse(const char *text, size_t size, struct inj_record *ret, struct ord_err *err);
/* *ret_fd is the open file, owned by the caller. ORD_USAGE where it is no record. */
int inj_record_read(int dir, const char *name, struct inj_record *ret, int *ret_fd,
		    struct ord_err *err);
/* True where neither holder nor guardian nor a child of theirs lives; the lock is then ours until
 * fd is closed. */
bool inj_record_lock(int fd);
bool inj_record_name_valid(const char *name);

/* The boot id of this kernel. */
int inj_boot_id(char ret[INJ_BOOT_ID], struct ord_err *err);

#endif
