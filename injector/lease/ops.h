/* The requests that need no lease. */
#ifndef ORDEAL_LEASE_OPS_H
#define ORDEAL_LEASE_OPS_H

#include "injector/lease/injector.h"
#include "injector/lease/request.h"

/* Does it, tells of it in one event, returns an exit status. */
int inj_op(const struct inj_request *req);

#endif
