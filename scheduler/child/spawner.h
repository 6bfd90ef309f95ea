/* Processes are started in a thread beside the loop, one after the other. */
#ifndef ORDEAL_CHILD_SPAWNER_H
#define ORDEAL_CHILD_SPAWNER_H

#include <sys/types.h>

#include "ordeal/child.h"
#include "scheduler/child/spawn.h"

enum spawn_state { SPAWN_QUEUED, SPAWN_IN_PROGRESS, SPAWN_OVER };

/* One to come. Its owner keeps it until it is over, or cancelled. */
struct spawn_job {
	struct spawn_job *next;
	const char *program;
	char **argv;		    /* owned, one block */
	int files[SPAWN_FILES_MAX]; /* owned */
	size_t n_files;
	void (*over)(void *arg); /* in the loop */
	void *arg;
	bool urgent;
	enum spawn_state state; /* the spawner's, until it is over */
	/* What came of it: a pid, and a pidfd that is the owner's; or -1 and the error. */
	int result, pidfd;
	pid_t pid;
	struct ord_err err;
};

/* Copies argv and takes the files. On failure they are the caller's still. */
int spawn_job_make(const char *program, const char *const argv[], const int files[], size_t n_files,
		   struct spawn_job **ret, struct ord_err *err);
/* NULL is fine. */
void spawn_job_free(struct spawn_job *job);
void spawner_add(struct ord_spawner *sp, struct spawn_job *job);
/* Before all that were not asked for so. */
void spawner_hurry(struct ord_spawner *sp, struct spawn_job *job);
/* Takes it back where it was not begun, else waits until it is over: over() is not called. */
void spawner_cancel(struct ord_spawner *sp, struct spawn_job *job);

#endif
