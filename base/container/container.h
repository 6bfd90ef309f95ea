/*
 * Containers, as those say who run them. All of it is in a module, ordeal-container.so, which is
 * opened when a target is one (docs/adr/0058-containers-are-asked-for.md).
 */
#ifndef ORDEAL_BASE_CONTAINER_H
#define ORDEAL_BASE_CONTAINER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ordeal/target.h"

#define CONTAINER_SYMBOL "ordeal_container_calls"
#define CONTAINER_ID	 129

/* One container that runs, on this machine. */
struct container {
	enum ord_runtime runtime; /* ANY: a control group has its id, and nobody else was asked */
	char id[CONTAINER_ID];	  /* whole */
	char name[256];		  /* "" where it has none */
	pid_t init;		  /* its first process; 0: not told to this user */
	uint64_t start;		  /* of that process */
};

struct container_calls {
	size_t size; /* of this struct, as the module was compiled */
	/*
	 * The one container that the target's text names. ORD_USAGE where there is none (the
	 * message has what was asked and what each said), or several; ORD_SKIP where none was
	 * found and one that is there could not be asked.
	 */
	int (*find)(const struct ord_target *t, struct container *ret, struct ord_err *err);
};

extern const struct container_calls ordeal_container_calls;

#endif
