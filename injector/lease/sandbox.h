/* What a lease may do once its descriptors are open: who it runs as, which capabilities, which
 * system calls. */
#ifndef ORDEAL_LEASE_SANDBOX_H
#define ORDEAL_LEASE_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ordeal/err.h"
#include "ordeal/fault.h"

/*
 * Who a lease of root runs as: "ord" in ASCII, a number of our own that no package hands out and
 * that needs no entry in /etc/passwd. Where the user namespace does not map it: 65534.
 */
#define INJ_LEASE_UID 1869767680u

struct inj_ids {
	bool root; /* uid 0 of a user namespace that has another uid to leave it for, and leaves it
		    */
	bool system; /* ... whether it leaves it or not: what is kept lies in the system's places */
	uid_t uid;   /* as whom leases run; our own where root is false */
	gid_t gid;
};

int inj_ids(struct inj_ids *ret, struct ord_err *err);

/* The capabilities of its entry; none of a fault through an API, whose entry names rules. */
const char *inj_fault_caps(const struct ord_fault *fault);
/* "net_admin kill" -> bits of capability(7). */
int inj_caps_parse(const char *caps, uint64_t *ret, struct ord_err *err);

/*
 * Leaves uid 0 where it is held, empties the bounding set, locks the securebits, sets no_new_privs,
 * and keeps of the permitted capabilities just those named. Then reads all of it back: what did not
 * work is an error.
 */
int inj_drop(const char *caps, struct ord_err *err);
/* The same for one who is not the lease's: ids->root says that uid 0 is to be left. */
int inj_drop_to(const struct inj_ids *ids, const char *caps, struct ord_err *err);

enum inj_role { INJ_HOLDER, INJ_GUARDIAN };

/*
 * Loads the filter: the role's base list, the program's and the fault's lists (ended by -1; NULL:
 * none). What is not listed kills the process; in sanitizer builds it is logged, since the
 * sanitizers need calls of their own. Where the program must start another one, that inherits the
 * filter: it then forbids what nobody needs who asks an API.
 */
int inj_seccomp(enum inj_role role, const int *fault, const int *revert, struct ord_err *err);

/* The same in two steps: made while somebody is waited for, and loaded, which ends it. */
struct inj_filter {
	void *ctx; /* owned; NULL: none */
};
/* What the kernel's seccomp can do is asked once, here, and children know it too. */
void inj_filter_ready(void);
int inj_filter_make(enum inj_role role, const int *fault, const int *revert, struct inj_filter *ret,
		    struct ord_err *err);
int inj_filter_load(struct inj_filter *f, struct ord_err *err);
void inj_filter_done(struct inj_filter *f);

#endif
