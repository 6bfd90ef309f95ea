/* Who asks, what stands at the place that is asked for, and whether a rule permits it. */
#ifndef ORDEAL_DOOR_JUDGE_H
#define ORDEAL_DOOR_JUDGE_H

#include "injector/door/policy.h"

#define DOOR_GROUPS_MAX 1024
#define DOOR_UNIT_MAX	128

/* The other end of a socket, as the kernel saw it connect. */
struct door_peer {
	pid_t pid;
	uid_t uid;
	size_t n_groups;
	gid_t groups[DOOR_GROUPS_MAX];
};

struct door_subject {
	char unit[DOOR_UNIT_MAX]; /* the system's unit that it belongs to; "": none */
	uid_t uid;	  /* of a process that runs as this user in every respect; else -1 */
	const char *name; /* for messages; borrowed */
};

/* What a request would act on, as this machine says and not who asks. */
struct door_facts {
	bool host; /* the machine, or its network */
	size_t n;  /* subjects; each must be permitted */
	struct door_subject v[ORD_PROCS_MAX + 2];
	char netns[64]; /* a name below /run/netns; "": none */
	size_t hit;	/* how many count for limits.targets */
};

/* Does a rule name this user? */
bool door_named(const struct door_rule *rule, const struct door_peer *peer);
/*
 * ret_rule is the one that permits the request. ORD_GUARD says which line stands against it and
 * what would be allowed.
 */
int door_judge(const struct door_policy *policy, const struct door_peer *peer,
	       const struct inj_request *req, const struct door_facts *facts, time_t now,
	       const struct door_rule **ret_rule, struct ord_err *err);
/* Requests without a lease. */
int door_judge_op(const struct door_policy *policy, const struct door_peer *peer, enum inj_op op,
		  struct ord_err *err);
/* May this user have this fault at all? For `doctor`. */
int door_judge_fault(const struct door_policy *policy, const struct door_peer *peer,
		     const struct ord_fault *fault, struct ord_err *err);

/*
 * Finds the facts, and pins in the place what was looked at: the namespace's inode, the real path
 * of the control group. What the fault does not look at is struck out of it. ORD_GUARD for what
 * nobody may hit, and for a place that is not told in one of the ways that can be judged.
 */
int door_facts(struct inj_request *req, struct door_facts *ret, struct ord_err *err);
/* The system's unit in a path of /proc/PID/cgroup: what a user's own manager runs is none. */
bool door_unit_of(const char *path, char ret[DOOR_UNIT_MAX]);
/* Of the text of /proc/PID/cgroup, which it cuts up: by systemd's own hierarchy, the unified one,
 * or on older machines the one of its name. */
bool door_unit_in(char *text, char ret[DOOR_UNIT_MAX]);

#endif
