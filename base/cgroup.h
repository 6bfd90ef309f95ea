/* Control groups, of both versions, as they are mounted on this machine. */
#ifndef ORDEAL_BASE_CGROUP_H
#define ORDEAL_BASE_CGROUP_H

#include <stdbool.h>
#include <stddef.h>

#include "ordeal/err.h"

#define ORD_CGROUP_PATH 256

struct ord_cgroup {
	char dir[ORD_CGROUP_PATH]; /* absolute */
	bool v2;
};

/*
 * The directory of a process's group for a controller ("memory", "cpu"): in that controller's own
 * hierarchy where version 1 has it, else in the unified one. dir is a descriptor of /proc/PID.
 * ORD_SKIP where none is mounted here.
 */
int ord_cgroup_of(int dir, const char *controller, struct ord_cgroup *ret, struct ord_err *err);
/*
 * The group that a text names: an absolute directory below a cgroup mount, or a path within a
 * hierarchy (that of the controller, else any that has it). ORD_USAGE where there is none.
 */
int ord_cgroup_named(const char *text, const char *controller, struct ord_cgroup *ret,
		     struct ord_err *err);
/*
 * The group of version 2 that a text names, whichever controllers it has: a path below where that
 * hierarchy is mounted, or as /proc/PID/cgroup has it after "0::". path: within the hierarchy.
 * ORD_USAGE says what would be right; ORD_SKIP where version 2 is not mounted. The root is no
 * answer.
 */
int ord_cgroup_unified(const char *text, struct ord_cgroup *ret, char path[static ORD_CGROUP_PATH],
		       struct ord_err *err);
/*
 * May a process be put into it, and would it run? ORD_USAGE with the reason where a group of
 * version 2 is frozen, lies below a threaded one, or has handed its resources to groups below it
 * (one of which is named then).
 */
int ord_cgroup_admits(const struct ord_cgroup *g, struct ord_err *err);
/* The text of one small file of the group; -1 where it has none or it cannot be read. */
int ord_cgroup_get(const struct ord_cgroup *g, const char *file, char *out, size_t size);

#endif
