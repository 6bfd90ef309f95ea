/* The holder's life: one lease from its request to its end. */
#ifndef ORDEAL_LEASE_LEASE_H
#define ORDEAL_LEASE_LEASE_H

#include "injector/lease/injector.h"
#include "injector/lease/input.h"
#include "injector/lease/request.h"

/* Exit statuses of the program. */
enum { INJ_EXIT_OK, INJ_EXIT_FAILED, INJ_EXIT_REQUEST };

/* Runs the lease to its end and tells of it in events. Both are borrowed. Returns an exit status.
 */
int inj_lease_run(const struct ord_injector *inj, struct inj_request *req, struct inj_input *in);

#endif
