/* Who is behind a target: the searches of target.c through /proc, one a kind. */
#ifndef ORDEAL_BASE_TARGET_FIND_H
#define ORDEAL_BASE_TARGET_FIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ordeal/target.h"

struct ord_candidate {
	pid_t pid, ppid;
};

/* Candidates in the order of pids, and the directory of the group that they were found by, if any.
 */
struct ord_found {
	struct ord_candidate *v; /* owned */
	size_t n, room;
	char cgroup[256];
	pid_t init; /* the first process of a container, whose namespaces are the container's; 0 */
};

void ord_found_done(struct ord_found *f);
int ord_found_add(struct ord_found *f, pid_t pid, pid_t ppid, struct ord_err *err);

/* Each raises ORD_USAGE where nothing of that name is there; zombies and kernel threads are never
 * found. */
int ord_find_named(const char *name, struct ord_found *ret, struct ord_err *err);
/*
 * text: "5432", "53/udp". This network namespace first, then those of the other processes. Of a
 * family of processes that share a socket only the oldest is taken, unless every one is asked for.
 */
int ord_find_listening(const char *text, bool every, struct ord_found *ret, struct ord_err *err);
int ord_find_cgroup(const char *path, struct ord_found *ret, struct ord_err *err);
int ord_find_unit(const char *unit, struct ord_found *ret, struct ord_err *err);
/* The container's whole processes; ret->init is its first. */
int ord_find_container(const struct ord_target *t, struct ord_found *ret, struct ord_err *err);

/* The whole id that stands in some process's control group and begins with id; "" where there is
 * none, ORD_USAGE where there are several. */
int ord_find_container_id(const char *id, size_t size, char *ret, struct ord_err *err);
/* Those whose control group has this id; none is no mistake here, nor in the next. */
int ord_find_members(const char *id, struct ord_found *ret, struct ord_err *err);
/* Those in the PID namespace with this inode. */
int ord_find_space(uint64_t ino, struct ord_found *ret, struct ord_err *err);

#endif
