/* The directories of undo records on this host, and looking at what lies in them as their owner
 * would. */
#ifndef ORDEAL_LEASE_HOME_H
#define ORDEAL_LEASE_HOME_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "injector/lease/undo.h"
#include "ordeal/err.h"

#define INJ_HOMES_MAX	256
#define INJ_RECORDS_MAX 1024

struct inj_home {
	char undo[INJ_DIR_MAX];
	uid_t uid;
	gid_t gid;
	bool own; /* a stranger's that cannot be looked at must not keep us from our own */
};

/*
 * The program's own; and, in root's ordeal-injector, those of the users, of both programs
 * (/run/user/UID, /tmp/ordeal-UID, and the journals that these point to). Returns how many are
 * there.
 */
size_t inj_homes(struct inj_home *ret, size_t max, struct ord_err *err);

/*
 * Runs fn once a home in a child that is the home's owner, without a capability, and hands back the
 * JSON values that they made (owned, n of them; NULL where there is none). What a user wrote into
 * their records cannot make root do to others what that user could not do. All run at the same
 * time: a stranger's directory that cannot be looked at, or hangs, keeps nobody from the others. -1
 * where that is our own.
 */
int inj_homes_ask(const struct inj_home *homes, size_t n, json_t *(*fn)(int dir, void *arg),
		  void *arg, json_t *answers[], struct ord_err *err);
/* Runs fn in a child, which makes itself what it needs to be. Killed when the time is up. */
int inj_child_ask(json_t *(*fn)(void *arg), void *arg, uint64_t limit_ns, json_t **ret,
		  struct ord_err *err);

/* Calls each(arg, name) for every record of the directory, at most INJ_RECORDS_MAX. */
int inj_records_each(int dir, void (*each)(void *arg, const char *name), void *arg,
		     struct ord_err *err);

/* A pidfd of this very process if it lives; else -1. The caller owns it. */
int inj_alive(const struct ord_proc *proc);

#endif
