/* A process is started: what costs a scheduler its lateness. */
#ifndef ORDEAL_CHILD_SPAWN_H
#define ORDEAL_CHILD_SPAWN_H

#include <sys/types.h>

#include "ordeal/err.h"

/*
 * The program runs with these as its descriptors 0, 1 and 2 and no others, in a process group of
 * its own, without blocked signals, and is sent SIGTERM when the calling thread ends. The caller is
 * stopped until it has begun, its memory is not copied. A program that cannot be run is an error
 * here, not an exit status. Fills the pid and a pidfd, owned by the caller.
 */
int spawn_program(const char *program, const char *const argv[], const int files[static 3],
		  pid_t *ret_pid, int *ret_pidfd, struct ord_err *err);

#endif
