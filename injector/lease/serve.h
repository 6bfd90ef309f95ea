/* The program: takes the first request and does it. */
#ifndef ORDEAL_LEASE_SERVE_H
#define ORDEAL_LEASE_SERVE_H

#include <stddef.h>

#include "injector/lease/injector.h"

/* Returns the exit status. */
int inj_serve(const struct ord_injector *const *table, size_t n);

/* NULL where there is none of this name. */
const struct ord_injector *inj_find(const struct ord_injector *const *table, size_t n,
				    const char *name);

#endif
