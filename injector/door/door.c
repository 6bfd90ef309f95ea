#include "injector/door/door.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/units.h"
#include "injector/door/judge.h"
#include "injector/lease/undo.h"

/* Connections of one user at the same time, so that one cannot take all that systemd allows. */
#define CONNECTIONS_MAX 16
/* One byte of the file /run/ordeal/door is one place: which ones a user has is a matter of locks
 * on them, which the kernel lets go of with the process. */
#define PLACES 64

static const char *policy_path;
static char *policy_text; /* for as long as the process lives: the policy borrows from it */
static struct door_policy policy;
static struct door_peer peer;
static int places = -1;

static int peer_read(struct ord_err *err)
{
	struct ucred cred;
	socklen_t size = sizeof cred;
	int domain = -1;

	if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_DOMAIN, &domain, &(socklen_t){sizeof domain}) <
		    0 ||
	    domain != AF_UNIX ||
	    getsockopt(STDIN_FILENO, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0 ||
	    size != sizeof cred)
		return ord_fail(err, ORD_USAGE,
				"with --policy, standard input is a connection of a unix socket");
	peer.pid = cred.pid;
	peer.uid = cred.uid;
	peer.groups[0] = cred.gid;
	size = sizeof peer.groups - sizeof peer.groups[0];
	if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_PEERGROUPS, peer.groups + 1, &size) < 0)
		return ord_fail_sys(err, "SO_PEERGROUPS");
	peer.n_groups = 1 + size / sizeof peer.groups[0];
	return 0;
}

static int places_open(struct ord_err *err)
{
	struct inj_dirs dirs;
	char path[192];
	int undo = -1;

	if (inj_dirs_make(&dirs, &undo, err) < 0)
		return -1;
	ord_close(&undo);
	(void)snprintf(path, sizeof path, "%s/door", dirs.base);
	places = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return places < 0 ? ord_fail_sys(err, "open '%s'", path) : 0;
}

/* One of n places from first on; held until this process ends. False: all are taken. */
static bool place_take(unsigned first, int64_t n)
{
	for (int64_t i = 0; i < n; i++) {
		struct flock lock = {.l_type = F_WRLCK,
				     .l_whence = SEEK_SET,
				     .l_start = (off_t)peer.uid * PLACES + first + i,
				     .l_len = 1};

		if (fcntl(places, F_OFD_SETLK, &lock) == 0)
			return true;
	}
	return false;
}

/* For the journal: standard error is systemd's. */
static int refused(const struct ord_err *err)
{
	(void)dprintf(STDERR_FILENO, "user %u (process %d) was refused: %s\n", peer.uid,
		      (int)peer.pid, err->msg);
	return -1;
}

static int door_open(struct ord_err *err)
{
	if (peer_read(err) < 0 || door_policy_read(policy_path, &policy, &policy_text, err) < 0 ||
	    door_judge_op(&policy, &peer, INJ_OP_DOCTOR, err) < 0 || places_open(err) < 0)
		return refused(err);
	if (place_take(0, CONNECTIONS_MAX))
		return 0;
	(void)ord_fail(err, ORD_GUARD, "user %u has %d connections already", peer.uid,
		       CONNECTIONS_MAX);
	return refused(err);
}

static int add_admit(struct inj_request *req, struct ord_err *err)
{
	static struct door_facts facts; /* large */
	const struct door_rule *rule;
	char hold[32];

	if (door_facts(req, &facts, err) < 0 ||
	    door_judge(&policy, &peer, req, &facts, time(NULL), &rule, err) < 0)
		return -1;
	if (!place_take(CONNECTIONS_MAX, rule->leases))
		return ord_fail(err, ORD_GUARD,
				"%s, the rule at line %u: user %u holds %d lease%s already, and "
				"may hold no more",
				policy.path, rule->line, peer.uid, (int)rule->leases,
				rule->leases == 1 ? "" : "s");
	(void)dprintf(STDERR_FILENO,
		      "user %u (process %d) has %s, lease %s, for %s: the rule at line %u\n",
		      peer.uid, (int)peer.pid, req->args.fault->name, req->lease,
		      ord_format_duration((int64_t)req->hold_ns, hold), rule->line);
	return 0;
}

static int door_admit(struct inj_request *req, struct ord_err *err)
{
	int r;

	/* Nobody is shown others' processes here. */
	if (req->op == INJ_OP_HELLO || req->op == INJ_OP_RESOLVE)
		r = ord_fail(err, ORD_GUARD,
			     "whose processes are where is not told through the socket: who comes "
			     "from another machine (--via) starts an ordeal-injector, by sudo");
	else
		r = req->op == INJ_OP_ADD ? add_admit(req, err)
					  : door_judge_op(&policy, &peer, req->op, err);
	return r < 0 ? refused(err) : 0;
}

static int door_fault(const struct ord_fault *fault, struct ord_err *err)
{
	return door_judge_fault(&policy, &peer, fault, err);
}

const struct inj_door *door_at(const char *path)
{
	static const struct inj_door door = {door_open, door_admit, door_fault};

	policy_path = path;
	return &door;
}
