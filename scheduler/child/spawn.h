/* A process is started: what costs a scheduler its lateness. */
#ifndef ORDEAL_CHILD_SPAWN_H
#define ORDEAL_CHILD_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

#include "ordeal/err.h"

#define SPAWN_FILES_MAX 4

/*
 * The program runs with these as its descriptors from 0 on and no others, in a process group of
 * its own, without blocked signals, and is sent SIGTERM when the calling thread ends. The caller is
 * stopped until it has begun, its memory is not copied. A program that cannot be run is an error
 * here, not an exit status. Fills the pid and a pidfd, owned by the caller.
 */
int spawn_program(const char *program, const char *const argv[], const int files[], size_t n_files,
		  pid_t *ret_pid, int *ret_pidfd, struct ord_err *err);

#endif
