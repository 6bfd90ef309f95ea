/*
 * Children of the holder that carry an effect: the kernel kills them with their parent. They join
 * the target's control group, keep none of the holder's descriptors, and bear the lease in their
 * name, by which residue finds them.
 */
#ifndef ORDEAL_HOST_CHILD_H
#define ORDEAL_HOST_CHILD_H

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/cgroup.h"
#include "ordeal/err.h"
#include "ordeal/target.h"

struct inj_child {
	pid_t pid; /* 0: none */
	int pidfd;
	int status; /* of waitpid, once it is gone */
	bool gone;
};

struct inj_child_how {
	const char *name; /* comm */
	int join;	  /* cgroup.procs open for writing; -1: stay */
	int keep;	  /* the one descriptor that it keeps; -1: none */
	/* In shared memory: errno where it could not begin, negative where it could not join. */
	atomic_int *failed;
	void (*main)(void *arg) __attribute__((noreturn));
	void *arg;
};

/* "ordeal-" and eight digits made from the lease's name. */
void inj_child_name(const char *lease, char out[static 16]);

/*
 * Finds the group of the place for a controller and opens its cgroup.procs: with the rights of who
 * started us, so before these are dropped. *ret_fd is -1 for the host, or where we are in that
 * group already. ret_group may be NULL.
 */
int inj_child_join(const struct ord_place *place, const char *controller, int *ret_fd,
		   struct ord_cgroup *ret_group, struct ord_err *err);

int inj_child_start(struct inj_child *ret, const struct inj_child_how *how, struct ord_err *err);
/* The error for what stands in `failed`. Returns -1. */
int inj_child_failed(int failed, const char *who, struct ord_err *err);
/* Looks without waiting; once gone, it has been reaped and status tells how. */
bool inj_child_look(struct inj_child *c);
/* "was killed by signal 9", "exited with 1". Returns out. */
char *inj_child_fate(const struct inj_child *c, char out[static 48]);
/* Kills and reaps it, beating meanwhile. Fine where there is none. */
void inj_child_end(struct inj_child *c);

/* Into the undo record, and back: residue is every live process of that name. */
int inj_child_record(json_t *undo, const char *lease, struct ord_err *err);
int inj_child_residue(const json_t *undo, json_t *left, struct ord_err *err);
int inj_child_validate(const json_t *undo, struct ord_err *err);

/* What start, look, end and residue need beyond the loop's list. */
#define INJ_CHILD_SYSCALLS                                                                 \
	SCMP_SYS(clone), SCMP_SYS(clone3), SCMP_SYS(fork), SCMP_SYS(set_robust_list),      \
		SCMP_SYS(rseq), SCMP_SYS(prctl), SCMP_SYS(getppid), SCMP_SYS(close_range), \
		INJ_CHILD_REVERT_SYSCALLS
#define INJ_CHILD_REVERT_SYSCALLS SCMP_SYS(getdents64)

#endif
