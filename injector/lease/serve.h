/* The program: takes the first request and does it. */
#ifndef ORDEAL_LEASE_SERVE_H
#define ORDEAL_LEASE_SERVE_H

#include <stddef.h>

#include "injector/lease/injector.h"

/* Returns the exit status. */
int inj_serve(const struct inj_program *program);

/* NULL where there is none of this name. */
const struct ord_injector *inj_find(const struct inj_program *program, const char *name);

#endif
