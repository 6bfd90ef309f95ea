/* The first process of a container: whoever is orphaned there becomes its child. */
#ifndef ORDEAL_SERVE_FIRST_H
#define ORDEAL_SERVE_FIRST_H

#include "ordeal/err.h"

/*
 * Where this process has the pid 1, forks: 0 in the child, which is the daemon; its parent passes
 * signals on, takes in whoever ends, and returns 1 with the daemon's exit status when that has
 * ended. Elsewhere 0. The signals that a daemon takes are blocked.
 */
int first_process(int *ret_status, struct ord_err *err);

#endif
