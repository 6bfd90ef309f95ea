/* The program: takes the first request and does it. */
#ifndef ORDEAL_LEASE_SERVE_H
#define ORDEAL_LEASE_SERVE_H

#include <stddef.h>

#include "injector/lease/injector.h"
#include "injector/lease/request.h"

/*
 * Who may ask for what, where who asks need not be whom the program runs as (injector/door). NULL:
 * it is, or root stands for them (sudo).
 */
struct inj_door {
	/* Before a byte is read. */
	int (*open)(struct ord_err *err);
	/* May they? It may pin what an `add` names, so that what was judged is what is hit. */
	int (*admit)(struct inj_request *req, struct ord_err *err);
	/* May they have this fault at all? For `doctor`. */
	int (*fault)(const struct ord_fault *fault, struct ord_err *err);
};
const struct inj_door *inj_door(void);

/* Returns the exit status. */
int inj_serve(const struct inj_program *program, const struct inj_door *door);

/* NULL where there is none of this name. */
const struct ord_injector *inj_find(const struct inj_program *program, const char *name);

#endif
