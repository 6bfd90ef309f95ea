/*
 * Which pods of a node a drain evicts: as kubectl drain --ignore-daemonsets does, save that one
 * which it would stop at is left where it is and reported. Pure.
 * https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/
 */
#ifndef ORDEAL_KUBE_DRAIN_H
#define ORDEAL_KUBE_DRAIN_H

#include <jansson.h>
#include <stdbool.h>

enum inj_drain {
	INJ_DRAIN_EVICT,
	INJ_DRAIN_IGNORE,     /* it is not the drain's: of a daemon set, or a mirror pod */
	INJ_DRAIN_LEAVE,      /* it would be lost, or its data would */
	INJ_DRAIN_DAEMON_SET, /* that depends on whether its daemon set is still there */
};

struct inj_drain_rules {
	bool bare;			 /* evict what nobody makes again */
	bool empty_dir;			 /* evict what has an emptyDir */
	const char *self_ns, *self_name; /* the pod that we are in; NULL: in none */
	/* Where it is known by now; else a daemon set's pod is INJ_DRAIN_DAEMON_SET. */
	bool daemon_set_known, daemon_set_there;
};

/* ret_why: static storage, "" for those that are evicted. */
enum inj_drain inj_drain_judge(const json_t *pod, const struct inj_drain_rules *rules,
			       const char **ret_why);
/* The name of the daemon set that controls it; NULL: none. Borrowed. */
const char *inj_drain_daemon_set(const json_t *pod);

#endif
