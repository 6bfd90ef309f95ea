/* Within the module: what each way of asking adds to the answer. */
#ifndef ORDEAL_BASE_CONTAINER_ASK_H
#define ORDEAL_BASE_CONTAINER_ASK_H

#include <stdbool.h>

#include "base/container/container.h"

#define ASK_FOUND_MAX 8

/* One question, and what came of it so far. */
struct ask {
	const struct ord_target *target;
	uint64_t deadline_ns; /* CLOCK_MONOTONIC: for all of it */
	struct container found[ASK_FOUND_MAX];
	size_t n, n_more; /* beyond ASK_FOUND_MAX */
	bool refused;	  /* somebody is there who could not be asked */
	char why[400];	  /* "docker (/var/run/docker.sock): no such container; podman ..." */
	size_t used;
};

bool ask_is_wanted(const struct ask *a, enum ord_runtime runtime);
/* What one who was asked said against it. */
void ask_tell(struct ask *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Adds it, but where it is there already: Docker's containers are containerd's too. */
void ask_found(struct ask *a, const struct container *c);
/* Whether text may be its id or the beginning of it, or its name, as the target says which. */
bool ask_fits(const struct ask *a, const char *id, const char *name);

/* daemon.c: Docker's API, which Podman speaks too, at every socket where one may listen. */
void ask_daemons(struct ask *a);
/* tasks.c: containerd's tasks, as their shims and the files beside them tell. */
void ask_tasks(struct ask *a);

/* member.c: the start time of a process that is surely in the container (or 0): its control group,
 * or who watches over it, has the id. */
uint64_t container_start(pid_t init, const char *id);

/*
 * http.c: GET of a path through a unix socket. Returns the status, or 0 with why. *ret_body is
 * owned, NUL-terminated and never NULL where a status is returned.
 */
long container_get(const char *socket, const char *path, uint64_t deadline_ns, char **ret_body,
		   size_t why_size, char *why);

#endif
