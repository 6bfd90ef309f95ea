/* What is asked before a lease by who reaches this program through a pipe of their own (ssh): which
 * version it is, what its clock says, and who is behind a target here. */
#ifndef ORDEAL_LEASE_HELLO_H
#define ORDEAL_LEASE_HELLO_H

#include <stdbool.h>

#include "injector/lease/request.h"

/* Answers hello. In a lease nothing but the clock is looked at: it is a beat, and asks how the two
 * clocks stand. */
void inj_hello(bool in_lease);
/* Answers resolve. */
void inj_resolve(struct inj_request *req);

#endif
