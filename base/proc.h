/* Processes as /proc tells them, read through a descriptor of the process's directory so that a pid
 * cannot change under us. */
#ifndef ORDEAL_BASE_PROC_H
#define ORDEAL_BASE_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ordeal/err.h"

struct ord_proc;

struct ord_proc_stat {
	pid_t pid, ppid;
	char comm[16];	       /* control characters and bytes beyond ASCII are '?' */
	char state;	       /* R S D T t Z X I */
	bool kernel;	       /* a kernel thread */
	uint64_t start;	       /* clock ticks since boot */
	uint64_t utime, stime; /* clock ticks */
};

/* A descriptor of /proc/PID, or -1 with errno. The caller owns it. */
int ord_proc_open(pid_t pid);
/* -1 where the process has gone meanwhile. */
int ord_proc_stat(int dir, struct ord_proc_stat *ret);
/* Does its comm, the base name of its argv[0] or that of its executable equal this name? */
bool ord_proc_named(int dir, const char *name);
/* The inode of /proc/PID/ns/NAME; 0 where this user may not see it. */
uint64_t ord_proc_ns(int dir, const char *name);

/*
 * Calls each(arg, pid, descriptor of /proc/PID) for every process in the order of pids; stops where
 * it returns non-zero and returns that. -1 with err only where /proc itself cannot be read.
 */
int ord_proc_walk(int (*each)(void *arg, pid_t pid, int dir), void *arg, struct ord_err *err);

/*
 * ORD_GUARD where no fault may hurt this process: pid 1, a kernel thread, sshd, ordeal's own, the
 * caller and its ancestors. Both halves ask: ordeal when it chooses, the injector before it acts.
 */
int ord_proc_guard(pid_t pid, struct ord_err *err);

#endif
