/* Halt: a mark that refuses new leases, and the end of those that there are. */
#ifndef ORDEAL_LEASE_HALT_H
#define ORDEAL_LEASE_HALT_H

#include "injector/lease/undo.h"
#include "ordeal/err.h"

/* -1 with ORD_GUARD where this user, or root for the whole host, has halted. */
int inj_halt_refuses(const struct inj_dirs *dirs, struct ord_err *err);
/*
 * Ends every lease that this user may end, within a second: SIGTERM, then SIGKILL, which leaves the
 * rest to the kernel and the guardians; not where an API server is waited for, which a guardian
 * would have to do as well. As root those of all users. *ret_ended counts them; -1
 * where one is left.
 */
int inj_halt(unsigned *ret_ended, struct ord_err *err);
int inj_resume(struct ord_err *err);

#endif
